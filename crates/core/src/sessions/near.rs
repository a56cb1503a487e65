//! Sessions behind a near cache.

use super::{Active, Activity, Parts, SessionError, Sessions};
use crate::client::Client;
use crate::judge::Verdict;
use crate::near::{Near, NearOptions, NearStats};
use crate::policy::Shown;
use crate::store::{Found, StoreError};
use crate::token::Token;
use std::sync::Arc;
use std::time::Duration;

/// How often a store is asked, and after which pause again, that takes no writes when a node starts.
const ATTEMPTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// A near cache could not be put in front of a store.
#[derive(Debug, thiserror::Error)]
pub enum NearError {
    /// The other nodes rely on a shorter lease: `settled` would come back while this node still answers.
    #[error(
        "cache.lease = {}: the nodes that run on this store agreed on {}; give this one no more, or stop all of them for three minutes to begin with another",
        Shown(*wanted), Shown(*agreed)
    )]
    LongerLease {
        /// What was asked for.
        wanted: Duration,
        /// What the store keeps.
        agreed: Duration,
    },
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sessions {
    /// The same sessions behind a near cache, and the task that keeps it honest: spawn it. Until it has heard from the
    /// journal for the first time, and whenever it has not for longer than the lease, every check asks the store. It ends
    /// with the last clone of the sessions.
    ///
    /// The lease is the deployment's: the first node writes it into the store, and a node that wants a longer one is
    /// refused.
    pub async fn near(
        self,
        options: NearOptions,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), NearError> {
        let wanted = options.lease();
        let bare = Arc::clone(&self.0.bare);
        let agreed = self.agree_on_lease(wanted).await?;
        if agreed < wanted {
            return Err(NearError::LongerLease { wanted, agreed });
        }
        let near = Near::new(options, Arc::clone(&self.0.clock));
        let parts = Arc::new(Parts {
            store: near.forgetting(Arc::clone(&bare)),
            bare: Arc::clone(&bare),
            near: Some(Arc::clone(&near)),
            policy: self.0.policy.clone(),
            clock: Arc::clone(&self.0.clock),
            random: Arc::clone(&self.0.random),
        });
        let watched = Arc::downgrade(&parts);
        let wanted = move || watched.strong_count() > 0;
        let following = near.follow(bare, parts.policy.touch_every(), wanted);
        Ok((Self(parts), following))
    }

    /// Writes the lease into the store. A primary that has just taken over takes no writes until a replica follows it; who
    /// starts in that moment waits a little.
    async fn agree_on_lease(&self, wanted: Duration) -> Result<Duration, StoreError> {
        for _ in 1..ATTEMPTS {
            match self.0.bare.lease(wanted, self.now()).await {
                Err(StoreError::Unavailable(error)) => {
                    tracing::warn!(%error, "the session store takes no writes at the moment; trying again");
                }
                done => return done,
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.0.bare.lease(wanted, self.now()).await
    }

    /// The session that a token opens, if the near cache may say so and nothing is to be written; otherwise nothing, and
    /// [`resolve`](Self::resolve) has to ask the store.
    #[must_use]
    pub fn glance(&self, token: &Token, client: &Client, activity: Activity) -> Option<Active> {
        let near = self.0.near.as_deref()?;
        let key = token.key();
        // What looks dead, or wants more than to be marked as seen, is read again before it is believed.
        let worth = |found: &Arc<Found>, now| match self.policy().judge(&found.record, client, None, now) {
            Verdict::Alive(alive) => Some((alive, Arc::clone(found), now)),
            Verdict::Dead(_) => None,
        };
        let (alive, mut found, now) = near.get(&key, worth)??;
        match activity {
            Activity::User if alive.wants_only_a_touch() => {
                let deadline = self.deadline_if_seen(&found.record, now);
                found = near.touch(&found, now, deadline);
            }
            Activity::User if !alive.wants_nothing() => return None,
            Activity::User | Activity::Background => {}
        }
        Some(Active::at(token.clone(), found).wanting_step_up(alive.step_up))
    }

    /// Whether this token's session is known to have ended within the last ten minutes, or it was replaced then: whoever shows
    /// it once more has merely not heard. Known to a near cache alone.
    #[must_use]
    pub fn ended_lately(&self, token: &Token) -> bool {
        let near = self.0.near.as_deref();
        near.is_some_and(|near| near.ended_lately(&token.key()))
    }

    /// Waits until no node can still accept what was ended before this call: one lease of the deployment, and a little
    /// for clocks that do not run alike. At once if no node has a near cache.
    ///
    /// An ending by itself reaches all nodes within milliseconds; this is for those who have to be sure.
    pub async fn settled(&self) -> Result<(), SessionError> {
        let lease = self.0.bare.lease(Duration::ZERO, self.now()).await?;
        tokio::time::sleep(lease + lease / 50).await;
        Ok(())
    }

    /// Tells the store now which sessions were seen, rather than within a second: for the end of a process.
    pub async fn flush(&self) {
        if let Some(near) = &self.0.near {
            near.flush(&*self.0.bare).await;
        }
    }

    /// How the near cache is doing, if there is one.
    #[must_use]
    pub fn near_stats(&self) -> Option<NearStats> {
        self.0.near.as_ref().map(|near| near.stats())
    }
}
