//! `cloakroom doctor`: what is wrong, and how to mend it.

use super::output::say;
use super::{Common, Failure, doctor_outbound, output};
use crate::alerts;
use crate::app::{audit, start};
use crate::config::{Config, Purpose};
use clap::Args;
use cloakroom::{Clock as _, Finding, SystemClock};
use serde_json::json;
use std::time::Duration;

/// Milliseconds since 1970 of the day on which this was written: a clock before it is wrong.
const LONG_AGO: u64 = 1_795_000_000_000;

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cloakroom doctor --config cloakroom.toml\nExit status: 1 if something breaks a promise."
)]
pub struct Doctor {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: Common,
}

impl Doctor {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = self.common.load()?;
        let mut findings = settings(&self.common, &config);
        findings.extend(store(&config).await);
        findings.extend(directory(&config).await);
        findings.extend(audit::findings(&config).await);
        findings.extend(places(&config));
        findings.extend(doctor_outbound::findings(&config).await);
        findings.sort_by_key(|finding| !finding.grave);
        self.show(&config, &findings);
        let grave = findings.iter().filter(|finding| finding.grave).count();
        if grave > 0 {
            return Err(anyhow::anyhow!("{grave} of these break what the server promises").into());
        }
        Ok(())
    }

    fn show(&self, config: &Config, findings: &[Finding]) {
        if self.json {
            let row = |finding: &Finding| json!({ "grave": finding.grave, "what": finding.what, "mend": finding.mend });
            output::json(&json!({ "findings": findings.iter().map(row).collect::<Vec<_>>() }));
            return;
        }
        say!(
            "store {}, users in {}",
            config.store,
            config.data_dir.join("users.db").display()
        );
        for finding in findings {
            say!("{} {}", if finding.grave { "✗" } else { "!" }, finding.what);
            say!("  {}", finding.mend);
        }
        if findings.is_empty() {
            say!("Nothing is wrong.");
        }
    }
}

pub(super) fn finding(grave: bool, what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding {
        grave,
        what: what.into(),
        mend: mend.into(),
    }
}

/// What can be told from the configuration and the clock alone.
fn settings(common: &Common, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(errors) = Config::load(&common.sources(Purpose::Serve)) {
        findings.push(finding(
            true,
            format!("`serve` would not start: {errors}"),
            "Correct these keys; `config check` looks again.",
        ));
    }
    if config.trusted_proxies.iter().any(|net| net.prefix_len() == 0) {
        findings.push(finding(
            true,
            "trusted_proxies covers every address, so anybody can claim any address",
            "Name your proxies' own addresses, such as 10.0.0.5/32.",
        ));
    }
    if config.admin.keys.is_empty() {
        findings.push(finding(
            false,
            "no admin key is set, so nobody can use the admin API and the console",
            "Make one: head -c32 /dev/urandom | base64 | tee admin.key | tr -d '\\n' | sha256sum; put the hash into admin.keys.",
        ));
    }
    if !config.admin_listen.ip().is_loopback() {
        findings.push(finding(
            false,
            format!(
                "the admin listener {} is reachable from other machines, over plain HTTP",
                config.admin_listen
            ),
            "Bind it to 127.0.0.1 or put TLS and a firewall before it.",
        ));
    }
    if config.cookie.domain.is_some() {
        findings.push(finding(
            false,
            "cookie.domain is set, so every host of the domain can read and plant the session cookie",
            "Leave it empty unless applications on several hosts share the log-in.",
        ));
    }
    if SystemClock.now().as_millis() < LONG_AGO {
        findings.push(finding(
            true,
            "the system clock is years behind",
            "Set it, and keep it right with NTP; deadlines hang on it.",
        ));
    }
    findings
}

/// Whether the databases of places can be read.
fn places(config: &Config) -> Option<Finding> {
    let error = alerts::rules::places(&config.watch).err()?;
    Some(finding(
        true,
        format!("`serve` would not start: {error:#}"),
        "Correct the path, download the file again, or leave the key out.",
    ))
}

async fn store(config: &Config) -> Vec<Finding> {
    if config.store.expose().starts_with("memory:") {
        return vec![finding(
            false,
            "sessions are kept in memory and end with the process",
            "Use sqlite: or redis:// to keep them.",
        )];
    }
    let unreachable = |error: &dyn std::fmt::Display| {
        finding(
            true,
            format!("the session store does not answer: {error:#}"),
            "Start it, or correct `store`; nobody can log in until then.",
        )
    };
    match cloakroom::open_store(config.store.expose()).await {
        Ok(store) => {
            let now = SystemClock.now();
            let mut findings = store
                .examine(now)
                .await
                .unwrap_or_else(|error| vec![unreachable(&error)]);
            // Who only asks changes nothing.
            let agreed = store.lease(Duration::ZERO, now).await.unwrap_or_default();
            findings.extend(longer_lease(config.cache.lease.into(), agreed));
            findings
        }
        Err(error) => vec![unreachable(&error)],
    }
}

/// Whether other servers rely on a shorter lease than this one wants.
fn longer_lease(wanted: Duration, agreed: Duration) -> Option<Finding> {
    let what = format!(
        "cache.lease is {wanted:?}, and the servers on this store agreed on {agreed:?}: while they run, `serve` does not start"
    );
    let mend =
        "Give it no more than the others, or stop all of them for three minutes to begin with another.";
    (!agreed.is_zero() && wanted > agreed).then(|| finding(true, what, mend))
}

async fn directory(config: &Config) -> Vec<Finding> {
    let users = match start::directory(config).await {
        Ok(users) => users.list().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match users {
        Ok(users) if users.is_empty() => vec![finding(
            false,
            "there is no user yet",
            "Add one: cloakroom user add NAME",
        )],
        Ok(_) => Vec::new(),
        Err(error) => vec![finding(
            true,
            format!("the user directory can not be read: {error:#}"),
            "Look at the file's owner and permissions, or restore it.",
        )],
    }
}
