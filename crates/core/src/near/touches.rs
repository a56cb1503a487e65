//! "Seen at least then", collected on hits and written in pipelines.

use crate::key::Key;
use crate::store::Touch;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Touches that wait for the next flush. The latest of each key counts.
#[derive(Default)]
pub(super) struct Touches(Mutex<HashMap<Key, Touch>>);

impl Touches {
    pub(super) fn add(&self, touch: Touch) {
        let mut waiting = self.0.lock();
        let kept = waiting.entry(touch.key).or_insert(touch);
        if kept.seen_at < touch.seen_at {
            *kept = touch;
        }
    }

    /// Takes all that wait.
    pub(super) fn take(&self) -> Vec<Touch> {
        std::mem::take(&mut *self.0.lock()).into_values().collect()
    }

    /// Puts back what could not be written, unless a later one has come or too many wait already.
    pub(super) fn put_back(&self, touches: &[Touch], at_most: usize) {
        for touch in touches {
            if self.0.lock().len() < at_most {
                self.add(*touch);
            }
        }
    }
}
