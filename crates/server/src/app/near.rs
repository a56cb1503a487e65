//! How the near cache is doing, for operators.

use super::metrics::{counter, gauge};
use cloakroom::NearStats;
use serde_json::{Value, json};

/// In Prometheus' text format. The moment as of which the journal is known has no age before it was heard for the
/// first time, and then has no line.
#[must_use]
pub fn metrics(stats: &NearStats) -> String {
    let mut text = String::new();
    for (name, help, value) in [
        ("hits", "Checks that the near cache answered.", stats.hits),
        (
            "misses",
            "Checks of sessions that the near cache did not hold.",
            stats.misses,
        ),
        (
            "stand_asides",
            "Checks that the near cache left to the store: no news within the lease.",
            stats.stood_aside,
        ),
        (
            "refused_fills",
            "Records not cached because news came while they were read.",
            stats.refused_fills,
        ),
        (
            "gaps",
            "Times that the near cache was emptied, the first start included.",
            stats.gaps,
        ),
        (
            "journal_entries",
            "Entries of the journal that the near cache applied.",
            stats.applied,
        ),
    ] {
        counter(&mut text, &format!("cache_{name}"), help, value);
    }
    gauge(
        &mut text,
        "cache_entries",
        "Sessions that the near cache holds.",
        stats.entries,
    );
    let lag = "How long the last entry of the journal took from its cause to the near cache.";
    gauge(
        &mut text,
        "cache_journal_lag_seconds",
        lag,
        stats.lag.as_secs_f64(),
    );
    if let Some(age) = stats.lease_age {
        let help = "How long ago the moment is as of which the near cache knows the journal.";
        gauge(&mut text, "cache_lease_age_seconds", help, age.as_secs_f64());
    }
    let help = "How old that moment may get before the near cache leaves checks to the store.";
    gauge(&mut text, "cache_lease_seconds", help, stats.lease.as_secs_f64());
    text
}

/// The same as JSON.
#[must_use]
pub fn json(stats: &NearStats) -> Value {
    json!({
        "hits": stats.hits,
        "misses": stats.misses,
        "stand_asides": stats.stood_aside,
        "refused_fills": stats.refused_fills,
        "gaps": stats.gaps,
        "journal_entries": stats.applied,
        "entries": stats.entries,
        "journal_lag_seconds": stats.lag.as_secs_f64(),
        "lease_age_seconds": stats.lease_age.map(|age| age.as_secs_f64()),
        "lease_seconds": stats.lease.as_secs_f64(),
    })
}

/// How many of a hundred checks were answered from memory; nothing before the first.
#[must_use]
pub fn percentage(stats: &NearStats) -> Option<u64> {
    let all = stats.hits + stats.misses + stats.stood_aside;
    (stats.hits * 100).checked_div(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_of_a_hundred_is_only_said_of_all() {
        let of = |hits, misses, stood_aside| {
            percentage(&NearStats {
                hits,
                misses,
                stood_aside,
                ..NearStats::default()
            })
        };
        assert_eq!(of(0, 0, 0), None);
        assert_eq!(of(0, 1, 2), Some(0));
        assert_eq!(of(999, 1, 0), Some(99));
        assert_eq!(of(50, 25, 25), Some(50));
        assert_eq!(of(3, 0, 0), Some(100));
    }

    #[test]
    fn what_was_never_heard_has_no_age() {
        let mut stats = NearStats::default();
        assert!(!metrics(&stats).contains("lease_age"));
        assert_eq!(json(&stats)["lease_age_seconds"], Value::Null);
        stats.lease_age = Some(std::time::Duration::from_millis(250));
        assert!(metrics(&stats).contains("\ncloakroom_cache_lease_age_seconds 0.25\n"));
        assert_eq!(json(&stats)["lease_age_seconds"], 0.25);
    }
}
