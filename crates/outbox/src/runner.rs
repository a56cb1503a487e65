//! One channel at work: waits for its turn, then reads, delivers, and notes how far it came.

use crate::channel::{Channel, Lane, Letter, Outcome};
use crate::dead::{self, GAP};
use crate::lanes::{Lanes, Parcel};
use crate::outbox::{LEASE, Options, Tally, said};
use crate::place::{self, Kept, State};
use crate::text;
use cloakroom_audit::EventJson;
use cloakroom_core::{Clock, Page, Position, Random, Store, StoreError, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How often who sends looks after its lease, and who waits looks at it.
const TICK: Duration = Duration::from_secs(1);
/// How many letters are held in memory, and how many entries are read at once.
const WINDOW: usize = 1000;
const PAGE: usize = 200;
/// How many parcels of one channel are on their way at the same time.
const AT_ONCE: usize = 8;
/// After so many failures in a row nothing gets through, as it seems: one letter at a time is tried, at least this often.
const DOWN_AFTER: u32 = 5;
const PROBE: Duration = Duration::from_mins(5);
/// A channel that takes longer for a parcel has failed.
const SLOWEST: Duration = Duration::from_secs(30);
/// How far the clocks of nodes may be apart when what was sent is told from what was not, after a gap.
const MARGIN: Duration = Duration::from_mins(5);
/// How long what is under way may take at the end.
const LAST: Duration = Duration::from_secs(3);
/// How much of a reason is kept.
const WHY: usize = 400;

/// A channel and what it needs.
pub(crate) struct Runner {
    channel: Arc<dyn Channel>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tally: Arc<Tally>,
    options: Options,
    /// What this process calls itself.
    me: String,
}

/// What became of a parcel.
enum Fate {
    Delivered,
    Buried(String),
    Failed(String, Option<Duration>),
    Gone(String),
    Later(Duration),
}

/// A channel that this process has.
struct Held {
    version: u64,
    state: State,
    /// When it was last written that this process has it, by the steady clock.
    renewed: Duration,
    changed: bool,
    lanes: Lanes,
    /// Nothing is sent before this moment.
    until: Duration,
    /// What whoever had it before dealt with, beyond the place that they noted.
    known: HashSet<String>,
    /// Dead letters that are being tried again.
    again: HashSet<String>,
    attempts: JoinSet<(Parcel, Fate)>,
}

impl Held {
    fn new(version: u64, state: State, renewed: Duration) -> Self {
        let lanes = Lanes::new(state.position(), Timestamp::from_millis(state.newest));
        Self {
            version,
            renewed,
            changed: false,
            lanes,
            until: Duration::ZERO,
            known: state.ahead.iter().cloned().collect(),
            again: HashSet::new(),
            attempts: JoinSet::new(),
            state,
        }
    }

    fn dealt_with(&mut self, parcel: &Parcel) {
        self.lanes.done(parcel);
        for item in parcel.items.iter().filter(|item| item.is_again()) {
            self.again.remove(&item.letter.id);
        }
    }

    const fn is_down(&self) -> bool {
        self.state.failing >= DOWN_AFTER
    }
}

impl Runner {
    pub(crate) fn new(
        channel: Arc<dyn Channel>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        tally: Arc<Tally>,
        options: Options,
    ) -> Self {
        let mut name = [0; 8];
        // A name that two processes shared would let both send; all zeros is told apart by the time.
        let named = random
            .fill(&mut name)
            .map_or_else(|_| clock.now().as_millis(), |()| u64::from_ne_bytes(name));
        Self {
            channel,
            store,
            clock,
            random,
            tally,
            options,
            me: format!("{named:016x}"),
        }
    }

    fn name(&self) -> &str {
        self.channel.name()
    }

    /// Notes the journal's end as where to begin, if the store knows nothing of this channel.
    pub(crate) async fn enter(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if place::read(&*self.store, self.name(), now).await?.is_some() {
            return Ok(());
        }
        let state = State {
            place: self.store.journal_end().await?.to_string(),
            newest: now.as_millis(),
            target: self.channel.target(),
            ..State::default()
        };
        // Somebody else may be first; they noted no later place than this one.
        place::write(&*self.store, self.name(), None, &state, now)
            .await
            .map(drop)
    }

    /// Until the process stops.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut seen = None;
        while !*stop.borrow() {
            match self.claim(&mut seen).await {
                Ok(Some(held)) => {
                    self.tally.sends.store(true, Relaxed);
                    tracing::debug!(channel = self.name(), "sending");
                    self.hold(held, &mut stop).await;
                    self.tally.sends.store(false, Relaxed);
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(channel = self.name(), %error, "the outbox can not be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Takes the channel if nobody has it, or whoever had it was silent for the lease. Silence is measured by this
    /// process's own steady clock, so that clocks may differ between nodes.
    async fn claim(&self, seen: &mut Option<(u64, Duration)>) -> Result<Option<Held>, StoreError> {
        let (now, steady) = (self.clock.now(), self.clock.steady());
        let Some(Kept { version, mut state }) = place::read(&*self.store, self.name(), now).await? else {
            self.enter().await?;
            return Ok(None);
        };
        let silent =
            seen.is_some_and(|(last, since)| last == version && steady.saturating_sub(since) >= LEASE);
        if !silent && !state.holder.is_empty() && state.holder != self.me {
            if seen.is_none_or(|(last, _)| last != version) {
                *seen = Some((version, steady));
            }
            return Ok(None);
        }
        state.holder.clone_from(&self.me);
        let target = self.channel.target();
        if state.target != target {
            (state.target, state.gone, state.failing) = (target, false, 0);
        }
        let written = place::write(&*self.store, self.name(), Some(version), &state, now).await?;
        *seen = None;
        Ok(written.map(|version| Held::new(version, state, steady)))
    }

    /// Delivers until the channel is lost or the process stops.
    async fn hold(&self, mut held: Held, stop: &mut watch::Receiver<bool>) {
        let (into, mut pages) = mpsc::channel(1);
        let mut reader = JoinSet::new();
        reader.spawn(read(self.store.clone(), held.state.position(), into));
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.start(&mut held);
            let wake = self.wake(&held);
            let room = held.lanes.len() + PAGE <= WINDOW;
            let goes_on = tokio::select! {
                _ = stop.changed() => false,
                Some(done) = held.attempts.join_next() => match done {
                    Ok((parcel, fate)) => { self.settle(&mut held, parcel, fate); true }
                    Err(error) => { tracing::error!(channel = self.name(), %error, "an attempt broke"); false }
                },
                Some(page) = pages.recv(), if room => self.take_in(&mut held, page).await,
                _ = tick.tick() => self.tick(&mut held).await,
                () = tokio::time::sleep(wake) => true,
            };
            if !goes_on {
                break;
            }
        }
        drop(reader);
        self.let_go(held).await;
    }

    /// Sends off what may go.
    fn start(&self, held: &mut Held) {
        let now = self.clock.steady();
        // Whoever could not say for the whole lease that they have it, has it no longer.
        let mine = now.saturating_sub(held.renewed) < LEASE;
        if !mine || held.state.gone || now < held.until {
            return;
        }
        let most = if held.is_down() { 1 } else { AT_ONCE };
        while held.attempts.len() < most {
            let at_once = self.channel.at_once();
            let parcel = if held.is_down() {
                held.lanes.take_probe(at_once)
            } else {
                held.lanes.take(now, at_once)
            };
            let Some(parcel) = parcel else { return };
            let attempt = Attempt {
                channel: self.channel.clone(),
                store: self.store.clone(),
                clock: self.clock.clone(),
                most: self.options.backoff.attempts(),
            };
            held.attempts.spawn(attempt.run(parcel));
        }
    }

    /// How long nothing needs to be done.
    fn wake(&self, held: &Held) -> Duration {
        let now = self.clock.steady();
        let due = if held.is_down() {
            Some(held.until)
        } else {
            held.lanes.next_due()
        };
        let due = due.map(|due| due.max(held.until).saturating_sub(now));
        due.unwrap_or(TICK).clamp(Duration::from_millis(5), TICK)
    }

    fn settle(&self, held: &mut Held, parcel: Parcel, fate: Fate) {
        held.changed = true;
        let count = parcel.items.len() as u64;
        match fate {
            Fate::Delivered => {
                self.tally.sent.fetch_add(count, Relaxed);
                held.state.sent += count;
                held.state.last_sent = Some(said(self.clock.now()));
                if held.is_down() {
                    tracing::info!(channel = self.name(), "deliveries get through again");
                    held.lanes.hurry();
                }
                (held.state.failing, held.until) = (0, Duration::ZERO);
                held.dealt_with(&parcel);
            }
            Fate::Buried(why) => {
                self.tally.buried.fetch_add(count, Relaxed);
                self.failed(held, &why, None);
                held.dealt_with(&parcel);
            }
            Fate::Failed(why, asked) => {
                let failures = parcel.failures() + 1;
                let due =
                    self.clock.steady() + self.options.backoff.pause_as_asked(failures, self.dice(), asked);
                self.failed(held, &why, asked);
                held.lanes.put_back(parcel, due, true);
            }
            Fate::Gone(why) => {
                self.failed(held, &why, None);
                held.state.gone = true;
                tracing::warn!(channel = self.name(), why, "the receiver wants nothing any more");
                held.lanes.put_back(parcel, Duration::ZERO, false);
            }
            Fate::Later(wait) => held.lanes.put_back(parcel, self.clock.steady() + wait, false),
        }
    }

    /// Notes a failure. From some on nothing seems to get through: then all wait together, and one is tried.
    fn failed(&self, held: &mut Held, why: &str, asked: Option<Duration>) {
        self.tally.failed.fetch_add(1, Relaxed);
        let state = &mut held.state;
        state.failing = state.failing.saturating_add(1);
        state.last_error = Some((said(self.clock.now()), text::line(why, WHY)));
        if state.failing == DOWN_AFTER {
            tracing::warn!(channel = self.name(), why, "deliveries do not get through");
        }
        let backoff = self.options.backoff;
        let (now, dice) = (self.clock.steady(), self.dice());
        if state.failing >= DOWN_AFTER {
            let pause = backoff.pause_as_asked(state.failing - DOWN_AFTER + 1, dice, asked);
            held.until = now + asked.map_or(pause.min(PROBE), |_| pause);
        } else if asked.is_some() {
            held.until = now + backoff.pause_as_asked(1, dice, asked);
        }
    }

    fn dice(&self) -> u8 {
        let mut dice = [128];
        // Without a random source the pauses are not jittered; nothing else depends on it.
        let _ = self.random.fill(&mut dice);
        dice[0]
    }

    /// A page of the journal. Whether to go on.
    async fn take_in(&self, held: &mut Held, page: Page) -> bool {
        let mut entries = page.entries;
        let known = Timestamp::from_millis(held.state.newest.max(held.lanes.place().1.as_millis()));
        if page.gap {
            if let Err(error) = self.note_gap(held).await {
                tracing::warn!(channel = self.name(), %error, "a gap of the journal can not be noted");
                return false;
            }
            held.known.clear();
            // Another history of the same journal begins with much that was sent.
            entries.retain(|entry| entry.event.cause.at + MARGIN >= known);
        }
        let newest = entries
            .iter()
            .map(|entry| entry.event.cause.at)
            .max()
            .unwrap_or_default();
        let wanted = entries.iter().filter(|entry| self.channel.wants(&entry.event));
        let letters = wanted
            .map(|entry| (self.channel.lane(&entry.event), Letter::from(entry)))
            .collect();
        held.changed |= !entries.is_empty() || page.gap;
        held.lanes.add(letters, &mut held.known, page.next, newest);
        true
    }

    async fn note_gap(&self, held: &Held) -> Result<(), StoreError> {
        let now = self.clock.now();
        let place = held.lanes.place().0.to_string();
        let what = "events after this place were no longer in the journal when it was read again";
        tracing::warn!(channel = self.name(), place, what);
        let gap = Letter {
            id: format!("gap_{}", now.as_millis()),
            r#type: GAP.to_owned(),
            event: EventJson {
                id: text::line(&place, WHY),
                at: said(now),
                kind: EventJson::GAP.into(),
                actor: "system".to_owned(),
                ..EventJson::default()
            },
        };
        let bury = |dead: &mut dead::Dead| dead.bury(std::slice::from_ref(&gap), what, &said(now));
        dead::change(&*self.store, self.name(), now, bury).await
    }

    /// Says that this process still has the channel and how far it came, and looks what operators want. Whether to go on.
    async fn tick(&self, held: &mut Held) -> bool {
        let steady = self.clock.steady();
        let due = steady.saturating_sub(held.renewed) >= LEASE / 3;
        if !held.changed && !due {
            return true;
        }
        match self.note(held).await {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                tracing::debug!(channel = self.name(), %error, "how far the outbox came can not be noted");
                return true;
            }
        }
        if let Err(error) = self.obey(held).await {
            tracing::debug!(channel = self.name(), %error, "the dead letters can not be read");
        }
        true
    }

    /// Writes how far it came. Whether the channel is still this process's.
    async fn note(&self, held: &mut Held) -> Result<bool, StoreError> {
        let (now, steady) = (self.clock.now(), self.clock.steady());
        let (place, newest) = held.lanes.place();
        held.state.place = place.to_string();
        held.state.newest = held.state.newest.max(newest.as_millis());
        // What was known and has not been read again yet stays known.
        held.state.ahead = held.lanes.ahead().chain(&held.known).cloned().collect();
        let written = place::write(&*self.store, self.name(), Some(held.version), &held.state, now).await?;
        if let Some(version) = written {
            (held.version, held.renewed, held.changed) = (version, steady, false);
        }
        Ok(written.is_some())
    }

    /// What operators asked for: letters to be tried again, a channel that was gone to be opened.
    async fn obey(&self, held: &mut Held) -> Result<(), StoreError> {
        let now = self.clock.now();
        let dead = dead::read(&*self.store, self.name(), now).await?;
        for dead in dead.letters.into_iter().filter(|dead| dead.retry) {
            if held.lanes.len() < WINDOW && held.again.insert(dead.letter.id.clone()) {
                let lane: Lane = dead
                    .letter
                    .event
                    .subject
                    .as_ref()
                    .and_then(|name| name.parse().ok());
                held.lanes.add_again(lane, dead.letter);
            }
        }
        if dead.reopen {
            (held.state.gone, held.state.failing, held.until) = (false, 0, Duration::ZERO);
            held.lanes.hurry();
            held.changed = true;
            dead::change(&*self.store, self.name(), now, |dead| dead.reopen = false).await?;
        }
        Ok(())
    }

    /// Waits a little for what is under way, and says how far it came and that nobody has the channel.
    async fn let_go(&self, mut held: Held) {
        let rest = async {
            while let Some(done) = held.attempts.join_next().await {
                if let Ok((parcel, Fate::Delivered | Fate::Buried(_))) = done {
                    held.lanes.done(&parcel);
                }
            }
        };
        let _ = tokio::time::timeout(LAST, rest).await;
        held.state.holder.clear();
        if let Err(error) = self.note(&mut held).await {
            tracing::debug!(channel = self.name(), %error, "the outbox could not be let go");
        }
    }
}

/// Reads the journal and hands on what it says, a page at a time.
async fn read(store: Arc<dyn Store>, mut after: Position, into: mpsc::Sender<Page>) {
    loop {
        match store.journal(&after, PAGE, TICK).await {
            Ok(page) => {
                after = page.next.clone();
                if into.send(page).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "the journal can not be followed at the moment");
                tokio::time::sleep(TICK).await;
            }
        }
    }
}

/// One attempt, and what it leaves in the store.
struct Attempt {
    channel: Arc<dyn Channel>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    most: u32,
}

impl Attempt {
    async fn run(self, parcel: Parcel) -> (Parcel, Fate) {
        let letters: Vec<Letter> = parcel.items.iter().map(|item| item.letter.clone()).collect();
        let sent = self.channel.deliver(&letters, self.clock.now());
        let outcome = tokio::time::timeout(SLOWEST, sent)
            .await
            .unwrap_or_else(|_| Outcome::Failed {
                why: format!("not done within {} s", SLOWEST.as_secs()),
                retry_after: None,
            });
        let fate = match outcome {
            Outcome::Delivered => {
                self.unbury(&parcel).await;
                Fate::Delivered
            }
            Outcome::Failed { why, .. } if parcel.failures() + 1 >= self.most => {
                self.bury(&letters, why).await
            }
            Outcome::Failed { why, retry_after } => Fate::Failed(why, retry_after),
            Outcome::Gone { why } => Fate::Gone(why),
            Outcome::Later(wait) => Fate::Later(wait.max(Duration::from_millis(100))),
        };
        (parcel, fate)
    }

    /// A letter is dead when that is written; until then it is tried.
    async fn bury(&self, letters: &[Letter], why: String) -> Fate {
        let (now, short) = (self.clock.now(), text::line(&why, WHY));
        let bury = |dead: &mut dead::Dead| dead.bury(letters, &short, &said(now));
        match dead::change(&*self.store, self.channel.name(), now, bury).await {
            Ok(()) => Fate::Buried(why),
            Err(_) => Fate::Failed(why, None),
        }
    }

    async fn unbury(&self, parcel: &Parcel) {
        let again: Vec<_> = parcel.items.iter().filter(|item| item.is_again()).collect();
        if again.is_empty() {
            return;
        }
        let forget = |dead: &mut dead::Dead| again.iter().for_each(|item| dead.forget(&item.letter.id));
        if let Err(error) = dead::change(&*self.store, self.channel.name(), self.clock.now(), forget).await {
            tracing::warn!(%error, "a letter that was delivered at last is still on the list of the dead, and will be sent again");
        }
    }
}
