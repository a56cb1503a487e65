//! The channel that tells users of a new device on their account.

use super::alert::Alert;
use super::ration::Ration;
use super::relay::Mailer;
use crate::channel::{Channel, Letter, Outcome};
use crate::text::line;
use async_trait::async_trait;
use cloakroom_audit::EventJson;
use cloakroom_core::{Event, Kind, Subject, Timestamp, device};
use std::fmt::Write as _;
use std::sync::Arc;

const AT_ONCE: usize = 10;

/// Knows the users' mail addresses.
#[async_trait]
pub trait Addresses: Send + Sync + 'static {
    /// The address of a user. Nothing if they have none, and are not written to.
    async fn address_of(
        &self,
        subject: &Subject,
    ) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>>;
}

/// Mails to users.
pub struct UserMails {
    mailer: Mailer,
    addresses: Arc<dyn Addresses>,
    account: String,
    ration: Ration,
}

impl UserMails {
    /// Mails that lead to the page `account`, a URL, where users see and end their sessions.
    #[must_use]
    pub fn new(mailer: Mailer, addresses: Arc<dyn Addresses>, account: String, ration: Ration) -> Self {
        Self {
            mailer,
            addresses,
            account,
            ration,
        }
    }

    async fn write(&self, subject: &Subject, letters: &[Letter], now: Timestamp) -> Result<Outcome, String> {
        let address = self.addresses.address_of(subject).await;
        let Some(address) = address.map_err(|error| error.to_string())? else {
            return Ok(Outcome::Delivered);
        };
        let whom = format!("user:{subject}");
        if let Some(wait) = self
            .ration
            .wait(&whom, now)
            .await
            .map_err(|error| error.to_string())?
        {
            return Ok(Outcome::Later(wait));
        }
        let title = title(self.mailer.site(), letters);
        let body = compose(self.mailer.site(), &self.account, subject, letters);
        let id = letters.first().map_or("", |letter| letter.id.as_str());
        match self
            .mailer
            .send(&[address], &format!("user-{id}"), &title, body, now)
            .await
        {
            Ok(()) => {
                self.ration.sent(&whom, now).await;
                Ok(Outcome::Delivered)
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

#[async_trait]
impl Channel for UserMails {
    fn name(&self) -> &'static str {
        "mail.users"
    }

    fn target(&self) -> String {
        "the users' own addresses".to_owned()
    }

    fn wants(&self, event: &Event) -> bool {
        let for_the_user = || Alert::read(event.cause.detail.as_deref()).is_for_the_user();
        event.kind == Kind::Alert && event.subject.is_some() && for_the_user()
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    async fn deliver(&self, letters: &[Letter], now: Timestamp) -> Outcome {
        let subject = letters.first().and_then(|letter| letter.event.subject.as_deref());
        let Some(subject) = subject.and_then(|name| name.parse::<Subject>().ok()) else {
            return Outcome::Delivered;
        };
        let written = self.write(&subject, letters, now).await;
        written.unwrap_or_else(|why| Outcome::Failed {
            why,
            retry_after: None,
        })
    }
}

/// What is new, in the words of the mail: for the subject line, and for the text.
fn words(rule: &str) -> (&'static str, &'static str) {
    match rule {
        "new-device" => (
            "New device on",
            "a device that was not seen on your account before",
        ),
        "new-country" => (
            "New country on",
            "a country that your account was not used in before",
        ),
        _ => (
            "Was this you? On",
            "another place than a moment before, too far away to get there",
        ),
    }
}

fn title(site: &str, letters: &[Letter]) -> String {
    let mut rules = letters
        .iter()
        .map(|letter| Alert::read(letter.event.detail.as_deref()).rule);
    let first = rules.next().unwrap_or_default();
    let what = if rules.all(|rule| rule == first) {
        words(&first).0
    } else {
        "News of"
    };
    format!("{what} your account at {site}")
}

fn compose(site: &str, account: &str, subject: &Subject, letters: &[Letter]) -> String {
    let seen: Vec<String> = letters.iter().map(|letter| one(&letter.event)).collect();
    format!(
        "Hello {},\n\n\
         your account at {site} has just been used in a way that is new:\n\n\
         {}\n\
         If that was you, there is nothing to do.\n\n\
         If it was not: open {account}, choose \"This was not me\" beside that device, and change your password.\n\
         Do it by typing the address or from your own bookmark if you do not trust this mail.\n",
        line(subject.as_str(), 100),
        seen.join("\n"),
    )
}

fn one(event: &EventJson) -> String {
    let alert = Alert::read(event.detail.as_deref());
    let mut text = format!(
        "  what     {}\n  device   {}\n",
        words(&alert.rule).1,
        line(&device::label(event.user_agent.as_deref()), 100)
    );
    for (name, value) in [
        ("place", alert.place.as_str()),
        ("address", event.ip.as_deref().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "  {name:<8} {value}");
        }
    }
    text + &format!("  time     {}\n", event.at)
}
