//! What leaves the house: the channels that the configuration wants, on the server's own store and users.

use crate::config::{self, Config};
use crate::users::UserDirectory;
use anyhow::Context as _;
use async_trait::async_trait;
use cloakroom::{OsRandom, Store, Subject, SystemClock};
use cloakroom_outbox::mail::{Addresses, AlertMails, Mailer, Ration, UserMails};
use cloakroom_outbox::{Channel, Guard, Options, Outbox, Trust, Webhook};
use std::fmt::Write as _;
use std::sync::Arc;

/// How many mails about new devices one user may get in an hour; what is more is collected.
const MAILS_PER_USER: u32 = 4;

/// Whom to believe.
pub fn trust(config: &Config) -> anyhow::Result<Trust> {
    Trust::new(config.outbound.ca_file.as_deref()).context("outbound.ca_file")
}

/// Whether all that the configuration wants sent can be. Reads the certificates, so only where there is something to send.
pub fn check(config: &Config) -> anyhow::Result<()> {
    if config.webhooks.is_empty() && config.mail.is_none() {
        return Ok(());
    }
    mailer(config, &trust(config)?).map(drop)
}

/// The receiver of a `[webhook.NAME]`.
#[must_use]
pub fn webhook(config: &Config, webhook: &config::Webhook, trust: Trust) -> Webhook {
    let guard = Guard::allowing(config.outbound.allow_networks.iter().copied());
    Webhook::new(
        &webhook.name,
        webhook.url.clone(),
        webhook.secrets.clone(),
        guard,
        trust,
    )
    .only(webhook.kinds.iter().copied())
}

/// What sends mails, if the configuration names a server for them.
pub fn mailer(config: &Config, trust: &Trust) -> anyhow::Result<Option<Mailer>> {
    let Some(mail) = &config.mail else {
        return Ok(None);
    };
    let password = mail.password.as_ref().map(config::Hidden::expose);
    let mailer = Mailer::new(&mail.relay, password, &mail.from, config.public_url.host(), trust);
    mailer.context("mail").map(Some)
}

/// Starts everything that the configuration wants sent.
pub async fn start(config: &Config, store: &Arc<dyn Store>, users: &UserDirectory) -> anyhow::Result<Outbox> {
    let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
    let options = Options {
        backoff: config.outbound.backoff(),
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(OsRandom));
    if config.webhooks.is_empty() && config.mail.is_none() {
        return Ok(Outbox::start(store.clone(), clock, random, channels, options).await);
    }
    let trust = trust(config)?;
    for receiver in &config.webhooks {
        channels.push(Arc::new(webhook(config, receiver, trust.clone())));
    }
    if let (Some(mail), Some(mailer)) = (&config.mail, mailer(config, &trust)?) {
        if !mail.alerts_to.is_empty() {
            let ration = Ration::per_hour(store.clone(), mail.alerts_per_hour);
            channels.push(Arc::new(AlertMails::new(
                mailer.clone(),
                mail.alerts_to.clone(),
                ration,
            )));
        }
        let ration = Ration::per_hour(store.clone(), MAILS_PER_USER);
        let account = format!("{}/account", config.public_url);
        let addresses = Arc::new(Directory(users.clone()));
        channels.push(Arc::new(UserMails::new(mailer, addresses, account, ration)));
    }
    Ok(Outbox::start(store.clone(), clock, random, channels, options).await)
}

/// The addresses of the built-in directory's users.
struct Directory(UserDirectory);

#[async_trait]
impl Addresses for Directory {
    async fn address_of(
        &self,
        subject: &Subject,
    ) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
        // A subject that no user can have is one of another application on the same store.
        let Ok(name) = subject.as_str().parse() else {
            return Ok(None);
        };
        Ok(self.0.get(name).await?.and_then(|user| user.email))
    }
}

/// Counters in Prometheus' text format, labelled by channel. The names are the configuration's, and say nothing of users.
#[must_use]
pub fn metrics(outbox: &Outbox) -> String {
    let mut text = String::new();
    let all: Vec<_> = outbox.tallies().collect();
    for (name, kind, help) in [
        (
            "deliveries_total",
            "counter",
            "Events delivered by webhook or mail.",
        ),
        (
            "delivery_failures_total",
            "counter",
            "Attempts to deliver that failed.",
        ),
        (
            "dead_letters_total",
            "counter",
            "Events given up after the last attempt.",
        ),
        ("delivers", "gauge", "Whether this server is the one that sends."),
    ] {
        if all.is_empty() {
            break;
        }
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "# HELP cloakroom_{name} {help}\n# TYPE cloakroom_{name} {kind}"
        );
        for (channel, tally) in &all {
            let value = match name {
                "deliveries_total" => tally.sent(),
                "delivery_failures_total" => tally.failed(),
                "dead_letters_total" => tally.buried(),
                _ => u64::from(tally.sends()),
            };
            let _ = writeln!(text, "cloakroom_{name}{{channel=\"{channel}\"}} {value}");
        }
    }
    text
}
