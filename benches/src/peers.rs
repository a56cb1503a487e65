//! How the applications of `benches/peers` are started.

use anyhow::{Context as _, Result};
use std::path::Path;
use std::process::Command;

/// What is measured beside ours: the name in the table, the program and the kind that it is asked for.
pub const PEERS: [(&str, &str, &str); 7] = [
    ("tower-sessions on Redis", "tower_sessions", "plain"),
    ("tower-sessions, sliding", "tower_sessions", "sliding"),
    ("actix-web, no session", "actix_session", "bare"),
    ("actix-session on Redis", "actix_session", "plain"),
    ("actix-session, sliding", "actix_session", "sliding"),
    ("express, no session", "express", "bare"),
    ("express-session on Redis", "express", "plain"),
];

/// What starts a peer on this Redis. Those in Rust are built into the same folder as the program that runs.
pub fn command(program: &str, kind: &str, redis: &str) -> Result<Command> {
    let mut command = if program == "express" {
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/express/server.js");
        let mut node = Command::new("node");
        node.arg(server).env("NODE_ENV", "production");
        node
    } else {
        let this = std::env::current_exe()?;
        let folder = this.parent().context("a program without a folder")?;
        Command::new(folder.join(program))
    };
    command.args([kind, redis]);
    Ok(command)
}
