//! Log-in and log-out, again and again.

use super::DAY;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::Cycles;
use crate::sight::Sight;
use cloakroom_core::Subject;

pub(crate) fn judge(rule: &Cycles, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let within = rule.within;
    let log_ins = person.openings.count(sight.at, within);
    let log_outs = person.log_outs.count(sight.at, within);
    if !rule.on || log_ins < rule.log_ins || log_outs + 1 < rule.log_ins {
        return None;
    }
    let mut evidence: Vec<_> = person
        .openings
        .latest(sight.at, within)
        .chain(person.log_outs.latest(sight.at, within))
        .cloned()
        .collect();
    evidence.sort_by_key(|sight| sight.at);
    Some(Finding {
        rule: Rule::LoginCycles,
        severity: Severity::Warning,
        confidence: 70,
        subject: Some(subject.clone()),
        source: None,
        apart: String::new(),
        within: DAY,
        why: format!(
            "{log_ins} log-ins and {log_outs} log-outs within {} minutes",
            within.as_secs() / 60
        ),
        evidence,
    })
}
