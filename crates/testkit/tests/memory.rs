//! The in-memory store against the whole suite.

use cloakroom_core::{MemoryStore, Store};
use cloakroom_testkit::{Fixture, Trimming, async_trait};
use std::sync::Arc;

struct InMemory(Arc<MemoryStore>);

impl InMemory {
    async fn new() -> Self {
        Self(Arc::new(MemoryStore::new()))
    }
}

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

cloakroom_testkit::conformance!(InMemory::new);
