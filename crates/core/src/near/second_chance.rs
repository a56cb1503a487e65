//! Records by key, so many at most: one that was not used since the hand last came by makes room (CLOCK).
//!
//! A table of its own, and not one from a library, for what a look-up fetches from memory: one line that says where the
//! record is, then key and record in one piece. A hash table fetches two lines before that, and a cache has an index and behind
//! it slots with keys, recency and the way to the record. Among a million sessions each fetch takes nearly as long as all else
//! about a check.

use super::line::{Line, WAYS};
use crate::key::Key;
use crate::store::Found;
use std::sync::Arc;

/// A record stands in the line that its key names or, where that was full, in one of those behind it: so many in all.
const REACH: usize = 8;
/// The hand passes no more of those that were used than this before it takes one all the same, so that nobody waits long.
const PATIENCE: usize = 64;

pub(super) struct SecondChance {
    lines: Box<[Line]>,
    held: usize,
    room: usize,
    /// Where the hand goes on.
    hand: usize,
}

impl SecondChance {
    /// At least one, and fewer than 2³².
    pub(super) fn of(room: usize) -> Self {
        // A quarter of it stays free, so that all but one in a thousand find a place within reach.
        let lines = (room + room / 3).div_ceil(WAYS);
        Self {
            lines: (0..lines).map(|_| Line::default()).collect(),
            held: 0,
            room,
            hand: 0,
        }
    }

