//! A bounded map in which what was seen once can not push out what was seen again.

use quick_cache::unsync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::hash::Hash;

/// `room` entries; a quarter of it is for those that were seen once, and they go first.
pub(crate) struct Table<K, V>(Cache<K, V>);

impl<K: Eq + Hash + Clone, V: Default> Table<K, V> {
    pub fn new(room: usize) -> Self {
        let mut options = OptionsBuilder::new();
        options
            .estimated_items_capacity(room)
            .weight_capacity(room as u64)
            .hot_allocation(0.75)
            .ghost_allocation(0.1);
        let cache = options.build().map_or_else(
            |_| Cache::new(room),
            |options| {
                Cache::with_options(
                    options,
                    UnitWeighter,
                    DefaultHashBuilder::default(),
                    quick_cache::unsync::DefaultLifecycle::default(),
                )
            },
        );
        Self(cache)
    }

    /// Does something with what is remembered of a key, which counts as seeing it.
    pub fn with<T>(&mut self, key: &K, act: impl FnOnce(&mut V) -> T) -> Option<T> {
        if !self.0.contains_key(key) {
            self.0.insert(key.clone(), V::default());
        }
        self.0.get_mut(key).map(|mut value| act(&mut value))
    }

    /// The same, unless nothing is remembered.
    pub fn with_known<T>(&mut self, key: &K, act: impl FnOnce(&mut V) -> T) -> Option<T> {
        self.0.get_mut(key).map(|mut value| act(&mut value))
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key).map(|(_, value)| value)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_keys_seen_once_do_not_push_out_those_that_were_seen_again() {
        let mut table: Table<u64, u32> = Table::new(1_000);
        for _ in 0..3 {
            for victim in 0..100 {
                table.with(&victim, |count| *count += 1);
            }
        }
        for flood in 1_000..1_001_000 {
            table.with(&flood, |count| *count += 1);
        }
        assert!(table.len() <= 1_000);
        for victim in 0..100 {
            assert_eq!(table.with_known(&victim, |count| *count), Some(3), "{victim}");
        }
    }
}
