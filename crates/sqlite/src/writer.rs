//! The thread that writes: one connection, one transaction at a time.
//!
//! What waits while a transaction runs goes into the next one together, each step in a savepoint of its own, so a
//! failing step takes nobody with it. Nobody is answered before the commit.

use crate::connection::{self, persist};
use crate::errors::{Fault, OpenError, Outcome};
use crate::file::Place;
use crate::news::News;
use crate::options::Options;
use crate::queue::{Queue, Taken};
use crate::steps::Tx;
use crate::threads;
use cloakroom_core::StoreError;
use rusqlite::Connection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Steps that may share a transaction.
const MOST: usize = 256;

/// Pages beyond the limit of the file that only steps which end sessions may use: 1 MiB.
const HELD_BACK: i64 = 256;

pub(crate) struct Writer {
    queue: Arc<Queue<Box<dyn Job>>>,
    time_limit: Duration,
    patience: Duration,
}

/// What a step is about, which decides how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Something new.
    Change,
    /// The end of a session or of a token. It may have to be on the disk before it is acknowledged, and has room even
    /// where the file is as large as it may be.
    End,
    /// Tidying up, which makes room.
    Sweep,
}

/// A step, and somebody who waits for its outcome.
trait Job: Send {
    /// Takes the step. May be called again if the transaction was lost.
    fn run(&mut self, tx: &Tx<'_>) -> Outcome<()>;
    /// Tells how it ended: what `run` made of it, now that it is committed, or why not.
    fn settle(self: Box<Self>, fate: Outcome<()>);
    /// When the caller will have given up.
    fn until(&self) -> Instant;
    fn act(&self) -> Act;
}

struct Task<T, S> {
    step: S,
    outcome: Option<T>,
    answer: oneshot::Sender<Outcome<T>>,
    until: Instant,
    act: Act,
}

impl<T: Send, S: FnMut(&Tx<'_>) -> Outcome<T> + Send> Job for Task<T, S> {
    fn run(&mut self, tx: &Tx<'_>) -> Outcome<()> {
        self.outcome = Some((self.step)(tx)?);
        Ok(())
    }

    fn settle(self: Box<Self>, fate: Outcome<()>) {
        let Self { outcome, answer, .. } = *self;
        let lost = Fault::Unavailable("the step was not taken");
        let _ = answer.send(fate.and_then(|()| outcome.ok_or(lost)));
    }

    fn until(&self) -> Instant {
        self.until
    }

    fn act(&self) -> Act {
        self.act
    }
}

impl Writer {
    pub(crate) fn start(place: &Arc<Place>, news: &Arc<News>, options: &Options) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(Duration::ZERO));
        let failed = |source| OpenError::Sqlite {
            path: place.path.clone(),
            source,
        };
        let connection = connection::writer(&place.path).map_err(failed)?;
        let keep = options.journal_keep.max(1);
        let pages = |bytes| connection::pages(&connection, bytes).map_err(failed);
        let most_pages = options.max_bytes.map(pages).transpose()?;
        let desk = Desk {
            connection,
            place: Arc::clone(place),
            news: Arc::clone(news),
            keep,
            trim_every: u64::from((keep / 10).clamp(1, 1000)),
            untrimmed: 0,
            sync_endings: options.sync_endings,
            synced: false,
            most_pages,
        };
        let work = Arc::clone(&queue);
        threads::start("cloakroom-write", &place.path, move || desk.work(&work))?;
        Ok(Self {
            queue,
            time_limit: options.time_limit,
            patience: connection::patience(options),
        })
    }

    /// Takes a step in a transaction, within the time limit. If that passes, the step may or may not have been taken.
    pub(crate) async fn ask<T, S>(&self, act: Act, step: S) -> Result<T, StoreError>
    where
        T: Send + 'static,
        S: FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let until = Instant::now() + self.patience;
        if self.queue.push(
            Box::new(Task {
                step,
                outcome: None,
                answer,
                until,
                act,
            }),
            1,
        ) == Taken::Not
        {
            return Err(Fault::Unavailable("too many writes wait for the disk").into());
        }
        match timeout(self.time_limit, answered).await {
            Ok(Ok(outcome)) => outcome.map_err(StoreError::from),
            Ok(Err(_)) => Err(Fault::Unavailable("the writing thread has ended").into()),
            Err(_) => Err(Fault::Unavailable("the disk did not answer within the time limit").into()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

/// What the writing thread has before it.
struct Desk {
    connection: Connection,
    place: Arc<Place>,
    news: Arc<News>,
    keep: u32,
    trim_every: u64,
    /// Entries written since the journal was last trimmed.
    untrimmed: u64,
    sync_endings: bool,
    /// Whether commits wait for the disk at the moment.
    synced: bool,
    /// How large the file may grow.
    most_pages: Option<i64>,
}

type Jobs = Vec<Box<dyn Job>>;

impl Desk {
    fn work(mut self, queue: &Queue<Box<dyn Job>>) {
        while let Some(first) = queue.pop(None) {
            let mut jobs = vec![first];
            jobs.extend(queue.drain(MOST - 1));
            self.settle(jobs);
        }
    }

    /// Takes the steps in one transaction; one by one, if that is lost; not at all once their callers have given up.
    fn settle(&mut self, mut jobs: Jobs) {
        let mut late = Fault::Unavailable("the disk was busy for longer than the time limit");
        loop {
            let now = Instant::now();
            for job in jobs.extract_if(.., |job| job.until() <= now) {
                job.settle(Err(late.clone()));
            }
            if jobs.is_empty() {
                return;
            }
            match self.attempt(&mut jobs) {
                Ok(fates) => {
                    return jobs
                        .into_iter()
                        .zip(fates)
                        .for_each(|(job, fate)| job.settle(fate));
                }
                Err(fault) if fault.is_busy() => late = fault,
                Err(_) if jobs.len() > 1 => return jobs.into_iter().for_each(|job| self.settle(vec![job])),
                Err(fault) => {
                    let fate = Err(fault);
                    return jobs.into_iter().for_each(|job| job.settle(fate.clone()));
                }
            }
        }
    }

    /// One transaction. An error means that nothing of it has happened.
    fn attempt(&mut self, jobs: &mut Jobs) -> Outcome<Vec<Outcome<()>>> {
        self.place.check()?;
        self.adjust(jobs)?;
        let until = jobs
            .iter()
            .map(|job| job.until())
            .min()
            .unwrap_or_else(Instant::now);
        persist(until, || self.execute("BEGIN IMMEDIATE"))?;
        let done = self.perform(jobs);
        let committed = done.and_then(|done| {
            self.execute("COMMIT")?;
            Ok(done)
        });
        let Ok((fates, written)) = committed else {
            self.abandon();
            return committed.map(|(fates, _)| fates);
        };
        if written > 0 {
            self.untrimmed = if self.is_time_to_trim(written) {
                0
            } else {
                self.untrimmed + written
            };
            self.news.announce();
        }
        Ok(fates)
    }

    /// The steps, each in a savepoint unless it is alone, and the trimming of the journal.
    fn perform(&self, jobs: &mut Jobs) -> Outcome<(Vec<Outcome<()>>, u64)> {
        let tx = Tx::new(&self.connection);
        let alone = jobs.len() == 1;
        let mut fates = Vec::with_capacity(jobs.len());
        for job in jobs {
            if alone {
                job.run(&tx)?;
                fates.push(Ok(()));
            } else {
                fates.push(self.in_savepoint(&tx, job.as_mut())?);
            }
        }
        let written = tx.written();
        if self.is_time_to_trim(written) {
            tx.trim_journal(self.keep)?;
        }
        Ok((fates, written))
    }

    /// The outer error means that the whole transaction is lost, as when the disk is full.
    fn in_savepoint(&self, tx: &Tx<'_>, job: &mut dyn Job) -> Outcome<Outcome<()>> {
        self.execute("SAVEPOINT step")?;
        let before = tx.written();
        let fate = job.run(tx);
        if fate.is_err() {
            if self.connection.is_autocommit() {
                return fate.map(Ok);
            }
            tx.forget_written(before);
            self.execute("ROLLBACK TO step")?;
        }
        self.execute("RELEASE step")?;
        Ok(fate)
    }

    fn is_time_to_trim(&self, written: u64) -> bool {
        written > 0 && self.untrimmed + written >= self.trim_every
    }

    /// SQLite has rolled back already after some errors.
    fn abandon(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
    }

    /// Sets how the next transaction is written.
    fn adjust(&mut self, jobs: &Jobs) -> rusqlite::Result<()> {
        let synced = self.sync_endings && jobs.iter().any(|job| job.act() == Act::End);
        if synced != self.synced {
            self.connection
                .pragma_update(None, "synchronous", if synced { "FULL" } else { "NORMAL" })?;
            self.synced = synced;
        }
        if let Some(most) = self.most_pages {
            let makes_room = jobs.iter().all(|job| job.act() != Act::Change);
            let pages = if makes_room {
                most.saturating_add(HELD_BACK)
            } else {
                most
            };
            self.connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}
