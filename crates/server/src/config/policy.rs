//! `[policy]`: how long sessions live, how often they are renewed, and how many there may be.

use std::time::Duration;

use cloakroom::PolicyBuilder;

use super::build::parse;
use super::setting::{Raw, Settings, choice, number, text, within};
use super::span::Span;

/// The longest time that a browser keeps a cookie (RFC 6265bis §5.5), and so the longest that a session can last.
const LONGEST: Span = Span::from_days(400);
const SECOND: Span = Span::from_secs(1);

/// The policy as it was given. What is `None` was left to the engine's default, which gives way where a given value needs
/// it: [`resolve`](Self::resolve) has the values that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// A session ends when nobody used it for so long. Default `30m`, from `1s` to `400d`.
    pub idle_timeout: Option<Span>,
    /// A session ends so long after the log-in, whatever happens. Default `8h`, from `1s` to `400d`.
    pub absolute_timeout: Option<Span>,
    /// At most one write per session in this time for being seen. Default `60s`, from `100ms`, shorter than the idle
    /// timeout: it is how inexact that timeout may be.
    pub touch_every: Option<Span>,
    /// A new token after this long. Default `1h`, from `1s` to `400d`.
    pub renew_after: Option<RenewAfter>,
    /// How long the old token stays good after the first use of the new one. Default `10s`, from `0s` to `30s`: enough
    /// for requests under way, too little for a thief.
    pub renew_overlap: Option<Span>,
    /// Live sessions per subject. Default 5, from 0, which is no limit, to 10000.
    pub max_sessions: Option<u32>,
    /// What happens at one more. Default `evict-oldest`: refusing would let five forgotten browsers lock the owner out.
    pub when_full: Option<WhenFull>,
    /// How fresh an authentication must be for a sensitive step. Default `5m`, from `1s` to `400d`.
    pub step_up_within: Option<Span>,
    /// The timeouts of sessions that the user asked to be remembered.
    pub remember: Remember,
}

/// `remember` in `[policy]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remember {
    /// Default `30d`, from `1s` to `400d`.
    pub idle_timeout: Option<Span>,
    /// Default `30d`, from `1s` to `400d`.
    pub absolute_timeout: Option<Span>,
}

/// When a session gets a new token by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewAfter {
    /// Never.
    Off,
    /// So long after the last one.
    Span(Span),
}

/// What happens when a subject has as many sessions as it may have and logs in once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The oldest session ends.
    EvictOldest,
    /// The log-in is refused.
    Reject,
}

impl Policy {
    /// The engine's rules as far as this section makes them: what was given, and the engine's defaults, which give way
    /// to it.
    #[must_use]
    pub fn resolve(&self) -> cloakroom::Policy {
        // `read` refuses whatever the engine would.
        self.builder().build().unwrap_or_default()
    }

    /// What was given, for the engine.
    pub fn builder(&self) -> PolicyBuilder {
        let mut builder = cloakroom::Policy::builder();
        for (value, set) in [
            (self.idle_timeout, PolicyBuilder::idle_timeout as SetSpan),
            (self.absolute_timeout, PolicyBuilder::absolute_timeout),
            (self.touch_every, PolicyBuilder::touch_every),
            (self.renew_overlap, PolicyBuilder::renew_overlap),
            (self.step_up_within, PolicyBuilder::step_up_within),
            (self.remember.idle_timeout, PolicyBuilder::remember_idle_timeout),
            (
                self.remember.absolute_timeout,
                PolicyBuilder::remember_absolute_timeout,
            ),
        ] {
            if let Some(value) = value {
                builder = set(builder, value.into());
            }
        }
        if let Some(after) = self.renew_after {
            builder = builder.renew_after(match after {
                RenewAfter::Off => None,
                RenewAfter::Span(span) => Some(span.into()),
            });
        }
        if let Some(most) = self.max_sessions {
            builder = builder.max_sessions(most);
        }
        builder.when_full(match self.when_full {
            Some(WhenFull::Reject) => cloakroom::WhenFull::Reject,
            Some(WhenFull::EvictOldest) | None => cloakroom::WhenFull::EvictOldest,
        })
    }
}

/// What sets a span in the engine's policy.
type SetSpan = fn(PolicyBuilder, Duration) -> PolicyBuilder;

