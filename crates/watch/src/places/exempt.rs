//! Networks whose addresses say nothing about where somebody is: VPNs, carriers, a company's way out.

use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What is no evidence of place. Empty unless the operator fills it.
#[derive(Clone, Debug, Default)]
pub struct Exempt {
    networks: Vec<(u128, u128)>,
    systems: BTreeSet<u32>,
}

impl Exempt {
    /// Addresses in these networks, and those of these autonomous systems (which takes an ASN database to tell).
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNet>, systems: impl IntoIterator<Item = u32>) -> Self {
        let ends = |net: IpNet| (number(net.network()), number(net.broadcast()));
        let mut sorted: Vec<_> = networks.into_iter().map(ends).collect();
        sorted.sort_unstable();
        // Joined, so that one search in order finds what holds an address.
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(sorted.len());
        for (from, to) in sorted {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Self {
            networks: joined,
            systems: systems.into_iter().collect(),
        }
    }

    /// Whether an address in this autonomous system is one of them.
    #[must_use]
    pub fn holds(&self, ip: IpAddr, system: Option<u32>) -> bool {
        let ip = number(ip);
        let after = self.networks.partition_point(|(from, _)| *from <= ip);
        let listed = after.checked_sub(1).is_some_and(|at| self.networks[at].1 >= ip);
        listed || system.is_some_and(|system| self.systems.contains(&system))
    }
}

/// IPv4 stands where IPv6 maps it, so that both fit one line.
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_families_and_systems_are_found_and_nothing_beside_them() {
        let nets = ["10.1.0.0/16", "10.1.2.0/24", "192.0.2.0/25", "2001:db8::/32"];
        let exempt = Exempt::new(nets.map(|net| net.parse().unwrap()), [64_500]);
        let holds = |ip: &str| exempt.holds(ip.parse().unwrap(), None);
        for inside in [
            "10.1.0.0",
            "10.1.200.9",
            "10.1.255.255",
            "192.0.2.127",
            "2001:db8:ffff::1",
        ] {
            assert!(holds(inside), "{inside}");
        }
        for outside in ["10.0.255.255", "10.2.0.0", "192.0.2.128", "2001:db9::", "::"] {
            assert!(!holds(outside), "{outside}");
        }
        assert!(exempt.holds("198.51.100.1".parse().unwrap(), Some(64_500)));
        assert!(!exempt.holds("198.51.100.1".parse().unwrap(), Some(64_501)));
    }
}
