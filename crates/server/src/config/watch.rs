//! `[watch]`: which rules look for what is odd, what follows from it, and what tells where addresses are.

use super::build::network;
use super::setting::{Settings, boolean, path};
use super::tree::Watch;
use cloakroom_watch::Rule;

/// Reads the section and notes what is wrong with it.
pub(super) fn read(settings: &mut Settings) -> Watch {
    let watch = Watch {
        countries: settings.read("watch.countries", path).flatten(),
        cities: settings.read("watch.cities", path).flatten(),
        systems: settings.read("watch.systems", path).flatten(),
        enabled: settings.read("watch.enabled", boolean).unwrap_or(true),
        off: settings.read_list("watch.off", rule),
        step_up: settings.read_list("watch.step_up", rule),
        end: settings.read_list("watch.end", rule),
        exempt_networks: settings.read_list("watch.exempt_networks", network),
        exempt_systems: settings.read_list("watch.exempt_systems", system),
    };
    if watch.end.iter().any(|rule| watch.step_up.contains(rule)) {
        settings.contradiction("watch.end", "must not name a rule that watch.step_up names, too");
    }
    let acting = || watch.step_up.iter().chain(&watch.end);
    if watch.off.iter().any(|off| acting().any(|rule| rule == off)) {
        settings.contradiction(
            "watch.off",
            "must not name a rule that watch.step_up or watch.end names",
        );
    }
    watch
}

fn rule(name: &str) -> Result<Rule, String> {
    let found = Rule::ALL.into_iter().find(|rule| rule.as_str() == name);
    found.ok_or_else(|| {
        let all: Vec<_> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
        format!("must be one of {}", all.join(", "))
    })
}

fn system(text: &str) -> Result<u32, &'static str> {
    let digits = text
        .strip_prefix("AS")
        .or_else(|| text.strip_prefix("as"))
        .unwrap_or(text);
    digits
        .parse()
        .map_err(|_| "must be the number of an autonomous system, as in AS64500")
}
