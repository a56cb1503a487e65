//! What the tests share: stories told in events, and small databases of places.
#![allow(dead_code)]

pub mod mmdb;

use cloakroom_core::{Actor, Cause, CloseReason, Entry, Event, Kind, SessionId, Subject, Timestamp};
use cloakroom_watch::{Alert, Exempt, Places, Rule, Rules, Tells, Watch};

/// 2026-07-01T00:00:00Z, in ms.
pub const START: u64 = 1_782_864_000_000;

pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36";

pub const ZURICH: &str = "5.1.0.7";
pub const BASEL: &str = "5.1.1.7";
pub const NEW_YORK: &str = "5.2.0.7";
pub const TOKYO: &str = "5.3.0.7";
pub const MUNICH: &str = "2a00:1::7";
/// In New York, in the autonomous system 64500.
pub const VPN: &str = "5.2.9.7";

/// Cities, and the system of one network.
pub fn places() -> Places {
    let city =
        |net, country, latitude, longitude, radius| (net, mmdb::city(country, latitude, longitude, radius));
    let cities = [
        city("5.1.0.0/24", "CH", 47.38, 8.54, 20),
        city("5.1.1.0/24", "CH", 47.56, 7.59, 20),
        city("5.2.0.0/16", "US", 40.71, -74.0, 50),
        city("5.3.0.0/16", "JP", 35.68, 139.7, 50),
        city("2a00:1::/32", "DE", 48.14, 11.58, 20),
    ];
    let systems = [("5.2.9.0/24", mmdb::system(64_500))];
    Places::none()
        .read(Tells::City, mmdb::write("Test-City", &cities))
        .unwrap()
        .read(Tells::System, mmdb::write("Test-ASN", &systems))
        .unwrap()
        .except(Exempt::new([], [64_500]))
}

/// Events one after the other, and what was told of them.
pub struct Story {
    watch: Watch,
    entries: u64,
    pub told: Vec<Alert>,
}

impl Default for Story {
    fn default() -> Self {
        Self::with(Rules::default())
    }
}

impl Story {
    pub fn with(rules: Rules) -> Self {
        Self {
            watch: Watch::new(rules, places()).unwrap(),
            entries: 0,
            told: Vec::new(),
        }
    }

    pub fn see(&mut self, event: Event) -> &mut Self {
        self.entries += 1;
        let position = format!("{}-0", self.entries).parse().unwrap();
        self.told.extend(self.watch.see(&Entry { position, event }));
        self
    }

    /// So many seconds after the start, in the session of that number.
    pub fn act(
        &mut self,
        kind: Kind,
        second: u64,
        who: &str,
        session: u8,
        ip: &str,
        agent: &str,
    ) -> &mut Self {
        self.see(
            event(kind, second, ip, agent)
                .about(Some(subject(who)))
                .in_session(id(session)),
        )
    }

    pub fn open(&mut self, second: u64, who: &str, session: u8, ip: &str) -> &mut Self {
        self.act(Kind::Opened, second, who, session, ip, FIREFOX)
    }

    /// In a browser that proves that it logged in before, or does not.
    pub fn open_in(&mut self, known: bool, second: u64, session: u8, ip: &str, agent: &str) -> &mut Self {
        let mut event = event(Kind::Opened, second, ip, agent)
            .about(Some(subject("alice")))
            .in_session(id(session));
        event.cause = event.cause.in_browser(known);
        self.see(event)
    }

    /// The user says that a session was not theirs.
    pub fn disown(&mut self, second: u64, session: u8) -> &mut Self {
        let mut event = event(Kind::Closed, second, ZURICH, FIREFOX)
            .about(Some(subject("alice")))
            .in_session(id(session));
        event.reason = Some(CloseReason::Revoked);
        event.cause = event.cause.disowning();
        self.see(event)
    }

    pub fn close(&mut self, reason: CloseReason, second: u64, who: &str, session: u8, ip: &str) -> &mut Self {
        let mut event = event(Kind::Closed, second, ip, FIREFOX)
            .about(Some(subject(who)))
            .in_session(id(session));
        event.reason = Some(reason);
        self.see(event)
    }

    pub fn fail(&mut self, second: u64, who: &str, ip: &str) -> &mut Self {
        self.see(event(Kind::LoginFailed, second, ip, FIREFOX).about(Some(subject(who))))
    }

    /// Which rules spoke.
    pub fn rules(&self) -> Vec<Rule> {
        self.told.iter().map(|alert| alert.rule).collect()
    }

    pub fn of(&self, rule: Rule) -> Vec<&Alert> {
        self.told.iter().filter(|alert| alert.rule == rule).collect()
    }
}

pub fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

pub fn id(number: u8) -> SessionId {
    SessionId::from_stored(&[number; 16]).unwrap()
}

pub fn event(kind: Kind, second: u64, ip: &str, agent: &str) -> Event {
    let cause = Cause {
        at: Timestamp::from_millis(START + second * 1_000),
        actor: Actor::User,
        ip: ip.parse().ok(),
        user_agent: Some(agent.into()),
        detail: None,
    };
    Event::of(kind, cause)
}
