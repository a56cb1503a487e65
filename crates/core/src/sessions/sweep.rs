//! Ending what lapsed with nobody looking.

use super::{SessionError, Sessions};
use std::sync::Arc;
use std::time::Duration;

/// How many sessions one step of a sweep ends; other writers get their turn between steps.
const STRETCH: usize = 500;

impl Sessions {
    /// Ends all sessions whose deadline has passed. Answers how many.
    pub async fn sweep(&self) -> Result<usize, SessionError> {
        let mut ended = 0;
        loop {
            let swept = self.store().sweep(self.now(), STRETCH).await?;
            ended += swept.ended;
            if !swept.more {
                return Ok(ended);
            }
        }
    }

    /// Sweeps at this interval until the last clone of these sessions is gone; spawn it. Lapsed sessions end in the
    /// journal within the interval, so keep it under a minute. Any number of nodes may do this on one store.
    pub fn keep_swept(&self, every: Duration) -> impl Future<Output = ()> + Send + 'static {
        let parts = Arc::downgrade(&self.0);
        async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(parts) = parts.upgrade() else { return };
                if let Err(error) = Self(parts).sweep().await {
                    tracing::warn!(%error, "a sweep failed; the next one tries again");
                }
            }
        }
    }
}
