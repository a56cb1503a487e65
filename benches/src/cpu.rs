//! Processor time of a process, as the kernel counts it.

use anyhow::{Context as _, Result};
use std::time::Duration;

/// What all threads of a process have used so far, to the nanosecond. (What `/proc/PID/stat` says comes in ticks of 10 ms.)
pub fn used(pid: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).context("reading the process's threads")? {
        let said = std::fs::read_to_string(task?.path().join("schedstat"));
        let said = said.context("reading a thread's time; the kernel has to count it (CONFIG_SCHED_INFO)")?;
        let first = said.split_whitespace().next().context("no time in it")?;
        sum += Duration::from_nanos(first.parse()?);
    }
    Ok(sum)
}
