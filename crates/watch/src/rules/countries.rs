//! Live sessions of one user in several countries at once.

use super::DAY;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::Countries;
use crate::sight::Sight;
use cloakroom_core::Subject;
use std::time::Duration;

/// After the sight was noted.
pub(crate) fn judge(rule: &Countries, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    sight.place.evident().filter(|_| rule.on)?;
    let within = u64::try_from(rule.within.as_millis()).unwrap_or(u64::MAX);
    let mut apart: Vec<&Sight> = vec![sight];
    for stay in person.stays.iter().filter(|stay| stay.live) {
        let there = &stay.last;
        let at_once = there.at.abs_diff(sight.at) <= within;
        // Countries that touch are one: who lives at a border is in both.
        let away = |other: &&Sight| {
            let km = other.place.at_least_km(&there.place);
            other.place.country != there.place.country && km.is_some_and(|km| km > 0.0)
        };
        if at_once && apart.iter().all(away) {
            apart.push(there);
        }
    }
    if apart.len() < rule.at_once as usize {
        return None;
    }
    let mut names: Vec<_> = apart.iter().filter_map(|sight| sight.place.country).collect();
    names.sort_unstable();
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    Some(Finding {
        rule: Rule::SeveralCountries,
        severity: Severity::Critical,
        confidence: 80,
        subject: Some(subject.clone()),
        source: None,
        apart: String::new(),
        within: DAY.max(Duration::from_millis(within)),
        why: format!(
            "sessions in {} countries within {} minutes: {}",
            apart.len(),
            within / 60_000,
            names.join(", ")
        ),
        evidence: apart.into_iter().rev().cloned().collect(),
    })
}
