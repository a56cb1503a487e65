//! The rules: how long, how many, how fresh. A policy that is out of bounds can not be built.

use crate::binding::Binding;
use std::fmt;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A value outside its bounds, or two that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy.{field} = {value}: {bound}")]
pub struct PolicyError {
    /// The field, by the name it has in the configuration.
    pub field: &'static str,
    /// The value that was given.
    pub value: String,
    /// What it has to be.
    pub bound: String,
}

/// How long a kind of session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    idle: Duration,
    absolute: Duration,
}

impl Lifetime {
    /// How long it lives without being used (ASVS 7.3.1). Never longer than [`absolute`](Self::absolute).
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.idle
    }

    /// How long it lives after authentication, whatever its use (ASVS 7.3.2).
    #[must_use]
    pub const fn absolute(&self) -> Duration {
        self.absolute
    }
}

/// What happens when a subject who has as many sessions as allowed logs in once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The session that was used least recently ends.
    #[default]
    EvictOldest,
    /// The log-in is refused.
    Reject,
}

/// The rules for all sessions. [`Policy::default`] is a good one; [`Policy::builder`] changes it.
///
/// ```
/// use cloakroom_core::Policy;
/// use std::time::Duration;
///
/// let policy = Policy::builder().idle_timeout(Duration::from_secs(600)).max_sessions(3).build()?;
/// assert_eq!(policy.ordinary().idle().as_secs(), 600);
///
/// let error = Policy::builder().renew_overlap(Duration::from_secs(60)).build().unwrap_err();
/// assert_eq!(error.to_string(), "policy.renew_overlap = 60s: must be 0ms to 30s");
/// # Ok::<(), cloakroom_core::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    ordinary: Lifetime,
    remembered: Lifetime,
    touch_every: Duration,
    renew_after: Option<Duration>,
    renew_overlap: Duration,
    max_sessions: u32,
    when_full: WhenFull,
    step_up_within: Duration,
    binding: Binding,
}

impl Default for Policy {
    fn default() -> Self {
        PolicyBuilder::default().resolve()
    }
}

impl Policy {
    /// Starts from the defaults.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Sessions of those who did not ask to be remembered, and of anonymous visitors.
    #[must_use]
    pub const fn ordinary(&self) -> Lifetime {
        self.ordinary
    }

    /// Sessions of those who asked to stay logged in.
    #[must_use]
    pub const fn remembered(&self) -> Lifetime {
        self.remembered
    }

    /// The lifetime that applies.
    #[must_use]
    pub const fn lifetime(&self, remember: bool) -> Lifetime {
        if remember { self.remembered } else { self.ordinary }
    }

    /// At most one write per session in this time for being seen.
    #[must_use]
    pub const fn touch_every(&self) -> Duration {
        self.touch_every
    }

    /// A token older than this is replaced at its next use; never, if nothing.
    #[must_use]
    pub const fn renew_after(&self) -> Option<Duration> {
        self.renew_after
    }

    /// How long the old token stays good once the new one was used.
    #[must_use]
    pub const fn renew_overlap(&self) -> Duration {
        self.renew_overlap
    }

    /// Live sessions per subject; 0 is no limit.
    #[must_use]
    pub const fn max_sessions(&self) -> u32 {
        self.max_sessions
    }

    /// What happens when that is reached.
    #[must_use]
    pub const fn when_full(&self) -> WhenFull {
        self.when_full
    }

    /// How recent an authentication sensitive acts want.
    #[must_use]
    pub const fn step_up_within(&self) -> Duration {
        self.step_up_within
    }

    /// What a change of the client means.
    #[must_use]
    pub const fn binding(&self) -> &Binding {
        &self.binding
    }
}

#[derive(Clone, Copy, Debug)]
enum Renewal {
    Never,
    After(Duration),
}

impl Renewal {
    const fn after(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::After(span) => Some(span),
        }
    }
}

