//! How a node's lease is confirmed.

use crate::model::Protocol;
use crate::safeguards::Safeguard;
use crate::state::{Age, Asking, Node};
use crate::store::{Position, Store};

impl Node {
    pub fn note_clock(&mut self) {
        self.lease.asking = self.reader.position.map(|before| Asking {
            age: 0,
            before,
            end: None,
        });
    }

    /// Everything up to there has been applied.
    pub fn advance(&mut self, position: Position) {
        self.reader.position = Some(position);
        let waiting = self.lease.promises.iter();
        let reached = waiting.take_while(|(_, end)| position.reached(*end)).count();
        let last = self.lease.promises.drain(..reached).next_back();
        if let Some((age, _)) = last {
            self.confirmed(age);
        }
    }

    /// Keeps a promise for when the reader is there. One that can make no difference beside the last one is left out, so
    /// that there are not ever more; the code keeps the last 64.
    fn promised(&mut self, age: Age, end: Position) {
        let promises = &mut self.lease.promises;
        match promises.last().copied() {
            Some((same, earlier)) if same == age && end.reached(earlier) => return,
            Some((_, same)) if same == end => _ = promises.pop(),
            _ => {}
        }
        promises.push((age, end));
    }

    fn confirmed(&mut self, age: Age) {
        let earlier = self.lease.confirmed.unwrap_or(Age::MAX);
        self.lease.confirmed = Some(age.min(earlier));
    }
}

impl Protocol {
    /// Whoever is asked says where the journal ends.
    pub fn confirm(&self, node: &mut Node, asked: &Store) {
        if let Some(asking) = &mut node.lease.asking {
            asking.end = Some(self.place(asked.end()));
        }
    }

    /// The answer arrives.
    pub fn hear(&self, at: usize, node: &mut Node) {
        let Some(Asking { age, before, end }) = node.lease.asking.take() else {
            return;
        };
        let Some(end) = end else { return };
        // The primary knows less than was read before it was asked, or it is another one.
        if !end.reached(before) || end.term != before.term {
            node.lose_place();
            node.forget_all();
            return;
        }
        let age = if self.has(Safeguard::LeaseFromAsking) {
            age
        } else {
            0
        };
        let there = |position: Position| position.reached(end) || !self.has(Safeguard::ReaderAtTheEnd);
        match node.reader.position {
            _ if age > self.lease(at) => {}
            Some(position) if position.term != end.term => {}
            Some(position) if there(position) => node.confirmed(age),
            Some(_) => node.promised(age, end),
            None => {}
        }
    }
}