    /// Has the line that a look-up reads first fetched from memory, and does not wait for it.
    pub(super) fn send_for(&self, key: &Key) {
        let line = &self.lines[self.home(key)];
        #[cfg(target_arch = "x86_64")]
        safe_arch::prefetch_t0(line);
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Found>> {
        let (at, way) = self.find(key)?;
        let line = &self.lines[at];
        line.note_use(way);
        line.get(way)
    }

    pub(super) fn insert(&mut self, found: Arc<Found>) {
        let place = self.find(&found.key);
        if place.is_none() && self.held >= self.room {
            self.make_room();
        }
        let (at, way) = place.unwrap_or_else(|| self.place(&found.key));
        if self.lines[at].put(way, found).is_none() {
            self.held += 1;
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Some((at, way)) = self.find(key) {
            self.lines[at].drop_from(way);
            self.held -= 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.lines.fill_with(Line::default);
        self.held = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.held
    }

    /// Line and way of a record that is held.
    fn find(&self, key: &Key) -> Option<(usize, usize)> {
        let mut at = self.home(key);
        for _ in 0..REACH {
            let line = &self.lines[at];
            if let Some(way) = line.find(key) {
                return Some((at, way));
            }
            if !line.has_spilled() {
                return None;
            }
            at = self.behind(at);
        }
        None
    }

    /// Line and way for a record that is not held, with no use noted: a free one or, if none within reach is, that of a record
    /// which goes.
    fn place(&mut self, key: &Key) -> (usize, usize) {
        let home = self.home(key);
        let mut at = home;
        for _ in 0..REACH {
            if let Some(way) = self.lines[at].free() {
                return (at, way);
            }
            self.lines[at].note_spill();
            at = self.behind(at);
        }
        let line = &mut self.lines[home];
        (home, (0..WAYS).find(|way| !line.take_use(*way)).unwrap_or(0))
    }

    /// The line that a key names.
    fn home(&self, key: &Key) -> usize {
        // A fraction of the lines, as even as the hash is, however many there are.
        let at = ((key.word() >> 32) * self.lines.len() as u64) >> 32;
        usize::try_from(at).unwrap_or(0)
    }

    fn behind(&self, at: usize) -> usize {
        if at + 1 == self.lines.len() { 0 } else { at + 1 }
    }

    fn make_room(&mut self) {
        let mut passed = 0;
        while self.held > 0 {
            self.hand = (self.hand + 1) % (self.lines.len() * WAYS);
            let (line, way) = (&mut self.lines[self.hand / WAYS], self.hand % WAYS);
            if line.get(way).is_none() {
                continue;
            }
            if line.take_use(way) && passed < PATIENCE {
                passed += 1;
            } else {
                line.drop_from(way);
                self.held -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::id::SessionId;
    use crate::key::Bucket;
    use crate::record::{Record, Revision, TokenState};
    use crate::time::Timestamp;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};
    use std::collections::HashMap;

    fn found(number: u32) -> Arc<Found> {
        let key = Key::new(Bucket(0), &Sha256::digest(number.to_le_bytes()).into());
        under(key, number)
    }

    fn under(key: Key, number: u32) -> Arc<Found> {
        let record = Record {
            expires_at: Timestamp::MAX,
            seen_at: Timestamp::default(),
            token_at: Timestamp::default(),
            token: TokenState::Offered,
            renew_now: false,
            challenged: false,
            client: Client::default(),
            identity: None,
            id: SessionId::from_stored(&[7; 16]).unwrap(),
            revision: Revision(number),
            created_at: Timestamp::default(),
            sealed: None,
        };
        Arc::new(Found { key, record })
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Insert(usize),
        Remove(usize),
        Get(usize),
        Clear,
    }

    /// Keys that name few lines, with few tags.
    fn crowd() -> Vec<Key> {
        let key = |number: u8| {
            let mut hash = [0; 32];
            hash[7] = number % 2 * 16;
            hash[8] = number / 2 % 2;
            hash[9] = number;
            Key::new(Bucket(0), &hash)
        };
        (0..96).map(key).collect()
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            100 => (0..96_usize).prop_map(Step::Insert),
            20 => (0..96_usize).prop_map(Step::Remove),
            40 => (0..96_usize).prop_map(Step::Get),
            1 => Just(Step::Clear),
        ]
    }

    proptest! {
        #[test]
        fn where_all_want_the_same_place_it_says_what_was_put_there_last_or_nothing(
            room in 1..90_usize,
            steps in vec(step(), 0..600),
        ) {
            let keys = crowd();
            let (mut held, mut last) = (SecondChance::of(room), HashMap::new());
            let is_right = |held: &SecondChance, last: &HashMap<usize, u32>, at: usize| {
                let found = held.get(&keys[at])?;
                let right = found.key == keys[at] && last.get(&at) == Some(&found.record.revision.0);
                Some(right)
            };
            for (number, step) in (1_u32..).zip(steps) {
                match step {
                    Step::Insert(at) => {
                        held.insert(under(keys[at], number));
                        last.insert(at, number);
                        prop_assert_eq!(is_right(&held, &last, at), Some(true), "it has just come");
                    }
                    Step::Remove(at) => {
                        held.remove(&keys[at]);
                        last.remove(&at);
                        prop_assert_eq!(is_right(&held, &last, at), None);
                    }
                    Step::Get(at) => prop_assert_ne!(is_right(&held, &last, at), Some(false)),
                    Step::Clear => {
                        held.clear();
                        last.clear();
                    }
                }
                prop_assert!(held.len() <= room);
            }
            let there: Vec<_> = (0..keys.len()).filter_map(|at| is_right(&held, &last, at)).collect();
            prop_assert!(there.iter().all(|right| *right));
            prop_assert_eq!(there.len(), held.len());
        }
    }

    #[test]
    fn nearly_all_find_a_place_until_it_is_full() {
        let room = 10_000;
        let mut held = SecondChance::of(room);
        (0..10_000).for_each(|number| held.insert(found(number)));
        assert!(held.len() > room - room / 500, "{}", held.len());
    }

    #[test]
    fn it_holds_so_many_and_no_more_and_what_is_used_stays() {
        let mut held = SecondChance::of(100);
        let often: Vec<_> = (0..40).map(found).collect();
        for found in &often {
            held.insert(Arc::clone(found));
        }
        for number in 1000..4000 {
            assert!(
                often.iter().all(|found| held.get(&found.key).is_some()),
                "{number}"
            );
            held.insert(found(number));
            assert!(held.len() <= 100);
        }
        assert_eq!(held.len(), 100);
    }

    #[test]
    fn what_is_there_already_is_replaced_and_what_is_removed_is_gone() {
        let mut held = SecondChance::of(2);
        let (one, two) = (found(1), found(2));
        held.insert(Arc::clone(&one));
        held.insert(Arc::clone(&two));
        let mut newer = Found::clone(&one);
        newer.record.revision = Revision(9);
        held.insert(newer.into());
        assert_eq!(
            held.get(&one.key).map(|found| found.record.revision),
            Some(Revision(9))
        );
        assert_eq!(held.len(), 2);
        held.remove(&one.key);
        assert!(held.get(&one.key).is_none() && held.get(&two.key).is_some());
        held.remove(&one.key);
        held.clear();
        assert_eq!(held.len(), 0);
    }

    #[test]
    fn room_is_made_soon_also_where_all_are_used() {
        let mut held = SecondChance::of(1000);
        let all: Vec<_> = (0..1000).map(found).collect();
        for found in &all {
            held.insert(Arc::clone(found));
            held.get(&found.key);
        }
        held.insert(found(1000));
        assert_eq!(held.len(), 1000);
        let uses = held
            .lines
            .iter_mut()
            .flat_map(|line| (0..WAYS).map(|way| line.take_use(way)));
        let spared = uses.filter(|used| *used).count();
        assert_eq!(spared, 1000 - PATIENCE - 1, "the hand stopped");
    }
}
