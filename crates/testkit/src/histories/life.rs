//! What an ordinary person does, day by day.

use super::atlas::{Atlas, Network, journey, neighbours};
use super::devices::Device;
use super::dice::Dice;
use super::ledger::{DAY, From, HOUR, Ledger, MINUTE, Past};
use super::people::{Person, World, any};
use cloakroom_core::{CloseReason, Kind, SessionId};
use std::net::IpAddr;

/// Somewhere else for some days.
struct Trip {
    to: &'static str,
    /// In seconds: under way there, there, and under way back.
    leaves: f64,
    arrives: f64,
    returns: f64,
    back: f64,
    hotel: Network,
}

/// A session on one of the devices.
struct Open {
    session: SessionId,
    remembered: bool,
    opened: f64,
    used: f64,
    /// The record's own address: a change beyond the network is noted.
    from: From,
    renewed: f64,
    past: usize,
}

struct Life<'a> {
    person: &'a Person,
    world: &'a World,
    atlas: &'a Atlas,
    ledger: &'a mut Ledger,
    dice: &'a mut Dice,
    trips: Vec<Trip>,
    open: Vec<Option<Open>>,
    devices: Vec<Device>,
    cafes: Vec<Network>,
    /// Whether the browser shows a cookie that is worth nothing any more.
    stale: Vec<bool>,
    /// Whether the browser can prove that it logged in before.
    known: Vec<bool>,
    /// When the last visit ended.
    free: f64,
}

const IDLE: f64 = 30.0 * MINUTE;
const ABSOLUTE: f64 = 8.0 * HOUR;
const REMEMBER: f64 = 30.0 * DAY;

/// All days of one person.
pub(crate) fn live(
    person: &Person,
    days: u64,
    atlas: &Atlas,
    world: &World,
    ledger: &mut Ledger,
    dice: &mut Dice,
) {
    let devices = person.devices.clone();
    let cafes = (0..5).map(|_| atlas.v4(person.home, dice)).collect();
    let trips = trips(person, days, atlas, dice);
    let open = devices.iter().map(|_| None).collect();
    let stale = vec![false; devices.len()];
    let known = vec![false; devices.len()];
    let mut life = Life {
        person,
        world,
        atlas,
        ledger,
        dice,
        trips,
        open,
        devices,
        cafes,
        stale,
        known,
        free: 0.0,
    };
    for day in 0..days {
        life.day(day);
    }
    // What is still open is left open: histories end in the middle of lives.
}

fn trips(person: &Person, days: u64, atlas: &Atlas, dice: &mut Dice) -> Vec<Trip> {
    let mut trips = Vec::new();
    let mut day = 0.0;
    while day < days as f64 {
        day += 1.0;
        let near = neighbours(person.home);
        let to = if dice.chance(person.flies) {
            any(dice)
        } else if !near.is_empty() && dice.chance(person.crosses) {
            *dice.pick(near)
        } else {
            continue;
        };
        if to == person.home {
            continue;
        }
        let travel = journey(person.home, to) * HOUR;
        let leaves = day * DAY + dice.between(5.0, 18.0) * HOUR;
        let arrives = leaves + travel;
        let returns = arrives + dice.scale(0.3, 16.0) * DAY;
        let back = returns + travel;
        // Databases have some hotels where the chain has its head office.
        let seems = if dice.chance(0.01) { any(dice) } else { to };
        trips.push(Trip {
            to,
            leaves,
            arrives,
            returns,
            back,
            hotel: atlas.v4(seems, dice),
        });
        day = back / DAY + 1.0;
    }
    trips
}

