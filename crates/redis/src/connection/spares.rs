//! Handles on the shared connection, kept for the next command.
//!
//! A handle can be made from another at any time, but making one and dropping it writes to counters that all threads share,
//! and on a busy server each such write waits for another core. So a handle that has served is kept by the thread that had
//! it, and taken out again by the next command there.

use crate::connection::errands::Errand;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this share shelves.
const SHELVES: usize = 16;
/// As many commands of one thread may be under way with none of their handles thrown away.
const KEPT: usize = 64;

/// A handle.
pub(crate) struct Handle {
    pub(crate) connection: MultiplexedConnection,
    /// It is on the n-th connection.
    pub(crate) number: u64,
    /// Sees to it that its command does not take too long.
    pub(crate) errand: Arc<Errand>,
}

#[derive(Default)]
pub(crate) struct Spares([Shelf; SHELVES]);

/// Aligned, so that no two shelves lie on one line of the processors' caches.
#[derive(Default)]
#[repr(align(128))]
struct Shelf(Mutex<Vec<Handle>>);

impl Spares {
    /// A handle on the n-th connection, if this thread has one.
    pub(crate) fn take(&self, number: u64) -> Option<Handle> {
        let mut kept = self.shelf().lock();
        let handle = kept.pop()?;
        if handle.number == number {
            return Some(handle);
        }
        // Handles on a connection that was given up: let it go.
        kept.clear();
        None
    }

    /// Keeps a handle that has served.
    pub(crate) fn put(&self, handle: Handle) {
        let mut kept = self.shelf().lock();
        if kept.len() < KEPT {
            kept.push(handle);
        }
    }

    /// Lets go of all handles.
    pub(crate) fn clear(&self) {
        for shelf in &self.0 {
            shelf.0.lock().clear();
        }
    }

    fn shelf(&self) -> &Mutex<Vec<Handle>> {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
        }
        let mine = MINE.with(|mine| {
            if mine.get() == usize::MAX {
                mine.set(THREADS.fetch_add(1, Ordering::Relaxed) % SHELVES);
            }
            mine.get()
        });
        &self.0[mine].0
    }
}
