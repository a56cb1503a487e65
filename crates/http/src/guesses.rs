//! Tokens that open nothing: noted, counted, and refused when there are too many from one network.
//!
//! Nobody guesses 256 bits. But a browser whose session has ended shows its token a few times, and a program that tries many
//! wants to be seen and slowed down. Whoever has a session goes on, whatever comes from the same address.

use crate::seen::Seen;
use cloakroom_core::{
    Actor, Budget, Client, Event, Kind, Meter, Rate, Sessions, Timestamp, Token, source_name,
};
use std::sync::Arc;
use std::time::Duration;

/// No more events than this from one network: what strangers do at will must not wash everything else out of the journal.
const NOTED: (u32, Duration) = (50, Duration::from_secs(1));

/// How many tokens that open nothing one network may try.
///
/// ```
/// use cloakroom_core::{Meter, Rate};
/// use cloakroom_http::{GuessLimit, SessionLayer};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// # fn with(sessions: cloakroom_core::Sessions) -> SessionLayer {
/// let limit = GuessLimit::new(Arc::new(Meter::new(None)), Rate::new(1000, Duration::from_millis(100)));
/// SessionLayer::new(sessions).limit_guesses(limit)
/// # }
/// ```
#[derive(Clone)]
pub struct GuessLimit(Arc<Parts>);

struct Parts {
    meter: Arc<Meter>,
    rate: Rate,
    /// Tokens: showing one of them again is not counted again.
    seen: Seen,
}

impl GuessLimit {
    /// So many from one IPv4 address or /64, and a hundred times as many from all together. Beyond that, those who have no
    /// session get 429 `RATE_LIMITED` instead of 401.
    #[must_use]
    pub fn new(meter: Arc<Meter>, rate: Rate) -> Self {
        let seen = Seen::default();
        Self(Arc::new(Parts { meter, rate, seen }))
    }

    /// Notes a token that opened nothing. Answers how long whoever shows such tokens has to wait, if there were too many.
    pub(crate) async fn note(&self, sessions: &Sessions, token: &Token, client: &Client) -> Option<Duration> {
        let (Parts { meter, .. }, now) = (&*self.0, sessions.now());
        let budgets = self.budgets(client);
        let wait = meter.wait(&budgets, now).await;
        if self.0.seen.is_new(token.key()) && !sessions.ended_lately(token) {
            meter.charge(&budgets, now).await;
            self.tell(sessions, client, now).await;
        }
        wait
    }

    fn budgets(&self, client: &Client) -> [Budget; 2] {
        let rate = self.0.rate;
        let overall = Rate::new(rate.burst().saturating_mul(100), rate.every() / 100);
        let budget = |name: String, rate| Budget { name, rate };
        [
            budget(format!("token:{}", source_name(client.ip)), rate),
            budget("token:everywhere".to_owned(), overall),
        ]
    }

    async fn tell(&self, sessions: &Sessions, client: &Client, now: Timestamp) {
        let noted = Budget {
            name: format!("token-noted:{}", source_name(client.ip)),
            rate: Rate::new(NOTED.0, NOTED.1),
        };
        if !self.0.meter.charge_here(&noted, now) {
            return;
        }
        let cause = sessions
            .cause(Actor::User, client)
            .saying("a token that opens nothing");
        sessions.note_or_warn(&Event::of(Kind::Guess, cause)).await;
    }
}

impl std::fmt::Debug for GuessLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("GuessLimit").field(&self.0.rate).finish()
    }
}