/// Where a visit takes place.
#[derive(Clone, Copy)]
enum Setting {
    Line,
    Office,
    Carrier { country: &'static str, carrier: usize },
    Fixed(Network),
    Train { carrier: usize },
}

impl Life<'_> {
    fn day(&mut self, day: u64) {
        self.changes(day);
        let weekend = matches!(day % 7, 5 | 6);
        let visits = self.person.visits * if weekend { 0.7 } else { 1.0 };
        let mut times = Vec::new();
        let mut at = self.person.wakes + self.dice.wait(16.0 / visits.max(0.1));
        while at < self.person.wakes + 16.5 {
            times.push((day as f64 * 24.0 + at) * HOUR);
            at += self.dice.wait(16.0 / visits.max(0.1)) + 0.05;
        }
        for at in times {
            if at > self.free {
                self.free = self.visit(at, weekend);
            }
        }
    }

    /// New phones, and browsers that are tried.
    fn changes(&mut self, day: u64) {
        if day > 0 && self.dice.chance(1.0 / 500.0) {
            let device = if self.dice.chance(0.6) {
                Device::phone(self.dice)
            } else {
                Device::computer(self.dice)
            };
            let place = self.dice.count(0, self.devices.len() - 1);
            self.devices[place] = device;
            self.open[place] = None;
            self.stale[place] = false;
            self.known[place] = false;
        }
        // Cookies are deleted about twice a year.
        for known in &mut self.known {
            *known &= !self.dice.chance(2.0 / 365.0);
        }
    }

    fn device(&mut self) -> usize {
        let phone = self.dice.chance(self.person.phone_share);
        let fitting: Vec<_> = (0..self.devices.len())
            .filter(|at| self.devices[*at].is_phone() == phone)
            .collect();
        if fitting.is_empty() {
            0
        } else {
            *self.dice.pick(&fitting)
        }
    }

    /// Where one is at that time; nowhere while in the air without a connection.
    fn setting(&mut self, at: f64, phone: bool, weekend: bool) -> Option<Setting> {
        let person = self.person;
        let on_trip = self
            .trips
            .iter()
            .find(|trip| (trip.leaves..trip.back).contains(&at));
        if let Some(trip) = on_trip {
            let under_way = at < trip.arrives || at > trip.returns;
            let flies = !neighbours(person.home).contains(&trip.to);
            if under_way {
                return if !flies {
                    Some(Setting::Carrier {
                        country: person.home,
                        carrier: person.carrier,
                    })
                } else if self.dice.chance(0.05) {
                    Some(Setting::Fixed(*self.dice.pick(&self.world.aircraft)))
                } else {
                    None
                };
            }
            let hotel = Setting::Fixed(trip.hotel);
            let roaming = if person.roams { person.home } else { trip.to };
            let carrier = Setting::Carrier {
                country: roaming,
                carrier: person.carrier,
            };
            return Some(if phone && self.dice.chance(0.5) {
                carrier
            } else {
                hotel
            });
        }
        let carrier = Setting::Carrier {
            country: person.home,
            carrier: person.carrier,
        };
        let hour = (at / HOUR) % 24.0;
        let works = !weekend && (8.0..18.0).contains(&hour);
        if works && let Some(there) = person.works_in {
            return Some(if phone {
                carrier
            } else {
                Setting::Fixed(fixed(self.atlas, there, person.number))
            });
        }
        if phone {
            return Some(match self.dice.share() {
                share if share < 0.45 => carrier,
                share if share < 0.5 => Setting::Fixed(*self.dice.pick(&self.cafes)),
                _ => Setting::Line,
            });
        }
        if self.dice.chance(person.rides_trains * 0.15) {
            return Some(Setting::Train {
                carrier: person.carrier,
            });
        }
        Some(match person.company {
            Some(_) if works && self.dice.chance(0.7) => Setting::Office,
            _ if self.dice.chance(0.04) => Setting::Fixed(*self.dice.pick(&self.cafes)),
            _ => Setting::Line,
        })
    }

