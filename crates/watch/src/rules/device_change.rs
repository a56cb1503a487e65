//! Another device within one session: its token was copied.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::Person;
use crate::settings::DeviceChange;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// Before the sight is noted. A new version of the same browser is no other device.
pub(crate) fn judge(
    rule: &DeviceChange,
    subject: &Subject,
    person: &Person,
    sight: &Sight,
) -> Option<Finding> {
    let session = sight.session.filter(|_| rule.on)?;
    let now = sight.device.as_deref()?;
    let seen = person.device_of(session)?;
    let before = seen.device.as_deref()?;
    if before == now || is_desktop_mode(before, now) {
        return None;
    }
    Some(Finding {
        rule: Rule::DeviceChange,
        severity: Severity::Critical,
        confidence: 85,
        subject: Some(subject.clone()),
        source: None,
        apart: session.to_string(),
        within: MONTH,
        why: format!("a session that began on {before} goes on on {now}"),
        evidence: vec![seen.clone(), sight.clone()],
    })
}

/// Phones and tablets say that they are computers when the user asks for the page of computers.
fn is_desktop_mode(a: &str, b: &str) -> bool {
    let (Some((browser, a)), Some((other, b))) = (a.split_once(" on "), b.split_once(" on ")) else {
        return false;
    };
    let pairs = [("iPhone", "Mac"), ("iPad", "Mac"), ("Android", "Linux")];
    browser == other && pairs.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
}

#[cfg(test)]
mod tests {
    use super::is_desktop_mode;

    #[test]
    fn the_page_of_computers_on_a_phone_is_no_other_device() {
        assert!(is_desktop_mode("Safari on iPad", "Safari on Mac"));
        assert!(is_desktop_mode("Chrome on Linux", "Chrome on Android"));
        assert!(!is_desktop_mode("Safari on iPad", "Chrome on Mac"));
        assert!(!is_desktop_mode("Chrome on Android", "Chrome on Windows"));
        assert!(!is_desktop_mode("curl", "Chrome on Windows"));
    }
}
