//! A server that is measured: a process of its own, and what it takes to send it requests of users who are logged in.

use crate::client::{self, CONNECTIONS};
use crate::cpu;
use anyhow::{Context as _, Result};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// The server. Stops when dropped.
pub struct Served {
    child: Child,
    port: u16,
    /// One for each connection: users do not share a session.
    cookies: Vec<String>,
}

impl Served {
    /// Starts a program that prints the port on which it serves.
    pub fn start(mut command: Command) -> Result<Self> {
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
        Ok(server)
    }

    /// Logs in, as one user for each connection.
    pub async fn log_in(mut self) -> Result<Self> {
        for user in 0..CONNECTIONS {
            let cookie = client::log_in(self.port, &format!("user-{user}")).await?;
            self.cookies.push(cookie);
        }
        Ok(self)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends so many requests, with these cookies (header lines).
    pub async fn load(&self, cookies: &[String], requests: usize) -> Result<()> {
        client::load(self.port, cookies, requests).await
    }

    /// Microseconds of processor time that the server uses for each of so many requests of those who are logged in.
    pub async fn microseconds(&self, requests: usize) -> Result<f64> {
        let load = self.load(&self.cookies, requests);
        let [each] = cpu::used_while([self.pid()], requests, load).await?;
        Ok(each)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
