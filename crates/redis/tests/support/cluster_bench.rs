//! One cluster for a whole test binary, a prefix of its own for each test.

use super::fixture::share;
use super::{Cluster, fresh_prefix};
use cloakroom_core::Store;
use cloakroom_redis::RedisStore;
use cloakroom_testkit::{Fixture, Trimming, async_trait};
use std::sync::{Arc, Mutex, Weak};

/// A place on it for one test of the conformance suite.
pub struct ClusterBench {
    cluster: Arc<Cluster>,
    prefix: String,
}

impl ClusterBench {
    #[allow(clippy::unused_async)] // the suite wants a future
    pub async fn new() -> Self {
        Self {
            cluster: shared(),
            prefix: fresh_prefix(),
        }
    }
}

/// The cluster that the tests of this binary share; it stops with the last of them.
fn shared() -> Arc<Cluster> {
    static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    share(&SHARED, || Cluster::start(0))
}

#[async_trait]
impl Fixture for ClusterBench {
    async fn store(&self) -> Arc<dyn Store> {
        self.again().await
    }

    async fn again(&self) -> Arc<dyn Store> {
        let url = format!("{}?prefix={}", self.cluster.url(), self.prefix);
        Arc::new(RedisStore::connect_with(&url, super::patient()).await.unwrap())
    }

    async fn trim_journal(&self, keep: usize) -> Trimming {
        for server in 0..self.cluster.servers.len() {
            let logs = self
                .cluster
                .ask(server, &["KEYS", &format!("{}:{{*}}:j", self.prefix)]);
            for log in logs.lines() {
                self.cluster
                    .ask(server, &["XTRIM", log, "MAXLEN", "=", &keep.to_string()]);
            }
        }
        Trimming::Done
    }

    fn one_log(&self) -> bool {
        false
    }

    fn moved_lapse_by_themselves(&self) -> bool {
        true
    }
}
