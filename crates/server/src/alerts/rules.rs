//! From the configuration to rules and places.

use crate::config::Watch as Set;
use anyhow::Context as _;
use cloakroom_watch::{Exempt, Places, Rule, Rules};
use std::path::Path;

/// The rules as they are set: the defaults, less those that are off.
#[must_use]
pub fn rules(set: &Set) -> Rules {
    let mut rules = Rules::default();
    for rule in &set.off {
        *switch(&mut rules, *rule) = false;
    }
    rules
}

fn switch(rules: &mut Rules, rule: Rule) -> &mut bool {
    match rule {
        Rule::ImpossibleTravel => &mut rules.travel.on,
        Rule::SeveralCountries => &mut rules.countries.on,
        Rule::LoginCycles => &mut rules.cycles.on,
        Rule::FailedLogins => &mut rules.failures.on,
        Rule::PasswordSpraying => &mut rules.spraying.on,
        Rule::TokenGuessing => &mut rules.guessing.on,
        Rule::TokenReuse => &mut rules.reuse.on,
        Rule::NewDevice => &mut rules.new_device.on,
        Rule::NewCountry => &mut rules.new_country.on,
        Rule::DeviceChange => &mut rules.device_change.on,
        Rule::SessionRise => &mut rules.rise.on,
        Rule::DisownedSession => &mut rules.disowned.on,
    }
}

/// Where addresses are, by the files that are configured. A file that can not be read is an error: rules that are silent for
/// want of it would look like peace.
pub fn places(set: &Set) -> anyhow::Result<Places> {
    let exempt = Exempt::new(
        set.exempt_networks.iter().copied(),
        set.exempt_systems.iter().copied(),
    );
    let mut places = Places::none().except(exempt);
    let named = |key: &str, file: &Path| format!("{key} = {:?}", file.display().to_string());
    if let Some(file) = &set.countries {
        places = places
            .with_countries(file)
            .with_context(|| named("watch.countries", file))?;
    }
    if let Some(file) = &set.cities {
        places = places
            .with_cities(file)
            .with_context(|| named("watch.cities", file))?;
    }
    if let Some(file) = &set.systems {
        places = places
            .with_systems(file)
            .with_context(|| named("watch.systems", file))?;
    }
    Ok(places)
}
