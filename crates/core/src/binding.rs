//! What it means when a session is used from elsewhere than before.
//!
//! Addresses and browsers change for honest reasons (trains, carriers, updates), so a change is a signal, and by default
//! not a log-out.

use crate::client::Client;
use crate::device::Agent;
use crate::policy::PolicyError;
use std::fmt;
use std::net::IpAddr;

/// The answer to a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaction {
    /// Nothing happens.
    #[default]
    Ignore,
    /// An event says so; the session goes on with the new value.
    Log,
    /// The session goes on only after the user has proved anew who they are.
    StepUp,
    /// The session ends.
    End,
}

/// Which changes mean what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// A change of address beyond the prefix. Default: log.
    pub ip: Reaction,
    /// A change of browser or system. A newer version of the same is none, nor one that is at most two older. Default:
    /// step-up.
    pub user_agent: Reaction,
    /// A change of preferred languages. Default: ignore.
    pub accept_language: Reaction,
    /// How many leading bits of an IPv4 address are compared, 0 to 32. Default: 24.
    pub ip_prefix_v4: u8,
    /// How many leading bits of an IPv6 address are compared, 0 to 128. Default: 48.
    pub ip_prefix_v6: u8,
}

impl Default for Binding {
    fn default() -> Self {
        Self {
            ip: Reaction::Log,
            user_agent: Reaction::StepUp,
            accept_language: Reaction::Ignore,
            ip_prefix_v4: 24,
            ip_prefix_v6: 48,
        }
    }
}

/// What differs between the client that authenticated and the one at hand, or else calls for a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each may be true beside any other")]
pub struct Mismatch {
    /// The address left its prefix or its family.
    pub ip: bool,
    /// Another browser or system.
    pub user_agent: bool,
    /// Other languages.
    pub accept_language: bool,
    /// Nothing about this client, but a proof was asked for from outside ([`Sessions::challenge`](crate::Sessions::challenge)).
    pub challenged: bool,
}

impl Mismatch {
    /// Whether anything differs.
    #[must_use]
    pub const fn any(self) -> bool {
        self.ip || self.user_agent || self.accept_language || self.challenged
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.ip, "address"),
            (self.user_agent, "browser"),
            (self.accept_language, "language"),
        ];
        let names: Vec<_> = names
            .iter()
            .filter(|(changed, _)| *changed)
            .map(|(_, name)| *name)
            .collect();
        f.write_str(&names.join(", "))
    }
}

impl Binding {
    /// No change means anything.
    #[must_use]
    pub fn none() -> Self {
        let ignore = Reaction::Ignore;
        Self {
            ip: ignore,
            user_agent: ignore,
            accept_language: ignore,
            ..Self::default()
        }
    }

    /// What changed, and the strongest reaction that any of it calls for. What is ignored is not reported, and what was
    /// not known before can not have changed.
    #[must_use]
    pub fn compare(&self, before: &Client, now: &Client) -> (Mismatch, Reaction) {
        let mut mismatch = Mismatch::default();
        let mut reaction = Reaction::Ignore;
        let mut note = |flag: &mut bool, wanted: Reaction| {
            *flag = true;
            reaction = reaction.max(wanted);
        };
        if self.ip != Reaction::Ignore && !self.same_network(before.ip, now.ip) {
            note(&mut mismatch.ip, self.ip);
        }
        if self.user_agent != Reaction::Ignore && !same_browser(before, now) {
            note(&mut mismatch.user_agent, self.user_agent);
        }
        if self.accept_language != Reaction::Ignore && !same_languages(before, now) {
            note(&mut mismatch.accept_language, self.accept_language);
        }
        (mismatch, reaction)
    }

    fn same_network(&self, before: Option<IpAddr>, now: Option<IpAddr>) -> bool {
        match (before, now) {
            (Some(IpAddr::V4(a)), Some(IpAddr::V4(b))) => {
                let host = 32 - u32::from(self.ip_prefix_v4.min(32));
                (a.to_bits() ^ b.to_bits()).checked_shr(host).unwrap_or(0) == 0
            }
            (Some(IpAddr::V6(a)), Some(IpAddr::V6(b))) => {
                let host = 128 - u32::from(self.ip_prefix_v6.min(128));
                (a.to_bits() ^ b.to_bits()).checked_shr(host).unwrap_or(0) == 0
            }
            (Some(_), Some(_)) => false,
            // An address that is not known (a Unix socket, a test) says nothing.
            _ => true,
        }
    }

    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let over = |field, value: u8, most: u8| {
            let bound = format!("must be 0 to {most}");
            if value > most {
                Err(PolicyError {
                    field,
                    value: value.to_string(),
                    bound,
                })
            } else {
                Ok(())
            }
        };
        over("binding.ip_prefix_v4", self.ip_prefix_v4, 32)?;
        over("binding.ip_prefix_v6", self.ip_prefix_v6, 128)
    }
}

fn same_browser(before: &Client, now: &Client) -> bool {
    match (before.user_agent.as_deref(), now.user_agent.as_deref()) {
        (Some(before), Some(now)) => before == now || is_same(&Agent::read(before), &Agent::read(now)),
        (Some(_), None) => false,
        // An application that opens a session for somebody may not know their browser.
        (None, _) => true,
    }
}

fn is_same(before: &Agent<'_>, now: &Agent<'_>) -> bool {
    (before.browser, before.system) == (now.browser, now.system) && !is_older(before.major, now.major)
}

/// Browsers are updated, and now and then an update is taken back; none gets much older.
fn is_older(before: Option<u32>, now: Option<u32>) -> bool {
    const TAKEN_BACK: u32 = 2;
    match (before, now) {
        (Some(before), Some(now)) => now.saturating_add(TAKEN_BACK) < before,
        _ => false,
    }
}

fn same_languages(before: &Client, now: &Client) -> bool {
    before.accept_language.is_none() || before.accept_language == now.accept_language
}
