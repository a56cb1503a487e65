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

/// Before the sight is noted. The very first device is none.
pub(crate) fn judge(rule: &NewDevice, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let by_name = person.knows_device_of(sight);
    let new = match sight.known {
        Some(known) => !(known || by_name && person.is_forgetful()),
        None => sight.device.is_some() && !by_name,
    };
    if !rule.on || !new || person.devices.is_empty() {
        return None;
    }
    let device = sight
        .device
        .as_deref()
        .map_or_else(|| device::label(None), str::to_owned);
    let (why, apart) = match sight.known {
        Some(_) => (
            format!("logged in in a browser that never did before: {device}"),
            sight
                .session
                .map(|session| session.to_string())
                .unwrap_or_default(),
        ),
        None => (format!("logged in on a new device: {device}"), device),
    };
    Some(Finding {
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
