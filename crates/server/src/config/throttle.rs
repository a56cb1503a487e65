//! `[throttle]`: how many wrong guesses are taken, written `10/30s`: ten at once, then one in thirty seconds.

use super::setting::{Raw, Settings, boolean, text};
use super::span::Span;
use super::tree::Throttle;
use cloakroom::Rate;
use std::time::Duration;

const BURST: std::ops::RangeInclusive<u32> = 1..=100_000;
const LEAST: Duration = Duration::from_millis(1);
const MOST: Duration = Duration::from_hours(24);

impl Default for Throttle {
    fn default() -> Self {
        Self {
            across_nodes: false,
            source: Rate::new(50, Duration::from_secs(6)),
            account: Rate::new(10, Duration::from_secs(30)),
            device: Rate::new(10, Duration::from_secs(30)),
            tokens: Rate::new(1000, Duration::from_millis(100)),
            keys: Rate::new(10, Duration::from_secs(10)),
        }
    }
}

/// Reads the section and notes what is out of bounds.
pub(super) fn read(settings: &mut Settings) -> Throttle {
    let usual = Throttle::default();
    let mut read = |key, usual| settings.read(key, rate).unwrap_or(usual);
    Throttle {
        source: read("throttle.source", usual.source),
        account: read("throttle.account", usual.account),
        device: read("throttle.device", usual.device),
        tokens: read("throttle.tokens", usual.tokens),
        keys: read("throttle.keys", usual.keys),
        across_nodes: settings
            .read("throttle.across_nodes", boolean)
            .unwrap_or(usual.across_nodes),
    }
}

fn rate(raw: &Raw) -> Result<Rate, String> {
    const BOUND: &str = "must be a number and an interval, as in 10/30s: ten at once, then one in thirty seconds; \
                         from 1 to 100000, from 1ms to 24h";
    let parse = |text: &str| {
        let (burst, every) = text.split_once('/')?;
        let burst: u32 = burst.trim().parse().ok().filter(|burst| BURST.contains(burst))?;
        let every: Duration = every.trim().parse::<Span>().ok()?.into();
        (LEAST..=MOST).contains(&every).then(|| Rate::new(burst, every))
    };
    parse(text(raw)?).ok_or_else(|| BOUND.to_owned())
}

/// As it is written.
pub(super) fn shown(rate: Rate) -> String {
    format!("{}/{}", rate.burst(), Span::from(rate.every()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_shown_and_others_refused() {
        for good in ["10/30s", "1/1ms", "100000/1d"] {
            assert_eq!(shown(rate(&Raw::Text(good.to_owned())).unwrap()), good);
        }
        for bad in [
            "",
            "10",
            "/",
            "0/1s",
            "10/0s",
            "100001/1s",
            "10/2d",
            "-1/1s",
            "ten/1s",
            "1/1s/1s",
        ] {
            assert!(rate(&Raw::Text(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
