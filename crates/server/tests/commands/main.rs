//! The command line and the configuration, as somebody meets them who has just cloned the project.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../common/mod.rs"]
mod common;

mod configuration;
mod dev;
mod doctor;
mod usage;

use common::Setup;
use std::path::Path;
use std::process::Output;

/// Runs a command in a folder, with nothing configured.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Setup::bare().command(folder, arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// It fails with this status and names all of this.
#[track_caller]
fn fails(output: &Output, status: i32, names: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    for name in names {
        assert!(error.contains(name), "{name:?} is not in: {error}");
    }
    assert!(
        !error.contains("panicked") && !error.contains("RUST_BACKTRACE"),
        "{error}"
    );
}
