//! A store that fails, hangs or answers late when a test tells it to, and counts what it is asked.

use async_trait::async_trait;
use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Event, Finding, Found, Key, Label,
    Listing, Memo, MemoWrite, Opened, Opening, Page, Position, Rate, Rotation, SessionId, Shared, Slot,
    Spend, Store, StoreError, Subject, Swap, Swept, Term, Timestamp, Touch, Undecodable, Write,
};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One of the things a store can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as the methods of `Store`")]
pub enum Step {
    Load,
    Epoch,
    Open,
    Swap,
    Touch,
    Rotate,
    Close,
    CloseSubject,
    Durability,
    Find,
    List,
    Scan,
    Sweep,
    Count,
    Append,
    JournalEnd,
    Confirm,
    Lease,
    Journal,
    Examine,
    Shared,
}

impl Step {
    /// Those that change something.
    pub const WRITES: &'static [Self] = &[
        Self::Open,
        Self::Swap,
        Self::Touch,
        Self::Rotate,
        Self::Close,
        Self::CloseSubject,
        Self::Sweep,
        Self::Append,
    ];
}

/// What is wrong with a step, until it is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and the store says that it can not be reached.
    Unavailable,
    /// It is not done, and the store says that it is full.
    Full,
    /// It is not done, and the store says that what it holds is no record. Only for steps that read one key.
    Corrupt(Undecodable),
    /// It is done, but the answer is lost on the way: the caller sees a store that can not be reached.
    AnswerLost,
}

/// Where a step is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Before anything is done.
    Start,
    /// When it is done and only the answer is missing, which is then late: what it says may be true no longer.
    Answer,
}

/// One step that is stopped. Dropping it lets the step go on.
#[derive(Debug)]
pub struct Gate {
    reached: watch::Receiver<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Waits until somebody stands at the gate.
    pub async fn reached(&mut self) {
        self.reached
            .wait_for(|reached| *reached)
            .await
            .expect("the step came");
    }

    /// Whether somebody stands at the gate, or did.
    #[must_use]
    pub fn was_reached(&self) -> bool {
        *self.reached.borrow()
    }

    /// Lets them go on.
    pub fn open(self) {
        self.open.send_replace(true);
    }
}

struct Stop {
    step: Step,
    at: At,
    reached: watch::Sender<bool>,
    open: watch::Receiver<bool>,
}

/// Any store, with faults on demand.
///
/// ```
/// use cloakroom_core::{MemoryStore, Store};
/// use cloakroom_testkit::{Fault, FaultyStore, Step};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = FaultyStore::new(MemoryStore::new());
/// store.fail(Step::Count, Fault::Unavailable);
/// assert!(store.count().await.is_err());
/// store.mend();
/// assert_eq!(store.count().await.unwrap(), 0);
/// assert_eq!(store.calls(Step::Count), 2);
/// # });
/// ```
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Mutex<HashMap<Step, Fault>>,
    stops: Mutex<Vec<Stop>>,
    calls: Mutex<HashMap<Step, usize>>,
}

impl FaultyStore {
    /// This store, with nothing wrong yet.
    pub fn new(inner: impl Store) -> Arc<Self> {
        Self::over(Arc::new(inner))
    }

