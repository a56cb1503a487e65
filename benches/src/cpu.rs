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

/// Microseconds of processor time that each of these processes uses while something is done, for each of the `count` times
/// that it is done.
#[allow(clippy::cast_precision_loss, reason = "thousands of requests, not 2^52")]
pub async fn used_while<const N: usize>(
    pids: [u32; N],
    count: usize,
    something: impl Future<Output = Result<()>>,
) -> Result<[f64; N]> {
    let read = || pids.map(used).into_iter().collect::<Result<Vec<_>>>();
    let before = read()?;
    something.await?;
    let mut each = [0.0; N];
    for ((each, before), after) in each.iter_mut().zip(before).zip(read()?) {
        *each = after.saturating_sub(before).as_secs_f64() * 1e6 / count as f64;
    }
    Ok(each)
}
