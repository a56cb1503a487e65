//! A node with a near cache on a store.

use cloakroom_core::{
    Active, Activity, Client, Clock, CloseReason, Durability, LogIn, NearOptions, Policy, Sessions,
    Timestamp, Token,
};
use cloakroom_redis::{Options, RedisStore};
use cloakroom_testkit::SeededRandom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::time::sleep;

/// By when everything has to have come, on however slow a machine.
pub const SOON: Duration = Duration::from_secs(20);

pub struct Node {
    pub sessions: Sessions,
    follower: tokio::task::JoinHandle<()>,
}

/// The system's time; it is what the servers count with.
struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn steady(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Node {
    pub async fn on(url: &str) -> Self {
        Self::under(url, Policy::default()).await
    }

    pub async fn under(url: &str, policy: Policy) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // A replica may be slow to answer on a machine that has much to do.
        let options = Options {
            command_limit: Duration::from_secs(2),
            ..Options::default()
        };
        let store = RedisStore::connect_with(url, options).await.unwrap();
        let random = SeededRandom::new(NEXT.fetch_add(1, Ordering::Relaxed) << 32);
        let clock = RealClock(Instant::now());
        let sessions = Sessions::new(Arc::new(store), policy, clock, random);
        let near = NearOptions::new(1000, Duration::from_secs(1)).unwrap();
        let (sessions, following) = sessions.near(near).await.unwrap();
        Self {
            sessions,
            follower: tokio::spawn(following),
        }
    }

    pub async fn log_in(&self, name: &str) -> Active {
        let user = LogIn::of(name.parse().unwrap());
        self.sessions.log_in(user, &client(), None).await.unwrap()
    }

    /// Ends everything of a user, and has it from the store that no fail-over undoes that.
    pub async fn ends_for_good(&self, name: &str) {
        let subject = name.parse().unwrap();
        let cause = self.sessions.operator("test");
        let ending = self
            .sessions
            .end_all(&subject, CloseReason::Revoked, &cause)
            .await
            .unwrap();
        assert_eq!(ending.durability, Durability::Durable);
    }

    /// Whether it accepts a token, by whatever way; nothing if the store can not be reached.
    pub async fn accepts(&self, token: &Token) -> Option<bool> {
        let resolved = self
            .sessions
            .resolve(token, &client(), Activity::Background)
            .await;
        resolved.ok().map(|active| active.is_some())
    }

    /// Asks until it is accepted, or refused.
    pub async fn comes_to(&self, what: &str, token: &Token, accepted: bool) {
        let asked = Instant::now();
        while self.accepts(token).await != Some(accepted) {
            assert!(asked.elapsed() < SOON, "it did not come to this: {what}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks until the near cache answers.
    pub async fn holds(&self, token: &Token) {
        let asked = Instant::now();
        while self
            .sessions
            .glance(token, &client(), Activity::Background)
            .is_none()
        {
            assert!(asked.elapsed() < SOON, "the near cache does not take it");
            let _ = self.accepts(token).await;
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// The time of the servers.
pub fn now() -> Timestamp {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap())
}

pub fn client() -> Client {
    Client::at([203, 0, 113, 7].into())
}
