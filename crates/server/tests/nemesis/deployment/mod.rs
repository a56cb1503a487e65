//! The store's servers, real ones: one alone, a primary under Sentinel, a Cluster.

mod cluster;
mod process;
mod sentinel;
mod standalone;

use crate::network::{Member, Network};
use crate::ports;
use process::Plan;
pub use process::Process;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The first member that is a server; those before are our nodes.
const FIRST_SERVER: u8 = 10;
const FIRST_SENTINEL: u8 = 20;

/// `./test` finds what is left over by its environment, which a server would write its title over.
const KEEP_ENVIRONMENT: &str = "set-proc-title no\n";

/// How the servers hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Alone,
    Sentinel,
    Cluster,
}

/// Running servers. They end with it, and their data are gone.
pub struct Deployment {
    pub kind: Kind,
    /// Those that hold data.
    pub servers: Vec<Process>,
    pub sentinels: Vec<Process>,
    _folder: TempDir,
}

impl Deployment {
    pub fn start(kind: Kind, network: &Arc<Network>) -> Self {
        let programs: &[_] = match kind {
            Kind::Sentinel => &["redis-cli", "redis-server", "redis-sentinel"],
            Kind::Alone | Kind::Cluster => &["redis-cli", "redis-server"],
        };
        programs.iter().for_each(|program| process::need(program));
        let folder = tempfile::tempdir().unwrap();
        let (servers, sentinels) = match kind {
            Kind::Alone => (standalone::start(folder.path(), network), Vec::new()),
            Kind::Sentinel => sentinel::start(folder.path(), network),
            Kind::Cluster => (cluster::start(folder.path(), network), Vec::new()),
        };
        Self {
            kind,
            servers,
            sentinels,
            _folder: folder,
        }
    }

    /// What our nodes are told.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Alone => format!("redis://127.0.0.1:{}/", self.servers[0].shown()),
            Kind::Sentinel => {
                let hosts = addresses(&self.sentinels).join(",");
                format!("redis-sentinel://{hosts}/{}?replicas=1", sentinel::GROUP)
            }
            Kind::Cluster => {
                let hosts = addresses(&self.servers[..3]).join(",");
                format!("redis-cluster://{hosts}?replicas=1")
            }
        }
    }

    /// The servers that take writes at this moment, by the word of those that are up.
    pub fn primaries(&self) -> Vec<usize> {
        let shown = match self.kind {
            Kind::Alone => return vec![0],
            Kind::Sentinel => sentinel::primary(&self.sentinels).into_iter().collect(),
            Kind::Cluster => cluster::primaries(&self.servers),
        };
        let index = |port| self.servers.iter().position(|server| server.shown() == port);
        shown.into_iter().filter_map(index).collect()
    }

    /// Whether a server follows another one and hears from it.
    pub fn is_fed(&self, server: usize) -> bool {
        let info = self.servers[server].ask(&["INFO", "replication"]);
        info.is_some_and(|info| info.contains("master_link_status:up"))
    }

    /// Whether every server has the place that it should have: as many primaries as there are parts of the data, and
    /// everybody else follows.
    pub fn is_whole(&self) -> bool {
        let primaries = self.primaries();
        let parts = if self.kind == Kind::Cluster { 3 } else { 1 };
        let rest = (0..self.servers.len()).filter(|server| !primaries.contains(server));
        primaries.len() == parts
            && rest.into_iter().all(|server| self.is_fed(server))
            && (self.kind != Kind::Cluster || cluster::is_ok(&self.servers))
    }

    /// Orders a fail-over of the part of the data that this primary has.
    pub fn order_fail_over(&self, primary: usize) {
        match self.kind {
            Kind::Alone => {}
            Kind::Sentinel => sentinel::fail_over(&self.sentinels),
            Kind::Cluster => cluster::fail_over(&self.servers, self.servers[primary].shown()),
        }
    }

    /// A primary that is lost costs what only it had acknowledged.
    pub fn has_replicas(&self) -> bool {
        self.kind != Kind::Alone
    }
}

fn addresses(processes: &[Process]) -> Vec<String> {
    let address = |process: &Process| format!("127.0.0.1:{}", process.shown());
    processes.iter().map(address).collect()
}

/// A server that keeps what it acknowledged when it is killed, with a door to it.
fn server(folder: &Path, network: &Arc<Network>, index: u8, more: impl FnOnce(u16) -> String) -> Plan {
    let member = Member(FIRST_SERVER + index);
    let real = ports::free();
    let shown = network.door(member, real);
    let name = format!("redis {index}");
    let folder = folder.join(format!("redis-{index}"));
    let configuration = format!(
        "bind 127.0.0.1\nport {real}\ndir {}\nappendonly yes\n\
         # A busy disk must not stall the tests; what is written outlives the process all the same.\n\
         appendfsync no\n{KEEP_ENVIRONMENT}save \"\"\nmaxmemory-policy noeviction\n{}",
        folder.display(),
        more(shown)
    );
    Plan {
        program: "redis-server",
        name,
        member,
        folder,
        real,
        shown,
        configuration,
    }
}

/// Asks until it is true.
#[track_caller]
pub fn until(what: &str, within: Duration, mut is_true: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !is_true() {
        assert!(asked.elapsed() < within, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
