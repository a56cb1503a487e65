//! What each step does.

use crate::actions::Action;
use crate::model::Protocol;
use crate::state::State;

impl Protocol {
    pub fn take(&self, state: &mut State, action: Action) {
        match action {
            Action::Tick => self.tick(state),

            Action::Close { session } => self.close(state, &[session]),
            Action::CloseAll => self.close(state, &[0, 1]),
            Action::Rotate => self.rotate(state, true),
            Action::Renew => self.rotate(state, false),
            Action::Change => self.change(state),
            Action::WriteLateEntry => self.write_late_entry(state),
            Action::Trim => state.primary.trimmed += 1,
            Action::Replicate => state.replica = Some(state.primary.clone()),
            Action::FailOver => self.fail_over(state),

            Action::CutOff(at) => state.nodes[at].cut_off = true,
            Action::Reconnect(at) => state.nodes[at].cut_off = false,

            Action::NoteGeneration(at, key) => state.nodes[at].note_generation(key),
            Action::Load(at) => self.load(at, state),
            Action::Insert(at) => self.insert(&mut state.nodes[at]),

            Action::AskWhereToBegin(at) => self.ask_where_to_begin(&mut state.nodes[at], &state.primary),
            Action::BeginThere(at) => self.begin_there(&mut state.nodes[at]),
            Action::Read(at) => self.read(&mut state.nodes[at], &state.primary),
            Action::Apply(at) => self.apply(&mut state.nodes[at]),
            Action::Publish(at) => state.nodes[at].publish(),
            Action::SayAgain(at) => self.say_again(at, state),

            Action::NoteClock(at) => state.nodes[at].note_clock(),
            Action::Confirm(at) => self.confirm(&mut state.nodes[at], &state.primary),
            Action::ConfirmByReplica(at) => {
                if let Some(replica) = &state.replica {
                    self.confirm(&mut state.nodes[at], replica);
                }
            }
            Action::Hear(at) => self.hear(at, &mut state.nodes[at]),

            Action::See(at, key) => state.nodes[at].touches.insert(key),
            Action::WriteTouches(at) => self.write_touches(at, state),
            Action::EditCached(at, key) => state.nodes[at].edit_cached(key),
            Action::EditLoaded(at, key) => state.nodes[at].edit_loaded(key, &state.primary),
            Action::WriteEdit(at) => self.write_edit(at, state),
        }
    }

    /// A unit of time passes for everybody. What has run out is the same as nothing.
    fn tick(&self, state: &mut State) {
        let older = |age: &mut u8| *age = (*age + 1).min(self.long_ago());
        state.truth.revoked.iter_mut().flatten().for_each(older);
        for (at, node) in state.nodes.iter_mut().enumerate() {
            let lease = &mut node.lease;
            lease.confirmed.iter_mut().for_each(older);
            lease.promises.iter_mut().for_each(|(age, _)| older(age));
            if let Some(asking) = &mut lease.asking {
                older(&mut asking.age);
            }
            lease.confirmed = lease.confirmed.filter(|age| *age <= self.lease(at));
            lease.promises.retain(|(age, _)| *age <= self.lease(at));
        }
    }
}
