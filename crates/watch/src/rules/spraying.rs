//! Failed log-ins of many accounts: from one network, or from everywhere.

use super::{DAY, SHIFT};
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::{Source, Tide};
use crate::settings::Spraying;
use crate::sight::Sight;
use std::time::Duration;

/// From one network.
pub(crate) fn judge_source(rule: &Spraying, source: &Source, sight: &Sight) -> Option<Finding> {
    let network = sight.network().filter(|_| rule.on)?;
    let (limit, failing, entering) = [rule.burst, rule.trickle].into_iter().find_map(|limit| {
        let failing = source.failing(sight.at, limit.within);
        let entering = source.entering(sight.at, limit.within);
        let enough = failing >= limit.count && failing >= entering.saturating_mul(rule.times_successes);
        enough.then_some((limit, failing, entering))
    })?;
    Some(Finding {
        rule: Rule::PasswordSpraying,
        severity: if entering > 0 {
            Severity::Critical
        } else {
            Severity::Warning
        },
        confidence: 80,
        subject: None,
        source: Some(network),
        apart: String::new(),
        within: DAY,
        why: format!(
            "{failing} accounts failed to log in from one network within {} minutes, and {entering} got in",
            limit.within.as_secs() / 60
        ),
        evidence: source.failures.latest(sight.at, limit.within).cloned().collect(),
    })
}

/// From everywhere.
pub(crate) fn judge_overall(rule: &Spraying, tide: &Tide, sight: &Sight) -> Option<Finding> {
    if !rule.on || tide.failing() < rule.overall {
        return None;
    }
    let (failing, entering, usual) = (tide.failing(), tide.entering(), tide.usual_failing());
    let rare = failing >= usual.saturating_mul(rule.times_usual) && failing.saturating_mul(4) >= entering;
    if !rare {
        return None;
    }
    Some(Finding {
        rule: Rule::PasswordSpraying,
        severity: Severity::Warning,
        confidence: 60,
        subject: None,
        source: None,
        apart: "everywhere".to_owned(),
        within: SHIFT,
        why: format!(
            "{failing} accounts failed to log in within an hour, {usual} are usual, and {entering} got in"
        ),
        evidence: tide
            .failures
            .latest(sight.at, Duration::from_hours(1))
            .cloned()
            .collect(),
    })
}
