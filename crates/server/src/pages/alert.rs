//! An alert as the console shows it.

use jiff::Timestamp;
use serde::Deserialize;

use super::moment::Moment;

/// An alert: what the journal says of it, as far as it can be read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AlertView {
    /// When it was told.
    #[serde(skip)]
    pub told_at: Timestamp,
    /// `impossible-travel` and so on.
    pub rule: String,
    /// `operator` or `user`.
    pub audience: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// How sure, of a hundred.
    pub confidence: u8,
    /// About whom.
    pub subject: Option<String>,
    /// About which network.
    pub source: Option<String>,
    /// What was seen, in a sentence.
    pub why: String,
    /// What it rests on.
    pub evidence: Vec<EvidenceView>,
    /// What to do.
    pub advice: String,
    /// What was done: `notify`, `step-up` or `end`.
    pub response: String,
}

/// One event that an alert rests on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EvidenceView {
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// What happened.
    pub kind: String,
    /// From which address.
    pub ip: Option<String>,
    /// In which country.
    pub country: Option<String>,
    /// On which device.
    pub device: Option<String>,
}

impl AlertView {
    /// Reads what an event of the kind `alert` says. What is missing stays empty.
    #[must_use]
    pub fn read(told_at: Timestamp, detail: &str) -> Self {
        let read: Self = serde_json::from_str(detail).unwrap_or_else(|_| Self {
            why: detail.to_owned(),
            ..Self::default()
        });
        Self { told_at, ..read }
    }

    /// Whether it is for whoever runs the service, and not a notice to a user.
    #[must_use]
    pub fn is_for_operators(&self) -> bool {
        self.audience != "user"
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        match self.name().as_str() {
            "" => self.why.clone(),
            name => format!("{name}: {}", self.why),
        }
    }

    /// `impossible travel`
    pub(super) fn name(&self) -> String {
        self.rule.replace('-', " ")
    }

    pub(super) fn moment(&self, now: &Timestamp) -> Moment {
        Moment::new(self.told_at, *now)
    }

    pub(super) fn is_critical(&self) -> bool {
        self.severity == "critical"
    }

    /// What was done beyond telling.
    pub(super) fn done(&self) -> Option<&'static str> {
        match self.response.as_str() {
            "step-up" => Some("The sessions concerned have to confirm their password."),
            "end" => Some("The sessions concerned were ended."),
            _ => None,
        }
    }
}

impl EvidenceView {
    pub(super) fn moment(&self, now: &Timestamp) -> Moment {
        Moment::new(Timestamp::from_millisecond(self.at).unwrap_or_default(), *now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_read_is_shown_as_it_is() {
        for detail in ["", "{", "[1]", "plain words", "{\"rule\":7}"] {
            let alert = AlertView::read(Timestamp::UNIX_EPOCH, detail);
            assert_eq!(alert.line(), detail);
        }
        let alert = AlertView::read(
            Timestamp::UNIX_EPOCH,
            r#"{"rule":"new-device","why":"a","later":[]}"#,
        );
        assert_eq!(alert.line(), "new device: a");
    }
}
