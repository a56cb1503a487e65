//! One node: sessions behind a near cache, a wire, a clock of its own. It can crash, freeze, and start anew.

use crate::dice::Dice;
use crate::wire::{Primary, Weather, Wire};
use cloakroom_core::{Clock, NearOptions, Policy, Sessions, Timestamp};
use cloakroom_testkit::{START, SeededRandom};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A clock that runs a little fast or slow, and whose hands may be set.
pub struct NodeClock {
    began: Instant,
    /// In millionths of the true rate.
    rate: u32,
    set_by: Mutex<Duration>,
}

impl NodeClock {
    /// The hands jump.
    pub fn set_on_by(&self, span: Duration) {
        *self.set_by.lock() = span;
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        START + *self.set_by.lock() + self.began.elapsed()
    }

    fn steady(&self) -> Duration {
        Duration::from_hours(1) + self.began.elapsed() * self.rate / 1_000_000
    }
}

pub struct Node {
    pub clock: Arc<NodeClock>,
    pub wire: Arc<Wire>,
    dice: Arc<Dice>,
    policy: Policy,
    near: NearOptions,
    running: Mutex<Option<(Sessions, JoinHandle<()>)>>,
}

impl Node {
    pub fn new(primary: Arc<Primary>, dice: Arc<Dice>, policy: Policy, near: NearOptions) -> Self {
        let clock = NodeClock {
            began: Instant::now(),
            // Half a percent either way: two of them differ by less than one.
            rate: 995_000 + u32::try_from(dice.below(10_000)).unwrap(),
            set_by: Mutex::default(),
        };
        Self {
            clock: Arc::new(clock),
            wire: Arc::new(Wire::new(primary, dice.clone())),
            dice,
            policy,
            near,
            running: Mutex::default(),
        }
    }

    /// Begins with an empty cache. A node that does not get to the store stays down.
    pub async fn start(&self) {
        let random = SeededRandom::new(self.dice.throw());
        let sessions = Sessions::new(self.wire.clone(), self.policy.clone(), self.clock.clone(), random);
        if let Ok((sessions, following)) = sessions.near(self.near).await {
            *self.running.lock() = Some((sessions, tokio::spawn(following)));
        }
    }

    /// Everything that it knew is gone, and nothing is tidied up.
    pub fn crash(&self) {
        if let Some((_, following)) = self.running.lock().take() {
            following.abort();
        }
    }

    pub fn sessions(&self) -> Option<Sessions> {
        self.running.lock().as_ref().map(|(sessions, _)| sessions.clone())
    }

    pub fn weather(&self, weather: Weather) {
        self.wire.set(weather);
    }
}
