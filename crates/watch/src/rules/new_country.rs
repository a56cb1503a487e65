//! A session is used in a country that the subject was not seen in before.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::NewCountry;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// Before the sight is noted. The very first country is none, nor is one in which a browser logs in that proves to be the
/// user's own: it travels with them.
pub(crate) fn judge(rule: &NewCountry, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let country = sight.place.evident().filter(|_| rule.on)?;
    let own = sight.known == Some(true);
    if own || person.countries.is_empty() || person.countries.holds(&country) {
        return None;
    }
    Some(Finding {
        rule: Rule::NewCountry,
        severity: Severity::Info,
        confidence: 10,
        subject: Some(subject.clone()),
        source: None,
        apart: country.to_string(),
        within: MONTH,
        why: format!("used in a new country: {country}"),
        evidence: vec![sight.clone()],
    })
}
