//! `[outbound]`, `[mail]` and `[webhook.NAME]`: who is told of what happened, and how.

use std::path::PathBuf;
use std::time::Duration;

use cloakroom::Kind;
use cloakroom_outbox::mail::{self, Relay};
use cloakroom_outbox::{Backoff, Secret, Target};
use ipnet::IpNet;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::build::{network, parse};
use super::keys::WEBHOOK;
use super::policy::span;
use super::print::{shown, shown_path};
use super::setting::{Raw, Settings, number, path, text};
use super::span::Span;

/// `[outbound]`: what holds for everything that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Networks whose addresses may be called although they are not public: receivers inside. Default none.
    pub allow_networks: Vec<IpNet>,
    /// Certificate authorities in PEM that are believed besides the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// How often a delivery is attempted. Default 14, from 1 to 100.
    pub attempts: u32,
    /// The first pause between attempts; each is twice the last. Default `5s`, from `10ms` to `1h`.
    pub retry_first: Span,
    /// The longest pause. Default `1h`, from `10ms` to `1d`.
    pub retry_longest: Span,
}

impl Outbound {
    /// The pauses between attempts.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff::new(
            Duration::from(self.retry_first),
            Duration::from(self.retry_longest),
            self.attempts,
        )
    }
}

/// `[mail]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The SMTP server that takes our mails.
    pub relay: Relay,
    /// The password of the user in `relay`. `password_file` names a file that holds it instead.
    pub password: Option<Hidden>,
    /// The sender's address.
    pub from: String,
    /// Who is told of alerts. Default nobody.
    pub alerts_to: Vec<String>,
    /// How many mails about alerts may leave in an hour; what is more is collected. Default 10, from 1 to 1000.
    pub alerts_per_hour: u32,
}

/// `[webhook.NAME]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// What operators call it.
    pub name: String,
    /// Where it is sent to.
    pub url: Target,
    /// What signs it: one, or two while they change. `secret_file` names a file with one per line instead.
    pub secrets: Vec<Secret>,
    /// Which kinds of events. Default none, which is all but `updated`.
    pub kinds: Vec<Kind>,
}

/// A password that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The password.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        self.0.clone()
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden(***)")
    }
}

/// Reads `[outbound]`.
pub(super) fn outbound(settings: &mut Settings) -> Outbound {
    let (least, hour, day) = (Span::from_millis(10), Span::from_secs(3600), Span::from_days(1));
    let first = settings.read("outbound.retry_first", |raw| span(raw, least, hour));
    let longest = settings.read("outbound.retry_longest", |raw| span(raw, least, day));
    let (retry_first, retry_longest) = (first.unwrap_or(Span::from_secs(5)), longest.unwrap_or(hour));
    if retry_longest < retry_first {
        settings.contradiction(
            "outbound.retry_longest",
            "must not be shorter than outbound.retry_first",
        );
        settings.contradiction(
            "outbound.retry_first",
            "must not be longer than outbound.retry_longest",
        );
    }
    Outbound {
        allow_networks: settings.read_list("outbound.allow_networks", network),
        ca_file: settings.read("outbound.ca_file", path).flatten(),
        attempts: settings
            .read("outbound.attempts", |raw| number(raw, 1, 100))
            .unwrap_or(14),
        retry_first,
        retry_longest,
    }
}

/// Reads `[mail]`; nothing if no server is named.
pub(super) fn mail(settings: &mut Settings) -> Option<Mail> {
    let address = |text: &str| mail::check_address(text).map(|()| text.to_owned());
    let given = |raw: &Raw| text(raw) != Ok("");
    let alerts_to = settings.read_list("mail.alerts_to", address);
    let alerts_per_hour = settings.read("mail.alerts_per_hour", |raw| number(raw, 1, 1000));
    let password = settings.read("mail.password", |raw| {
        let password = text(raw).ok().filter(|text| !text.is_empty());
        password
            .map(|text| Hidden(Zeroizing::new(text.to_owned())))
            .ok_or("must be text, and not empty")
    });
    if !settings
        .get("mail.smtp")
        .is_some_and(|setting| given(&setting.raw))
    {
        if !alerts_to.is_empty() {
            settings.contradiction(
                "mail.alerts_to",
                "must not be given without mail.smtp, the server that takes the mails",
            );
        }
        return None;
    }
    let relay = settings.read("mail.smtp", |raw| parse::<Relay>(text(raw)?));
    let from = settings.read("mail.from", |raw| {
        address(text(raw)?).map_err(|bad| bad.to_string())
    });
    if settings.get("mail.from").is_none() {
        settings.missing("mail.from", "must be set to the address that mails come from");
    }
    let relay = relay?;
    // What was given and could not be read was noted already.
    let unread = password.is_none()
        && ["mail.password", "mail.password_file"]
            .iter()
            .any(|key| settings.get(key).is_some());
    if relay.has_user() != password.is_some() && !unread {
        let bound =
            "must be set when mail.smtp names a user, and only then; or name a file: mail.password_file";
        settings.missing("mail.password", bound);
    }
    Some(Mail {
        relay,
        password,
        from: from?,
        alerts_to,
        alerts_per_hour: alerts_per_hour.unwrap_or(10),
    })
}

