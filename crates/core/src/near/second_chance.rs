//! Records by key, so many at most: one that was not used since the hand last came by makes room (CLOCK).
//!
//! A table of its own, and not a cache from a library, for what a look-up fetches from memory: a slot of 16 bytes, and
//! then the key and the record in one piece. Libraries keep an index, and behind it slots with keys, recency and the way to
//! the record; with one of the fastest a check among ten thousand sessions took half as long again.

use crate::key::Key;
use crate::store::Found;
use hashbrown::HashTable;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The hand passes no more of those that were used than this before it takes one all the same, so that nobody waits long.
const PATIENCE: usize = 64;

pub(super) struct SecondChance {
    slots: HashTable<Slot>,
    room: usize,
    /// Where the hand goes on.
    hand: usize,
}

struct Slot {
    found: Arc<Found>,
    /// Since the hand last came by.
    used: AtomicBool,
}

impl SecondChance {
    pub(super) fn of(room: usize) -> Self {
        Self {
            slots: HashTable::new(),
            room,
            hand: 0,
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Found>> {
        let slot = self.slots.find(key.word(), |slot| slot.found.key == *key)?;
        // Read first: writing what it says already would take the slot away from other threads.
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        Some(&slot.found)
    }

    pub(super) fn insert(&mut self, found: Arc<Found>) {
        let key = found.key;
        if let Some(slot) = self.slots.find_mut(key.word(), |slot| slot.found.key == key) {
            slot.found = found;
            return;
        }
        if self.slots.len() >= self.room {
            self.make_room();
        }
        let slot = Slot {
            found,
            used: AtomicBool::new(false),
        };
        self.slots
            .insert_unique(key.word(), slot, |slot| slot.found.key.word());
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Ok(slot) = self.slots.find_entry(key.word(), |slot| slot.found.key == *key) {
            slot.remove();
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    fn make_room(&mut self) {
        let mut passed = 0;
        while !self.slots.is_empty() {
            self.hand = (self.hand + 1) % self.slots.num_buckets();
            let Ok(mut slot) = self.slots.get_bucket_entry(self.hand) else {
                continue;
            };
            if std::mem::take(slot.get_mut().used.get_mut()) && passed < PATIENCE {
                passed += 1;
            } else {
                slot.remove();
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
    use sha2::{Digest as _, Sha256};

    fn found(number: u32) -> Arc<Found> {
        let key = Key::new(Bucket(0), &Sha256::digest(number.to_le_bytes()).into());
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
        let spared = held
            .slots
            .iter()
            .filter(|slot| slot.used.load(Ordering::Relaxed))
            .count();
        assert_eq!(spared, 1000 - PATIENCE - 1, "the hand stopped");
    }
}
