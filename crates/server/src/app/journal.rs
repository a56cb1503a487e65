//! Following the journal from its oldest entry on, so that a restart remembers what the process before it had seen.

use cloakroom::{Page, Position, Store};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many entries are read at once.
const STRETCH: usize = 1000;
/// How long news is waited for, and a store that does not answer left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Hands on page after page until the reader is gone.
pub async fn follow<R>(store: Arc<dyn Store>, reader: Weak<R>, mut take: impl AsyncFnMut(Arc<R>, Page)) {
    let mut after = Position::start();
    loop {
        let page = store.journal(&after, STRETCH, PAUSE).await;
        let Some(reader) = reader.upgrade() else {
            return;
        };
        match page {
            Ok(page) => {
                after = page.next.clone();
                take(reader, page).await;
            }
            Err(error) => {
                drop(reader);
                tracing::debug!(%error, "the journal can not be followed at the moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
