//! What a rule has found, before it is told.

use crate::alert::{Alert, Audience, Rule, Severity};
use crate::incident::IncidentId;
use crate::rules::travel;
use crate::sight::Sight;
use cloakroom_core::{SessionId, Subject, Timestamp};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::time::Duration;

/// The most events that an alert shows.
const EVIDENCE: usize = 8;

pub(crate) struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// 0 to 100.
    pub confidence: u8,
    pub subject: Option<Subject>,
    pub source: Option<IpNet>,
    /// What tells it from other findings of this rule about the same.
    pub apart: String,
    /// For how long it is one incident.
    pub within: Duration,
    pub why: String,
    pub evidence: Vec<Sight>,
}

impl Finding {
    /// Whom and what it is about, as one text that no other finding has.
    pub fn about(&self) -> String {
        let subject = self.subject.as_ref().map_or("", Subject::as_str);
        let source = self.source.map(|net| net.to_string()).unwrap_or_default();
        // A subject holds no control characters, so the marks between are unambiguous.
        format!("{subject}\u{1}{source}\u{1}{}", self.apart)
    }

    /// Two devices that are both known to be the user's are a question to the user first.
    fn audience(&self) -> Audience {
        let unsure = self.rule == Rule::ImpossibleTravel && self.confidence <= travel::DEVICES_APART;
        if unsure {
            Audience::User
        } else {
            self.rule.audience()
        }
    }

    pub fn alert(self, incident: IncidentId, at: u64) -> Alert {
        let sessions: BTreeSet<SessionId> = self.evidence.iter().filter_map(|sight| sight.session).collect();
        Alert {
            incident,
            rule: self.rule,
            audience: self.audience(),
            severity: self.severity,
            confidence: self.confidence,
            at: Timestamp::from_millis(at),
            subject: self.subject,
            source: self.source,
            why: self.why,
            evidence: self
                .evidence
                .iter()
                .rev()
                .take(EVIDENCE)
                .rev()
                .map(Sight::evidence)
                .collect(),
            advice: self.rule.advice(),
            sessions: sessions.into_iter().collect(),
        }
    }
}
