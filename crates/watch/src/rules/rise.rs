//! More sessions than a subject usually opens, and they are not logged out.

use super::DAY;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::Rise;
use crate::sight::Sight;
use cloakroom_core::Subject;

pub(crate) fn judge(rule: &Rise, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let usual = person.usual.per_day();
    let (limit, opened) = [rule.burst, rule.trickle].into_iter().find_map(|limit| {
        if !rule.on || !person.openings.reached(limit, sight.at) {
            return None;
        }
        let log_outs = person.log_outs.count(sight.at, limit.within);
        let opened = person
            .openings
            .count(sight.at, limit.within)
            .saturating_sub(log_outs);
        let unusual = f64::from(opened) >= f64::from(usual) * f64::from(rule.times_usual);
        (opened >= limit.count && unusual).then_some((limit, opened))
    })?;
    Some(Finding {
        rule: Rule::SessionRise,
        severity: Severity::Warning,
        confidence: 65,
        subject: Some(subject.clone()),
        source: None,
        apart: String::new(),
        within: DAY,
        why: format!(
            "{opened} sessions opened within {} minutes and not logged out; {usual:.0} in a day are usual",
            limit.within.as_secs() / 60
        ),
        evidence: person.openings.latest(sight.at, limit.within).cloned().collect(),
    })
}
