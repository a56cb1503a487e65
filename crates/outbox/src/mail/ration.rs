//! How many mails may leave in an hour, over all nodes.

use cloakroom_core::{Label, Rate, Spend, Store, StoreError, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

/// So many in any hour, half of them at once.
#[derive(Clone)]
pub struct Ration {
    store: Arc<dyn Store>,
    rate: Rate,
}

impl Ration {
    /// From 1 to 10,000 an hour; what is out of bounds is brought to the nearest bound.
    #[must_use]
    pub fn per_hour(store: Arc<dyn Store>, most: u32) -> Self {
        let most = most.clamp(1, 10_000);
        let burst = (most / 2).max(1);
        let rate = Rate::new(burst, HOUR / (most - burst).max(1));
        Self { store, rate }
    }

    /// How long to wait before the next one to `whom`, if none is left.
    pub(super) async fn wait(&self, whom: &str, now: Timestamp) -> Result<Option<Duration>, StoreError> {
        self.spend(whom, Spend::Look, now).await
    }

    /// One has left.
    pub(super) async fn sent(&self, whom: &str, now: Timestamp) {
        if let Err(error) = self.spend(whom, Spend::Take, now).await {
            tracing::debug!(%error, "a mail that was sent is not counted");
        }
    }

    async fn spend(&self, whom: &str, how: Spend, now: Timestamp) -> Result<Option<Duration>, StoreError> {
        let label = Label::new(&format!("outbox:mail:{whom}"));
        self.store.shared().spend(&label, self.rate, how, now).await
    }
}
