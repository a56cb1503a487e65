//! A Cluster: three primaries, each with a replica.

use super::process::ask;
use super::{Plan, Process, addresses, server, until};
use crate::network::{Member, Network};
use crate::ports;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const SERVERS: u8 = 6;

/// The servers, joined by `redis-cli --cluster create`.
pub fn start(folder: &Path, network: &Arc<Network>) -> Vec<Process> {
    let servers: Vec<_> = (0..SERVERS)
        .map(|index| Process::start(plan(folder, network, index), network))
        .collect();
    let created = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(addresses(&servers))
        .args(["--cluster-replicas", "1", "--cluster-yes"])
        .output()
        .unwrap();
    assert!(created.status.success(), "{created:?}");
    until(
        "every server says that the Cluster is whole",
        Duration::from_secs(30),
        || is_ok(&servers) && primaries(&servers).len() == 3,
    );
    servers
}

/// The bus has a door of its own, so that a server that is cut off is so from the other servers as well.
fn plan(folder: &Path, network: &Arc<Network>, index: u8) -> Plan {
    let real_bus = ports::free();
    let member = Member(super::FIRST_SERVER + index);
    let bus = network.door(member, real_bus);
    server(folder, network, index, |shown| {
        format!(
            "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout 1500\n\
             cluster-require-full-coverage no\ncluster-replica-validity-factor 0\n\
             cluster-port {real_bus}\ncluster-announce-ip 127.0.0.1\ncluster-announce-port {shown}\n\
             cluster-announce-bus-port {bus}\nmin-replicas-to-write 1\nmin-replicas-max-lag 1\n\
             repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\nrepl-timeout 5\n"
        )
    })
}

/// Whether every server that answers finds the Cluster whole, and all answer.
pub fn is_ok(servers: &[Process]) -> bool {
    servers.iter().all(|server| {
        let info = server.ask(&["CLUSTER", "INFO"]);
        info.is_some_and(|info| info.contains("cluster_state:ok"))
    })
}

/// The doors of the primaries that hold data, as the first server has it that is up and in touch with most.
pub fn primaries(servers: &[Process]) -> Vec<u16> {
    views(servers).into_iter().next().unwrap_or_default()
}

/// What each server that answers and finds the Cluster working takes for the primaries.
fn views(servers: &[Process]) -> Vec<Vec<u16>> {
    let working = servers.iter().filter(|server| {
        let info = server.ask(&["CLUSTER", "INFO"]);
        info.is_some_and(|info| info.contains("cluster_state:ok"))
    });
    working
        .filter_map(|server| server.ask(&["CLUSTER", "NODES"]))
        .map(|nodes| nodes.lines().filter_map(primary).collect())
        .collect()
}

/// The port of a line `id 127.0.0.1:20001@20002 myself,master - 0 0 1 connected 0-5460`, if it is a primary with data.
fn primary(line: &str) -> Option<u16> {
    let fields: Vec<&str> = line.split(' ').collect();
    let flags: Vec<&str> = fields.get(2)?.split(',').collect();
    if !flags.contains(&"master") || flags.contains(&"fail") || fields.len() < 9 {
        return None;
    }
    port(fields[1])
}

fn port(address: &str) -> Option<u16> {
    let (_, ports) = address.split_once(':')?;
    ports.split_once('@')?.0.parse().ok()
}

/// Orders the replica of a primary to take its place.
pub fn fail_over(servers: &[Process], primary: u16) {
    let nodes = servers
        .iter()
        .find_map(|server| server.ask(&["CLUSTER", "NODES"]));
    let nodes = nodes.unwrap_or_default();
    let line_of = |wanted: u16| {
        let mut lines = nodes.lines();
        lines.find(|line| line.split(' ').nth(1).and_then(port) == Some(wanted))
    };
    let Some(id) = line_of(primary).and_then(|line| line.split(' ').next()) else {
        return;
    };
    let replica = nodes
        .lines()
        .find(|line| line.split(' ').nth(3) == Some(id))
        .and_then(|line| line.split(' ').nth(1).and_then(port));
    if let Some(replica) = replica {
        // One that is under way already is as good.
        let _ = ask(replica, &["CLUSTER", "FAILOVER"]);
    }
}
