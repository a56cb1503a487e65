//! Running the checker, and reading what it found.

use crate::actions::Action;
use crate::model::Protocol;
use crate::state::State;
use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;

/// Explores all there is. Fails if something that must be true is not, or if something that has to happen never does.
/// What is named in `but` is expected not to be true, and has to be found so.
pub fn holds(name: &str, protocol: &Protocol, but: &[&'static str]) {
    let began = Instant::now();
    let mut search = protocol.clone().checker();
    if protocol.bounds.nodes > 1 {
        search = search.symmetry();
    }
    let faults = HasDiscoveries::AnyOf(faults(protocol, but));
    let checker = search.finish_when(faults).spawn_dfs().join();
    for property in protocol.properties() {
        let found = checker.discovery(property.name);
        let expected = (property.expectation == Expectation::Sometimes) != but.contains(&property.name);
        let steps = found.as_ref().map(steps).unwrap_or_default();
        let is = match (expected, property.expectation) {
            (false, _) => "not always so",
            (true, Expectation::Sometimes) => "never so",
            (true, _) => "always so, though it is named as what is not",
        };
        let property = property.name;
        assert!(found.is_some() == expected, "{name}: {is}: {property}\n{steps}");
    }
    // Nothing ended the search before its end: no fault, no time limit, no greatest depth.
    assert!(checker.is_done(), "{name}: something is left to explore");
    println!(
        "{name}: {} states, {} steps, at most {} from the beginning, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        began.elapsed().as_secs_f64(),
    );
}

/// What must never be found.
fn faults(protocol: &Protocol, but: &[&'static str]) -> BTreeSet<&'static str> {
    let properties = protocol.properties().into_iter();
    let always = properties.filter(|property| property.expectation == Expectation::Always);
    always
        .map(|property| property.name)
        .filter(|name| !but.contains(name))
        .collect()
}

/// Finds a short way to where a property is not true. With `TEST_PATHS=1` in the environment it is printed.
pub fn breaks(name: &str, protocol: &Protocol, property: &'static str) {
    let checker = protocol
        .clone()
        .checker()
        .finish_when(HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let Some(path) = checker.discovery(property) else {
        panic!("{name}: always true: {property}");
    };
    let states = checker.unique_state_count();
    println!(
        "{name}: broken after {states} states, in {} steps: {property}",
        path.clone().into_actions().len()
    );
    if std::env::var_os("TEST_PATHS").is_some() {
        println!("{}", steps(&path));
    }
}

fn steps(path: &Path<State, Action>) -> String {
    let mut text = String::new();
    for (at, action) in path.clone().into_actions().iter().enumerate() {
        _ = writeln!(text, "{:4}. {action:?}", at + 1);
    }
    text
}
