//! The channel that mails alerts to operators; what is for the user concerned goes to that one.

use super::alert::Alert;
use super::ration::Ration;
use super::relay::Mailer;
use crate::channel::{Channel, Lane, Letter, Outcome};
use async_trait::async_trait;
use cloakroom_core::{Event, Kind, Timestamp};

const NAME: &str = "mail.alerts";
/// How many alerts fit into one mail.
const AT_ONCE: usize = 50;

/// Mails alerts. Beyond the ration they are collected, and leave together in the next mail.
pub struct AlertMails {
    mailer: Mailer,
    to: Vec<String>,
    ration: Ration,
}

impl AlertMails {
    /// Mails to these addresses.
    #[must_use]
    pub fn new(mailer: Mailer, to: Vec<String>, ration: Ration) -> Self {
        Self { mailer, to, ration }
    }
}

#[async_trait]
impl Channel for AlertMails {
    fn name(&self) -> &'static str {
        NAME
    }

    fn target(&self) -> String {
        self.to.join(", ")
    }

    fn wants(&self, event: &Event) -> bool {
        event.kind == Kind::Alert && !Alert::read(event.cause.detail.as_deref()).is_for_the_user()
    }

    /// One for all: what one mail can tell should not need ten.
    fn lane(&self, _: &Event) -> Lane {
        None
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    async fn deliver(&self, letters: &[Letter], now: Timestamp) -> Outcome {
        let failed = |why: String| Outcome::Failed {
            why,
            retry_after: None,
        };
        match self.ration.wait(NAME, now).await {
            Ok(None) => {}
            Ok(Some(wait)) => return Outcome::Later(wait),
            Err(error) => return failed(error.to_string()),
        }
        let (subject, body) = compose(self.mailer.site(), letters);
        let id = letters.first().map_or("", |letter| letter.id.as_str());
        match self.mailer.send(&self.to, id, &subject, body, now).await {
            Ok(()) => {
                self.ration.sent(NAME, now).await;
                Outcome::Delivered
            }
            Err(error) => failed(error.to_string()),
        }
    }
}

/// Subject and body.
fn compose(site: &str, letters: &[Letter]) -> (String, String) {
    let read = |letter: &Letter| Alert::read(letter.event.detail.as_deref());
    if let [letter] = letters {
        let alert = read(letter);
        return (
            format!("[{site}] {}", alert.headline()),
            alert.text(&letter.event),
        );
    }
    let alerts: Vec<Alert> = letters.iter().map(read).collect();
    let critical = alerts.iter().filter(|alert| alert.severity == "critical").count();
    let worst = if critical > 0 {
        format!(", {critical} of them critical")
    } else {
        String::new()
    };
    let texts = alerts
        .iter()
        .zip(letters)
        .map(|(alert, letter)| alert.text(&letter.event));
    let texts: Vec<String> = texts.collect();
    (
        format!("[{site}] {} alerts{worst}", letters.len()),
        texts.join("\n--\n\n"),
    )
}
