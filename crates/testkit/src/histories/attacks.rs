//! Attacks, each with an intensity of its own.

use super::Plan;
use super::atlas::{Atlas, Network};
use super::devices::Device;
use super::dice::Dice;
use super::ledger::{DAY, From, HOUR, Ledger, MINUTE, Past};
use super::people::{Person, abroad, any};
use crate::START;
use cloakroom_core::{CloseReason, Kind, Subject, Timestamp};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::time::Duration;

/// What an attacker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// A stolen cookie, used from another country while its owner uses it, with the owner's `User-Agent` or another.
    StolenCookie,
    /// A log-in with the right password, from a new device and country.
    TakeOver,
    /// The same in the owner's country, on a device that may call itself as one of theirs.
    TakeOverAtHome,
    /// Leaked names and passwords from a few networks, one try each; one in a hundred fits.
    Stuffing,
    /// A few passwords for many accounts within an hour or two, from a few networks.
    SprayFast,
    /// The same over days, with minutes to an hour between tries from one network.
    SpraySlow,
    /// The same from hundreds of networks.
    SprayWide,
    /// Many passwords for one account.
    BruteForce,
    /// Tokens that are guessed.
    TokenGuessing,
    /// An old token of a session that was renewed.
    TokenReuse,
    /// Sessions opened and kept.
    Hoarding,
    /// Log-in and log-out in a loop.
    Cycling,
    /// A session's token used on another device in the same country.
    DeviceSwap,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::StolenCookie,
        Self::TakeOver,
        Self::TakeOverAtHome,
        Self::Stuffing,
        Self::SprayFast,
        Self::SpraySlow,
        Self::SprayWide,
        Self::BruteForce,
        Self::TokenGuessing,
        Self::TokenReuse,
        Self::Hoarding,
        Self::Cycling,
        Self::DeviceSwap,
    ];

    /// The names of the rules of which at least one is to speak.
    #[must_use]
    pub const fn caught_by(self) -> &'static [&'static str] {
        match self {
            Self::StolenCookie => &[
                "impossible-travel",
                "several-countries",
                "device-change",
                "new-country",
            ],
            Self::TakeOver | Self::TakeOverAtHome => &[
                "impossible-travel",
                "several-countries",
                "new-country",
                "new-device",
            ],
            Self::Stuffing | Self::SprayFast | Self::SpraySlow | Self::SprayWide => &["password-spraying"],
            Self::BruteForce => &["failed-logins"],
            Self::TokenGuessing => &["token-guessing"],
            Self::TokenReuse => &["token-reuse"],
            Self::Hoarding => &["session-rise"],
            Self::Cycling => &["login-cycles"],
            Self::DeviceSwap => &["device-change"],
        }
    }
}

/// One attack among the entries.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What was done.
    pub method: Method,
    /// To whom.
    pub subjects: BTreeSet<Subject>,
    /// From which networks.
    pub sources: BTreeSet<IpNet>,
    /// When it began and ended.
    pub from: Timestamp,
    /// When it ended.
    pub until: Timestamp,
}

struct Scene<'a> {
    atlas: &'a Atlas,
    people: &'a [Person],
    ledger: &'a mut Ledger,
    dice: &'a mut Dice,
    attack: Attack,
    begin: f64,
}

pub(crate) fn all(plan: Plan, atlas: &Atlas, people: &[Person], ledger: &mut Ledger) -> Vec<Attack> {
    let mut attacks = Vec::new();
    let (from, to) = (plan.days as f64 * DAY / 3.0, (plan.days as f64 - 3.0) * DAY);
    // Sessions of the time in which attacks happen, with enough of them left for something to happen in.
    let past: Vec<Past> = ledger
        .past
        .iter()
        .filter(|past| past.from > from && past.from < to && past.until - past.from > 60.0)
        .cloned()
        .collect();
    for method in Method::ALL {
        for number in 0..plan.attacks {
            let mut dice = Dice::for_part(plan.seed, 100 + method as u64, number as u64);
            let begin = dice.between(from, to);
            let mut scene = Scene {
                atlas,
                people,
                ledger,
                attack: Attack {
                    method,
                    subjects: BTreeSet::new(),
                    sources: BTreeSet::new(),
                    from: Timestamp::default(),
                    until: Timestamp::default(),
                },
                begin,
                dice: &mut dice,
            };
            let (from, until) = scene.act(&past);
            scene.attack.from = time(from);
            scene.attack.until = time(until);
            attacks.push(scene.attack);
        }
    }
    attacks
}

