//! Seven records, and what tells them apart, in one line of the processor's cache.

use crate::key::Key;
use crate::store::Found;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Records that stand in a line.
pub(super) const WAYS: usize = 7;

/// What one fetch from memory brings: 64 bytes.
#[derive(Default)]
#[repr(C, align(64))]
pub(super) struct Line {
    records: [Option<Arc<Found>>; WAYS],
    /// A byte of each record's key, so that hardly ever another is fetched than the one that is looked for.
    tags: [u8; WAYS],
    /// A bit for each record that was used of late, and [`SPILLED`].
    marks: AtomicU8,
}

const _: () = assert!(size_of::<Line>() == 64);

/// The line was full once, so what belongs here may stand behind it.
const SPILLED: u8 = 1 << WAYS;

impl Line {
    /// Where a key's record stands.
    pub(super) fn find(&self, key: &Key) -> Option<usize> {
        let mut same = self.ways_tagged(key.tag());
        while same != 0 {
            let way = (same.trailing_zeros() / 8) as usize;
            if self.get(way).is_some_and(|held| held.key == *key) {
                return Some(way);
            }
            same &= same - 1;
        }
        None
    }

    pub(super) fn get(&self, way: usize) -> Option<&Arc<Found>> {
        self.records[way].as_ref()
    }

    /// Puts a record here. Answers the one that goes for it.
    pub(super) fn put(&mut self, way: usize, found: Arc<Found>) -> Option<Arc<Found>> {
        self.tags[way] = found.key.tag();
        self.records[way].replace(found)
    }

    pub(super) fn drop_from(&mut self, way: usize) {
        self.take_use(way);
        self.records[way] = None;
    }

    pub(super) fn free(&self) -> Option<usize> {
        self.records.iter().position(Option::is_none)
    }

    pub(super) fn note_use(&self, way: usize) {
        self.mark(1 << way);
    }

    /// Whether the record here was used since this was last asked.
    pub(super) fn take_use(&mut self, way: usize) -> bool {
        let (marks, bit) = (self.marks.get_mut(), 1 << way);
        let was = *marks & bit != 0;
        *marks &= !bit;
        was
    }

    pub(super) fn note_spill(&self) {
        self.mark(SPILLED);
    }

    pub(super) fn has_spilled(&self) -> bool {
        self.marks.load(Ordering::Relaxed) & SPILLED != 0
    }

    fn mark(&self, bit: u8) {
        // Read first: writing what it says already would take the line away from other threads.
        if self.marks.load(Ordering::Relaxed) & bit == 0 {
            self.marks.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// The highest bit of each byte whose way has this tag, and now and then of one that has not. All are compared at once: a
    /// branch for each would be guessed wrong most of the time.
    fn ways_tagged(&self, tag: u8) -> u64 {
        const ONES: u64 = u64::from_le_bytes([1; 8]);
        const HIGHEST: u64 = (ONES << 7) >> 8;
        let mut tags = [0; 8];
        tags[..WAYS].copy_from_slice(&self.tags);
        let differing = u64::from_le_bytes(tags) ^ (ONES * u64::from(tag));
        differing.wrapping_sub(ONES) & !differing & HIGHEST
    }
}
