//! Where the log goes: standard error, as text for a terminal and as JSON lines for everything else.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts logging with a tracing filter such as `info` or `cloakroom=debug`; with the audit trail, whatever else is wanted,
/// if the filter itself says nothing about it.
pub fn start(filter: &str, audit: bool) -> anyhow::Result<()> {
    let filter = if audit && !filter.contains("audit") {
        EnvFilter::builder().parse(format!("{filter},audit=info"))?
    } else {
        EnvFilter::builder().parse(filter)?
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Where that goes wrong, the reader is gone. To say so on the same stream would panic, in the middle of anything.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.with_target(false).compact().try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("the log can not be started: {error}"))
}
