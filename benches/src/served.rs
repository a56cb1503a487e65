//! A server that is measured: a process of its own, and what it takes to send it requests of users who are logged in.

use crate::{client, cpu};
use anyhow::{Context as _, Result};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

const CONNECTIONS: usize = 16;

/// The server. Stops when dropped.
pub struct Served {
    child: Child,
    port: u16,
    /// One for each connection: users do not share a session.
    cookies: Vec<String>,
}

impl Served {
    /// Starts a program that prints the port on which it serves, and logs in.
    pub async fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_owned();
        let child = command.stdout(Stdio::piped()).spawn();
        let child = child.with_context(|| format!("starting {}", name.display()))?;
        let mut server = Self {
            child,
            port: 0,
            cookies: Vec::new(),
        };
        let mut line = String::new();
        let output = server.child.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse();
        server.port = port.with_context(|| format!("{} did not say its port", name.display()))?;
        for user in 0..CONNECTIONS {
            let cookie = client::log_in(server.port, &format!("user-{user}")).await?;
            server.cookies.push(cookie);
        }
        Ok(server)
    }

    /// Microseconds of processor time that the server uses for each of so many requests.
    #[allow(clippy::cast_precision_loss, reason = "thousands of requests, not 2^52")]
    pub async fn microseconds(&self, requests: usize) -> Result<f64> {
        let before = cpu::used(self.child.id())?;
        client::load(self.port, &self.cookies, requests).await?;
        let used = cpu::used(self.child.id())?.saturating_sub(before);
        Ok(used.as_secs_f64() * 1e6 / requests as f64)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
