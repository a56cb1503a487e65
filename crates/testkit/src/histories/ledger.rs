//! Writes what happens, as a server's journal would.

use super::dice::Dice;
use crate::START;
use cloakroom_core::{Actor, Cause, CloseReason, Entry, Event, Kind, SessionId, Subject};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const MINUTE: f64 = 60.0;
pub(crate) const HOUR: f64 = 3_600.0;
pub(crate) const DAY: f64 = 86_400.0;

/// A session that an ordinary user had, for attackers to look at.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub person: usize,
    pub session: SessionId,
    pub agent: Arc<str>,
    pub ip: IpAddr,
    /// In seconds since the start: when it began, and until when its user used it.
    pub from: f64,
    pub until: f64,
}

/// Events with their time in seconds.
pub(crate) struct Ledger {
    events: Vec<(f64, Event)>,
    agents: HashMap<String, Arc<str>>,
    ids: Dice,
    pub past: Vec<Past>,
}

/// Who does something, and from where.
#[derive(Clone, Debug)]
pub(crate) struct From {
    pub ip: IpAddr,
    pub agent: Arc<str>,
}

impl Ledger {
    pub fn new(seed: u64) -> Self {
        Self {
            events: Vec::new(),
            agents: HashMap::new(),
            ids: Dice::for_part(seed, 9, 9),
            past: Vec::new(),
        }
    }

    pub fn agent(&mut self, text: String) -> Arc<str> {
        self.agents
            .entry(text)
            .or_insert_with_key(|text| text.as_str().into())
            .clone()
    }

    pub fn session(&mut self) -> SessionId {
        SessionId::mint(self.ids.source()).unwrap()
    }

    /// The user did something in a session.
    pub fn note(&mut self, at: f64, kind: Kind, subject: &Subject, session: SessionId, from: &From) {
        let event = Event::of(kind, cause(Some(from)))
            .about(Some(subject.clone()))
            .in_session(session);
        self.events.push((at, event));
    }

    /// The user logged in, in a browser that did so before, or not.
    pub fn opened(&mut self, at: f64, subject: &Subject, session: SessionId, from: &From, known: bool) {
        let cause = cause(Some(from)).in_browser(known);
        let event = Event::of(Kind::Opened, cause)
            .about(Some(subject.clone()))
            .in_session(session);
        self.events.push((at, event));
    }

    /// A session ended; for a deadline, nobody is there.
    pub fn close(
        &mut self,
        at: f64,
        reason: CloseReason,
        subject: &Subject,
        session: SessionId,
        from: Option<&From>,
    ) {
        let mut event = Event::of(Kind::Closed, cause(from))
            .about(Some(subject.clone()))
            .in_session(session);
        event.reason = Some(reason);
        self.events.push((at, event));
    }

    pub fn failed(&mut self, at: f64, subject: Option<&Subject>, from: &From) {
        self.events.push((
            at,
            Event::of(Kind::LoginFailed, cause(Some(from))).about(subject.cloned()),
        ));
    }

    pub fn guess(&mut self, at: f64, from: &From) {
        self.events.push((at, Event::of(Kind::Guess, cause(Some(from)))));
    }

    /// All of it in order.
    pub fn entries(mut self) -> Vec<Entry> {
        self.events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let numbered = self.events.into_iter().enumerate();
        numbered
            .map(|(number, (at, mut event))| {
                event.cause.at = START + Duration::from_secs_f64(at.max(0.0));
                Entry {
                    position: format!("h.{}-0", number + 1).parse().unwrap(),
                    event,
                }
            })
            .collect()
    }
}

fn cause(from: Option<&From>) -> Cause {
    Cause {
        actor: if from.is_some() {
            Actor::User
        } else {
            Actor::System
        },
        ip: from.map(|from| from.ip),
        user_agent: from.map(|from| from.agent.clone()),
        ..Cause::default()
    }
}
