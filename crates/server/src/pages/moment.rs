//! Times as people say them: "5 minutes ago", "in 3 hours".

use jiff::{Timestamp, tz::TimeZone};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;

/// An instant, looked at from another one.
///
/// The small script on the pages words times by the same rules; change both together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    at: Timestamp,
    now: Timestamp,
}

impl Moment {
    /// The instant `at`, for a reader who looks at it at `now`.
    #[must_use]
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// RFC 3339 in UTC, to the second: the `datetime` attribute.
    #[must_use]
    pub fn iso(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The exact time for a reader: `21 Nov 2026, 14:05:09 UTC`.
    #[must_use]
    pub fn exact(&self) -> String {
        self.at
            .to_zoned(TimeZone::UTC)
            .strftime("%-d %b %Y, %H:%M:%S UTC")
            .to_string()
    }

    /// How long ago, rounded down. What lies ahead (another clock) counts as just now.
    #[must_use]
    pub fn ago(&self) -> String {
        let past = self.now.as_second() - self.at.as_second();
        match span(past, floor) {
            Some(words) => format!("{words} ago"),
            None => "just now".to_owned(),
        }
    }

    /// How far ahead, rounded to the nearest unit. What has passed is "now".
    #[must_use]
    pub fn until(&self) -> String {
        let ahead = self.at.as_second() - self.now.as_second();
        if ahead <= 0 {
            return "now".to_owned();
        }
        match span(ahead, nearest) {
            Some(words) => format!("in {words}"),
            None => "in less than a minute".to_owned(),
        }
    }
}

/// A waiting time in words, rounded up so that nobody comes back too early: `45 seconds`, `2 minutes`.
#[must_use]
pub fn wait(seconds: u64) -> String {
    let up = |unit: u64| i64::try_from(seconds.div_ceil(unit)).unwrap_or(i64::MAX);
    match seconds {
        0..=90 => count(up(1).max(1), "second"),
        91..=5400 => count(up(60), "minute"),
        _ => count(up(3600), "hour"),
    }
}

fn floor(seconds: i64, unit: i64) -> i64 {
    seconds / unit
}

fn nearest(seconds: i64, unit: i64) -> i64 {
    (seconds + unit / 2) / unit
}

/// Nothing for less than a minute. Days go up to 59, so that a 30-day session reads "30 days".
fn span(seconds: i64, divide: fn(i64, i64) -> i64) -> Option<String> {
    if seconds < MINUTE {
        return None;
    }
    let (minutes, hours, days) = (
        divide(seconds, MINUTE),
        divide(seconds, HOUR),
        divide(seconds, DAY),
    );
    Some(if minutes < 60 {
        count(minutes, "minute")
    } else if hours < 24 {
        count(hours, "hour")
    } else if days < 60 {
        count(days, "day")
    } else if days < 365 {
        count(divide(seconds, MONTH), "month")
    } else {
        count(divide(seconds, YEAR), "year")
    })
}

fn count(n: i64, unit: &str) -> String {
    if n == 1 {
        format!("1 {unit}")
    } else {
        format!("{n} {unit}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds_from_now: i64) -> Moment {
        let now: Timestamp = "2026-11-21T14:05:09Z".parse().unwrap();
        let at = Timestamp::from_second(now.as_second() + seconds_from_now).unwrap();
        Moment::new(at, now)
    }

    #[test]
    fn ago_is_worded_as_people_say_it() {
        for (seconds, words) in [
            (-30, "just now"),
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (119, "1 minute ago"),
            (120, "2 minutes ago"),
            (HOUR - 1, "59 minutes ago"),
            (HOUR, "1 hour ago"),
            (DAY - 1, "23 hours ago"),
            (DAY, "1 day ago"),
            (59 * DAY, "59 days ago"),
            (60 * DAY, "2 months ago"),
            (364 * DAY, "12 months ago"),
            (365 * DAY, "1 year ago"),
            (3 * YEAR, "3 years ago"),
        ] {
            assert_eq!(moment(-seconds).ago(), words, "{seconds} s ago");
        }
    }

    #[test]
    fn until_is_worded_as_people_say_it() {
        for (seconds, words) in [
            (-5, "now"),
            (0, "now"),
            (1, "in less than a minute"),
            (59, "in less than a minute"),
            (60, "in 1 minute"),
            (30 * MINUTE - 1, "in 30 minutes"),
            (HOUR - 1, "in 1 hour"),
            (8 * HOUR - 20, "in 8 hours"),
            (DAY - 60, "in 1 day"),
            (30 * DAY - 1, "in 30 days"),
            (90 * DAY, "in 3 months"),
            (2 * YEAR, "in 2 years"),
        ] {
            assert_eq!(moment(seconds).until(), words, "in {seconds} s");
        }
    }

    #[test]
    fn exact_times_are_utc_and_say_so() {
        assert_eq!(moment(0).iso(), "2026-11-21T14:05:09Z");
        assert_eq!(moment(0).exact(), "21 Nov 2026, 14:05:09 UTC");
    }

    #[test]
    fn waits_are_rounded_up() {
        for (seconds, words) in [
            (0, "1 second"),
            (1, "1 second"),
            (45, "45 seconds"),
            (91, "2 minutes"),
            (601, "11 minutes"),
            (7200, "2 hours"),
        ] {
            assert_eq!(wait(seconds), words, "{seconds} s");
        }
    }
}
