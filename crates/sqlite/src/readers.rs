//! Threads that read, each with a connection of its own, so that no async thread ever waits for the disk.
//!
//! The caller looks out for the answer for a moment, too, if a thread is awake to give it: putting a task to sleep and
//! waking it costs more than the read. It is a bounded wait on memory, never on the disk, and between two looks the other
//! tasks of the async thread get their turn.
//!
//! Why: a prototype (two cores, a million rows, the file mapped into memory, nothing decoded) took these means for one
//! read after the other: a bare SELECT 6 µs; on a thread that sleeps between reads 71; only the thread looks out 49, only
//! the caller 35, both 7; `spawn_blocking` 32. Reading in `block_in_place` took 11, but nobody can time out what hangs
//! there. What this store takes is measured by `benches/a_check_at_a_million_sessions.rs`. After a silence, or where all
//! cores are busy with other work, looking out does not help, and a check costs what waking does: some 60 to 100 µs.

use crate::connection;
use crate::errors::{Fault, OpenError, Outcome};
use crate::file::Place;
use crate::options::{self, Options};
use crate::queue::{Queue, Taken};
use crate::threads;
use cloakroom_core::StoreError;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

/// How long a caller looks out for its answer before it sleeps: several times what a read takes. A caller that gives up
/// too early pays for the wait and for being woken, and by then the thread sleeps, too: where reads are a little slower
/// than this, a check costs five times as much all of a sudden.
const LOOK_OUT: Duration = Duration::from_micros(50);

/// How often a reading thread makes sure that the file is still the one it has open.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// A read, and what is to be called before its answer is given.
type Job = Box<dyn FnOnce(Outcome<&Connection>, &mut dyn FnMut()) + Send>;

pub(crate) struct Readers {
    queue: Arc<Queue<Job>>,
    threads: usize,
    time_limit: Duration,
    lookouts: AtomicUsize,
    most_lookouts: usize,
}

impl Readers {
    pub(crate) fn start(place: &Arc<Place>, options: &Options) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(options.linger));
        let threads = options.reader_threads.max(1);
        for _ in 0..threads {
            let failed = |source| OpenError::Sqlite {
                path: place.path.clone(),
                source,
            };
            let connection = connection::reader(&place.path, options).map_err(failed)?;
            let (work, place) = (Arc::clone(&queue), Arc::clone(place));
            threads::start("cloakroom-read", &place.path.clone(), move || {
                read(&work, &connection, &place);
            })?;
        }
        // Half of the cores may look out at a time: the others are needed for what is looked out for.
        let most_lookouts = if options.linger.is_zero() {
            0
        } else {
            options::cores() / 2
        };
        let time_limit = options.time_limit;
        Ok(Self {
            queue,
            threads,
            time_limit,
            lookouts: AtomicUsize::new(0),
            most_lookouts,
        })
    }

    /// Reads on one of the threads, within the time limit.
    pub(crate) async fn ask<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.ask_within(self.time_limit, read).await
    }

    /// Reads within a limit of its own.
    pub(crate) async fn ask_within<T, F>(&self, limit: Duration, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (answer, mut answered) = oneshot::channel();
        let job = Box::new(
            move |connection: Outcome<&Connection>, before: &mut dyn FnMut()| {
                // Whoever went away in the meantime needs no answer.
                if !answer.is_closed() {
                    let outcome = connection.and_then(read);
                    before();
                    let _ = answer.send(outcome);
                }
            },
        );
        match self.queue.push(job, self.threads) {
            Taken::Not => return Err(Fault::Unavailable("too many reads wait for the disk").into()),
            Taken::AtOnce => {
                if let Some(outcome) = self.look_out(&mut answered).await {
                    return outcome.map_err(StoreError::from);
                }
            }
            Taken::Later => {}
        }
        match timeout(limit, answered).await {
            Ok(Ok(outcome)) => outcome.map_err(StoreError::from),
            Ok(Err(_)) => Err(Fault::Unavailable("the reading thread has ended").into()),
            Err(_) => Err(Fault::Unavailable("the disk did not answer within the time limit").into()),
        }
    }

    async fn look_out<T>(&self, answered: &mut oneshot::Receiver<Outcome<T>>) -> Option<Outcome<T>> {
        let _lookout = self.lookout()?;
        let until = Instant::now() + LOOK_OUT;
        loop {
            match answered.try_recv() {
                Ok(outcome) => return Some(outcome),
                Err(oneshot::error::TryRecvError::Closed) => return None,
                Err(oneshot::error::TryRecvError::Empty) if Instant::now() >= until => return None,
                Err(oneshot::error::TryRecvError::Empty) => yield_now().await,
            }
        }
    }

    /// Leave to look out, unless enough others do.
    fn lookout(&self) -> Option<Lookout<'_>> {
        let lookout = Lookout(&self.lookouts);
        (self.lookouts.fetch_add(1, Ordering::Relaxed) < self.most_lookouts).then_some(lookout)
    }
}

/// One who looks out. A caller may go away while it does, so leaving is what dropping this does.
struct Lookout<'a>(&'a AtomicUsize);

impl Drop for Lookout<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

fn read(queue: &Queue<Job>, connection: &Connection, place: &Place) {
    let mut checked = Instant::now();
    let mut present = Ok(());
    let mut almost_free = None;
    while let Some(job) = queue.pop(almost_free) {
        let now = Instant::now();
        if now.duration_since(checked) >= CHECK_EVERY {
            (checked, present) = (now, place.check());
        }
        almost_free = None;
        job(present.clone().map(|()| connection), &mut || {
            almost_free = queue.almost_free();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    /// A disk that hangs looks like this: every thread is in a read that does not return.
    #[tokio::test]
    async fn a_hung_disk_is_unavailable_within_the_time_limit_and_then_works() {
        const HANGS: Duration = Duration::from_millis(600);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloakroom.db");
        drop(crate::SqliteStore::open(&path).unwrap());
        let place = Arc::new(Place::prepare(&path).unwrap());
        let time_limit = Duration::from_millis(100);
        let readers = Readers::start(
            &place,
            &Options {
                time_limit,
                reader_threads: 2,
                ..Options::default()
            },
        )
        .unwrap();
        for _ in 0..3 {
            let asked = Instant::now();
            let answer = readers
                .ask(|_| {
                    sleep(HANGS);
                    Ok(())
                })
                .await;
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
            assert!(
                (time_limit..HANGS).contains(&asked.elapsed()),
                "{:?}",
                asked.elapsed()
            );
        }
        tokio::time::sleep(HANGS).await;
        assert_eq!(readers.ask(crate::rows::count).await.unwrap(), 0);
    }
}
