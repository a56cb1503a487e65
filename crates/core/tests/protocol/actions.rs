//! The steps, and when each can be taken.

use crate::model::Protocol;
use crate::safeguards::Safeguard;
use crate::state::{KEYS, Key, Node, State, keys_of};

/// One atomic step of somebody. The number is the node that takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Tick,

    // At the primary, by whoever: another process, an operator, a user.
    Close { session: usize },
    CloseAll,
    Rotate,
    Renew,
    Change,
    WriteLateEntry,
    Trim,
    Replicate,
    FailOver,

    CutOff(usize),
    Reconnect(usize),

    // Filling the cache: three steps.
    NoteGeneration(usize, Key),
    Load(usize),
    Insert(usize),

    // Following the journal.
    AskWhereToBegin(usize),
    BeginThere(usize),
    Read(usize),
    Apply(usize),
    Publish(usize),
    SayAgain(usize),

    // Confirming the lease: three steps.
    NoteClock(usize),
    Confirm(usize),
    ConfirmByReplica(usize),
    Hear(usize),

    // What a request does beyond being accepted.
    See(usize, Key),
    WriteTouches(usize),
    EditCached(usize, Key),
    EditLoaded(usize, Key),
    WriteEdit(usize),
}

impl Protocol {
    pub fn possible(&self, state: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Tick);
        self.at_the_primary(state, actions);
        self.in_replication(state, actions);
        for (at, node) in state.nodes.iter().enumerate() {
            self.links(at, node, actions);
            self.fills(at, node, actions);
            self.reads(at, node, state, actions);
            self.confirmations(at, node, state, actions);
            self.requests(at, node, state, actions);
        }
    }

    fn at_the_primary(&self, state: &State, actions: &mut Vec<Action>) {
        let (bounds, primary) = (&self.bounds, &state.primary);
        let room = bounds.entries - primary.journal.len() - primary.unwritten.len();
        let live: Vec<_> = (0..bounds.sessions)
            .filter(|session| primary.live_of(keys_of(*session)).is_some())
            .collect();
        if room > 0 {
            actions.extend(live.iter().map(|session| Action::Close { session: *session }));
        }
        if bounds.sessions > 1 && room >= live.len() {
            actions.push(Action::CloseAll);
        }
        if room > 0 && live.first() == Some(&0) {
            let first = primary.live(0).is_some() && !state.truth.rotated;
            let changes = [
                (bounds.rotation && first, Action::Rotate),
                (bounds.renewal && first, Action::Renew),
                (bounds.changes, Action::Change),
            ];
            actions.extend(changes.iter().filter(|(can, _)| *can).map(|(_, action)| *action));
        }
        if !primary.unwritten.is_empty() {
            actions.push(Action::WriteLateEntry);
        }
        if bounds.trims && primary.trimmed < primary.journal.len() {
            actions.push(Action::Trim);
        }
    }

    fn in_replication(&self, state: &State, actions: &mut Vec<Action>) {
        let Some(replica) = &state.replica else { return };
        if *replica != state.primary {
            actions.push(Action::Replicate);
        }
        if state.truth.fail_overs < self.bounds.fail_overs {
            actions.push(Action::FailOver);
        }
    }

    fn links(&self, at: usize, node: &Node, actions: &mut Vec<Action>) {
        if self.bounds.cuts {
            actions.push(if node.cut_off {
                Action::Reconnect(at)
            } else {
                Action::CutOff(at)
            });
        }
    }

    fn fills(&self, at: usize, node: &Node, actions: &mut Vec<Action>) {
        match &node.fill {
            None => {
                let keys = (0..KEYS).filter(|key| self.bounds.has(*key));
                actions.extend(keys.map(|key| Action::NoteGeneration(at, key)));
            }
            Some(fill) if fill.found.is_some() => actions.push(Action::Insert(at)),
            Some(_) if node.cut_off => {}
            Some(_) => actions.push(Action::Load(at)),
        }
    }

    /// The reader does one thing after the other.
    fn reads(&self, at: usize, node: &Node, state: &State, actions: &mut Vec<Action>) {
        let reader = &node.reader;
        if let Some(page) = &reader.page {
            let early = !self.has(Safeguard::ApplyBeforePublishing) && !page.published;
            if !page.rest.is_empty() {
                actions.push(Action::Apply(at));
            }
            if page.rest.is_empty() || early {
                actions.push(Action::Publish(at));
            }
        } else if reader.finding.is_some() {
            actions.push(Action::BeginThere(at));
        } else if !node.cut_off {
            match reader.position {
                None => actions.push(Action::AskWhereToBegin(at)),
                Some(position) if position != self.place(state.primary.end()) => {
                    actions.push(Action::Read(at));
                }
                // An empty page changes nothing.
                Some(_) => {}
            }
        }
        if node.must_say_again && !node.cut_off {
            actions.push(Action::SayAgain(at));
        }
    }

    fn confirmations(&self, at: usize, node: &Node, state: &State, actions: &mut Vec<Action>) {
        match &node.lease.asking {
            None if node.reader.position.is_some() => actions.push(Action::NoteClock(at)),
            None => {}
            Some(asking) if asking.end.is_some() => actions.push(Action::Hear(at)),
            Some(_) => {
                if !node.cut_off {
                    actions.push(Action::Confirm(at));
                }
                if state.replica.is_some() && !self.has(Safeguard::PresentPrimary) {
                    actions.push(Action::ConfirmByReplica(at));
                }
            }
        }
    }

    fn requests(&self, at: usize, node: &Node, state: &State, actions: &mut Vec<Action>) {
        for key in (0..KEYS).filter(|key| self.bounds.has(*key)) {
            let accepted = self.accepts(at, node, key);
            if self.bounds.touches && accepted && !node.touches.contains(key) {
                actions.push(Action::See(at, key));
            }
            if self.bounds.edits && keys_of(0).contains(&key) && node.write.is_none() {
                if accepted {
                    actions.push(Action::EditCached(at, key));
                }
                if !node.cut_off && state.primary.live(key).is_some() {
                    actions.push(Action::EditLoaded(at, key));
                }
            }
        }
        let room = state.primary.journal.len() + state.primary.unwritten.len() < self.bounds.entries;
        if node.cut_off {
            return;
        }
        if !node.touches.is_empty() {
            actions.push(Action::WriteTouches(at));
        }
        if node.write.is_some() && room {
            actions.push(Action::WriteEdit(at));
        }
    }
}
