//! A user in two places that are too far apart for the time between, in any two of their sessions.

use super::MONTH;
use crate::alert::{Rule, Severity};
use crate::finding::Finding;
use crate::memory::{Person, Stay};
use crate::settings::Travel;
use crate::sight::Sight;
use cloakroom_core::Subject;

/// How two sights hang together, the strongest last, and how sure that makes it.
pub(crate) const DEVICES_APART: u8 = 40;
const SAME_DEVICE: u8 = 70;
const FRESH_DEVICE: u8 = 75;
const SAME_SESSION: u8 = 85;

/// Before the sight is noted.
pub(crate) fn judge(rule: &Travel, subject: &Subject, person: &Person, sight: &Sight) -> Option<Finding> {
    let here = sight.place.evident().filter(|_| rule.on)?;
    let (stay, km) = person
        .stays
        .iter()
        .filter_map(|stay| Some((stay, impossible_km(rule, stay, sight)?)))
        .max_by_key(|(stay, _)| (confidence(person, stay, sight), stay.last.at))?;
    let there = stay.last.place.evident()?;
    let minutes = sight.at.abs_diff(stay.last.at) / 60_000;
    let confidence = confidence(person, stay, sight);
    let (first, second) = (here.min(there), here.max(there));
    Some(Finding {
        rule: Rule::ImpossibleTravel,
        severity: if confidence > DEVICES_APART {
            Severity::Critical
        } else {
            Severity::Warning
        },
        confidence,
        subject: Some(subject.clone()),
        source: None,
        apart: format!(
            "{first}-{second}{}",
            if confidence > DEVICES_APART {
                ""
            } else {
                " on two devices"
            }
        ),
        within: MONTH,
        why: format!(
            "seen in {there} and, {minutes} minutes later, in {here}, at least {km:.0} km away: more than {} km/h",
            rule.km_per_hour
        ),
        evidence: vec![stay.last.clone(), sight.clone()],
    })
}

/// The distance, if nobody can have come that far in that time.
fn impossible_km(rule: &Travel, stay: &Stay, sight: &Sight) -> Option<f64> {
    let slack = u64::try_from(rule.slack.as_millis()).unwrap_or(u64::MAX);
    // What lies ahead is of a clock that was set back, and tells no speed.
    if stay.last.at > sight.at.saturating_add(slack) {
        return None;
    }
    let millis = sight.at.abs_diff(stay.last.at).saturating_add(slack);
    let hours = std::time::Duration::from_millis(millis).as_secs_f64() / 3_600.0;
    let reach = f64::from(rule.km_per_hour) * hours;
    // Half the earth's girth is the most there is.
    if reach > 20_040.0 {
        return None;
    }
    let km = stay.last.place.at_least_km(&sight.place)?;
    (km >= f64::from(rule.least_km) && km > reach).then_some(km)
}

fn confidence(person: &Person, stay: &Stay, sight: &Sight) -> u8 {
    if stay.last.session == sight.session {
        return SAME_SESSION;
    }
    match &sight.device {
        Some(device) if !person.devices.holds(device) => FRESH_DEVICE,
        Some(_) if stay.last.device == sight.device => SAME_DEVICE,
        _ => DEVICES_APART,
    }
}
