//! The command line.

mod audit;
mod check;
mod doctor;
mod doctor_outbound;
mod log;
mod output;
mod server;
mod session;
mod user;
mod webhook;

use crate::config::{Config, Flags, Purpose, Sources};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Web sessions that die the moment they are revoked.
#[derive(Debug, Parser)]
#[command(name = "cloakroom", version, propagate_version = true)]
#[command(after_help = "Example: cloakroom serve --dev\nExit status: 0 done, 1 failed, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Run the server.
    Serve(server::Serve),
    /// Look after the users of the built-in directory.
    #[command(subcommand)]
    User(user::User),
    /// Look at sessions and end them.
    #[command(subcommand)]
    Session(session::Session),
    /// Verify, export and tidy the audit trail.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Try a webhook.
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Check or print the configuration.
    #[command(subcommand)]
    Config(check::Check),
    /// Look at the store, the proxies and the clock; say what is wrong and how to mend it.
    Doctor(doctor::Doctor),
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The configuration file (TOML). Each key is also an environment variable: `CLOAKROOM_POLICY__IDLE_TIMEOUT=30m`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where sessions are kept: `memory:`, `sqlite:PATH`, `redis://HOST`, `rediss://HOST`.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The folder for what the server keeps besides sessions, such as its users.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

impl Common {
    fn sources(&self, purpose: Purpose) -> Sources {
        let flags = Flags {
            store: self.store.clone(),
            data_dir: self.data_dir.clone(),
            ..Flags::default()
        };
        Sources {
            file: self.config.clone(),
            environment: std::env::vars_os().collect(),
            flags,
            purpose,
        }
    }

    /// The configuration for a command that serves nothing.
    fn load(&self) -> Result<Config, Failure> {
        checked(&self.sources(Purpose::Administer))
    }
}

/// The configuration, if all that is made of it will accept it.
fn checked(sources: &Sources) -> Result<Config, Failure> {
    let config = Config::load(sources)?;
    // Has its own bounds, too: what only they refuse is as wrong as the rest.
    let wrong = |error: anyhow::Error| Failure::Usage(format!("the configuration is wrong:\n{error:#}"));
    crate::app::start::policy(&config).map_err(wrong)?;
    crate::app::start::cookie(&config).map_err(wrong)?;
    crate::app::outbound::check(&config).map_err(wrong)?;
    config.cache.near().map_err(|error| wrong(error.into()))?;
    Ok(config)
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The configuration is wrong: exit status 2.
    #[error("the configuration is wrong:\n{0}")]
    Config(#[from] crate::config::ConfigErrors),
    /// The arguments are wrong: exit status 2.
    #[error("{0}")]
    Usage(String),
    /// Anything else: exit status 1.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl Failure {
    fn other(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Other(error.into())
    }
}

/// Does what was asked, and says how it went.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::other(error)),
    };
    let done = runtime.block_on(async {
        match command.act {
            Act::Serve(serve) => serve.run().await,
            Act::User(user) => user.run().await,
            Act::Session(session) => session.run().await,
            Act::Audit(audit) => audit.run().await,
            Act::Webhook(webhook) => webhook.run().await,
            Act::Config(check) => check.run(),
            Act::Doctor(doctor) => doctor.run().await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Other(error) => {
            eprintln!("cloakroom: {error:#}");
            ExitCode::from(1)
        }
        Failure::Config(_) | Failure::Usage(_) => {
            eprintln!("cloakroom: {failure}");
            ExitCode::from(2)
        }
    }
}
