//! Use of a token that had been renewed: two parties hold tokens of one session.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::Reuse;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// Once per session. Where the session was last seen is evidence, too.
pub(crate) fn judge(
    rule: &Reuse,
    subject: Option<&Subject>,
    person: Option<&Person>,
    sight: &Sight,
) -> Option<Finding> {
    let session = sight.session.filter(|_| rule.on)?;
    let mut evidence = person.map_or_else(Vec::new, |person| person.seen_in(session));
    evidence.push(sight.clone());
    Some(Finding {
        rule: Rule::TokenReuse,
        severity: Severity::Critical,
        confidence: 90,
        subject: subject.cloned(),
        source: None,
        apart: session.to_string(),
        within: MONTH,
        why: "a token was shown after its successor had been used; the session has ended".to_owned(),
        evidence,
    })
}
