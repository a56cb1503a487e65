//! What an alert says, from whatever its event holds.

use crate::text::line;
use cloakroom_audit::{EventJson, rfc3339};
use cloakroom_core::{Timestamp, device};
use serde_json::{Map, Value};
use std::fmt::Write as _;

const LINE: usize = 300;
const EVIDENCE: usize = 20;

/// An alert, read from an event. Fields that are missing or of another kind are empty; what is no JSON is the summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// Which rule it is of, such as `new-device`.
    pub rule: String,
    /// What it belongs to.
    pub incident: String,
    /// One sentence.
    pub summary: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// For whom: `operator` or `user`.
    pub audience: String,
    /// Where it was, in words.
    pub place: String,
    /// What it rests on, a line each.
    pub evidence: Vec<String>,
    /// What to do.
    pub advice: String,
}

impl Alert {
    /// Reads the detail of an event.
    #[must_use]
    pub fn read(detail: Option<&str>) -> Self {
        let detail = detail.unwrap_or_default();
        let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(detail) else {
            return Self {
                summary: line(detail, LINE),
                ..Self::default()
            };
        };
        let evidence = match fields.get("evidence") {
            Some(Value::Array(items)) => items.iter().take(EVIDENCE).map(seen).collect(),
            Some(Value::Null) | None => Vec::new(),
            Some(other) => vec![words(other)],
        };
        Self {
            rule: field(&fields, "rule"),
            incident: field(&fields, "incident"),
            summary: [field(&fields, "why"), field(&fields, "summary")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
            severity: field(&fields, "severity"),
            audience: field(&fields, "audience"),
            place: field(&fields, "place"),
            advice: field(&fields, "advice"),
            evidence,
        }
    }

    /// Whether only the user it is about can tell what it is worth: a new telephone, a journey.
    #[must_use]
    pub fn is_for_the_user(&self) -> bool {
        self.audience == "user" || matches!(self.rule.as_str(), "new-device" | "new-country")
    }

    /// One line that is never empty.
    #[must_use]
    pub fn headline(&self) -> String {
        let what = [&self.summary, &self.rule]
            .into_iter()
            .find(|text| !text.is_empty());
        let what = what.map_or("an alert", String::as_str);
        match self.severity.as_str() {
            "" => what.to_owned(),
            severity => format!("{severity}: {what}"),
        }
    }

    /// All of it, for operators.
    #[must_use]
    pub fn text(&self, event: &EventJson) -> String {
        let mut text = format!("{}\n\n", self.headline());
        let device = event
            .user_agent
            .as_deref()
            .map(|agent| device::label(Some(agent)));
        for (name, value) in [
            ("rule", Some(self.rule.as_str())),
            ("subject", event.subject.as_deref()),
            ("at", Some(event.at.as_str())),
            ("address", event.ip.as_deref()),
            ("place", Some(self.place.as_str())),
            ("device", device.as_deref()),
            ("session", event.session.as_deref()),
            ("incident", Some(self.incident.as_str())),
            ("event", Some(event.id.as_str())),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                // Writing to a `String` cannot fail.
                let _ = writeln!(text, "  {name:<9} {}", line(value, LINE));
            }
        }
        for evidence in &self.evidence {
            let _ = writeln!(text, "  - {evidence}");
        }
        if !self.advice.is_empty() {
            let _ = writeln!(text, "\n{}", self.advice);
        }
        text
    }
}

fn field(fields: &Map<String, Value>, name: &str) -> String {
    fields.get(name).map(words).unwrap_or_default()
}

/// One event that an alert rests on: when, what, from where, with what. Anything else as it is.
fn seen(value: &Value) -> String {
    let at = value.get("at").and_then(Value::as_u64);
    let (Some(at), Some(kind)) = (at, value.get("kind").and_then(Value::as_str)) else {
        return words(value);
    };
    let mut text = format!("{} {kind}", rfc3339(Timestamp::from_millis(at)));
    for (name, before, after) in [("ip", " from ", ""), ("country", " (", ")"), ("device", ", ", "")] {
        if let Some(value) = value.get(name).and_then(Value::as_str) {
            text.extend([before, value, after]);
        }
    }
    line(&text, LINE)
}

/// A JSON value as a line for people.
fn words(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let pairs = fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", words(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    line(&text, LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_alert_holds_it_can_be_read() {
        for (detail, headline) in [
            (None, "an alert"),
            (Some(""), "an alert"),
            (Some("plain words"), "plain words"),
            (Some("{\"rule\":\"new-device\"}"), "new-device"),
            (
                Some("{\"summary\":\"S\",\"severity\":\"critical\",\"other\":[1]}"),
                "critical: S",
            ),
            (
                Some("{\"summary\":7,\"severity\":null,\"evidence\":{\"a\":1}}"),
                "7",
            ),
            (Some("[1,2]"), "[1,2]"),
            (Some("{\"summary\":\"a\\r\\nBcc: x@y\"}"), "a  Bcc: x@y"),
            (Some("{broken"), "{broken"),
        ] {
            let alert = Alert::read(detail);
            assert_eq!(alert.headline(), headline, "{detail:?}");
            assert!(!alert.text(&EventJson::default()).is_empty());
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        let evidence: Vec<String> = (0..100).map(|_| "x".repeat(10_000)).collect();
        let detail = serde_json::json!({ "summary": "s".repeat(100_000), "evidence": evidence }).to_string();
        let text = Alert::read(Some(&detail)).text(&EventJson::default());
        assert!(text.len() < 10_000, "{}", text.len());
    }

    #[test]
    fn evidence_of_any_shape_becomes_lines() {
        let detail = "{\"evidence\":[\"a\",{\"ip\":\"192.0.2.1\",\"n\":2},[1,2],null]}";
        let lines = Alert::read(Some(detail)).evidence;
        assert_eq!(lines, ["a", "ip: 192.0.2.1, n: 2", "1, 2", ""]);
    }
}
