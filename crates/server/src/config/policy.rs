//! `[policy]`: how long sessions live, how often they are renewed, and how many there may be.

use std::fmt;

use super::setting::{Raw, Settings, choice, number, text};
use super::span::Span;

/// The longest time that a browser keeps a cookie (RFC 6265bis §5.5), and so the longest that a session can last.
const LONGEST: Span = Span::from_days(400);
const SECOND: Span = Span::from_secs(1);

/// The policy as it was given. What is `None` was left to its default, which gives way where a given value needs it:
/// [`resolve`](Self::resolve) has the values that hold.
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

impl fmt::Display for RenewAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Span(span) => write!(f, "{span}"),
        }
    }
}

/// What happens when a subject has as many sessions as it may have and logs in once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The oldest session ends.
    EvictOldest,
    /// The log-in is refused.
    Reject,
}

/// The policy that holds: what was given, and defaults that fit to it. The fields are those of [`Policy`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "described once, in `Policy`")]
pub struct ResolvedPolicy {
    pub idle_timeout: Span,
    pub absolute_timeout: Span,
    pub touch_every: Span,
    pub renew_after: RenewAfter,
    pub renew_overlap: Span,
    pub max_sessions: u32,
    pub when_full: WhenFull,
    pub step_up_within: Span,
    pub remember_idle_timeout: Span,
    pub remember_absolute_timeout: Span,
}

impl Policy {
    /// The values that hold. A default gives way to a given value that it contradicts: the idle default comes down to
    /// a shorter absolute timeout, the absolute default goes up to a longer idle timeout, and the default of
    /// `touch_every` comes down to a quarter of the shortest idle timeout, that of `renew_overlap` to `renew_after`.
    #[must_use]
    pub fn resolve(&self) -> ResolvedPolicy {
        let (idle, absolute) = pair(
            self.idle_timeout,
            self.absolute_timeout,
            Span::from_secs(30 * 60),
            Span::from_secs(8 * 3600),
        );
        let month = Span::from_days(30);
        let remember = &self.remember;
        let (remember_idle, remember_absolute) =
            pair(remember.idle_timeout, remember.absolute_timeout, month, month);
        let quarter = Span::from_millis(idle.min(remember_idle).as_millis() / 4);
        ResolvedPolicy {
            idle_timeout: idle,
            absolute_timeout: absolute,
            touch_every: self.touch_every.unwrap_or(Span::from_secs(60).min(quarter)),
            renew_after: self
                .renew_after
                .unwrap_or(RenewAfter::Span(Span::from_secs(3600))),
            renew_overlap: self.renew_overlap.unwrap_or(match self.renew_after {
                Some(RenewAfter::Span(after)) => Span::from_secs(10).min(after),
                _ => Span::from_secs(10),
            }),
            max_sessions: self.max_sessions.unwrap_or(5),
            when_full: self.when_full.unwrap_or(WhenFull::EvictOldest),
            step_up_within: self.step_up_within.unwrap_or(Span::from_secs(5 * 60)),
            remember_idle_timeout: remember_idle,
            remember_absolute_timeout: remember_absolute,
        }
    }
}

/// An idle and an absolute timeout, the default of the one clamped by the other where only that was given.
fn pair(idle: Option<Span>, absolute: Option<Span>, usual_idle: Span, usual_absolute: Span) -> (Span, Span) {
    match (idle, absolute) {
        (Some(idle), Some(absolute)) => (idle, absolute),
        (Some(idle), None) => (idle, usual_absolute.max(idle)),
        (None, Some(absolute)) => (usual_idle.min(absolute), absolute),
        (None, None) => (usual_idle, usual_absolute),
    }
}

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
        max_sessions: settings.read("policy.max_sessions", |raw| {
            number(raw, 0, 10_000).and_then(|n| u32::try_from(n).map_err(|error| error.to_string()))
        }),
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
    let resolved = policy.resolve();
    for (prefix, idle, absolute) in [
        ("policy", resolved.idle_timeout, resolved.absolute_timeout),
        (
            "policy.remember",
            resolved.remember_idle_timeout,
            resolved.remember_absolute_timeout,
        ),
    ] {
        if idle > absolute {
            let bound = format!("must not be longer than {prefix}.absolute_timeout, which is {absolute}");
            settings.contradiction(&format!("{prefix}.idle_timeout"), bound);
        }
        if resolved.touch_every >= idle {
            let bound = format!("must be shorter than {prefix}.idle_timeout, which is {idle}");
            settings.contradiction("policy.touch_every", bound);
        }
    }
    if let RenewAfter::Span(after) = resolved.renew_after
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
    let span: Span = text(raw)
        .unwrap_or_default()
        .parse()
        .map_err(|bad: super::span::BadSpan| bad.to_string())?;
    if (least..=most).contains(&span) {
        Ok(span)
    } else {
        Err(format!("must be from {least} to {most}"))
    }
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
            assert_eq!(policy.idle_timeout, Span::from_secs(idle));
            assert_eq!(policy.absolute_timeout, Span::from_secs(absolute));
            assert_eq!(policy.touch_every, Span::from_millis(touch));
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
        assert_eq!(policy.touch_every, SECOND);
    }
}
