//! What a failed attempt counts against.

use crate::config::Throttle as Rates;
use cloakroom::{BrowserId, Budget, Rate, SessionId, source_name};
use std::net::IpAddr;
use std::time::Duration;

/// Who types a password.
#[derive(Clone, Copy, Debug)]
pub enum Typist {
    /// A browser that has never logged in to this account.
    Stranger,
    /// One that has.
    Known(BrowserId),
    /// The session whose user is to prove who they are.
    Session(SessionId),
}

/// What a password counts against. A stranger's counts against their network, against the account as tried from that
/// network, and against the account as tried from anywhere; everybody else has a budget of their own.
#[must_use]
pub fn password(rates: &Rates, account: &str, source: Option<IpAddr>, typist: Typist) -> Vec<Budget> {
    // Names that differ in case are different users here, but a guesser need not know which of them there are.
    let account = account.trim().to_lowercase();
    let network = source_name(source);
    match typist {
        Typist::Stranger => {
            let mut all = growing(&format!("try:{network}:{account}"), rates.account);
            all.extend(growing(&format!("account:{account}"), several(rates.account, 5)));
            all.push(stranger(rates, source));
            all
        }
        Typist::Known(device) => growing(&format!("device:{device}:{account}"), rates.device),
        Typist::Session(id) => growing(&format!("session:{id}"), rates.device),
    }
}

/// What all strangers of a network count against, also when they are refused: whoever goes on all the same uses it up.
#[must_use]
pub fn stranger(rates: &Rates, source: Option<IpAddr>) -> Budget {
    one(format!("source:{}", source_name(source)), rates.source)
}

/// What a new password counts against, even a good one: hashing it is work.
#[must_use]
pub fn new_password(rates: &Rates, id: SessionId) -> Vec<Budget> {
    vec![one(format!("new-password:{id}"), rates.device)]
}

/// What a wrong admin key counts against.
#[must_use]
pub fn key(rates: &Rates, source: Option<IpAddr>) -> Vec<Budget> {
    vec![one(format!("key:{}", source_name(source)), rates.keys)]
}

/// What an event that strangers can cause counts against.
#[must_use]
pub fn noise(source: Option<IpAddr>) -> Budget {
    one(
        format!("noise:{}", source_name(source)),
        Rate::new(50, Duration::from_secs(1)),
    )
}

fn one(name: String, rate: Rate) -> Budget {
    Budget { name, rate }
}

/// A rate and two slower ones with more room, all of which must hold: the longer somebody fails, the longer they wait.
fn growing(name: &str, rate: Rate) -> Vec<Budget> {
    let stage = |stage: u32, more: u32, slower: u32| Budget {
        name: format!("{name}:{stage}"),
        rate: Rate::new(rate.burst().saturating_mul(more), rate.every() * slower),
    };
    vec![stage(1, 1, 1), stage(2, 3, 10), stage(3, 10, 60)]
}

fn several(rate: Rate, times: u32) -> Rate {
    Rate::new(rate.burst().saturating_mul(times), rate.every() / times)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(account: &str, from: &str, typist: Typist) -> Vec<String> {
        let all = password(&Rates::default(), account, from.parse().ok(), typist);
        all.into_iter().map(|budget| budget.name).collect()
    }

    #[test]
    fn a_stranger_counts_against_network_and_account_and_the_owner_against_neither() {
        let stranger = names("ada", "192.0.2.1", Typist::Stranger);
        let known = names("ada", "192.0.2.1", Typist::Known(BrowserId::from_bytes([1; 12])));
        assert!(stranger.contains(&"source:192.0.2.1".to_owned()));
        assert!(stranger.contains(&"account:ada:1".to_owned()));
        assert!(known.iter().all(|name| !stranger.contains(name)), "{known:?}");
        let other = names("ada", "192.0.2.1", Typist::Known(BrowserId::from_bytes([2; 12])));
        assert!(
            known.iter().all(|name| !other.contains(name)),
            "each device its own"
        );
    }

    #[test]
    fn spellings_of_one_account_and_addresses_of_one_network_are_one() {
        let usual = names("ada", "2001:db8::1", Typist::Stranger);
        assert_eq!(names(" ADA ", "2001:db8::ffff", Typist::Stranger), usual);
        assert_ne!(names("ada", "2001:db8:0:1::1", Typist::Stranger), usual);
        let mapped = names("ada", "::ffff:192.0.2.1", Typist::Stranger);
        assert_eq!(mapped, names("ada", "192.0.2.1", Typist::Stranger));
    }

    #[test]
    fn delays_grow() {
        let rate = Rate::new(10, Duration::from_secs(30));
        let stages = growing("x", rate);
        let seconds: Vec<_> = stages
            .iter()
            .map(|it| (it.rate.burst(), it.rate.every().as_secs()))
            .collect();
        assert_eq!(seconds, [(10, 30), (30, 300), (100, 1800)]);
    }
}
