//! One Redis, alone.

use super::{Process, server};
use crate::network::Network;
use std::path::Path;
use std::sync::Arc;

pub fn start(folder: &Path, network: &Arc<Network>) -> Vec<Process> {
    let plan = server(folder, network, 0, |_| String::new());
    vec![Process::start(plan, network)]
}
