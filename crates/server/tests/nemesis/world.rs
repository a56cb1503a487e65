//! Everything that runs in one test.

use crate::deployment::{Deployment, Kind, Process};
use crate::network::{Member, Network};
use crate::nodes::{NODES, Nodes, member};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Our nodes, the servers of their store, the network between them, and what drives all of it.
pub struct World {
    pub nodes: Nodes,
    pub deployment: Deployment,
    pub network: Arc<Network>,
    pub runtime: Runtime,
}

impl World {
    pub fn start(kind: Kind) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let network = Network::new(runtime.handle().clone());
        let deployment = Deployment::start(kind, &network);
        let nodes = Nodes::start(&deployment.url(), &network);
        Self {
            nodes,
            deployment,
            network,
            runtime,
        }
    }

    /// Everybody who belongs to the store.
    pub fn store(&self) -> Vec<Member> {
        let processes = self.deployment.servers.iter().chain(&self.deployment.sentinels);
        processes.map(Process::member).collect()
    }

    /// Everybody.
    pub fn everybody(&self) -> Vec<Member> {
        (0..NODES).map(member).chain(self.store()).collect()
    }
}
