//! Three real nodes of ours on real servers, with everything around them breaking: nothing that was revoked gets in.
//!
//! `NEMESIS_SECONDS=600 cargo test -p cloakroom-server --test nemesis -- --nocapture` takes ten minutes for each
//! deployment and prints what it measured; `NEMESIS_SEED=17` repeats what was broken, when and for how long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../common/mod.rs"]
mod common;

mod checker;
mod client;
mod deployment;
mod dice;
mod faults;
mod history;
mod nemesis;
mod network;
mod nodes;
mod ports;
mod report;
mod start;
mod traffic;
mod world;

use checker::{Loss, Promise, Rule, Violation};
use deployment::Kind;
use dice::Dice;
use history::{Act, History, Op, Outcome, Recorder};
use nodes::LEASE;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use traffic::Traffic;
use world::World;

/// How long each deployment is raged against when nobody says how long.
const SECONDS: u64 = 60;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

/// One at a time: each wants the machine for itself.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Traffic and whatever faults there are for a while, and then the verdict.
fn survive(kind: Kind, promise: Promise) {
    let span = Duration::from_secs(number("NEMESIS_SECONDS").unwrap_or(SECONDS));
    survive_these(kind, promise, span, nemesis::choose);
}

fn survive_these(kind: Kind, promise: Promise, span: Duration, choose: nemesis::Choice) {
    let _turn = alone();
    let seed = number("NEMESIS_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000);
    println!("{kind:?}, seed {seed}, {span:?}");
    let mut dice = Dice::new(seed);
    let mut world = World::start(kind);
    let recorder = Recorder::new();
    let traffic = Traffic::start(&world, recorder.clone(), dice.fork());
    nemesis::rage(&mut world, &recorder, &mut dice, span, choose);
    traffic.finish(&world.runtime);
    let history = recorder.take();
    println!("{}", report::table(&history, &promise));
    (0..nodes::NODES).for_each(|node| println!("  {}", world.nodes.near(node)));
    let violations = checker::violations(&history, &promise);
    show(&history, &violations);
    assert!(
        violations.is_empty(),
        "{} violations; NEMESIS_SEED={seed} breaks the same things again\n{}",
        violations.len(),
        (0..nodes::NODES)
            .map(|node| format!("node {node}:\n{}\n", world.nodes.log(node)))
            .collect::<Vec<_>>()
            .concat()
    );
    something_happened(&history);
}

/// How often each rule was broken, and the first times: of each session, one violation says it all.
fn show(history: &History, violations: &[Violation]) {
    const MOST: usize = 3;
    let mut by_rule: BTreeMap<Rule, Vec<&Violation>> = BTreeMap::new();
    for violation in violations {
        by_rule.entry(violation.rule).or_default().push(violation);
    }
    for (rule, violations) in by_rule {
        println!("{rule:?}: {} times", violations.len());
        let mut shown = HashSet::new();
        let firsts = violations
            .iter()
            .filter(|violation| shown.insert(violation.session));
        for violation in firsts.take(MOST) {
            println!("{}", checker::around(history, violation));
        }
    }
}

/// A history in which nothing happens proves nothing.
fn something_happened(history: &History) {
    let count = |act, outcome| {
        let ops = history.ops.iter();
        let same = |op: &&Op| op.act == act && op.outcome.or_by_primary_only() == outcome;
        ops.filter(same).count()
    };
    for (act, outcome) in [
        (Act::Open, Outcome::Done),
        (Act::Check, Outcome::Done),
        (Act::Check, Outcome::NoSession),
        (Act::End, Outcome::Done),
        (Act::EndSettled, Outcome::Done),
    ] {
        assert!(
            count(act, outcome) > 0,
            "no {act:?} was answered with {outcome:?}"
        );
    }
    assert!(history.ops.iter().any(|op| op.renewed), "nothing was renewed");
    assert!(!history.faults.is_empty(), "nothing broke");
}

#[test]
fn nothing_revoked_gets_in_on_one_redis() {
    let promise = Promise {
        lease: LEASE,
        loss: Loss::Nothing,
        recovery: Duration::from_secs(5),
    };
    survive(Kind::Alone, promise);
}

/// What a primary may have written in the last moments before its replicas were lost, by its own count of seconds.
const UNHEARD: Loss = Loss::LastWrites(Duration::from_secs(4));

/// Where a primary is replaced that is lost.
const REPLACED: Promise = Promise {
    lease: LEASE,
    loss: UNHEARD,
    recovery: Duration::from_secs(15),
};

#[test]
fn nothing_revoked_gets_in_under_sentinel() {
    survive(Kind::Sentinel, REPLACED);
}

#[test]
fn nothing_revoked_gets_in_on_a_cluster() {
    survive(Kind::Cluster, REPLACED);
}

/// Sentinels replace a primary that is well while it goes on writing, and a replica goes on following it: for a moment,
/// what that one has is not what the next primary has.
#[test]
fn nothing_revoked_gets_in_when_fail_overs_are_ordered() {
    let span = Duration::from_secs(number("NEMESIS_SECONDS").unwrap_or(SECONDS) / 2);
    survive_these(Kind::Sentinel, REPLACED, span, nemesis::order_a_fail_over);
}
