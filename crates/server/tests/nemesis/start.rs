//! That the deployments are what they claim to be: they start for real, break, and mend.

use crate::deployment::{Deployment, Kind, until};
use crate::network::Network;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(40);

/// Each primary is frozen, replaced, wakes up and becomes a replica; then a fail-over is ordered.
fn primaries_are_replaced(kind: Kind) {
    let _turn = crate::alone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let network = Network::new(runtime.handle().clone());
    let deployment = Deployment::start(kind, &network);
    until("everything is in place", PATIENCE, || deployment.is_whole());
    let before = deployment.primaries();

    let server = &deployment.servers[before[0]];
    server.freeze();
    until("another primary", PATIENCE, || {
        let now = deployment.primaries();
        now.len() == before.len() && !now.contains(&before[0])
    });
    server.thaw();
    until("the old one follows", PATIENCE, || deployment.is_whole());
    assert!(deployment.is_fed(before[0]));

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

#[test]
fn sentinels_replace_a_primary() {
    primaries_are_replaced(Kind::Sentinel);
}

#[test]
fn a_cluster_replaces_a_primary() {
    primaries_are_replaced(Kind::Cluster);
}
