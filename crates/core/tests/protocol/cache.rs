//! What a node does with its cache: fill it, forget, and write what requests ask for.

use crate::model::Protocol;
use crate::safeguards::Safeguard;
use crate::state::{Fill, KEYS, Key, Node, Set, State, Write, keys_of};
use crate::store::{Slot, Store};

impl Node {
    /// Before the store is asked.
    pub fn note_generation(&mut self, key: Key) {
        self.fill = Some(Fill {
            key,
            overtaken: false,
            found: None,
        });
    }

    /// Drops a record, and refuses what was asked for before. Each token counts as a shard of its own: in the code, a
    /// shard's generation rises for other tokens, too, and refuses more.
    pub fn forget(&mut self, key: Key) {
        self.cache[key] = None;
        if let Some(fill) = &mut self.fill {
            fill.overtaken |= fill.key == key;
        }
    }

    pub fn forget_all(&mut self) {
        (0..KEYS).for_each(|key| self.forget(key));
    }

    pub fn edit_cached(&mut self, key: Key) {
        self.write = self.cache[key].map(|based_on| Write { key, based_on });
    }

    pub fn edit_loaded(&mut self, key: Key, primary: &Store) {
        self.write = primary.live(key).map(|based_on| Write { key, based_on });
    }
}

impl Protocol {
    /// A token that is gone, or was renewed, fills nothing; nor does one that the node saw revoked, whatever a primary says
    /// that took over.
    pub fn load(&self, at: usize, state: &mut State) {
        let node = &mut state.nodes[at];
        if let Some(fill) = &mut node.fill {
            let refused = self.has(Safeguard::WhatItSawEndIsRefused) && node.saw_revoked.contains(fill.key);
            fill.found = state.primary.live(fill.key).filter(|_| !refused);
        }
        node.fill = node.fill.filter(|fill| fill.found.is_some());
    }

    pub fn insert(&self, node: &mut Node) {
        let Some(fill) = node.fill.take() else { return };
        if !fill.overtaken || !self.has(Safeguard::GenerationAtInsert) {
            node.cache[fill.key] = fill.found;
        }
    }

    /// Writes what was seen. What is gone is forgotten.
    pub fn write_touches(&self, at: usize, state: &mut State) {
        let seen = std::mem::take(&mut state.nodes[at].touches);
        for key in (0..KEYS).filter(|key| seen.contains(*key)) {
            if state.primary.live(key).is_some() {
                continue;
            }
            if self.has(Safeguard::TouchesCreateNothing) {
                state.nodes[at].forget(key);
            } else {
                state.primary.slots[key] = Slot::Live(0);
            }
        }
    }

    /// Writes a change if the record is at the revision that it is based on. Otherwise it is not acknowledged, and whoever
    /// asked for it begins again.
    pub fn write_edit(&self, at: usize, state: &mut State) {
        let Some(Write { key, based_on }) = state.nodes[at].write.take() else {
            return;
        };
        let written = match state.primary.live(key) {
            Some(revision) => revision == based_on || !self.has(Safeguard::ExpectedRevision),
            None => !self.has(Safeguard::ChangesCreateNothing),
        };
        if written {
            state.primary.slots[key] = Slot::Live(based_on + 1);
            state.truth.changes += 1;
            self.append(state, key, false);
        }
        state.nodes[at].forget(key);
    }

    /// Closes what it saw revoked and what is there again. Closing what is closed already does nothing.
    pub fn say_again(&self, at: usize, state: &mut State) {
        state.nodes[at].must_say_again = false;
        let saw: Set = state.nodes[at].saw_revoked;
        for session in 0..self.bounds.sessions {
            let again = |key: &&Key| saw.contains(**key) && state.primary.live(**key).is_some();
            if keys_of(session).iter().any(|key| again(&key)) {
                self.close(state, &[session]);
            }
        }
    }
}
