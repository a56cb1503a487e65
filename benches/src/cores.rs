//! A core for the server that is measured, and the others for whoever asks it and for what it asks. As in production, it
//! does not share one with those; and it is not woken now on one core and now on another, each with other things in its caches.

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::process::Command;

/// Keeps this thread, and what it starts from now on, off the first core, and answers which that is. Nothing happens where
/// there is only one.
pub fn leave_the_first() -> Result<Option<usize>> {
    let mut cores = sched_getaffinity(None).context("asking for this process's cores")?;
    let first = (0..CpuSet::MAX_CPU).find(|core| cores.is_set(*core));
    let Some(first) = first.filter(|_| cores.count() > 1) else {
        return Ok(None);
    };
    cores.unset(first);
    sched_setaffinity(None, &cores).context("leaving a core to the server")?;
    Ok(Some(first))
}

/// The same command, on this core alone.
#[must_use]
pub fn only_on(core: Option<usize>, command: Command) -> Command {
    let Some(core) = core else { return command };
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", &core.to_string()]);
    pinned.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        pinned.current_dir(folder);
    }
    pinned
}