/// Collects the rules that differ from the defaults. What is not set adapts to what is: an idle timeout of two seconds
/// brings a shorter `touch_every` with it; two values that were both set and contradict each other are refused.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyBuilder {
    idle: Option<Duration>,
    absolute: Option<Duration>,
    remember_idle: Option<Duration>,
    remember_absolute: Option<Duration>,
    touch_every: Option<Duration>,
    renew_after: Option<Renewal>,
    renew_overlap: Option<Duration>,
    max_sessions: Option<u32>,
    when_full: WhenFull,
    step_up_within: Option<Duration>,
    binding: Binding,
}

impl PolicyBuilder {
    /// How long an unused session lives: 1 s to 400 days, default 30 minutes.
    pub fn idle_timeout(mut self, span: Duration) -> Self {
        self.idle = Some(span);
        self
    }

    /// How long any session lives: 1 s to 400 days, default 8 hours.
    pub fn absolute_timeout(mut self, span: Duration) -> Self {
        self.absolute = Some(span);
        self
    }

    /// The two timeouts of those who asked to be remembered: 1 s to 400 days, default 30 days both.
    pub fn remember(self, idle: Duration, absolute: Duration) -> Self {
        self.remember_idle_timeout(idle)
            .remember_absolute_timeout(absolute)
    }

    /// The first of the two alone.
    pub fn remember_idle_timeout(mut self, span: Duration) -> Self {
        self.remember_idle = Some(span);
        self
    }

    /// The second of the two alone.
    pub fn remember_absolute_timeout(mut self, span: Duration) -> Self {
        self.remember_absolute = Some(span);
        self
    }

    /// At most one write per session in this time for being seen: 100 ms to an hour, default 60 s. A session dies
    /// between the idle timeout less this, and the idle timeout.
    pub fn touch_every(mut self, span: Duration) -> Self {
        self.touch_every = Some(span);
        self
    }

    /// The age at which a token is replaced: 1 s to 400 days, default one hour; `None` never replaces it on a timer.
    pub fn renew_after(mut self, span: Option<Duration>) -> Self {
        self.renew_after = Some(span.map_or(Renewal::Never, Renewal::After));
        self
    }

    /// How long an old token stays good once its successor was used: 0 to 30 s, default 10 s.
    pub fn renew_overlap(mut self, span: Duration) -> Self {
        self.renew_overlap = Some(span);
        self
    }

    /// Live sessions per subject: 0 (no limit) to 10,000, default 5.
    pub fn max_sessions(mut self, most: u32) -> Self {
        self.max_sessions = Some(most);
        self
    }

    /// What happens to the log-in that is one too many. Default: the least recently used session ends.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// How recent an authentication sensitive acts want: 1 s to 400 days, default 5 minutes.
    pub fn step_up_within(mut self, span: Duration) -> Self {
        self.step_up_within = Some(span);
        self
    }

    /// What a change of address, browser or language means. Default: [`Binding::default`].
    pub fn binding(mut self, binding: Binding) -> Self {
        self.binding = binding;
        self
    }

    /// The policy, if every value is within its bounds and none contradicts another.
    pub fn build(self) -> Result<Policy, PolicyError> {
        let timeout = (SECOND, 400 * DAY);
        for (field, value, (least, most)) in [
            ("idle_timeout", self.idle, timeout),
            ("absolute_timeout", self.absolute, timeout),
            ("remember.idle_timeout", self.remember_idle, timeout),
            ("remember.absolute_timeout", self.remember_absolute, timeout),
            ("touch_every", self.touch_every, (100 * MS, HOUR)),
            ("renew_after", self.renew_after.and_then(Renewal::after), timeout),
            ("renew_overlap", self.renew_overlap, (Duration::ZERO, 30 * SECOND)),
            ("step_up_within", self.step_up_within, timeout),
        ] {
            within(field, value, least, most)?;
        }
        at_most("idle_timeout", self.idle, "absolute_timeout", self.absolute)?;
        at_most(
            "remember.idle_timeout",
            self.remember_idle,
            "remember.absolute_timeout",
            self.remember_absolute,
        )?;
        for (other, most) in [
            ("idle_timeout", self.idle),
            ("absolute_timeout", self.absolute),
            ("remember.idle_timeout", self.remember_idle),
        ] {
            below("touch_every", self.touch_every, other, most)?;
        }
        below(
            "renew_overlap",
            self.renew_overlap,
            "renew_after",
            self.renew_after.and_then(Renewal::after),
        )?;
        if let Some(most @ 10_001..) = self.max_sessions {
            let bound = "must be 0 (no limit) to 10000".to_owned();
            return Err(PolicyError {
                field: "max_sessions",
                value: most.to_string(),
                bound,
            });
        }
        self.binding.check()?;
        Ok(self.resolve())
    }