/// Reads every `[webhook.NAME]`.
pub(super) fn webhooks(settings: &mut Settings, allowed: &[IpNet]) -> Vec<Webhook> {
    let names = settings.named(WEBHOOK);
    names
        .into_iter()
        .filter_map(|name| webhook(settings, name, allowed))
        .collect()
}

fn webhook(settings: &mut Settings, name: String, allowed: &[IpNet]) -> Option<Webhook> {
    let key = |field: &str| format!("{WEBHOOK}.{name}.{field}");
    let url = settings.read(&key("url"), |raw| parse::<Target>(text(raw)?));
    if settings.get(&key("url")).is_none() {
        settings.missing(
            &key("url"),
            "must be set to where the webhook is sent, as in https://receiver.example.com/hooks",
        );
    }
    if url.as_ref().is_some_and(|url| !url.is_https()) && allowed.is_empty() {
        settings.contradiction(
            &key("url"),
            "must begin with https://; http:// is for receivers in outbound.allow_networks",
        );
    }
    let before = settings.errors.len();
    let secrets = settings.read_list(&key("secret"), parse::<Secret>);
    if secrets.is_empty() && settings.errors.len() == before {
        let bound = "must be set, or name a file: secret_file; make one: echo whsec_$(head -c32 /dev/urandom | base64)";
        settings.missing(&key("secret"), bound);
    }
    let kinds = settings.read_list(&key("kinds"), |text| {
        text.parse::<Kind>().map_err(|_| {
            let all: Vec<_> = Kind::ALL.iter().map(|kind| format!("\"{kind}\"")).collect();
            format!("must be one of {}", all.join(", "))
        })
    });
    Some(Webhook {
        name,
        url: url?,
        secrets,
        kinds,
    })
}

/// The three sections as `config print` shows them.
pub(super) fn entries(
    outbound: &Outbound,
    mail: Option<&Mail>,
    webhooks: &[Webhook],
) -> Vec<(String, Value)> {
    let mut entries = vec![
        (
            "outbound.allow_networks",
            outbound.allow_networks.iter().map(shown).collect(),
        ),
        ("outbound.ca_file", shown_path(outbound.ca_file.as_deref())),
        ("outbound.attempts", json!(outbound.attempts)),
        ("outbound.retry_first", shown(outbound.retry_first)),
        ("outbound.retry_longest", shown(outbound.retry_longest)),
        (
            "mail.smtp",
            json!(mail.map(|mail| mail.relay.to_string()).unwrap_or_default()),
        ),
    ];
    if let Some(mail) = mail {
        entries.extend(mail.password.as_ref().map(|_| ("mail.password", json!("***"))));
        entries.extend([
            ("mail.from", json!(mail.from)),
            ("mail.alerts_to", json!(mail.alerts_to)),
            ("mail.alerts_per_hour", json!(mail.alerts_per_hour)),
        ]);
    }
    let mut entries: Vec<_> = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    for webhook in webhooks {
        let key = |field: &str| format!("{WEBHOOK}.{}.{field}", webhook.name);
        entries.extend([
            (key("url"), shown(&webhook.url)),
            (
                key("secret"),
                webhook.secrets.iter().map(|_| json!("***")).collect(),
            ),
            (key("kinds"), webhook.kinds.iter().map(shown).collect()),
        ]);
    }
    entries
}
