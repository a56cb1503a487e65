//! Who breaks things: what, when and for how long follows from the seed.

use crate::deployment::{Kind, until};
use crate::dice::Dice;
use crate::faults::Fault;
use crate::history::{Act, Outcome, Recorder};
use crate::nodes::NODES;
use crate::world::World;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long after everything is mended it is waited for each node to serve, before the next fault. The checker has a
/// limit of its own.
const PATIENCE: Duration = Duration::from_mins(2);

/// For this part of the time a deployment is left alone at first, so that there are figures without faults.
const CALM: u32 = 6;

/// Who says what breaks next.
pub type Choice = fn(&World, &mut Dice) -> Vec<Fault>;

/// Breaks and mends until the time is up; then everything is whole.
pub fn rage(world: &mut World, recorder: &Recorder, dice: &mut Dice, span: Duration, choose: Choice) {
    let began = Instant::now();
    sleep(span / CALM);
    while began.elapsed() < span {
        let faults = choose(world, dice);
        let primaries = world.deployment.primaries();
        let names: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let lost =
            world.deployment.has_replicas() && faults.iter().any(|fault| fault.loses_primary(&primaries));
        let silenced = faults
            .iter()
            .flat_map(|fault| fault.silences(world.deployment.kind));
        recorder.fault(names.join(", and "), silenced.collect(), lost);
        for fault in &faults {
            fault.strike(world);
            sleep(dice.between(0, 300));
        }
        let struck = recorder.now();
        sleep(how_long(world.deployment.kind, &faults, dice));
        recorder.in_force_since(struck);
        // A node starts only where there is a store.
        let (nodes, store): (Vec<_>, Vec<_>) = faults
            .iter()
            .partition(|fault| matches!(fault, Fault::KillNode(_)));
        store.iter().for_each(|fault| fault.mend(world));
        if !nodes.is_empty() && !store.is_empty() {
            until("the store is whole again", PATIENCE, || {
                world.deployment.is_whole()
            });
        }
        nodes.iter().for_each(|fault| fault.mend(world));
        let healed = recorder.healed();
        if all_serve(recorder, healed) {
            recorder.recovered();
        }
        until("the store is whole again", PATIENCE, || {
            world.deployment.is_whole()
        });
        sleep(dice.between(500, 1500));
    }
}

/// One primary is to be replaced that is well.
pub fn order_a_fail_over(world: &World, dice: &mut Dice) -> Vec<Fault> {
    let primaries = world.deployment.primaries();
    dice.one_of(&primaries)
        .map(|primary| Fault::FailOver(*primary))
        .into_iter()
        .collect()
}

/// One fault, or one that strikes a node and one that strikes the store.
pub fn choose(world: &World, dice: &mut Dice) -> Vec<Fault> {
    let first = one(world, dice);
    if !dice.percent(25) {
        return vec![first];
    }
    let second = std::iter::repeat_with(|| one(world, dice))
        .find(|second| second.strikes_a_node() != first.strikes_a_node());
    std::iter::once(first).chain(second).collect()
}

fn one(world: &World, dice: &mut Dice) -> Fault {
    let node = dice.below(NODES);
    if dice.percent(if world.deployment.has_replicas() { 40 } else { 70 }) {
        return on_a_node(node, dice);
    }
    let primaries = world.deployment.primaries();
    let primary = dice.one_of(&primaries).copied().unwrap_or(0);
    if !world.deployment.has_replicas() {
        return match dice.below(4) {
            0 => Fault::KillServer(primary),
            1 => Fault::FreezeServer(primary),
            2 => Fault::SlowStore(dice.between(20, 400)),
            _ => Fault::Full,
        };
    }
    let replicas: Vec<_> = (0..world.deployment.servers.len())
        .filter(|server| !primaries.contains(server))
        .collect();
    let replica = dice.one_of(&replicas).copied().unwrap_or(0);
    match dice.below(10) {
        0 | 1 => Fault::KillServer(primary),
        2 | 3 => Fault::FreezeServer(primary),
        4 => Fault::Isolated(primary),
        5 | 6 => Fault::Split {
            server: primary,
            node,
        },
        7 => Fault::FailOver(primary),
        8 if dice.percent(50) => Fault::KillServer(replica),
        8 => Fault::Isolated(replica),
        _ if dice.percent(50) => Fault::SlowStore(dice.between(20, 400)),
        _ => Fault::Full,
    }
}

fn on_a_node(node: usize, dice: &mut Dice) -> Fault {
    match dice.below(9) {
        0 => Fault::KillNode(node),
        1 | 2 => Fault::FreezeNode(node),
        3 => Fault::CutOff(node),
        4 => Fault::CutOffForGood(node),
        5 => Fault::Deaf(node),
        6 => Fault::Mute(node),
        7 => Fault::Refused(node),
        _ => Fault::SlowNode(node, dice.between(20, 900)),
    }
}

/// Shorter and longer than a lease; where somebody is to be replaced, mostly long enough for that.
fn how_long(kind: Kind, faults: &[Fault], dice: &mut Dice) -> Duration {
    let replaces = faults.iter().any(|fault| {
        matches!(
            fault,
            Fault::KillServer(_) | Fault::FreezeServer(_) | Fault::Isolated(_) | Fault::Split { .. }
        )
    });
    match kind {
        Kind::Sentinel if replaces && dice.percent(75) => dice.between(5_000, 10_000),
        Kind::Cluster if replaces && dice.percent(75) => dice.between(3_000, 7_000),
        _ => dice.between(200, 3_500),
    }
}

/// Waits until each node has accepted somebody who asked after this moment.
fn all_serve(recorder: &Recorder, since: Duration) -> bool {
    let asked = Instant::now();
    loop {
        let serves = recorder.recently(|ops| {
            (0..NODES).all(|node| {
                let mut recent = ops.iter().rev().take_while(|op| op.end >= since);
                recent.any(|op| {
                    op.node == node
                        && op.start >= since
                        && op.act == Act::Check
                        && op.outcome == Outcome::Done
                })
            })
        });
        if serves || asked.elapsed() > PATIENCE {
            return serves;
        }
        sleep(Duration::from_millis(10));
    }
}
