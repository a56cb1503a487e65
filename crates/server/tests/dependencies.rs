//! What is linked in: licences, duplicates, banned crates and sources, by the rules of `deny.toml`.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn rules() -> toml::Table {
    read("deny.toml").parse().unwrap()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/{name}")).unwrap()
}

fn strings<'a>(rules: &'a toml::Table, section: &str, key: &str) -> BTreeSet<&'a str> {
    let entries = rules[section][key].as_array().unwrap().iter();
    entries
        .map(|entry| entry.as_str().or_else(|| entry["crate"].as_str()).unwrap())
        .collect()
}

#[derive(Debug)]
struct Linked {
    name: String,
    version: String,
    licence: String,
    own: bool,
}

/// Everything that any feature on any platform links into a build, tests and benchmarks aside.
fn linked() -> Vec<Linked> {
    let arguments = [
        "tree",
        "--workspace",
        "--exclude=cloakroom-benches",
        "--all-features",
        "--target=all",
        "--edges=normal,build",
        "--prefix=none",
        "--no-dedupe",
        "--format={p}|{l}",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    let all: Vec<_> = lines.iter().map(|line| parse(line)).collect();
    assert!(all.len() > 100, "{all:?}");
    all
}

/// `name v1.2.3 (proc-macro)|MIT OR Apache-2.0`
fn parse(line: &str) -> Linked {
    let (package, licence) = line.split_once('|').unwrap();
    let mut words = package.split(' ');
    Linked {
        name: words.next().unwrap().to_owned(),
        version: words.next().unwrap().trim_start_matches('v').to_owned(),
        licence: licence.to_owned(),
        own: package.contains("(/"),
    }
}

#[test]
fn every_licence_is_one_of_those_allowed() {
    let rules = rules();
    let allowed = strings(&rules, "licenses", "allow");
    for Linked { name, licence, .. } in linked().iter().filter(|it| !it.own) {
        assert!(holds(licence, &allowed), "{name}: {licence:?}");
    }
}

#[test]
fn nothing_banned_is_linked() {
    let rules = rules();
    let banned = strings(&rules, "bans", "deny");
    for Linked { name, .. } in linked() {
        assert!(!banned.contains(name.as_str()), "{name}");
    }
}

#[test]
fn nothing_is_linked_in_two_versions() {
    let rules = rules();
    let skipped = strings(&rules, "bans", "skip");
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Linked { name, version, .. } in linked() {
        let spared = |it: &&str| {
            it.split_once('@')
                .is_some_and(|(crate_, of)| crate_ == name && version.starts_with(&format!("{of}.")))
        };
        if !skipped.iter().any(spared) {
            versions.entry(name).or_default().insert(version);
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    assert!(
        versions.is_empty(),
        "{versions:?}; if it can not be helped, name it in deny.toml"
    );
}

#[test]
fn everything_comes_from_the_registry() {
    let rules = rules();
    let allowed = strings(&rules, "sources", "allow-registry");
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    for package in lock["package"].as_array().unwrap() {
        let Some(source) = package.get("source") else {
            continue;
        };
        let source = source.as_str().unwrap();
        let known = source
            .strip_prefix("registry+")
            .is_some_and(|url| allowed.contains(url));
        assert!(known, "{}: {source}", package["name"]);
    }
}

/// Whether what is allowed satisfies a licence expression (SPDX 2.3 Annex D, and the old `/` for `OR`).
fn holds(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    let holds = either(&mut rest, allowed);
    assert!(rest.is_empty(), "{expression:?} is not understood");
    holds
}

fn either(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut holds = both(words, allowed);
    while take(words, "OR") {
        holds |= both(words, allowed);
    }
    holds
}

fn both(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut holds = one(words, allowed);
    while take(words, "AND") {
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    if take(words, "(") {
        let holds = either(words, allowed);
        return take(words, ")") && holds;
    }
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    if take(words, "WITH") {
        // An exception gives more, but is a licence of its own to cargo-deny; nothing needs one so far.
        *words = words.get(1..).unwrap_or_default();
        return false;
    }
    allowed.contains(first)
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("ISC AND (GPL-3.0 OR MIT)", true),
        ("MIT OR GPL-3.0 AND Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", false),
        ("MIT WITH some-exception", false),
        ("MIT WITH some-exception OR ISC", true),
    ] {
        assert_eq!(holds(expression, &allowed), expected, "{expression}");
    }
}
