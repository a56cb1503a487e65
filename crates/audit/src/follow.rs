//! From the journal into a sink, for as long as it is wanted.

use crate::disk::Error;
use crate::event::EventJson;
use crate::known::Known;
use crate::trail::Sink;
use cloakroom_core::{Clock, Page, Position, Store};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Entries of one read.
const PAGE: usize = 1000;
/// How long a read waits for the first entry.
const WAIT: Duration = Duration::from_secs(1);
/// What comes within this time is written together.
const LINGER: Duration = Duration::from_millis(20);
/// How often who stands by asks whether the other one has gone.
const STAND_BY: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// What a sink is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It has not begun.
    #[default]
    Starting,
    /// It writes.
    Writing,
    /// Another server writes; this one takes over when that has gone.
    StandingBy,
    /// It can not be written. It is tried again, and nothing is skipped.
    Failing(String),
}

/// How a sink is doing, for operators.
#[derive(Debug, Default)]
pub struct Status {
    state: Mutex<State>,
    written: AtomicU64,
    failures: AtomicU64,
    gaps: AtomicU64,
}

impl Status {
    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Events written since the start.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Attempts that failed since the start.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Times that entries of the journal were gone before they could be read.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }

    fn is(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// A sink that is being fed.
#[derive(Debug)]
pub struct Following {
    /// What it is called.
    pub name: &'static str,
    /// How it is doing.
    pub status: Arc<Status>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Following {
    /// Reads what the journal still has, closes the sink, and is done. Waits no longer than `patience`.
    pub async fn stop(&self, patience: Duration) {
        let _ = self.stop.send(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && tokio::time::timeout(patience, task).await.is_err()
        {
            tracing::error!(
                sink = self.name,
                "the audit trail could not be finished; the next start goes on where it ends"
            );
        }
    }
}

/// Opens a sink and feeds it from the journal. Whatever fails is said and tried again.
pub fn follow<S: Sink>(
    name: &'static str,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    open: impl Fn() -> Result<S, Error> + Send + Sync + 'static,
) -> Following {
    let status = Arc::<Status>::default();
    let (stop, stopping) = watch::channel(false);
    let follower = Follower {
        name,
        store,
        clock,
        status: status.clone(),
        stopping,
        pause: FIRST_PAUSE,
        known: Known::default(),
    };
    let task = tokio::spawn(follower.run(Arc::new(open)));
    Following {
        name,
        status,
        stop,
        task: Mutex::new(Some(task)),
    }
}

struct Follower {
    name: &'static str,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
    stopping: watch::Receiver<bool>,
    pause: Duration,
    /// What is not to be written again, after a gap.
    known: Known,
}

impl Follower {
    async fn run<S: Sink>(mut self, open: Arc<impl Fn() -> Result<S, Error> + Send + Sync + 'static>) {
        if self.feed(open).await.is_none() && !self.is_stopping() {
            // Only a panic in the sink leads here; it has been printed.
            tracing::error!(sink = self.name, "the audit trail has ended; restart the server");
            self.status.failures.fetch_add(1, Ordering::Relaxed);
            self.status.is(State::Failing("it has ended".to_owned()));
        }
    }

    /// Nothing if the sink is lost.
    async fn feed<S: Sink>(
        &mut self,
        open: Arc<impl Fn() -> Result<S, Error> + Send + Sync + 'static>,
    ) -> Option<()> {
        let mut sink = self.open(open).await?;
        self.status.is(State::Writing);
        let mut position = sink.position();
        if position == Position::start() {
            // It is new, or its place was lost.
            sink = self.learn(sink).await?;
        }
        loop {
            let last = self.is_stopping();
            let wait = if last { Duration::ZERO } else { WAIT };
            let page = match self.read(&position, wait).await {
                Some(page) => page,
                None if last => break,
                None => continue,
            };
            let done = last && page.entries.len() < PAGE;
            let gap = page.gap || !page.next.same_history(&position);
            position = page.next.clone();
            sink = self.write(sink, page, gap).await?;
            if done {
                break;
            }
        }
        let now = self.clock.now();
        let (_, closed) = self.attempt(sink, move |sink: &mut S| sink.close(now)).await?;
        if let Err(error) = closed {
            tracing::error!(sink = self.name, %error, "the audit trail could not be signed at its end; the next start does it");
        }
        Some(())
    }

    /// The sink, as soon as it can be had. Nothing if this is to stop before.
    async fn open<S: Sink>(
        &mut self,
        open: Arc<impl Fn() -> Result<S, Error> + Send + Sync + 'static>,
    ) -> Option<S> {
        loop {
            let open = open.clone();
            match tokio::task::spawn_blocking(move || open()).await {
                Ok(Ok(sink)) => return Some(sink),
                Ok(Err(Error::Busy(_))) => {
                    if self.status.state() != State::StandingBy {
                        tracing::info!(
                            sink = self.name,
                            "another server writes the audit trail; standing by"
                        );
                    }
                    self.status.is(State::StandingBy);
                    self.rest(STAND_BY).await;
                }
                Ok(Err(error)) => self.fail(&error).await,
                Err(_) => return None,
            }
            if self.is_stopping() {
                return None;
            }
        }
    }

    /// The next stretch of the journal.
    async fn read(&mut self, position: &Position, wait: Duration) -> Option<Page> {
        match self.page(position, wait).await {
            Ok(page) => Some(page),
            Err(error) => {
                tracing::debug!(%error, "the journal can not be followed at the moment");
                self.rest(self.pause).await;
                self.pause = (self.pause * 2).min(LAST_PAUSE);
                None
            }
        }
    }

    async fn page(
        &mut self,
        position: &Position,
        wait: Duration,
    ) -> Result<Page, cloakroom_core::StoreError> {
        let store = self.store.clone();
        let page = tokio::select! {
            page = store.journal(position, PAGE, wait) => page?,
            _ = self.stopping.changed(), if !wait.is_zero() => store.journal(position, PAGE, Duration::ZERO).await?,
        };
        if page.gap || page.entries.is_empty() || page.entries.len() >= PAGE || wait.is_zero() {
            return Ok(page);
        }
        // More is often on its way, and one write serves all.
        tokio::time::sleep(LINGER).await;
        store.journal(position, PAGE, Duration::ZERO).await
    }

    /// Writes until it is written. Nothing if this is to stop before: the sink has its place and loses nothing.
    async fn write<S: Sink>(&mut self, mut sink: S, page: Page, gap: bool) -> Option<S> {
        let now = self.clock.now();
        let mut events = Vec::with_capacity(page.entries.len() + 1);
        // A page of what is known already is none to be read again.
        let moves = gap || !page.entries.is_empty();
        if gap {
            tracing::error!(
                sink = self.name,
                "the journal has a gap: entries were gone before the audit trail had them"
            );
            self.status.gaps.fetch_add(1, Ordering::Relaxed);
            events.push(EventJson::gap(&sink.position(), now));
            sink = self.learn(sink).await?;
        }
        let read = page.entries.into_iter().map(EventJson::from);
        events.extend(read.filter(|event| !self.known.take(event)));
        let (count, events) = (events.len() as u64, Arc::new(events));
        loop {
            let (events, next, now) = (events.clone(), page.next.clone(), self.clock.now());
            let act = move |sink: &mut S| {
                if moves {
                    sink.write(&events, &next, now)?;
                }
                sink.tend(now)
            };
            let before = sink.position();
            let (back, done) = self.attempt(sink, act).await?;
            sink = back;
            if let Err(error) = done {
                // What was written and only not tended is not written again.
                if count > 0 && sink.position() != before {
                    self.status.written.fetch_add(count, Ordering::Relaxed);
                    self.fail(&error).await;
                    return Some(sink);
                }
                self.fail(&error).await;
                if self.is_stopping() {
                    return None;
                }
                continue;
            }
            if matches!(self.status.state(), State::Failing(_)) {
                tracing::warn!(
                    sink = self.name,
                    "the audit trail is written again; nothing was skipped"
                );
            }
            self.pause = FIRST_PAUSE;
            self.status.is(State::Writing);
            self.status.written.fetch_add(count, Ordering::Relaxed);
            return Some(sink);
        }
    }

    /// What the sink has, because the journal may tell it again.
    async fn learn<S: Sink>(&mut self, sink: S) -> Option<S> {
        let look = move || {
            let known = sink.known();
            (sink, known)
        };
        let (sink, known) = tokio::task::spawn_blocking(look).await.ok()?;
        match known {
            Ok(known) => self.known = known,
            Err(error) => {
                tracing::error!(sink = self.name, %error, "what the audit trail has can not be read; some may be written again");
            }
        }
        Some(sink)
    }

    async fn attempt<S: Sink>(
        &self,
        mut sink: S,
        act: impl FnOnce(&mut S) -> Result<(), Error> + Send + 'static,
    ) -> Option<(S, Result<(), Error>)> {
        let attempt = move || {
            let done = act(&mut sink);
            (sink, done)
        };
        tokio::task::spawn_blocking(attempt).await.ok()
    }

    async fn fail(&mut self, error: &Error) {
        let text = error.to_string();
        tracing::error!(
            sink = self.name,
            error = text,
            "the audit trail can not be written; trying again, and skipping nothing"
        );
        self.status.failures.fetch_add(1, Ordering::Relaxed);
        self.status.is(State::Failing(text));
        self.rest(self.pause).await;
        self.pause = (self.pause * 2).min(LAST_PAUSE);
    }

    /// A pause that ends when this is to stop.
    async fn rest(&mut self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.stopping.changed()).await;
    }

    fn is_stopping(&self) -> bool {
        // Whoever dropped the other end wants nothing more, either.
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }
}