fn time(seconds: f64) -> Timestamp {
    START + Duration::from_secs_f64(seconds.max(0.0))
}

impl Scene<'_> {
    /// Answers from when to when.
    fn act(&mut self, past: &[Past]) -> (f64, f64) {
        match self.attack.method {
            Method::StolenCookie => self.stolen_cookie(past),
            Method::TakeOver => self.take_over(false),
            Method::TakeOverAtHome => self.take_over(true),
            Method::Stuffing => {
                let (tries, gap) = (self.dice.scale(40.0, 1_500.0), self.dice.scale(0.5, 240.0));
                self.spray(tries, gap, 0.01)
            }
            Method::SprayFast => {
                let tries = self.dice.scale(30.0, 400.0);
                let gap = self.dice.between(0.3, 1.5) * HOUR / tries;
                self.spray(tries, gap, 0.003)
            }
            Method::SpraySlow => {
                let gap = self.dice.scale(3.0, 70.0) * MINUTE;
                let tries = self.dice.between(1.0, 2.5) * DAY / gap;
                self.spray(tries, gap, 0.003)
            }
            Method::SprayWide => self.spray_wide(),
            Method::BruteForce => self.brute_force(),
            Method::TokenGuessing => self.token_guessing(),
            Method::TokenReuse => self.token_reuse(past),
            Method::Hoarding => self.hoarding(),
            Method::Cycling => self.cycling(),
            Method::DeviceSwap => self.device_swap(past),
        }
    }

    fn victim(&mut self) -> &'static str {
        let person = self.dice.pick(self.people);
        self.attack.subjects.insert(person.subject.clone());
        person.home
    }

    fn network(&mut self, country: &str) -> Network {
        let network = self.atlas.v4(country, self.dice);
        self.attack.sources.insert(network.net());
        network
    }

    fn agent(&mut self, device: Device) -> std::sync::Arc<str> {
        let month = (self.begin / DAY) as u64 / 28;
        self.ledger.agent(device.agent(month))
    }

    fn device(&mut self) -> Device {
        if self.dice.chance(0.75) {
            Device::computer(self.dice)
        } else {
            Device::phone(self.dice)
        }
    }

    /// Somewhere, mostly where attackers usually are; not at home.
    fn lair(&mut self, home: &str) -> &'static str {
        loop {
            let country = if self.dice.chance(0.75) {
                abroad(self.dice)
            } else {
                any(self.dice)
            };
            if country != home {
                return country;
            }
        }
    }

    fn stolen_cookie(&mut self, past: &[Past]) -> (f64, f64) {
        let stolen = self.dice.pick(past).clone();
        let owner = &self.people[stolen.person];
        self.attack.subjects.insert(owner.subject.clone());
        let lair = self.lair(owner.home);
        let network = self.network(lair);
        let agent = if self.dice.chance(0.6) {
            stolen.agent.clone()
        } else {
            let device = self.device();
            self.agent(device)
        };
        // While it is used, or soon after: idle sessions end.
        let begin = self
            .dice
            .between(stolen.from + 30.0, stolen.until + 20.0 * MINUTE);
        let at_home = From {
            ip: stolen.ip,
            agent: stolen.agent.clone(),
        };
        let mut now = begin;
        for turn in 0..self.dice.count(1, 5) {
            let from = From {
                ip: network.address(self.dice),
                agent: agent.clone(),
            };
            self.ledger
                .note(now, Kind::BindingChanged, &owner.subject, stolen.session, &from);
            now += self.dice.wait(3.0 * MINUTE) + 1.0;
            if now < stolen.until {
                // The owner goes on.
                self.ledger.note(
                    now,
                    Kind::BindingChanged,
                    &owner.subject,
                    stolen.session,
                    &at_home,
                );
                now += self.dice.wait(6.0 * MINUTE);
            } else if turn > 0 {
                self.ledger
                    .note(now, Kind::Updated, &owner.subject, stolen.session, &from);
            }
        }
        (begin, now)
    }

    fn take_over(&mut self, at_home: bool) -> (f64, f64) {
        let home = self.victim();
        let lair = if at_home { home } else { self.lair(home) };
        let network = self.network(lair);
        let device = self.device();
        let from = From {
            ip: network.address(self.dice),
            agent: self.agent(device),
        };
        let subject = self.subject();
        let mut now = self.begin;
        for _ in 0..self.dice.count(0, 3) {
            self.ledger.failed(now, Some(&subject), &from);
            now += self.dice.between(2.0, 60.0);
        }
        let session = self.ledger.session();
        self.ledger.opened(now, &subject, session, &from, false);
        self.ledger
            .note(now + 40.0, Kind::Updated, &subject, session, &from);
        (self.begin, now + 40.0)
    }

    fn subject(&self) -> Subject {
        self.attack.subjects.first().cloned().unwrap()
    }

    /// One try after the other, each for another account; `gap` is between two tries from one network, in seconds.
    fn spray(&mut self, tries: f64, gap: f64, fits: f64) -> (f64, f64) {
        let device = self.device();
        let agent = self.agent(device);
        let mut end = self.begin;
        for _ in 0..self.dice.count(1, 4) {
            let lair = any(self.dice);
            let network = self.network(lair);
            let mut now = self.begin + self.dice.between(0.0, gap);
            for _ in 0..(tries as usize).max(2) {
                let from = From {
                    ip: network.address(self.dice),
                    agent: agent.clone(),
                };
                self.one_try(now, &from, fits);
                end = end.max(now);
                now += gap * self.dice.between(0.6, 1.4);
            }
        }
        (self.begin, end)
    }

    fn one_try(&mut self, now: f64, from: &From, fits: f64) {
        let real = self.dice.chance(0.4);
        let subject: Subject = if real {
            self.dice.pick(self.people).subject.clone()
        } else {
            format!("leaked-{}", self.dice.bits() % 1_000_000)
                .parse()
                .unwrap()
        };
        if real && self.dice.chance(fits) {
            let session = self.ledger.session();
            self.ledger.opened(now, &subject, session, from, false);
            self.attack.subjects.insert(subject);
        } else {
            self.ledger.failed(now, Some(&subject), from);
        }
    }

    fn spray_wide(&mut self) -> (f64, f64) {
        let tries = self.dice.scale(90.0, 2_000.0) as usize;
        let span = self.dice.between(0.4, 1.1) * HOUR;
        for number in 0..tries {
            let country = any(self.dice);
            let network = self.network(country);
            let device = self.device();
            let from = From {
                ip: network.address(self.dice),
                agent: self.agent(device),
            };
            self.one_try(self.begin + span * number as f64 / tries as f64, &from, 0.001);
        }
        (self.begin, self.begin + span)
    }

    fn brute_force(&mut self) -> (f64, f64) {
        self.victim();
        let subject = self.subject();
        let tries = self.dice.scale(45.0, 1_500.0) as usize;
        let gap = self.dice.scale(0.5, 1_500.0);
        let device = self.device();
        let agent = self.agent(device);
        let networks: Vec<_> = (0..self.dice.count(1, 20))
            .map(|_| {
                let country = any(self.dice);
                self.network(country)
            })
            .collect();
        let mut now = self.begin;
        for _ in 0..tries.min((2.5 * DAY / gap) as usize) {
            let from = From {
                ip: self.dice.pick(&networks).address(self.dice),
                agent: agent.clone(),
            };
            self.ledger.failed(now, Some(&subject), &from);
            now += gap * self.dice.between(0.5, 1.5);
        }
        (self.begin, now)
    }

    fn token_guessing(&mut self) -> (f64, f64) {
        let device = self.device();
        let agent = self.agent(device);
        let gap = self.dice.scale(0.05, 1_300.0);
        let tries = self.dice.scale(70.0, 3_000.0) as usize;
        let country = any(self.dice);
        let network = self.network(country);
        let mut now = self.begin;
        for _ in 0..tries.min((2.0 * DAY / gap) as usize) {
            let from = From {
                ip: network.address(self.dice),
                agent: agent.clone(),
            };
            self.ledger.guess(now, &from);
            now += gap * self.dice.between(0.5, 1.5);
        }
        (self.begin, now)
    }

    fn token_reuse(&mut self, past: &[Past]) -> (f64, f64) {
        let stolen = self.dice.pick(past).clone();
        let owner = &self.people[stolen.person];
        self.attack.subjects.insert(owner.subject.clone());
        let country = if self.dice.chance(0.3) {
            owner.home
        } else {
            any(self.dice)
        };
        let network = self.network(country);
        let from = From {
            ip: network.address(self.dice),
            agent: stolen.agent.clone(),
        };
        let at = self.dice.between(stolen.from + 30.0, stolen.until);
        self.ledger.close(
            at,
            CloseReason::TokenReuse,
            &owner.subject,
            stolen.session,
            Some(&from),
        );
        (at, at)
    }

    fn hoarding(&mut self) -> (f64, f64) {
        let home = self.victim();
        let subject = self.subject();
        let network = self.network(home);
        let device = self.device();
        let from = From {
            ip: network.address(self.dice),
            agent: self.agent(device),
        };
        let many = self.dice.scale(11.0, 200.0) as usize;
        let span = self.dice.scale(1.0, 50.0) * MINUTE;
        for number in 0..many {
            let session = self.ledger.session();
            let at = self.begin + span * number as f64 / many as f64;
            self.ledger.opened(at, &subject, session, &from, false);
        }
        (self.begin, self.begin + span)
    }

    fn cycling(&mut self) -> (f64, f64) {
        let home = self.victim();
        let subject = self.subject();
        let network = self.network(home);
        let device = self.device();
        let from = From {
            ip: network.address(self.dice),
            agent: self.agent(device),
        };
        let gap = self.dice.scale(1.0, 120.0);
        let mut now = self.begin;
        for _ in 0..self.dice.scale(7.0, 200.0) as usize {
            let session = self.ledger.session();
            self.ledger.opened(now, &subject, session, &from, false);
            now += gap * self.dice.between(0.2, 0.6);
            self.ledger
                .close(now, CloseReason::Logout, &subject, session, Some(&from));
            now += gap * self.dice.between(0.2, 0.6);
        }
        (self.begin, now)
    }

    fn device_swap(&mut self, past: &[Past]) -> (f64, f64) {
        let stolen = self.dice.pick(past).clone();
        let owner = &self.people[stolen.person];
        self.attack.subjects.insert(owner.subject.clone());
        // Any device that does not say the same of itself.
        let agent = loop {
            let device = self.device();
            let agent = self.agent(device);
            if cloakroom_core::device::label(Some(&agent))
                != cloakroom_core::device::label(Some(&stolen.agent))
            {
                break agent;
            }
        };
        let network = self.network(owner.home);
        let ip = if self.dice.chance(0.2) {
            stolen.ip
        } else {
            network.address(self.dice)
        };
        let at = self.dice.between(stolen.from + 30.0, stolen.until);
        self.ledger.note(
            at,
            Kind::BindingChanged,
            &owner.subject,
            stolen.session,
            &From { ip, agent },
        );
        (at, at)
    }
}
