//! A bounded map in which what was seen once can not push out what was seen again.
//!
//! Caches of the field let new entries displace old ones that were not used lately; here, made-up names must not.

use std::collections::HashMap;
use std::hash::Hash;

/// `room` entries in two queues, the longest unseen first: what was seen once, and what was seen again, which takes up to
/// three quarters. Who makes room is the longest unseen of the first queue; the second gives its own to the first when it
/// grows beyond its share.
pub(crate) struct Table<K, V> {
    room: usize,
    index: HashMap<K, usize>,
    nodes: Vec<Node<K, V>>,
    free: Vec<usize>,
    once: Queue,
    again: Queue,
}

struct Node<K, V> {
    key: K,
    value: V,
    seen_again: bool,
    older: usize,
    newer: usize,
}

#[derive(Clone, Copy)]
struct Queue {
    oldest: usize,
    newest: usize,
    len: usize,
}

const NONE: usize = usize::MAX;
const EMPTY: Queue = Queue {
    oldest: NONE,
    newest: NONE,
    len: 0,
};

impl<K: Eq + Hash + Clone, V: Default> Table<K, V> {
    pub fn new(room: usize) -> Self {
        Self {
            room: room.max(4),
            index: HashMap::new(),
            nodes: Vec::new(),
            free: Vec::new(),
            once: EMPTY,
            again: EMPTY,
        }
    }

    /// Does something with what is remembered of a key, which counts as seeing it.
    pub fn with<T>(&mut self, key: &K, act: impl FnOnce(&mut V) -> T) -> T {
        let at = match self.index.get(key) {
            Some(at) => self.promote(*at),
            None => self.insert(key.clone()),
        };
        act(&mut self.nodes[at].value)
    }

    /// The same, unless nothing is remembered.
    pub fn with_known<T>(&mut self, key: &K, act: impl FnOnce(&mut V) -> T) -> Option<T> {
        let at = *self.index.get(key)?;
        let at = self.promote(at);
        Some(act(&mut self.nodes[at].value))
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.index.remove(key)?;
        self.unlink(at);
        self.free.push(at);
        Some(std::mem::take(&mut self.nodes[at].value))
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    fn insert(&mut self, key: K) -> usize {
        if self.index.len() == self.room {
            let oldest = if self.once.len > 0 {
                self.once.oldest
            } else {
                self.again.oldest
            };
            let key = self.nodes[oldest].key.clone();
            self.remove(&key);
        }
        let node = Node {
            key: key.clone(),
            value: V::default(),
            seen_again: false,
            older: NONE,
            newer: NONE,
        };
        let at = if let Some(at) = self.free.pop() {
            self.nodes[at] = node;
            at
        } else {
            self.nodes.push(node);
            self.nodes.len() - 1
        };
        self.index.insert(key, at);
        self.link(at, false);
        at
    }

    fn promote(&mut self, at: usize) -> usize {
        self.unlink(at);
        self.link(at, true);
        if self.again.len > self.room / 4 * 3 {
            let oldest = self.again.oldest;
            self.unlink(oldest);
            self.link(oldest, false);
        }
        at
    }

    fn queue(&mut self, again: bool) -> &mut Queue {
        if again { &mut self.again } else { &mut self.once }
    }

    fn link(&mut self, at: usize, again: bool) {
        let queue = self.queue(again);
        let older = std::mem::replace(&mut queue.newest, at);
        queue.len += 1;
        if older == NONE {
            queue.oldest = at;
        } else {
            self.nodes[older].newer = at;
        }
        let node = &mut self.nodes[at];
        (node.seen_again, node.older, node.newer) = (again, older, NONE);
    }

    fn unlink(&mut self, at: usize) {
        let Node {
            seen_again,
            older,
            newer,
            ..
        } = self.nodes[at];
        let queue = self.queue(seen_again);
        queue.len -= 1;
        if newer == NONE {
            queue.newest = older;
        }
        if older == NONE {
            queue.oldest = newer;
        }
        if newer != NONE {
            self.nodes[newer].older = older;
        }
        if older != NONE {
            self.nodes[older].newer = newer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_keys_seen_once_do_not_push_out_those_that_were_seen_again() {
        let mut table: Table<u64, u32> = Table::new(1_000);
        for _ in 0..3 {
            for victim in 0..100 {
                table.with(&victim, |count| *count += 1);
            }
        }
        for flood in 1_000..101_000 {
            table.with(&flood, |count| *count += 1);
        }
        assert_eq!(table.len(), 1_000);
        for victim in 0..100 {
            assert_eq!(table.with_known(&victim, |count| *count), Some(3), "{victim}");
        }
    }

    #[test]
    fn it_takes_as_many_seen_twice_as_there_is_room_to_push_one_out() {
        let mut table: Table<u64, u32> = Table::new(1_000);
        for key in [0, 0] {
            table.with(&key, |count| *count += 1);
        }
        for flood in 1..750 {
            table.with(&flood, |_| ());
            table.with(&flood, |_| ());
        }
        assert!(table.with_known(&0, |_| ()).is_some());
        for flood in 1_000..2_001 {
            table.with(&flood, |_| ());
            table.with(&flood, |_| ());
        }
        assert!(table.with_known(&0, |_| ()).is_none());
    }

    #[test]
    fn what_was_removed_is_gone_and_its_place_is_used_again() {
        let mut table: Table<u64, u32> = Table::new(10);
        for key in 0..100 {
            table.with(&key, |value| *value = 7);
            assert_eq!(table.remove(&key), Some(7));
            assert_eq!(table.remove(&key), None);
        }
        assert_eq!((table.len(), table.nodes.len()), (0, 1));
    }
}
