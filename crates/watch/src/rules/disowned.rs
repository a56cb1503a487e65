//! A session that its user says was not theirs: the one who can tell has told.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::Disowned;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// Once per session. Where it was seen is the evidence, and who says that it was not theirs.
pub(crate) fn judge(rule: &Disowned, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let session = sight.session.filter(|_| rule.on)?;
    let mut evidence = person.seen_in(session);
    evidence.push(sight.clone());
    Some(Finding {
        rule: Rule::DisownedSession,
        severity: Severity::Critical,
        confidence: 95,
        subject: Some(subject.clone()),
        source: None,
        apart: session.to_string(),
        within: MONTH,
        why: "the user ended a session and says that it was not theirs".to_owned(),
        evidence,
    })
}
