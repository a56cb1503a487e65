//! What was seen of late, so that it is noted once and not with every request.

use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, Hash, RandomState};

/// So much is remembered; the oldest goes first.
const MOST: usize = 4096;

/// Remembers by hash: of things that collide, one is taken for the other, which no one can bring about.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hasher: RandomState,
    memory: Mutex<(HashSet<u64>, VecDeque<u64>)>,
}

impl Seen {
    /// Whether it was not seen before, of late.
    pub(crate) fn is_new(&self, what: impl Hash) -> bool {
        let hash = self.hasher.hash_one(what);
        let (known, order) = &mut *self.memory.lock();
        let new = known.insert(hash);
        if new {
            order.push_back(hash);
        }
        if order.len() > MOST
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_not_new_until_much_else_was() {
        let seen = Seen::default();
        assert!(seen.is_new("a") && !seen.is_new("a") && seen.is_new("b"));
        for number in 0..MOST {
            seen.is_new(number);
        }
        assert!(seen.is_new("a"));
        assert!(seen.memory.lock().0.len() <= MOST);
    }
}
