//! The in-memory store against the whole suite.

use cloakroom_core::{MemoryStore, Store};
use cloakroom_testkit::{Fixture, Trimming, async_trait};
use std::sync::Arc;

#[derive(Default)]
struct InMemory(Arc<MemoryStore>);

#[async_trait]
impl Fixture for InMemory {
    async fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }

    async fn again(&self) -> Arc<dyn Store> {
        self.0.clone()
    }

    async fn trim_journal(&self, keep: usize) -> Trimming {
        self.0.trim_journal(keep);
        Trimming::Done
    }
}

cloakroom_testkit::conformance!(async || InMemory::default());
cloakroom_testkit::engine_suite!(async || InMemory::default());

#[test]
fn the_store_and_a_plain_model_agree() {
    cloakroom_testkit::model::run(async || InMemory::default(), 500);
}
