//! How many mails may leave in an hour, over all nodes.

use cloakroom_core::{Label, Rate, Store, StoreError, Timestamp};
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

    /// Takes one for `whom`. How long to wait if there is none left.
    pub(super) async fn take(&self, whom: &str, now: Timestamp) -> Result<Option<Duration>, StoreError> {
        self.store.shared().spend(&label(whom), self.rate, now).await
    }

    /// Puts one back: nothing left.
    pub(super) async fn give_back(&self, whom: &str, now: Timestamp) {
        if let Err(error) = self.store.shared().give_back(&label(whom), self.rate, now).await {
            tracing::debug!(%error, "a mail that was not sent counts as sent");
        }
    }
}

fn label(whom: &str) -> Label {
    Label::new(&format!("outbox:mail:{whom}"))
}
