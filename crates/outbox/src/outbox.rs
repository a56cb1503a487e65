//! All channels of a process.

use crate::backoff::Backoff;
use crate::channel::Channel;
use crate::dead::{self, Dead};
use crate::place;
use crate::runner::Runner;
use cloakroom_core::{Clock, Position, Random, Store, StoreError, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a sender may be silent before another node takes over.
pub const LEASE: Duration = Duration::from_secs(5);
/// How long what is under way may take once the process has been told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How far is counted to tell how far behind a channel is.
const COUNTED: usize = 10_000;
const STRETCH: usize = 1000;

/// How an outbox works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The pauses between attempts.
    pub backoff: Backoff,
}

/// Counters of one channel in this process.
#[derive(Debug, Default)]
pub struct Tally {
    pub(crate) sent: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) buried: AtomicU64,
    pub(crate) sends: AtomicBool,
}

impl Tally {
    /// Letters delivered.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Attempts that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Letters given up.
    #[must_use]
    pub fn buried(&self) -> u64 {
        self.buried.load(Ordering::Relaxed)
    }

    /// Whether this process is the one that sends.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.sends.load(Ordering::Relaxed)
    }
}

/// How a channel is doing, as all nodes see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where it leads.
    pub target: String,
    /// Whether some node sends.
    pub held: bool,
    /// The receiver answered that it wants nothing any more.
    pub gone: bool,
    /// Failures since the last success.
    pub failing: u32,
    /// How many events of the journal it wants and has not dealt with.
    pub behind: usize,
    /// There are more than were counted.
    pub behind_more: bool,
    /// Letters delivered, by all nodes since ever.
    pub sent: u64,
    /// When the last one was.
    pub last_success: Option<String>,
    /// When an attempt last failed, and why.
    pub last_error: Option<(String, String)>,
    /// What was given up.
    pub dead: Dead,
}

/// Follows the journal and delivers what happened. Dropping it stops it at once; [`stop`](Self::stop) does in good order.
pub struct Outbox {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    channels: Vec<(Arc<dyn Channel>, Arc<Tally>)>,
    told: watch::Sender<bool>,
    runners: Mutex<JoinSet<()>>,
}

impl Outbox {
    /// Begins. A channel that the store has never heard of begins at the journal's present end.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        channels: Vec<Arc<dyn Channel>>,
        options: Options,
    ) -> Self {
        let (told, stop) = watch::channel(false);
        let mut runners = JoinSet::new();
        let mut tallied = Vec::new();
        for channel in channels {
            let tally = Arc::new(Tally::default());
            let (store, clock, random) = (store.clone(), clock.clone(), random.clone());
            let runner = Runner::new(channel.clone(), store, clock, random, tally.clone(), options);
            // What happens from now on is sent, even if somebody else takes the channel first.
            if let Err(error) = runner.enter().await {
                tracing::warn!(channel = channel.name(), %error, "the outbox can not begin yet");
            }
            runners.spawn(runner.run(stop.clone()));
            tallied.push((channel, tally));
        }
        Self {
            store,
            clock,
            channels: tallied,
            told,
            runners: Mutex::new(runners),
        }
    }

    /// The channels by name, with this process's counters.
    pub fn tallies(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.channels
            .iter()
            .map(|(channel, tally)| (channel.name(), &**tally))
    }

    /// How a channel is doing. Nothing if there is none of that name.
    pub async fn status(&self, name: &str) -> Result<Option<Status>, StoreError> {
        let Some(channel) = self.channel(name) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let dead = dead::read(&*self.store, name, now).await?;
        let kept = place::read(&*self.store, name, now).await?;
        let state = kept.map(|kept| kept.state).unwrap_or_default();
        let (behind, behind_more) = self.behind(channel, state.position()).await?;
        Ok(Some(Status {
            target: channel.target(),
            held: !state.holder.is_empty(),
            gone: state.gone,
            failing: state.failing,
            behind,
            behind_more,
            sent: state.sent,
            last_success: state.last_sent,
            last_error: state.last_error,
            dead,
        }))
    }

    /// Has a channel's dead letters tried again, and the channel itself if it was gone. Answers how many letters; nothing
    /// if there is no such channel.
    pub async fn retry(&self, name: &str) -> Result<Option<usize>, StoreError> {
        if self.channel(name).is_none() {
            return Ok(None);
        }
        dead::change(&*self.store, name, self.clock.now(), Dead::retry)
            .await
            .map(Some)
    }

    /// Lets what is under way finish, notes how far each channel came, and lets go, so that others need not wait.
    pub async fn stop(&self) {
        let _ = self.told.send(true);
        let mut runners = std::mem::take(&mut *self.runners.lock());
        let all = async { while runners.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, all).await;
    }

    fn channel(&self, name: &str) -> Option<&dyn Channel> {
        let found = self.channels.iter().find(|(channel, _)| channel.name() == name);
        found.map(|(channel, _)| &**channel)
    }

    /// How many that a channel wants lie after a position, and whether there may be more.
    async fn behind(&self, channel: &dyn Channel, from: Position) -> Result<(usize, bool), StoreError> {
        let (mut behind, mut read, mut after) = (0, 0, from);
        while read < COUNTED {
            let page = self.store.journal(&after, STRETCH, Duration::ZERO).await?;
            behind += page
                .entries
                .iter()
                .filter(|entry| channel.wants(&entry.event))
                .count();
            read += page.entries.len();
            if page.entries.len() < STRETCH {
                return Ok((behind, false));
            }
            after = page.next;
        }
        Ok((behind, true))
    }
}

/// The present moment in RFC 3339.
pub(crate) fn said(now: Timestamp) -> String {
    cloakroom_audit::rfc3339(now)
}
