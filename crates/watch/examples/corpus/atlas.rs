//! The real database of countries, and an atlas from it.

use cloakroom_testkit::histories::{Atlas, countries};
use cloakroom_watch::Country;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use maxminddb::{PathElement, Reader, WithinOptions};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Where `crates/watch/country-database` puts it.
pub fn database() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let file = "country-database/geo-whois-asn-country-2.3.2026061719.mmdb";
    let found = program
        .ancestors()
        .map(|folder| folder.join(file))
        .find(|path| path.is_file());
    found.expect("the database of countries is missing: run crates/watch/country-database")
}

/// The larger networks of the countries of the histories.
pub fn atlas() -> Atlas {
    let reader = Reader::open_readfile(database()).expect("the database opens");
    let wanted: BTreeSet<&str> = countries().into_iter().collect();
    let mut atlas = Atlas::default();
    for network in reader
        .networks(WithinOptions::default())
        .expect("networks can be walked")
    {
        let network = network.expect("the database is whole");
        let code: Option<String> = network
            .decode_path(&[PathElement::Key("country_code")])
            .expect("a code");
        let Some(country) = code.filter(|code| wanted.contains(code.as_str())) else {
            continue;
        };
        assert!(Country::of(&country).is_some());
        let found = network.network().expect("a network");
        match IpNet::new(found.ip(), found.prefix()).expect("a network").trunc() {
            IpNet::V4(net) => keep4(&mut atlas, country, net),
            // An IPv4 network as IPv6 has it, in the first 96 bits.
            IpNet::V6(net) if net.network().segments()[..6] == [0; 6] => {
                let bits = u32::try_from(net.network().to_bits() & u128::from(u32::MAX)).expect("32 bits");
                if let Some(prefix) = net.prefix_len().checked_sub(96) {
                    keep4(&mut atlas, country, Ipv4Net::new_assert(bits.into(), prefix));
                }
            }
            IpNet::V6(net) => keep6(&mut atlas, country, net),
        }
    }
    atlas
}

fn keep4(atlas: &mut Atlas, country: String, net: Ipv4Net) {
    if (12..=20).contains(&net.prefix_len()) {
        atlas.v4.entry(country).or_default().push(net);
    }
}

fn keep6(atlas: &mut Atlas, country: String, net: Ipv6Net) {
    if (20..=36).contains(&net.prefix_len()) && net.network().segments()[0] >> 13 == 1 {
        atlas.v6.entry(country).or_default().push(net);
    }
}
