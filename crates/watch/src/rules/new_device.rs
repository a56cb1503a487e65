//! A session begins in a browser that never logged in to the account, or on a device that the subject did not have before.
//!
//! A browser that proves that it logged in before is none, whatever it calls itself. One that proves nothing is new, also
//! if it calls itself as the user's own: most people have one of few. Where nobody says, the names have to do.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::NewDevice;
use crate::sight::Sight;
use cloakroom_core::{Subject, device};
use std::sync::Arc;

/// So many log-ins of browsers that have forgotten (private windows, cookies that are deleted), and it is a habit.
const HABIT: u8 = 2;

/// Before the sight is noted. The very first device is none.
pub(crate) fn judge(
    rule: &NewDevice,
    subject: &Subject,
    person: &mut Person,
    sight: &Sight,
) -> Option<Finding> {
    let (why, apart) = what_is_new(person, sight)?;
    rule.on.then(|| Finding {
        rule: Rule::NewDevice,
        severity: Severity::Info,
        confidence: 5,
        subject: Some(subject.clone()),
        source: None,
        apart,
        within: MONTH,
        why,
        evidence: vec![sight.clone()],
    })
}

/// In words, and what tells it from what was told before.
fn what_is_new(person: &mut Person, sight: &Sight) -> Option<(String, String)> {
    let named: Option<&Arc<str>> = sight.device.as_ref();
    let known_by_name = named.is_some_and(|device| person.devices.holds(device));
    let habit = person.forgetful >= HABIT;
    match sight.known {
        Some(true) => person.forgetful = person.forgetful.saturating_sub(1),
        Some(false) if known_by_name => person.forgetful = person.forgetful.saturating_add(1).min(2 * HABIT),
        _ => {}
    }
    if person.devices.is_empty() || sight.known == Some(true) || (known_by_name && habit) {
        return None;
    }
    let device = named.map_or_else(|| device::label(None), ToString::to_string);
    match sight.known {
        Some(_) => {
            let apart = sight.session.map(|session| session.to_string());
            Some((
                format!("logged in in a browser that never did before: {device}"),
                apart.unwrap_or_default(),
            ))
        }
        None if known_by_name || named.is_none() => None,
        None => Some((format!("logged in on a new device: {device}"), device)),
    }
}