    fn address(&mut self, setting: Setting, at: f64) -> IpAddr {
        let person = self.person;
        match setting {
            Setting::Fixed(network) => network.address(self.dice),
            Setting::Office => {
                let company = person.company.map_or(0, |company| company);
                self.world.companies[company].egress.address(self.dice)
            }
            Setting::Line => {
                let turn = (at / DAY) as u64 / person.line_days;
                let networks = &person.line;
                if person.dual_stack && self.dice.chance(0.6) {
                    return networks[40 + turn as usize % 4].address(self.dice);
                }
                networks[turn as usize % 40].address(self.dice)
            }
            Setting::Carrier { country, carrier } => {
                let networks = &self.world.carriers[country][carrier];
                self.dice.pick(networks).address(self.dice)
            }
            Setting::Train { carrier } => {
                // The train's own network, with gaps that the phone fills.
                let networks = &self.world.carriers[self.person.home][(carrier + 1) % 3];
                self.dice.pick(networks).address(self.dice)
            }
        }
    }

    /// One visit; answers when it ends.
    fn visit(&mut self, at: f64, weekend: bool) -> f64 {
        let device = self.device();
        let phone = self.devices[device].is_phone();
        let Some(setting) = self.setting(at, phone, weekend) else {
            return at;
        };
        let stays = at + self.dice.wait(self.person.stays * MINUTE).clamp(30.0, 7.0 * HOUR);
        // Nobody keeps on beyond the door of a plane.
        let doors = self
            .trips
            .iter()
            .flat_map(|trip| [trip.leaves, trip.arrives, trip.returns, trip.back]);
        let until = doors.filter(|door| *door > at).fold(stays, f64::min);
        let abroad = self
            .trips
            .iter()
            .any(|trip| (trip.leaves..trip.back).contains(&at));
        let tunnel = self.tunnel(phone, abroad);
        let month = (at / DAY) as u64 / 28;
        let mut kind = self.devices[device];
        if phone && self.dice.chance(0.004) {
            kind = kind.in_desktop_mode();
        }
        let agent = self.ledger.agent(kind.agent(month));
        let ip = self.address(setting, at);
        let mut from = From { ip, agent };
        self.expire(device, at);
        let mut now = at;
        if self.open[device].is_some() {
            self.appear(device, now, &from);
        } else {
            if let Some(tunnel) = tunnel.filter(|_| self.dice.chance(0.5)) {
                from.ip = tunnel.address(self.dice);
            }
            now = self.log_in(device, now, &from);
        }
        // Within the visit, addresses change as they do: carriers, both families, a VPN that is switched on.
        loop {
            now += self.dice.wait(12.0 * MINUTE) + 5.0;
            if now >= until {
                break;
            }
            let moves = match setting {
                Setting::Line => self.person.dual_stack && self.dice.chance(0.15),
                Setting::Carrier { .. } | Setting::Train { .. } => self.dice.chance(0.5),
                Setting::Office | Setting::Fixed(_) => false,
            };
            if let Some(tunnel) = tunnel.filter(|_| self.dice.chance(0.3)) {
                from.ip = tunnel.address(self.dice);
            } else if moves || tunnel.is_some() {
                from.ip = self.address(setting, now);
            }
            self.appear(device, now, &from);
        }
        self.leave(device, until.max(now), &from);
        until
    }

    /// The VPN of a visit, if one is used.
    fn tunnel(&mut self, phone: bool, abroad: bool) -> Option<Network> {
        let person = self.person;
        if let Some((exits, share)) = &person.vpn
            && self.dice.chance(*share)
        {
            return Some(self.world.exits[*self.dice.pick(exits)].1);
        }
        let company = &self.world.companies[person.company?];
        let share = if abroad {
            0.8_f64.min(person.company_vpn * 2.0)
        } else {
            person.company_vpn * 0.3
        };
        (!phone && self.dice.chance(share)).then_some(company.vpn)
    }

    fn expire(&mut self, device: usize, at: f64) {
        let Some(open) = &self.open[device] else { return };
        let (idle, most) = if open.remembered {
            (REMEMBER, REMEMBER)
        } else {
            (IDLE, ABSOLUTE)
        };
        let (reason, when) = if open.used + idle < open.opened + most {
            (CloseReason::Idle, open.used + idle)
        } else {
            (CloseReason::Absolute, open.opened + most)
        };
        if when <= at {
            self.ledger
                .close(when, reason, &self.person.subject, open.session, None);
            self.open[device] = None;
            self.stale[device] = true;
        }
    }

