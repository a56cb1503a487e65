//! Tokens that are none: from one network, or from everywhere.

use super::{DAY, SHIFT};
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::{Source, Tide};
use crate::settings::Guessing;
use crate::sight::Sight;
use std::time::Duration;

/// From one network.
pub(crate) fn judge_source(rule: &Guessing, source: &Source, sight: &Sight) -> Option<Finding> {
    let network = sight.network().filter(|_| rule.on)?;
    let (limit, guesses) = [rule.burst, rule.trickle].into_iter().find_map(|limit| {
        let guesses = source.guesses.count(sight.at, limit.within);
        let entering = source.entering(sight.at, limit.within);
        let enough = guesses >= limit.count && guesses >= entering.saturating_mul(rule.times_successes);
        enough.then_some((limit, guesses))
    })?;
    Some(Finding {
        rule: Rule::TokenGuessing,
        severity: Severity::Warning,
        confidence: 80,
        subject: None,
        source: Some(network),
        apart: String::new(),
        within: DAY,
        why: format!(
            "{guesses} tokens that are none from one network within {} minutes",
            limit.within.as_secs() / 60
        ),
        evidence: source.guesses.latest(sight.at, limit.within).cloned().collect(),
    })
}

/// From everywhere.
pub(crate) fn judge_overall(rule: &Guessing, tide: &Tide, sight: &Sight) -> Option<Finding> {
    let (guesses, usual) = (tide.guesses_in_the_hour(), tide.usual_guesses());
    if !rule.on || guesses < rule.overall {
        return None;
    }
    let rare = guesses >= usual.saturating_mul(rule.times_usual)
        && guesses >= tide.entering().saturating_mul(rule.times_successes);
    rare.then(|| Finding {
        rule: Rule::TokenGuessing,
        severity: Severity::Warning,
        confidence: 60,
        subject: None,
        source: None,
        apart: "everywhere".to_owned(),
        within: SHIFT,
        why: format!("{guesses} tokens that are none within an hour, {usual} are usual"),
        evidence: tide
            .guesses
            .latest(sight.at, Duration::from_hours(1))
            .cloned()
            .collect(),
    })
}
