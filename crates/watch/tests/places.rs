//! What databases tell, and what is wrong with those that do not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../examples/corpus/atlas.rs"]
#[allow(dead_code)]
mod atlas;
mod support;

use cloakroom_watch::{Exempt, Place, Places, Tells};
use std::fs;
use support::{MUNICH, NEW_YORK, VPN, ZURICH, mmdb, places};

fn real() -> Places {
    Places::none().with_countries(&atlas::database()).unwrap()
}

fn of(country: &'static str) -> Place {
    let bytes = mmdb::write("Test-Country", &[("5.0.0.0/8", mmdb::country(country))]);
    Places::none()
        .read(Tells::Country, bytes)
        .unwrap()
        .of("5.1.1.1".parse().unwrap())
}

#[test]
fn a_real_database_knows_the_countries_of_well_known_addresses() {
    let places = real();
    for (ip, country) in [
        ("130.59.31.80", "CH"),
        ("141.76.39.140", "DE"),
        ("2001:620:0:ff::5c", "CH"),
        ("133.11.0.1", "JP"),
    ] {
        let place = places.of(ip.parse().unwrap());
        assert_eq!(
            place.country.map(|it| it.to_string()).as_deref(),
            Some(country),
            "{ip}"
        );
    }
}

#[test]
fn addresses_that_are_nowhere_have_no_place() {
    let places = real();
    for ip in [
        "10.1.2.3",
        "192.168.0.1",
        "172.16.9.9",
        "127.0.0.1",
        "169.254.1.1",
        "100.64.1.1",
        "192.0.2.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fc00::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "255.255.255.255",
        "224.0.0.1",
    ] {
        assert_eq!(places.of(ip.parse().unwrap()), Place::default(), "{ip}");
    }
}

#[test]
fn neighbours_are_never_apart_and_distances_are_no_more_than_they_can_be() {
    for (a, b) in [
        ("CH", "DE"),
        ("CH", "IT"),
        ("FR", "ES"),
        ("FR", "BE"),
        ("RU", "NO"),
        ("RU", "CN"),
        ("US", "CA"),
        ("US", "MX"),
        ("RU", "KP"),
        ("BR", "FR"),
        ("IN", "CN"),
        ("AU", "AU"),
        ("PL", "RU"),
        ("SG", "MY"),
        ("GB", "IE"),
    ] {
        if (a, b) == ("BR", "FR") {
            continue; // French Guiana has a code of its own (GF).
        }
        assert_eq!(of(a).at_least_km(&of(b)), Some(0.0), "{a} and {b}");
    }
    // Not more than between their nearest ends, which are known well enough.
    for (a, b, least, most) in [
        ("CH", "US", 5_000.0, 6_200.0),
        ("DE", "JP", 7_000.0, 8_800.0),
        ("PT", "BR", 2_500.0, 5_800.0),
        ("NZ", "GB", 15_000.0, 19_000.0),
    ] {
        let km = of(a).at_least_km(&of(b)).unwrap();
        assert!((least..most).contains(&km), "{a} to {b}: {km}");
    }
    assert_eq!(of("ZZ").at_least_km(&of("CH")), None, "no map knows ZZ");
}

#[test]
fn every_country_of_the_real_database_is_on_the_map() {
    // EU and AP were given out before countries were asked for; the rest has to be known.
    for code in cloakroom_testkit::histories::countries() {
        assert_eq!(of(code).at_least_km(&of(code)), Some(0.0), "{code}");
        if code != "CH" && code != "FR" && code != "DE" && code != "AT" && code != "IT" {
            assert!(of(code).at_least_km(&of("CH")).is_some(), "{code}");
        }
    }
}

#[test]
fn cities_systems_and_exceptions_come_together() {
    let places = places();
    let at = |ip: &str| places.of(ip.parse().unwrap());
    let km = at(ZURICH).at_least_km(&at(NEW_YORK)).unwrap();
    assert!((6_200.0..6_300.0).contains(&km), "{km}");
    let km = at(ZURICH).at_least_km(&at(MUNICH)).unwrap();
    assert!((180.0..220.0).contains(&km), "{km}");
    assert_eq!((at(VPN).system, at(VPN).exempt), (Some(64_500), true));
    assert_eq!(at(VPN).at_least_km(&at(ZURICH)), None);
    let exempt = Exempt::new(["5.2.0.0/16".parse().unwrap()], []);
    let listed = support::places().except(exempt);
    assert_eq!(listed.of(NEW_YORK.parse().unwrap()).evident(), None);
}

#[test]
fn what_is_wrong_with_a_file_is_said_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.mmdb");
    let say =
        |places: Result<Places, cloakroom_watch::PlacesError>| places.map(drop).unwrap_err().to_string();
    let missing = say(Places::none().with_countries(&path));
    assert!(
        missing.contains("places.mmdb can not be read: No such file"),
        "{missing}"
    );
    fs::write(&path, "not a database").unwrap();
    let damaged = say(Places::none().with_countries(&path));
    assert!(
        damaged.contains("is no MaxMind database, or a damaged one"),
        "{damaged}"
    );
    fs::write(&path, mmdb::write("Test-ASN", &[("5.0.0.0/8", mmdb::system(1))])).unwrap();
    let other = say(Places::none().with_cities(&path));
    assert!(
        other.contains("(of type \"Test-ASN\") holds no coordinates"),
        "{other}"
    );
    let whole = fs::read(atlas::database()).unwrap();
    for keep in [0, 1_000, whole.len() / 2, whole.len() - 40] {
        fs::write(&path, &whole[..keep]).unwrap();
        assert!(
            Places::none().with_countries(&path).is_err(),
            "{keep} bytes of it"
        );
    }
}

#[test]
fn bits_that_flipped_in_a_real_database_make_addresses_unknown_and_nothing_worse() {
    let whole = fs::read(atlas::database()).unwrap();
    let mut state = 7_u64;
    let mut next = |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    for _ in 0..40 {
        let mut bytes = whole.clone();
        // Half of them where the records and the metadata are.
        for turn in 0..2_000 {
            let near_end = 4_000.min(bytes.len());
            let place = if turn % 2 == 0 {
                next(bytes.len())
            } else {
                bytes.len() - 1 - next(near_end)
            };
            if turn % 2 == 0 || turn < 20 {
                bytes[place] ^= 1 << next(8);
            }
        }
        let Ok(places) = Places::none().read(Tells::Country, bytes) else {
            continue;
        };
        for _ in 0..500 {
            let ip = std::net::Ipv4Addr::from_bits(u32::try_from(next(1 << 31)).unwrap() << 1);
            let _ = places.of(ip.into());
        }
    }
}
