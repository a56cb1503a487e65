//! A primary, two replicas, and three Sentinels that watch them.

use super::{FIRST_SENTINEL, KEEP_ENVIRONMENT, Plan, Process, server, until};
use crate::network::{Member, Network};
use crate::ports;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the Sentinels call the primary and its replicas.
pub const GROUP: &str = "sessions";

/// How long a primary has to be silent before the Sentinels replace it.
///
/// It has to be longer than a primary goes on writing alone. `min-replicas-max-lag 1` counts whole seconds, and is looked
/// at once a second: a primary stops between one and three seconds after the last word of a replica. A shorter time would
/// leave two primaries that both write, and both confirm leases.
const DOWN_AFTER: Duration = Duration::from_millis(3500);

/// The servers and the Sentinels, all of which know each other.
pub fn start(folder: &Path, network: &Arc<Network>) -> (Vec<Process>, Vec<Process>) {
    let mut servers: Vec<Process> = Vec::new();
    for index in 0..3 {
        let first = servers.first().map(Process::shown);
        let plan = server(folder, network, index, |shown| replicated(shown, first));
        servers.push(Process::start(plan, network));
    }
    let primary = servers[0].shown();
    let sentinels: Vec<_> = (0..3)
        .map(|index| Process::start(sentinel(folder, network, index, primary), network))
        .collect();
    until(
        "the Sentinels know each other and both replicas",
        Duration::from_secs(20),
        || sentinels.iter().all(knows_all),
    );
    (servers, sentinels)
}

/// A server that tells everybody its door, and that writes only while a replica hears it.
fn replicated(shown: u16, primary: Option<u16>) -> String {
    let role = primary.map_or_else(String::new, |port| format!("replicaof 127.0.0.1 {port}\n"));
    format!(
        "replica-announce-ip 127.0.0.1\nreplica-announce-port {shown}\nmin-replicas-to-write 1\n\
         min-replicas-max-lag 1\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\nrepl-timeout 5\n{role}"
    )
}

fn sentinel(folder: &Path, network: &Arc<Network>, index: u8, primary: u16) -> Plan {
    let member = Member(FIRST_SENTINEL + index);
    let real = ports::free();
    let shown = network.door(member, real);
    let folder = folder.join(format!("sentinel-{index}"));
    let down_after = DOWN_AFTER.as_millis();
    let configuration = format!(
        "bind 127.0.0.1\nport {real}\n{KEEP_ENVIRONMENT}dir {}\nsentinel announce-ip 127.0.0.1\nsentinel announce-port {shown}\n\
         sentinel monitor {GROUP} 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds {GROUP} {down_after}\n\
         sentinel failover-timeout {GROUP} 3000\nsentinel parallel-syncs {GROUP} 2\n",
        folder.display()
    );
    Plan {
        program: "redis-sentinel",
        name: format!("sentinel {index}"),
        member,
        folder,
        real,
        shown,
        configuration,
    }
}

fn knows_all(sentinel: &Process) -> bool {
    let Some(answer) = sentinel.ask(&["SENTINEL", "MASTER", GROUP]) else {
        return false;
    };
    let fields: Vec<&str> = answer.lines().collect();
    let field = |name: &str| {
        let mut pairs = fields.chunks(2);
        pairs.find(|pair| pair[0] == name).map(|pair| pair[1])
    };
    field("num-slaves") == Some("2") && field("num-other-sentinels") == Some("2")
}

/// The door of the primary, as most Sentinels have it.
pub fn primary(sentinels: &[Process]) -> Option<u16> {
    let told: Vec<u16> = sentinels
        .iter()
        .filter_map(|sentinel| sentinel.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP]))
        .filter_map(|answer| answer.lines().nth(1)?.parse().ok())
        .collect();
    let votes = |port| told.iter().filter(|other| **other == port).count();
    told.iter().copied().max_by_key(|port| votes(*port))
}

/// Orders a fail-over. One that is under way already is as good.
pub fn fail_over(sentinels: &[Process]) {
    let _ = sentinels[0].ask(&["SENTINEL", "FAILOVER", GROUP]);
}
