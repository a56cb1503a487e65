//! Counting failures by source, without punishing those who succeed.
//!
//! A generic cell rate (GCRA) per source: a burst, then a steady rate. Only failures are charged, which the libraries'
//! limiters, that test and charge in one step, do not offer.

use cloakroom::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// More sources than this are not remembered; the ones with nothing left to remember go first.
const MOST_SOURCES: usize = 100_000;

/// Failures by source: so many at once, then one per interval.
#[derive(Debug)]
pub struct Throttle {
    burst: u32,
    every: Duration,
    sources: Mutex<HashMap<Option<IpAddr>, Timestamp>>,
}

impl Throttle {
    /// So many at once, then one per interval.
    #[must_use]
    pub fn new(burst: u32, every: Duration) -> Self {
        Self {
            burst,
            every,
            sources: Mutex::default(),
        }
    }

    /// How long this source has to wait before it may try again; nothing if it may.
    pub fn wait(&self, source: Option<IpAddr>, now: Timestamp) -> Option<Duration> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = *sources.get(&network(source))?;
        let room = self.every * self.burst.saturating_sub(1);
        Some(full_at.since(now).saturating_sub(room)).filter(|wait| !wait.is_zero())
    }

    /// Charges one failure to a source. Answers whether it was still within what is allowed.
    pub fn charge(&self, source: Option<IpAddr>, now: Timestamp) -> bool {
        let within = self.wait(source, now).is_none();
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= MOST_SOURCES {
            sources.retain(|_, full_at| *full_at > now);
        }
        if within && (sources.len() < MOST_SOURCES || sources.contains_key(&network(source))) {
            let full_at = sources.entry(network(source)).or_insert(now);
            *full_at = (*full_at).max(now) + self.every;
        }
        within
    }
}

/// What counts as one source: an IPv4 address, or the /64 that one household has of IPv6.
fn network(source: Option<IpAddr>) -> Option<IpAddr> {
    match source {
        Some(IpAddr::V6(address)) => Some(IpAddr::V6((address.to_bits() >> 64 << 64).into())),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate_and_others_are_not_affected() {
        let throttle = Throttle::new(3, Duration::from_secs(2));
        let (one, other) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        let at = |seconds: u64| Timestamp::from_millis(1_000_000 + seconds * 1000);
        for _ in 0..3 {
            assert_eq!(throttle.wait(one, at(0)), None);
            assert!(throttle.charge(one, at(0)));
        }
        assert_eq!(throttle.wait(one, at(0)), Some(Duration::from_secs(2)));
        assert!(!throttle.charge(one, at(1)));
        assert_eq!(throttle.wait(other, at(1)), None);
        assert_eq!(throttle.wait(one, at(2)), None);
        assert!(throttle.charge(one, at(2)));
        assert!(throttle.wait(one, at(2)).is_some());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let throttle = Throttle::new(1, Duration::from_mins(1));
        let now = Timestamp::from_millis(5);
        let address = |text: &str| text.parse::<IpAddr>().ok();
        assert!(throttle.charge(address("2001:db8::1"), now));
        assert!(throttle.wait(address("2001:db8::ffff"), now).is_some());
        assert!(throttle.wait(address("2001:db8:0:1::1"), now).is_none());
    }
}
