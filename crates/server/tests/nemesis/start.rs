//! That the deployments are what they claim to be: they start for real, break, and mend.

use crate::deployment::{Deployment, Kind, Process, until};
use crate::network::{Member, Network};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(40);

/// A deployment alone, without any of our nodes.
struct Bench {
    deployment: Deployment,
    network: Arc<Network>,
    _runtime: Runtime,
}

impl Bench {
    fn start(kind: Kind) -> Self {
        let runtime = Runtime::new().unwrap();
        let network = Network::new(runtime.handle().clone());
        let bench = Self {
            deployment: Deployment::start(kind, &network),
            network,
            _runtime: runtime,
        };
        bench.until_whole();
        bench
    }

    fn until_whole(&self) {
        until("everything is in place", PATIENCE, || self.deployment.is_whole());
    }

    /// All but one.
    fn others(&self, server: usize) -> Vec<Member> {
        let processes = self.deployment.servers.iter().chain(&self.deployment.sentinels);
        let members = processes.map(Process::member);
        let this = self.deployment.servers[server].member();
        members.filter(|member| *member != this).collect()
    }

    /// Which other server has the part of the data that a primary had; it does if it takes this key.
    fn successor(&self, before: usize, key: &str) -> Option<usize> {
        let mut servers = 0..self.deployment.servers.len();
        servers.find(|server| *server != before && self.takes(*server, key))
    }

    fn takes(&self, server: usize, key: &str) -> bool {
        let answer = self.deployment.servers[server].ask(&["SET", key, "x"]);
        answer.as_deref() == Some("OK")
    }

    /// A key that a primary takes.
    fn key_of(&self, primary: usize) -> String {
        let mut keys = (0..100).map(|number| format!("key-{number}"));
        keys.find(|key| self.takes(primary, key)).unwrap()
    }
}

/// A primary is frozen, replaced, wakes up and becomes a replica.
fn a_frozen_primary_is_replaced(bench: &Bench) {
    let deployment = &bench.deployment;
    let before = deployment.primaries();
    deployment.servers[before[0]].freeze();
    until("another primary", PATIENCE, || {
        let now = deployment.primaries();
        now.len() == before.len() && !now.contains(&before[0])
    });
    deployment.servers[before[0]].thaw();
    until("the old one follows", PATIENCE, || {
        deployment.is_fed(before[0]) && deployment.is_whole()
    });
}

/// A primary that nobody reaches has stopped writing before another one begins, or both would confirm leases.
fn an_isolated_primary_stops_before_another_begins(bench: &Bench) {
    let primary = bench.deployment.primaries()[0];
    let key = bench.key_of(primary);
    let member = bench.deployment.servers[primary].member();
    let cut = Instant::now();
    for other in bench.others(primary) {
        bench.network.cut(member, other);
    }
    // The one has stopped, and the other has its place. It may be that it can not write before the old one follows it.
    let mut stopped = cut.elapsed();
    let replaced = || !bench.deployment.primaries().contains(&primary);
    let mut asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(5) || !replaced() {
        if bench.takes(primary, &key) {
            (stopped, asked) = (cut.elapsed(), Instant::now());
        }
        assert!(cut.elapsed() < PATIENCE, "it does not stop, or is not replaced");
        assert!(
            bench.takes(primary, &key) <= bench.successor(primary, &key).is_none(),
            "both write, {:?} after the cut",
            cut.elapsed()
        );
    }
    println!("wrote alone for {stopped:?}");
    for other in bench.others(primary) {
        bench.network.mend(member, other);
    }
    bench.until_whole();
    assert!(bench.successor(primary, &key).is_some());
}

/// A fail-over is ordered, of a part of the data whose primary works.
fn a_fail_over_can_be_ordered(bench: &Bench) {
    let deployment = &bench.deployment;
    let before = deployment.primaries();
    until("the one that was ordered", PATIENCE, || {
        let replaced = !deployment.primaries().contains(&before[0]);
        if !replaced {
            // An order is refused for a while after a fail-over.
            deployment.order_fail_over(before[0]);
        }
        replaced && deployment.is_whole()
    });
}

fn primaries_are_replaced(kind: Kind) {
    let _turn = crate::alone();
    let bench = Bench::start(kind);
    a_frozen_primary_is_replaced(&bench);
    an_isolated_primary_stops_before_another_begins(&bench);
    a_fail_over_can_be_ordered(&bench);
}

#[test]
fn sentinels_replace_a_primary() {
    primaries_are_replaced(Kind::Sentinel);
}

#[test]
fn a_cluster_replaces_a_primary() {
    primaries_are_replaced(Kind::Cluster);
}
