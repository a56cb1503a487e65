//! Which addresses the server may be made to call: no inside of anybody's network, unless the configuration says so.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that must not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {what}; name its network in outbound.allow_networks if it is meant")]
pub struct Refused {
    /// Which.
    pub address: IpAddr,
    /// What kind of address it is.
    pub what: &'static str,
}

/// What may be called: public addresses, and the networks that were allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

/// Networks within the public range of IPv4 that are not public (RFC 6890 and the IANA registry), or that belong to a cloud's
/// own services.
const SPECIAL_V4: [(Ipv4Addr, u8, &str); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8, "unspecified, or of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "of a carrier's inside (CGNAT)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine itself (loopback)"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's metadata service"),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "link-local (metadata services are there)",
    ),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "reserved for name servers"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a relay (6to4)"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for measurements"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved, or broadcast"),
];

/// The same for IPv6, within the global range `2000::/3`.
const SPECIAL_V6: [(Ipv6Addr, u8, &str); 5] = [
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "reserved for protocols (Teredo is there)",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "for documentation",
    ),
    (
        Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        16,
        "a wrapped IPv4 address (6to4)",
    ),
    (
        Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0),
        48,
        "reserved for name servers",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "for documentation",
    ),
];

impl Guard {
    /// Public addresses, and these networks.
    #[must_use]
    pub fn allowing(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            allowed: networks.into_iter().collect(),
        }
    }

    /// Whether an address lies in a network that was allowed by name. An IPv4 address that IPv6 wraps ("mapped") counts as
    /// itself, because it is itself that is called.
    #[must_use]
    pub fn names(&self, address: IpAddr) -> bool {
        let within = |address| self.allowed.iter().any(|net| net.contains(&address));
        within(address) || within(address.to_canonical())
    }

    /// Whether an address may be called.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        match special(address) {
            Some(what) if !self.names(address) => Err(Refused { address, what }),
            _ => Ok(()),
        }
    }
}

/// What is special about an address; nothing if it is public.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |net: Ipv4Addr, bits: u8| (address.to_bits() ^ net.to_bits()) >> (32 - u32::from(bits)) == 0;
    let found = SPECIAL_V4.iter().find(|(net, bits, _)| within(*net, *bits));
    found.map(|(_, _, what)| *what)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within =
        |net: Ipv6Addr, bits: u8| (address.to_bits() ^ net.to_bits()) >> (128 - u32::from(bits)) == 0;
    // All that is in use lies in 2000::/3, so what lies outside needs no list: only names.
    if !within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) {
        return Some(outside(address));
    }
    let found = SPECIAL_V6.iter().find(|(net, bits, _)| within(*net, *bits));
    found.map(|(_, _, what)| *what)
}

fn outside(address: Ipv6Addr) -> &'static str {
    let first = address.segments()[0];
    if address.is_loopback() {
        "this machine itself (loopback)"
    } else if address.is_unspecified() {
        "unspecified"
    } else if address.to_ipv4().is_some() {
        "a wrapped IPv4 address (mapped or compatible)"
    } else if first == 0x64 {
        "a wrapped IPv4 address (NAT64)"
    } else if first & 0xfe00 == 0xfc00 {
        "private (unique local)"
    } else if first & 0xffc0 == 0xfe80 {
        "link-local"
    } else if first & 0xff00 == 0xff00 {
        "multicast"
    } else {
        "not in use on the Internet"
    }
}
