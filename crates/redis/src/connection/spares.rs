//! Handles on the shared connection, kept for the next command.
//!
//! A handle can be made from another at any time, but making one and dropping it writes to counters that all threads share,
//! and on a busy server each such write waits for another core. So a handle that has served is kept by the thread that had
//! it, and taken out again by the next command there.

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this share shelves.
const SHELVES: usize = 16;
/// As many commands of one thread may be under way with none of their handles thrown away.
const KEPT: usize = 64;

#[derive(Default)]
pub(crate) struct Spares([Shelf; SHELVES]);

/// Aligned, so that no two shelves lie on one line of the processors' caches.
#[derive(Default)]
#[repr(align(128))]
struct Shelf(Mutex<Vec<(MultiplexedConnection, u64)>>);

impl Spares {
    /// A handle on the n-th connection, if this thread has one.
    pub(crate) fn take(&self, number: u64) -> Option<MultiplexedConnection> {
        let mut kept = self.shelf().lock();
        let (connection, of) = kept.pop()?;
        if of == number {
            return Some(connection);
        }
        // Handles on a connection that was given up: let it go.
        kept.clear();
        None
    }

    /// Keeps a handle that has served.
    pub(crate) fn put(&self, connection: MultiplexedConnection, number: u64) {
        let mut kept = self.shelf().lock();
        if kept.len() < KEPT {
            kept.push((connection, number));
        }
    }

    /// Lets go of all handles.
    pub(crate) fn clear(&self) {
        for shelf in &self.0 {
            shelf.0.lock().clear();
        }
    }

    fn shelf(&self) -> &Mutex<Vec<(MultiplexedConnection, u64)>> {
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
