//! Which networks are in which country: given by whoever has a database, so that the addresses are real ones.

use super::dice::Dice;
use ipnet::{Ipv4Net, Ipv6Net};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Networks by country code. Those of IPv4 at most a /24 long, those of IPv6 at most a /48.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    /// IPv4.
    pub v4: BTreeMap<String, Vec<Ipv4Net>>,
    /// IPv6.
    pub v6: BTreeMap<String, Vec<Ipv6Net>>,
}

impl Atlas {
    /// Some /24 of a country.
    pub(crate) fn v4(&self, country: &str, dice: &mut Dice) -> Network {
        let nets = self
            .v4
            .get(country)
            .unwrap_or_else(|| panic!("no IPv4 networks of {country}"));
        let net = dice.pick(nets);
        let more = 1_u32 << (24 - net.prefix_len());
        let first = net.network().to_bits() + ((dice.bits() as u32 % more) << 8);
        Network {
            first: IpAddr::V4(first.into()),
            prefix: 24,
        }
    }

    /// Some /48 of a country; of IPv4 if it has none.
    pub(crate) fn v6(&self, country: &str, dice: &mut Dice) -> Network {
        let Some(nets) = self.v6.get(country) else {
            return self.v4(country, dice);
        };
        let net = dice.pick(nets);
        let more = 1_u128 << (48 - net.prefix_len());
        let first = net.network().to_bits() + ((u128::from(dice.bits()) % more) << 80);
        Network {
            first: IpAddr::V6(first.into()),
            prefix: 48,
        }
    }
}

/// One network, from which addresses are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    pub fn net(&self) -> ipnet::IpNet {
        ipnet::IpNet::new_assert(self.first, self.prefix)
    }

    pub fn address(&self, dice: &mut Dice) -> IpAddr {
        match self.first {
            IpAddr::V4(first) => IpAddr::V4((first.to_bits() + 1 + dice.bits() as u32 % 250).into()),
            IpAddr::V6(first) => IpAddr::V6((first.to_bits() + 1 + u128::from(dice.bits())).into()),
        }
    }
}

/// Where the people of the histories live, with the place of the capital and how many of a hundred live there.
pub(crate) const HOMES: &[(&str, f64, f64, f64)] = &[
    ("DE", 52.5, 13.4, 16.0),
    ("US", 38.9, -77.0, 16.0),
    ("GB", 51.5, -0.1, 9.0),
    ("FR", 48.9, 2.4, 9.0),
    ("CH", 46.9, 7.4, 7.0),
    ("AT", 48.2, 16.4, 4.0),
    ("IT", 41.9, 12.5, 5.0),
    ("ES", 40.4, -3.7, 5.0),
    ("NL", 52.4, 4.9, 4.0),
    ("PL", 52.2, 21.0, 4.0),
    ("SE", 59.3, 18.1, 3.0),
    ("BR", -15.8, -47.9, 4.0),
    ("IN", 28.6, 77.2, 5.0),
    ("JP", 35.7, 139.7, 4.0),
    ("AU", -35.3, 149.1, 3.0),
    ("CA", 45.4, -75.7, 3.0),
];

/// Where people travel to besides, where attackers sit, and where VPNs come out.
pub(crate) const ELSEWHERE: &[(&str, f64, f64, f64)] = &[
    ("PT", 38.7, -9.1, 5.0),
    ("GR", 38.0, 23.7, 5.0),
    ("TR", 39.9, 32.9, 6.0),
    ("TH", 13.8, 100.5, 6.0),
    ("ID", -6.2, 106.8, 6.0),
    ("MX", 19.4, -99.1, 5.0),
    ("ZA", -25.7, 28.2, 4.0),
    ("EG", 30.0, 31.2, 3.0),
    ("VN", 21.0, 105.9, 6.0),
    ("CN", 39.9, 116.4, 12.0),
    ("RU", 55.8, 37.6, 12.0),
    ("NG", 9.1, 7.5, 8.0),
    ("RO", 44.4, 26.1, 5.0),
    ("UA", 50.5, 30.5, 4.0),
    ("SG", 1.3, 103.8, 5.0),
];

/// Countries that touch, between which people commute and go for a day.
pub(crate) const NEIGHBOURS: &[(&str, &[&str])] = &[
    ("DE", &["CH", "AT", "FR", "NL", "PL"]),
    ("CH", &["DE", "FR", "IT", "AT"]),
    ("FR", &["CH", "DE", "ES", "IT"]),
    ("AT", &["DE", "CH", "IT"]),
    ("IT", &["CH", "FR", "AT"]),
    ("ES", &["FR", "PT"]),
    ("NL", &["DE"]),
    ("PL", &["DE"]),
    ("US", &["CA", "MX"]),
    ("CA", &["US"]),
];

/// The countries of which an atlas must hold networks of IPv4.
#[must_use]
pub fn countries() -> Vec<&'static str> {
    HOMES.iter().chain(ELSEWHERE).map(|place| place.0).collect()
}

fn place(country: &str) -> (f64, f64) {
    let known = HOMES.iter().chain(ELSEWHERE).find(|place| place.0 == country);
    known.map_or((0.0, 0.0), |place| (place.1, place.2))
}

/// How long one is under way from door to door, in hours: by rail to a neighbour, else by plane.
pub(crate) fn journey(from: &str, to: &str) -> f64 {
    let ((a, x), (b, y)) = (place(from), place(to));
    let (a, b, across) = (a.to_radians(), b.to_radians(), (x - y).to_radians());
    let km = 6_371.0
        * (a.sin() * b.sin() + a.cos() * b.cos() * across.cos())
            .clamp(-1.0, 1.0)
            .acos();
    if neighbours(from).contains(&to) {
        km / 150.0
    } else {
        2.5 + km / 820.0
    }
}

pub(crate) fn neighbours(of: &str) -> &'static [&'static str] {
    NEIGHBOURS
        .iter()
        .find(|(country, _)| *country == of)
        .map_or(&[], |(_, near)| near)
}