/// Reads the section and notes what is out of bounds or contradicts itself.
pub(super) fn read(settings: &mut Settings) -> Policy {
    let policy = Policy {
        idle_timeout: timeout(settings, "policy.idle_timeout"),
        absolute_timeout: timeout(settings, "policy.absolute_timeout"),
        touch_every: settings.read("policy.touch_every", |raw| {
            span(raw, Span::from_millis(100), Span::from_secs(3600))
        }),
        renew_after: settings.read("policy.renew_after", renew_after),
        renew_overlap: settings.read("policy.renew_overlap", |raw| {
            span(raw, Span::default(), Span::from_secs(30))
        }),
        max_sessions: settings.read("policy.max_sessions", |raw| number(raw, 0, 10_000)),
        when_full: settings.read("policy.when_full", |raw| {
            choice(
                raw,
                &[
                    ("evict-oldest", WhenFull::EvictOldest),
                    ("reject", WhenFull::Reject),
                ],
            )
        }),
        step_up_within: timeout(settings, "policy.step_up_within"),
        remember: Remember {
            idle_timeout: timeout(settings, "policy.remember.idle_timeout"),
            absolute_timeout: timeout(settings, "policy.remember.absolute_timeout"),
        },
    };
    check(&policy, settings);
    policy
}

/// Notes contradictions between given values; defaults give way by themselves, except those that would make a session
/// live longer because of a setting that speaks of writes.
fn check(policy: &Policy, settings: &mut Settings) {
    // What holds whatever the rest says: each given value is then compared with it.
    let mut base = Policy {
        touch_every: None,
        renew_overlap: None,
        ..policy.clone()
    };
    let remember = &mut base.remember;
    for (prefix, idle, absolute) in [
        ("policy", base.idle_timeout, &mut base.absolute_timeout),
        (
            "policy.remember",
            remember.idle_timeout,
            &mut remember.absolute_timeout,
        ),
    ] {
        if let (Some(idle), Some(most)) = (idle, *absolute)
            && idle > most
        {
            let bound = format!("must not be longer than {prefix}.absolute_timeout, which is {most}");
            settings.contradiction(&format!("{prefix}.idle_timeout"), bound);
            *absolute = None;
        }
    }
    let base = base.resolve();
    for (prefix, lifetime) in [
        ("policy", base.ordinary()),
        ("policy.remember", base.remembered()),
    ] {
        let idle = Span::from(lifetime.idle());
        if policy.touch_every.is_some_and(|every| every >= idle) {
            let bound = format!("must be shorter than {prefix}.idle_timeout, which is {idle}");
            settings.contradiction("policy.touch_every", bound);
        }
    }
    if let Some(after) = base.renew_after().map(Span::from)
        && policy.renew_overlap.is_some_and(|overlap| overlap >= after)
    {
        let bound = format!("must be shorter than policy.renew_after, which is {after}");
        settings.contradiction("policy.renew_overlap", bound);
    }
}

fn timeout(settings: &mut Settings, key: &str) -> Option<Span> {
    settings.read(key, |raw| span(raw, SECOND, LONGEST))
}

/// A span within bounds.
pub(super) fn span(raw: &Raw, least: Span, most: Span) -> Result<Span, String> {
    within(parse(text(raw).unwrap_or_default())?, least, most)
}

fn renew_after(raw: &Raw) -> Result<RenewAfter, String> {
    if text(raw) == Ok("off") {
        return Ok(RenewAfter::Off);
    }
    let span = span(raw, SECOND, LONGEST).map_err(|bound| format!("{bound}, or off"))?;
    Ok(RenewAfter::Span(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_gives_way_to_what_was_given() {
        let secs = |secs| Some(Span::from_secs(secs));
        for (idle, absolute, expected) in [
            (None, None, (1800, 28_800, 60_000)),
            (secs(2), None, (2, 28_800, 500)),
            (None, secs(2), (2, 2, 500)),
            (secs(43_200), None, (43_200, 43_200, 60_000)),
            (secs(1), secs(1), (1, 1, 250)),
        ] {
            let policy = Policy {
                idle_timeout: idle,
                absolute_timeout: absolute,
                ..Policy::default()
            }
            .resolve();
            let (idle, absolute, touch) = expected;
            assert_eq!(policy.ordinary().idle(), Duration::from_secs(idle));
            assert_eq!(policy.ordinary().absolute(), Duration::from_secs(absolute));
            assert_eq!(policy.touch_every(), Duration::from_millis(touch));
        }
        let remember = Remember {
            idle_timeout: secs(4),
            absolute_timeout: None,
        };
        let policy = Policy {
            remember,
            ..Policy::default()
        }
        .resolve();
        assert_eq!(policy.touch_every(), Duration::from_secs(1));
    }
}
