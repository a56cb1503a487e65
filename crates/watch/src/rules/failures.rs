//! Many failed log-ins of one account.

use super::DAY;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Tally;
use crate::settings::Failures;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// `known` is whether the account ever had a session: nobody can break into one that does not exist.
pub(crate) fn judge(
    rule: &Failures,
    subject: &Subject,
    known: bool,
    failures: &Tally,
    sight: &Sight,
) -> Option<Finding> {
    let limits = [rule.burst, rule.trickle];
    let limit = limits
        .into_iter()
        .find(|limit| rule.on && failures.reached(*limit, sight.at))?;
    let count = failures.count(sight.at, limit.within);
    Some(Finding {
        rule: Rule::FailedLogins,
        severity: if known { Severity::Warning } else { Severity::Info },
        confidence: if known { 80 } else { 60 },
        subject: Some(subject.clone()),
        source: None,
        apart: String::new(),
        within: DAY,
        why: format!(
            "{count} failed log-ins within {} minutes",
            limit.within.as_secs() / 60
        ),
        evidence: failures.latest(sight.at, limit.within).cloned().collect(),
    })
}