    /// A store that others hold, too.
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            faults: Mutex::default(),
            stops: Mutex::default(),
            calls: Mutex::default(),
        })
    }

    /// From now on this step goes wrong.
    pub fn fail(&self, step: Step, fault: Fault) {
        self.faults.lock().insert(step, fault);
    }

    /// From now on every step goes wrong.
    pub fn fail_all(&self, fault: Fault) {
        for step in [
            Step::Load,
            Step::Epoch,
            Step::Open,
            Step::Swap,
            Step::Touch,
            Step::Rotate,
            Step::Close,
            Step::CloseSubject,
            Step::Find,
            Step::List,
            Step::Scan,
            Step::Sweep,
            Step::Count,
            Step::Append,
            Step::JournalEnd,
            Step::Confirm,
            Step::Lease,
            Step::Journal,
            Step::Examine,
            Step::Shared,
        ] {
            self.fail(step, fault);
        }
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        self.faults.lock().clear();
    }

    /// Stops the next step of this kind until the gate is opened; those after it pass.
    pub fn stop_next(&self, step: Step, at: At) -> Gate {
        let (reached, reached_seen) = watch::channel(false);
        let (open, open_seen) = watch::channel(false);
        self.stops.lock().push(Stop {
            step,
            at,
            reached,
            open: open_seen,
        });
        Gate {
            reached: reached_seen,
            open,
        }
    }

    /// How often this step was asked for.
    #[must_use]
    pub fn calls(&self, step: Step) -> usize {
        self.calls.lock().get(&step).copied().unwrap_or(0)
    }

    /// How often any of the steps that change something was asked for.
    #[must_use]
    pub fn writes(&self) -> usize {
        Step::WRITES.iter().map(|step| self.calls(*step)).sum()
    }

    /// How often anything was asked for.
    #[must_use]
    pub fn all_calls(&self) -> usize {
        self.calls.lock().values().sum()
    }

    async fn stand(&self, step: Step, at: At) {
        let barrier = {
            let mut stops = self.stops.lock();
            let place = stops.iter().position(|stop| stop.step == step && stop.at == at);
            place.map(|place| stops.remove(place))
        };
        if let Some(mut barrier) = barrier {
            barrier.reached.send_replace(true);
            // A dropped gate is an open one.
            let _ = barrier.open.wait_for(|open| *open).await;
        }
    }

    async fn pass<T>(
        &self,
        step: Step,
        key: Option<&Key>,
        act: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        *self.calls.lock().entry(step).or_default() += 1;
        self.stand(step, At::Start).await;
        let fault = self.faults.lock().get(&step).copied();
        let unavailable = || StoreError::Unavailable("the test pulled the plug".into());
        match (fault, key) {
            (None, _) => {}
            (Some(Fault::AnswerLost), _) => {
                act.await?;
                return Err(unavailable());
            }
            (Some(Fault::Corrupt(source)), Some(key)) => {
                let key = Box::new(*key);
                return Err(StoreError::Corrupt { key, source });
            }
            (Some(Fault::Full), _) => return Err(StoreError::Full("the test left no room".into())),
            (Some(Fault::Unavailable | Fault::Corrupt(_)), _) => return Err(unavailable()),
        }
        let answer = act.await;
        self.stand(step, At::Answer).await;
        answer
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        self.pass(Step::Load, Some(key), self.inner.load(key)).await
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        self.pass(Step::Epoch, None, self.inner.epoch(subject)).await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.pass(Step::Open, None, self.inner.open(opening)).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        self.pass(Step::Swap, Some(&swap.key), self.inner.swap(swap))
            .await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        self.pass(Step::Touch, None, self.inner.touch(touches)).await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        let act = self.inner.rotate(rotation);
        self.pass(Step::Rotate, Some(&rotation.swap.key), act).await
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        let act = self.inner.close(key, reason, cause);
        self.pass(Step::Close, Some(key), act).await
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let act = self.inner.close_subject(subject, except, reason, cause);
        self.pass(Step::CloseSubject, None, act).await
    }

    fn term(&self, bucket: Bucket) -> Term {
        self.inner.term(bucket)
    }

    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        self.pass(Step::Durability, None, self.inner.durability(bucket, term))
            .await
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.pass(Step::Find, None, self.inner.find(id)).await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        self.pass(Step::List, None, self.inner.list(subject)).await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        self.pass(Step::Scan, None, self.inner.scan(from, at_most)).await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.pass(Step::Sweep, None, self.inner.sweep(now, at_most)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.pass(Step::Count, None, self.inner.count()).await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.pass(Step::Append, None, self.inner.append(event)).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.pass(Step::JournalEnd, None, self.inner.journal_end()).await
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.pass(Step::Confirm, None, self.inner.confirm()).await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.pass(Step::Lease, None, self.inner.lease(wanted, now)).await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        let act = self.inner.journal(after, at_most, wait);
        self.pass(Step::Journal, None, act).await
    }

    fn shared(&self) -> &dyn Shared {
        self
    }

    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        self.pass(Step::Examine, None, self.inner.examine(now)).await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[async_trait]
impl Shared for FaultyStore {
    async fn memo(&self, label: &Label, now: Timestamp) -> Result<Option<Memo>, StoreError> {
        let act = self.inner.shared().memo(label, now);
        self.pass(Step::Shared, None, act).await
    }

    async fn keep_memo(&self, write: &MemoWrite) -> Result<Option<u64>, StoreError> {
        let act = self.inner.shared().keep_memo(write);
        self.pass(Step::Shared, None, act).await
    }

    async fn spend(
        &self,
        label: &Label,
        rate: Rate,
        spend: Spend,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let act = self.inner.shared().spend(label, rate, spend, now);
        self.pass(Step::Shared, None, act).await
    }
}
