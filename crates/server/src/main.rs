//! The `cloakroom` command.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    cloakroom_server::cli::run(cloakroom_server::cli::Command::parse())
}
