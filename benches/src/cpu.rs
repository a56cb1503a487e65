//! Processor time of a process, as the kernel counts it.

use anyhow::{Context as _, Result};
use std::time::Duration;

/// What the kernel counts in: `sysconf(_SC_CLK_TCK)` is 100 on every Linux that matters.
const TICK: Duration = Duration::from_millis(10);

/// User and system time that a process has used so far, all threads together.
pub fn used(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("reading the process's times")?;
    // The name in parentheses may hold anything; the fields are counted from behind it.
    let rest = stat.rsplit_once(')').context("no name in the process's line")?.1;
    let field = |at: usize| {
        rest.split_whitespace()
            .nth(at)
            .and_then(|text| text.parse::<u32>().ok())
    };
    let ticks = field(11).context("user time")? + field(12).context("system time")?;
    Ok(TICK * ticks)
}
