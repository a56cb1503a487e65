//! Ending what lapsed with nobody looking.

use super::{SessionError, Sessions};
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

    /// Sweeps for ever, at this interval; spawn it. Lapsed sessions end in the journal within the interval, so keep it
    /// under a minute. Any number of nodes may do this on one store.
    pub async fn keep_swept(self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "a sweep failed; the next one tries again");
            }
        }
    }
}
