//! Who the people are, and what surrounds them.

use super::atlas::{Atlas, ELSEWHERE, HOMES, Network, neighbours};
use super::devices::Device;
use super::dice::Dice;
use cloakroom_core::Subject;
use ipnet::IpNet;
use std::collections::BTreeMap;

/// What people share: carriers, VPNs, employers, aircraft.
pub(crate) struct World {
    /// By country: a few carriers, each with a few networks from which every request may come.
    pub carriers: BTreeMap<&'static str, Vec<Vec<Network>>>,
    /// Consumer VPNs: exits, each with its country.
    pub exits: Vec<(&'static str, Network)>,
    pub companies: Vec<Company>,
    /// The ways out of aircraft, which are wherever the satellite's ground station is.
    pub aircraft: Vec<Network>,
    pub listed: Vec<IpNet>,
}

/// An employer with one way out to the internet, perhaps in another country, and perhaps a VPN to get there.
pub(crate) struct Company {
    pub country: &'static str,
    pub egress: Network,
    pub vpn: Network,
}

impl World {
    pub fn draw(atlas: &Atlas, share: f64, dice: &mut Dice) -> Self {
        let mut listed = Vec::new();
        let mut list = |networks: &[Network], share: f64, dice: &mut Dice| {
            if dice.chance(share) {
                listed.extend(networks.iter().map(Network::net));
            }
        };
        let mut carriers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (country, ..) in HOMES.iter().chain(ELSEWHERE) {
            for _ in 0..3 {
                let mut networks: Vec<_> = (0..dice.count(4, 10)).map(|_| atlas.v4(country, dice)).collect();
                networks.extend((0..3).map(|_| atlas.v6(country, dice)));
                list(&networks, share, dice);
                carriers.entry(*country).or_default().push(networks);
            }
        }
        let exits: Vec<_> = (0..60)
            .map(|_| {
                let country = any(dice);
                let exit = atlas.v4(country, dice);
                list(&[exit], share, dice);
                (country, exit)
            })
            .collect();
        let companies = (0..12)
            .map(|_| {
                let country = home(dice);
                // A tenth goes out through the head office abroad, which the operator knows of.
                let head = if dice.chance(0.1) { home(dice) } else { country };
                let company = Company {
                    country,
                    egress: atlas.v4(head, dice),
                    vpn: atlas.v4(head, dice),
                };
                list(&[company.vpn], share, dice);
                list(&[company.egress], if head == country { 0.0 } else { 1.0 }, dice);
                company
            })
            .collect();
        let aircraft: Vec<_> = (0..4).map(|_| atlas.v4(home(dice), dice)).collect();
        for network in &aircraft {
            list(&[*network], share, dice);
        }
        Self {
            carriers,
            exits,
            companies,
            aircraft,
            listed,
        }
    }
}

pub(crate) fn home(dice: &mut Dice) -> &'static str {
    let homes: Vec<_> = HOMES.iter().map(|home| (home.0, home.3)).collect();
    dice.weighted::<&'static str>(&homes)
}

pub(crate) fn any(dice: &mut Dice) -> &'static str {
    if dice.chance(0.6) {
        home(dice)
    } else {
        abroad(dice)
    }
}

pub(crate) fn abroad(dice: &mut Dice) -> &'static str {
    let places: Vec<_> = ELSEWHERE.iter().map(|place| (place.0, place.3)).collect();
    dice.weighted::<&'static str>(&places)
}

/// What a person is like.
pub(crate) struct Person {
    pub number: usize,
    pub subject: Subject,
    pub home: &'static str,
    /// Which carrier of that country.
    pub carrier: usize,
    /// The line at home; a new address every so many days, shared by a family.
    pub line: Vec<Network>,
    pub line_days: u64,
    pub dual_stack: bool,
    pub company: Option<usize>,
    /// Works across the border, and so comes from two countries on most days.
    pub works_in: Option<&'static str>,
    /// The hour at which the day begins; at night for those who work then.
    pub wakes: f64,
    /// How often somebody comes on a day, and for how long, in minutes.
    pub visits: f64,
    pub stays: f64,
    pub devices: Vec<Device>,
    pub phone_share: f64,
    pub remembered: f64,
    pub logs_out: f64,
    /// How often a password is mistyped, and how stubborn they are then.
    pub mistypes: f64,
    pub stubborn: f64,
    /// Uses windows that forget, and so logs in each time.
    pub private: bool,
    /// A VPN of one of a few exits, used so often.
    pub vpn: Option<(Vec<usize>, f64)>,
    pub company_vpn: f64,
    /// Trips by plane and over the border, per day.
    pub flies: f64,
    pub crosses: f64,
    pub rides_trains: f64,
    /// Abroad, the phone goes out at home, as roaming mostly does; otherwise it has a card from there.
    pub roams: bool,
}

impl Person {
    pub fn draw(number: usize, atlas: &Atlas, world: &World, dice: &mut Dice) -> Self {
        // Families share a line: every fifth person lives with the one before, in the same country.
        let company = dice.chance(0.3).then(|| dice.count(0, world.companies.len() - 1));
        let home = company.map_or_else(|| home(dice), |company| world.companies[company].country);
        let mut house = Dice::for_part(
            77,
            (number / 2) as u64,
            u64::from(home.as_bytes()[0]) << 8 | u64::from(home.as_bytes()[1]),
        );
        let dual_stack = house.chance(0.45);
        let mut line: Vec<_> = (0..40).map(|_| atlas.v4(home, &mut house)).collect();
        line.extend((0..4).map(|_| atlas.v6(home, &mut house)));
        let mut devices = vec![Device::computer(dice)];
        devices.extend(dice.chance(0.85).then(|| Device::phone(dice)));
        devices.extend(dice.chance(0.3).then(|| Device::computer(dice)));
        devices.extend(dice.chance(0.15).then(|| Device::phone(dice)));
        let near = neighbours(home);
        Self {
            number,
            subject: format!("person-{number}").parse().unwrap(),
            home,
            carrier: dice.count(0, 2),
            line,
            line_days: *dice.pick(&[1, 7, 30, 365]),
            dual_stack,
            company,
            works_in: (!near.is_empty() && dice.chance(0.015)).then(|| *dice.pick(near)),
            wakes: if dice.chance(0.05) {
                dice.between(19.0, 23.0)
            } else {
                dice.between(5.5, 10.0)
            },
            visits: dice.scale(0.4, 6.0),
            stays: dice.scale(4.0, 90.0),
            devices,
            phone_share: dice.between(0.1, 0.8),
            remembered: if dice.chance(0.5) {
                dice.between(0.5, 1.0)
            } else {
                0.0
            },
            logs_out: if dice.chance(0.3) {
                dice.between(0.3, 1.0)
            } else {
                0.03
            },
            mistypes: dice.scale(0.01, 0.35),
            stubborn: dice.between(0.2, 0.75),
            private: dice.chance(0.03),
            vpn: dice.chance(0.03).then(|| {
                let exits = (0..dice.count(1, 3))
                    .map(|_| dice.count(0, world.exits.len() - 1))
                    .collect();
                (exits, dice.scale(0.03, 0.9))
            }),
            company_vpn: if dice.chance(0.5) {
                dice.between(0.1, 0.9)
            } else {
                0.0
            },
            flies: dice.scale(0.5, 12.0) / 365.0,
            crosses: if near.is_empty() {
                0.0
            } else {
                dice.scale(0.5, 20.0) / 365.0
            },
            rides_trains: if dice.chance(0.25) {
                dice.between(0.1, 0.7)
            } else {
                0.02
            },
            roams: dice.chance(0.7),
        }
    }
}
