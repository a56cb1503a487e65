//! The store: each step of the trait, handed to the thread that takes it.

use crate::errors::OpenError;
use crate::examine::examine;
use crate::file::Place;
use crate::news::News;
use crate::options::Options;
use crate::readers::Readers;
use crate::writer::{Act, Writer};
use crate::{journal, rows, schema, steps};
use async_trait::async_trait;
use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Event, Finding, Found, Key, Label,
    Listing, Memo, MemoWrite, Opened, Opening, Page, Position, Rate, Rotation, SessionId, Shared, Slot,
    Spend, Store, StoreError, Subject, Swap, Swept, Term, Timestamp, Touch, Write,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long an examination may take: it reads the whole file, if that is small.
const EXAMINATION: Duration = Duration::from_secs(10);

/// Sessions in one SQLite file, which any number of processes on one machine may share.
///
/// Its methods want a tokio runtime with time enabled. They never wait for the disk on the thread that calls them.
/// Dropping the store ends its threads, once what they have in hand is done.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    news: Arc<News>,
    place: Arc<Place>,
    shown: PathBuf,
}

impl SqliteStore {
    /// Opens a file, or makes it: the folder with mode 0700, the file with mode 0600. Brings an older schema up to date.
    ///
    /// Waits for the disk and, if other processes start at the same time, for them (at most 10 s): call it before
    /// serving.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, &Options::default())
    }

    /// As [`open`](Self::open), with options.
    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let shown = path.as_ref().to_owned();
        let place = Arc::new(Place::prepare(&shown)?);
        schema::prepare(&place.path)?;
        let news = Arc::new(News::start(&place, options)?);
        let writer = Writer::start(&place, &news, options)?;
        let readers = Readers::start(&place, options)?;
        Ok(Self {
            readers,
            writer,
            news,
            place,
            shown,
        })
    }

    async fn look(&self, after: &Position, at_most: usize) -> Result<Page, StoreError> {
        let after = after.clone();
        self.readers
            .ask(move |connection| journal::page(connection, &after, at_most))
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        let key = *key;
        self.readers
            .ask(move |connection| rows::load(connection, &key))
            .await
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        let subject = subject.clone();
        self.readers
            .ask(move |connection| rows::epoch(connection, &subject))
            .await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        let opening = opening.clone();
        self.writer
            .ask(Act::Change, move |tx| steps::open(tx, &opening))
            .await
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        let swap = swap.clone();
        self.writer
            .ask(Act::Change, move |tx| steps::swap(tx, &swap))
            .await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        let touches = touches.to_vec();
        self.writer
            .ask(Act::Change, move |tx| steps::touch(tx, &touches))
            .await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        let rotation = rotation.clone();
        // A token that is dead at once ends like a session does.
        let act = if rotation.leave.is_none() {
            Act::End
        } else {
            Act::Change
        };
        self.writer.ask(act, move |tx| steps::rotate(tx, &rotation)).await
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        let (key, cause) = (*key, cause.clone());
        self.writer
            .ask(Act::End, move |tx| steps::close(tx, &key, reason, &cause))
            .await
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let (subject, cause) = (subject.clone(), cause.clone());
        let step = move |tx: &steps::Tx<'_>| steps::close_subject(tx, &subject, except, reason, &cause);
        self.writer.ask(Act::End, step).await
    }

    fn term(&self, _bucket: Bucket) -> Term {
        Term::default()
    }

    async fn durability(&self, _bucket: Bucket, _term: Term) -> Result<Durability, StoreError> {
        Ok(Durability::Durable)
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        let id = *id;
        self.readers
            .ask(move |connection| rows::find(connection, &id))
            .await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        let subject = subject.clone();
        self.readers
            .ask(move |connection| rows::list(connection, &subject))
            .await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        let from = from
            .map(str::parse)
            .transpose()
            .map_err(|error| StoreError::Refused(Box::new(error)))?;
        self.readers
            .ask(move |connection| rows::scan(connection, from, at_most.max(1)))
            .await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.writer
            .ask(Act::Sweep, move |tx| steps::sweep(tx, now, at_most))
            .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.readers.ask(rows::count).await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        let event = event.clone();
        self.writer.ask(Act::Change, move |tx| tx.journal(&event)).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.readers.ask(journal::end).await
    }

    /// There is one file and whoever can read it can write it, so reading confirms as well as writing would.
    async fn confirm(&self) -> Result<Position, StoreError> {
        self.journal_end().await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.writer
            .ask(Act::Change, move |tx| steps::lease(tx, wanted, now))
            .await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        if wait.is_zero() {
            return self.look(after, at_most).await;
        }
        let mut follower = self.news.follow();
        let until = Instant::now() + wait;
        loop {
            follower.commits.mark_unchanged();
            let page = self.look(after, at_most).await?;
            if !page.entries.is_empty() || page.gap {
                return Ok(page);
            }
            if !matches!(timeout_at(until, follower.commits.changed()).await, Ok(Ok(()))) {
                return self.look(after, at_most).await;
            }
        }
    }

    fn shared(&self) -> &dyn Shared {
        self
    }

    async fn examine(&self, _now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        let place = Arc::clone(&self.place);
        self.readers
            .ask_within(EXAMINATION, move |connection| examine(connection, &place))
            .await
    }

    fn describe(&self) -> String {
        format!("sqlite {}", self.shown.display())
    }
}

#[async_trait]
impl Shared for SqliteStore {
    async fn memo(&self, label: &Label, now: Timestamp) -> Result<Option<Memo>, StoreError> {
        let label = label.clone();
        self.readers
            .ask(move |connection| steps::memo(connection, &label, now))
            .await
    }

    async fn keep_memo(&self, write: &MemoWrite) -> Result<Option<u64>, StoreError> {
        write.check()?;
        let write = write.clone();
        self.writer
            .ask(Act::Change, move |tx| steps::keep_memo(tx, &write))
            .await
    }

    async fn spend(
        &self,
        label: &Label,
        rate: Rate,
        spend: Spend,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let label = label.clone();
        self.writer
            .ask(Act::Change, move |tx| steps::spend(tx, &label, rate, spend, now))
            .await
    }
}
