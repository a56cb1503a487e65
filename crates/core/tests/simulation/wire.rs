//! What lies between a node and the store: delays, lost answers, silence.

use crate::dice::Dice;
use crate::history::History;
use async_trait::async_trait;
use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Event, Finding, Found, Key, Listing,
    MemoryStore, Opened, Opening, Page, Position, Rotation, SessionId, Shared, Slot, Store, StoreError,
    Subject, Swap, Swept, Term, Timestamp, Touch, Write,
};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// How long a node waits for an answer.
const LIMIT: Duration = Duration::from_millis(500);

/// What is wrong with a wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Nothing comes through, and nothing says so.
    pub cut: bool,
    /// The journal's connection alone is dead.
    pub journal_cut: bool,
    /// Each way takes up to so many milliseconds.
    pub slow: u64,
    /// One in so many answers is lost.
    pub loss: usize,
}

/// The store, and whoever writes down what its primary does.
pub struct Primary {
    pub memory: Arc<MemoryStore>,
    read: Mutex<Position>,
    /// Wakes whoever waits for the journal, in the order in which they came. (What wakes in another order each time would
    /// make another world of the same seed.)
    news: Notify,
    pub history: Arc<History>,
}

impl Primary {
    pub fn new(history: Arc<History>) -> Self {
        Self {
            // Small, so that who was cut off for long finds a gap.
            memory: Arc::new(MemoryStore::with_journal_capacity(30)),
            read: Mutex::default(),
            news: Notify::new(),
            history,
        }
    }

    /// Tells the history what is new. Called after each step, so nothing is missed and the time is true.
    pub async fn report(&self) {
        let after = self.read.lock().clone();
        let page = self.memory.journal(&after, 400, Duration::ZERO).await.unwrap();
        *self.read.lock() = page.next;
        if !page.entries.is_empty() {
            self.news.notify_waiters();
        }
        for entry in page.entries {
            self.history.journal(&entry.event);
        }
    }

    /// The journal, with a wait for the first entry.
    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        let news = self.news.notified();
        let page = self.memory.journal(after, at_most, Duration::ZERO).await?;
        if page.gap || !page.entries.is_empty() || timeout(wait, news).await.is_err() {
            return Ok(page);
        }
        self.memory.journal(after, at_most, Duration::ZERO).await
    }
}

pub struct Wire {
    primary: Arc<Primary>,
    dice: Arc<Dice>,
    weather: Mutex<Weather>,
    change: Notify,
}

fn silence() -> StoreError {
    StoreError::Unavailable("no answer came".into())
}

impl Wire {
    pub fn new(primary: Arc<Primary>, dice: Arc<Dice>) -> Self {
        let weather = Weather {
            slow: 2,
            ..Weather::default()
        };
        Self {
            primary,
            dice,
            weather: Mutex::new(weather),
            change: Notify::new(),
        }
    }

    pub fn set(&self, weather: Weather) {
        *self.weather.lock() = weather;
        self.change.notify_waiters();
    }

    async fn way(&self) {
        let slow = self.weather.lock().slow;
        sleep(self.dice.between(0..slow.max(1))).await;
    }

    /// Waits until something comes through, for ever if need be.
    async fn clear(&self, cut: impl Fn(&Weather) -> bool) {
        loop {
            let change = self.change.notified();
            if !cut(&self.weather.lock()) {
                return;
            }
            change.await;
        }
    }

    /// One question and its answer.
    async fn ask<T>(
        &self,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.ask_within(LIMIT, |weather| weather.cut, step).await
    }

    async fn ask_within<T>(
        &self,
        limit: Duration,
        cut: impl Fn(&Weather) -> bool + Copy,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let answer = async {
            self.way().await;
            if cut(&self.weather.lock()) {
                // The question never arrives; the node finds out by waiting.
                std::future::pending::<()>().await;
            }
            let answer = step.await;
            self.primary.report().await;
            self.way().await;
            let loss = self.weather.lock().loss;
            if loss > 0 && self.dice.below(loss) == 0 {
                std::future::pending::<()>().await;
            }
            // An answer that is under way arrives when the wire is mended, if anybody still waits for it.
            self.clear(cut).await;
            answer
        };
        timeout(limit, answer).await.unwrap_or_else(|_| Err(silence()))
    }
}

#[async_trait]
impl Store for Wire {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        self.ask(self.primary.memory.load(key)).await
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        self.ask(self.primary.memory.epoch(subject)).await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.ask(self.primary.memory.open(opening)).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        self.ask(self.primary.memory.swap(swap)).await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        self.ask(self.primary.memory.touch(touches)).await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        self.ask(self.primary.memory.rotate(rotation)).await
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        self.ask(self.primary.memory.close(key, reason, cause)).await
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let step = self.primary.memory.close_subject(subject, except, reason, cause);
        self.ask(step).await
    }

    fn term(&self, bucket: Bucket) -> Term {
        self.primary.memory.term(bucket)
    }

    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        self.ask(self.primary.memory.durability(bucket, term)).await
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.ask(self.primary.memory.find(id)).await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        self.ask(self.primary.memory.list(subject)).await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        self.ask(self.primary.memory.scan(from, at_most)).await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.ask(self.primary.memory.sweep(now, at_most)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.ask(self.primary.memory.count()).await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.ask(self.primary.memory.append(event)).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.ask(self.primary.memory.journal_end()).await
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.ask(self.primary.memory.confirm()).await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.ask(self.primary.memory.lease(wanted, now)).await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        // Woken for nothing, now and then.
        let wait = if self.dice.percent(5) {
            Duration::ZERO
        } else {
            wait
        };
        let step = self.primary.journal(after, at_most, wait);
        let cut = |weather: &Weather| weather.cut || weather.journal_cut;
        self.ask_within(wait + LIMIT, cut, step).await
    }

    fn shared(&self) -> &dyn Shared {
        self.primary.memory.shared()
    }

    async fn examine(&self, _now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        Ok(Vec::new())
    }

    fn describe(&self) -> String {
        "a store at the end of a wire".to_owned()
    }
}