    fn log_in(&mut self, device: usize, at: f64, from: &From) -> f64 {
        let mut now = at;
        let subject = &self.person.subject;
        if std::mem::take(&mut self.stale[device]) && self.dice.chance(0.5) {
            // The browser still shows the old cookie, with several requests at once.
            for _ in 0..self.dice.count(1, 4) {
                self.ledger.guess(now, from);
            }
        }
        if self.dice.chance(self.person.mistypes) {
            let mut tries = 1;
            while tries < 25 && self.dice.chance(self.person.stubborn) {
                tries += 1;
            }
            for _ in 0..tries {
                now += self.dice.between(4.0, 40.0);
                // Some mistype the name instead.
                let other = self
                    .dice
                    .chance(0.1)
                    .then(|| format!("{subject}x").parse().unwrap());
                self.ledger
                    .failed(now, Some(other.as_ref().unwrap_or(subject)), from);
            }
            if tries > 6 {
                now += self.dice.between(60.0, 600.0);
            }
            now += self.dice.between(4.0, 40.0);
        }
        let session = self.ledger.session();
        let known = std::mem::replace(&mut self.known[device], !self.person.private);
        self.ledger.opened(now, subject, session, from, known);
        let remembered = self.dice.chance(self.person.remembered);
        let past = self.ledger.past.len();
        self.ledger.past.push(Past {
            person: self.person.number,
            session,
            agent: from.agent.clone(),
            ip: from.ip,
            from: now,
            until: now,
        });
        self.open[device] = Some(Open {
            session,
            remembered,
            opened: now,
            used: now,
            from: from.clone(),
            renewed: now,
            past,
        });
        now
    }

    /// A request in an open session.
    fn appear(&mut self, device: usize, at: f64, from: &From) {
        let subject = &self.person.subject;
        self.expire(device, at);
        let Some(open) = &mut self.open[device] else {
            return;
        };
        let moved = !same_network(open.from.ip, from.ip);
        if moved {
            self.ledger
                .note(at, Kind::BindingChanged, subject, open.session, from);
        } else if at - open.renewed > HOUR {
            self.ledger.note(at, Kind::Renewed, subject, open.session, from);
            self.ledger
                .note(at + 0.5, Kind::Updated, subject, open.session, from);
            open.renewed = at;
        } else if self.dice.chance(0.2) {
            self.ledger.note(at, Kind::Updated, subject, open.session, from);
        } else if self.dice.chance(0.01) {
            self.ledger.note(at, Kind::Elevated, subject, open.session, from);
        }
        open.from = from.clone();
        open.used = at;
        let past = &mut self.ledger.past[open.past];
        (past.until, past.ip) = (at, from.ip);
        past.agent = from.agent.clone();
    }

    fn leave(&mut self, device: usize, at: f64, from: &From) {
        let Some(open) = &self.open[device] else { return };
        if self.dice.chance(self.person.logs_out) {
            self.ledger.close(
                at,
                CloseReason::Logout,
                &self.person.subject,
                open.session,
                Some(from),
            );
            self.open[device] = None;
        } else if self.person.private {
            // The window is shut, and the session lapses alone.
            let idle = if open.remembered { REMEMBER } else { IDLE };
            self.ledger.close(
                open.used + idle,
                CloseReason::Idle,
                &self.person.subject,
                open.session,
                None,
            );
            self.open[device] = None;
        }
    }
}

/// The place of work of somebody who commutes over the border.
fn fixed(atlas: &Atlas, country: &'static str, number: usize) -> Network {
    atlas.v4(country, &mut Dice::for_part(78, number as u64, 0))
}

/// As the engine compares addresses by default: /24 and /48.
fn same_network(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.to_bits() >> 8 == b.to_bits() >> 8,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() >> 80 == b.to_bits() >> 80,
        _ => false,
    }
}
