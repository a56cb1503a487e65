//! One server for a whole test binary, a prefix of its own for each test.

use super::{Server, fresh_prefix};
use cloakroom_core::Store;
use cloakroom_redis::RedisStore;
use cloakroom_testkit::{Fixture, Trimming, async_trait};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A place for one test of the conformance suite.
pub struct Bench {
    server: Arc<Server>,
    prefix: String,
}

impl Bench {
    #[allow(clippy::unused_async)] // the suite wants a future
    pub async fn new() -> Self {
        Self {
            server: shared(),
            prefix: fresh_prefix(),
        }
    }

    fn url(&self) -> String {
        format!("{}?prefix={}", self.server.url(), self.prefix)
    }
}

/// The server that the tests of this binary share; it stops with the last of them.
fn shared() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    share(&SHARED, Server::start)
}

/// What is there already, or a new one, which stops with the last who has it.
pub fn share<T>(place: &Mutex<Weak<T>>, start: impl FnOnce() -> T) -> Arc<T> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.upgrade().unwrap_or_else(|| {
        let started = Arc::new(start());
        *place = Arc::downgrade(&started);
        started
    })
}

#[async_trait]
impl Fixture for Bench {
    async fn store(&self) -> Arc<dyn Store> {
        self.again().await
    }

    async fn again(&self) -> Arc<dyn Store> {
        Arc::new(
            RedisStore::connect_with(&self.url(), super::patient())
                .await
                .unwrap(),
        )
    }

    async fn trim_journal(&self, keep: usize) -> Trimming {
        let mut raw = super::raw(&self.server).await;
        let journal = format!("{}:{{journal}}", self.prefix);
        let trim = redis::cmd("XTRIM")
            .arg(journal)
            .arg("MAXLEN")
            .arg("=")
            .arg(keep)
            .take();
        trim.exec_async(&mut raw).await.unwrap();
        Trimming::Done
    }

    fn moved_lapse_by_themselves(&self) -> bool {
        true
    }
}