    /// Fills in the defaults and fits them to what was set.
    fn resolve(self) -> Policy {
        let ordinary = lifetime(self.idle, self.absolute, 30 * MINUTE, 8 * HOUR);
        let remembered = lifetime(self.remember_idle, self.remember_absolute, 30 * DAY, 30 * DAY);
        let shortest = ordinary.idle.min(remembered.idle);
        let touch_every = self
            .touch_every
            .unwrap_or(MINUTE)
            .min((shortest / 4).max(100 * MS));
        let renew_after = self.renew_after.unwrap_or(Renewal::After(HOUR)).after();
        let overlap = self.renew_overlap.unwrap_or(10 * SECOND);
        Policy {
            ordinary,
            remembered,
            touch_every: self
                .touch_every
                .filter(|span| *span < shortest)
                .unwrap_or(touch_every),
            renew_after,
            renew_overlap: renew_after.map_or(overlap, |after| overlap.min(after)),
            max_sessions: self.max_sessions.unwrap_or(5),
            when_full: self.when_full,
            step_up_within: self.step_up_within.unwrap_or(5 * MINUTE),
            binding: self.binding,
        }
    }
}

/// The two timeouts; the one that was not set gives way to the one that was.
fn lifetime(
    idle: Option<Duration>,
    absolute: Option<Duration>,
    usual_idle: Duration,
    usual: Duration,
) -> Lifetime {
    let absolute = absolute.unwrap_or_else(|| usual.max(idle.unwrap_or_default()));
    Lifetime {
        idle: idle.unwrap_or(usual_idle).min(absolute),
        absolute,
    }
}

fn within(
    field: &'static str,
    value: Option<Duration>,
    least: Duration,
    most: Duration,
) -> Result<(), PolicyError> {
    match value {
        Some(value) if value < least || value > most => Err(PolicyError {
            field,
            value: Shown(value).to_string(),
            bound: format!("must be {} to {}", Shown(least), Shown(most)),
        }),
        _ => Ok(()),
    }
}

fn at_most(
    field: &'static str,
    value: Option<Duration>,
    other: &str,
    most: Option<Duration>,
) -> Result<(), PolicyError> {
    match (value, most) {
        (Some(value), Some(most)) if value > most => Err(PolicyError {
            field,
            value: Shown(value).to_string(),
            bound: format!("must not be longer than {other}, which is {}", Shown(most)),
        }),
        _ => Ok(()),
    }
}

fn below(
    field: &'static str,
    value: Option<Duration>,
    other: &str,
    most: Option<Duration>,
) -> Result<(), PolicyError> {
    match (value, most) {
        (Some(value), Some(most)) if value >= most => Err(PolicyError {
            field,
            value: Shown(value).to_string(),
            bound: format!("must be shorter than {other}, which is {}", Shown(most)),
        }),
        _ => Ok(()),
    }
}

/// A span as the configuration spells it.
pub(crate) struct Shown(pub(crate) Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            0 => f.write_str("0ms"),
            _ if millis.is_multiple_of(86_400_000) => write!(f, "{}d", millis / 86_400_000),
            _ if millis.is_multiple_of(3_600_000) => write!(f, "{}h", millis / 3_600_000),
            _ if millis.is_multiple_of(1000) => write!(f, "{}s", millis / 1000),
            _ => write!(f, "{millis}ms"),
        }
    }
}
