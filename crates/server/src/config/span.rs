//! Lengths of time as people write them: `500ms`, `30s`, `30m`, `8h`, `30d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::units;

/// The units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A length of time in whole milliseconds. Written as one whole number and one unit: `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// A span of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A span of seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000)
    }

    /// A span of days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self::from_secs(days * 86_400)
    }

    /// The length in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_millis(span.0)
    }
}

impl From<Duration> for Span {
    /// Without what is less than a millisecond.
    fn from(span: Duration) -> Self {
        Self(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The text is not a whole number followed by a unit, or is too long to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number with a unit, as in 500ms, 30s, 30m, 8h or 30d")]
pub struct BadSpan;

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        units::read(text, &UNITS).map(Self).ok_or(BadSpan)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        units::write(f, self.0, &UNITS, "s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_unit_and_prints_it_back() {
        for (text, millis, printed) in [
            ("500ms", 500, "500ms"),
            ("30s", 30_000, "30s"),
            ("30m", 1_800_000, "30m"),
            ("8h", 28_800_000, "8h"),
            ("30d", 2_592_000_000, "30d"),
            ("0s", 0, "0s"),
            ("0ms", 0, "0s"),
            ("60s", 60_000, "1m"),
            ("90s", 90_000, "90s"),
            ("1500ms", 1_500, "1500ms"),
            ("24h", 86_400_000, "1d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.as_millis(), millis, "{text}");
            assert_eq!(span.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_number_and_one_unit() {
        for text in [
            "", "s", "30", "-30s", "+30s", "1.5h", "30 m", " 30m", "30m ", "30S", "1h30m", "30min", "off",
            "３0s",
        ] {
            assert_eq!(text.parse::<Span>(), Err(BadSpan), "{text:?}");
        }
        assert_eq!("99999999999999999999d".parse::<Span>(), Err(BadSpan));
        assert_eq!("18446744073709551615d".parse::<Span>(), Err(BadSpan));
    }
}
