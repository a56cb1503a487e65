//! What happens at the primary, whoever asked for it.

use crate::model::Protocol;
use crate::safeguards::Safeguard;
use crate::state::{Key, State, Truth, keys_of};
use crate::store::{Entry, Slot, Store};

/// Far enough apart that a clock which is behind gives ids in between.
const STRIDE: u8 = 4;

impl Protocol {
    /// Ends sessions, all in one step. Whatever token of theirs a node holds is revoked.
    pub fn close(&self, state: &mut State, sessions: &[usize]) {
        for session in sessions {
            let keys = keys_of(*session);
            if let Some(key) = state.primary.live_of(keys) {
                self.append(state, key, true);
            }
            let issued = |key: &Key| *key < self.bounds.sessions || state.truth.rotated;
            for key in keys.iter().copied().filter(issued) {
                state.primary.slots[key] = Slot::Nothing;
                state.truth.revoked[key].get_or_insert(0);
            }
        }
    }

    /// The first session goes on under its next token; the old one is dead at once, or leads there.
    pub fn rotate(&self, state: &mut State, at_once: bool) {
        let Some(revision) = state.primary.live(0) else {
            return;
        };
        state.primary.slots[2] = Slot::Live(revision + 1);
        state.primary.slots[0] = if at_once { Slot::Nothing } else { Slot::Moved };
        state.truth.changes += 1;
        state.truth.rotated = true;
        if at_once {
            state.truth.revoked[0] = Some(0);
        }
        self.append(state, 0, at_once);
    }

    /// Somebody changes the first session, based on its present revision.
    pub fn change(&self, state: &mut State) {
        let Some(key) = state.primary.live_of(keys_of(0)) else {
            return;
        };
        if let Slot::Live(revision) = &mut state.primary.slots[key] {
            *revision += 1;
        }
        state.truth.changes += 1;
        self.append(state, key, false);
    }

    /// The journal entry of a change.
    pub fn append(&self, state: &mut State, key: Key, revokes: bool) {
        state.primary.unwritten.push((key, revokes));
        if self.has(Safeguard::EntryWithTheChange) {
            self.write_late_entry(state);
        }
    }

    pub fn write_late_entry(&self, state: &mut State) {
        let (key, revokes) = state.primary.unwritten.remove(0);
        let own = state.primary.end().id;
        // Ids are times. Those of the first primary are far apart; those of another may lie between them.
        let id = if self.bounds.clock_behind && state.truth.fail_overs > 0 {
            own + 1
        } else {
            state.truth.last_id + STRIDE
        };
        state.truth.last_id = id.max(state.truth.last_id);
        state.primary.journal.push(Entry { id, key, revokes });
    }

    /// The replica becomes the primary. What it has not heard never happened.
    pub fn fail_over(&self, state: &mut State) {
        let Some(mut next) = state.replica.take() else {
            return;
        };
        next.term = state.primary.term + 1;
        state.truth.fail_overs += 1;
        state.truth.note_losses(&next);
        if state.truth.fail_overs < self.bounds.fail_overs {
            state.replica = Some(next.clone());
        }
        state.primary = next;
    }
}

impl Truth {
    /// What the new primary does not know of it can not be held to. What it revokes from now on, it can.
    fn note_losses(&mut self, next: &Store) {
        for session in [0, 1] {
            let open = next.live_of(keys_of(session)).is_some();
            for key in keys_of(session).iter().copied().filter(|_| open) {
                self.note_loss(key, next);
            }
        }
        if let Some(revision) = next.live_of(keys_of(0)).and_then(|key| next.live(key)) {
            self.changes_lost |= revision < self.changes;
            self.changes = revision;
        }
    }

    /// A token of a session that is open there: unless it was rotated out there, too, its revocation is lost.
    fn note_loss(&mut self, key: Key, next: &Store) {
        let rotated_out = key == 0 && next.slots[0] == Slot::Nothing;
        if self.revoked[key].is_some() && !rotated_out {
            self.revoked[key] = None;
            self.brought_back.insert(key);
        }
    }
}
