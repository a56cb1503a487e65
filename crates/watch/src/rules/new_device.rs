//! A session begins on a device that the subject did not have before.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::NewDevice;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// Before the sight is noted. The very first device is none.
pub(crate) fn judge(rule: &NewDevice, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let device = sight.device.as_ref().filter(|_| rule.on)?;
    if person.devices.is_empty() || person.devices.holds(device) {
        return None;
    }
    Some(Finding {
        rule: Rule::NewDevice,
        severity: Severity::Info,
        confidence: 5,
        subject: Some(subject.clone()),
        source: None,
        apart: device.to_string(),
        within: MONTH,
        why: format!("logged in on a new device: {device}"),
        evidence: vec![sight.clone()],
    })
}
