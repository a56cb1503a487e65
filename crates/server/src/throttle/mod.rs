//! Too many wrong guesses: passwords, session tokens, admin keys.
//!
//! Only failures are charged, so that nobody is held up for succeeding often. [`budgets`] says what an attempt counts
//! against, the engine's [`Meter`] how much of that is spent, [`KnownBrowsers`] which browsers have logged in before: those have
//! budgets of their own, so that whoever guesses at an account can not lock its owner out (ASVS 6.1.1, 6.3.1).

pub mod budgets;

use crate::config::Throttle as Rates;
use cloakroom::problem::{Code, Problem};
use cloakroom::{Budget, GuessLimit, KnownBrowsers, Meter, Sessions};
use std::net::IpAddr;
use std::sync::Arc;

/// What is counted, and at what rates.
pub struct Throttle {
    /// The configured rates.
    pub rates: Rates,
    /// Which browsers have logged in before.
    pub browsers: KnownBrowsers,
    meter: Arc<Meter>,
    sessions: Sessions,
}

impl Throttle {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(rates: Rates, sessions: Sessions, secure: bool) -> Self {
        let browsers = KnownBrowsers::new(sessions.clone());
        let shared = rates.across_nodes.then(|| sessions.store().clone());
        Self {
            meter: Arc::new(Meter::new(shared)),
            browsers: if secure {
                browsers
            } else {
                browsers.danger_insecure()
            },
            rates,
            sessions,
        }
    }

    /// Refuses (429 with `Retry-After`) what has failed too often.
    pub async fn check(&self, budgets: &[Budget]) -> Result<(), Problem> {
        match self.meter.wait(budgets, self.sessions.now()).await {
            None => Ok(()),
            Some(wait) => Err(Problem::from(Code::RateLimited).retry_after(wait)),
        }
    }

    /// What holds up those who try one session token after the other.
    #[must_use]
    pub fn guesses(&self) -> GuessLimit {
        GuessLimit::new(Arc::clone(&self.meter), self.rates.tokens)
    }

    /// Charges a failure.
    pub async fn charge(&self, budgets: &[Budget]) {
        self.meter.charge(budgets, self.sessions.now()).await;
    }

    /// Charges an attempt that costs much even if it succeeds; refuses it if there were too many.
    pub async fn spend(&self, budgets: &[Budget]) -> Result<(), Problem> {
        self.check(budgets).await?;
        self.charge(budgets).await;
        Ok(())
    }

    /// Whether to write down one more event that strangers can cause at will: beyond a rate they are only counted, so that
    /// they can not wash everything else out of the journal.
    pub fn may_note(&self, source: Option<IpAddr>) -> bool {
        self.meter
            .charge_here(&budgets::noise(source), self.sessions.now())
    }
}
