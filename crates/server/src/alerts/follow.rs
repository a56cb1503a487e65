//! Reading the journal from its oldest entry on, so that a restart remembers what the process before it had seen.

use super::respond;
use super::tell::Telling;
use crate::app::{App, Parts};
use cloakroom::{Entry, Page, Position};
use cloakroom_watch::{Alert, Watch};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many entries are read at once.
const STRETCH: usize = 1000;
const PAUSE: Duration = Duration::from_secs(1);
/// What lies further back is remembered and no longer told: who looks at it now comes too late anyway.
const STALE: Duration = Duration::from_hours(7 * 24);

/// Follows the journal until the server is gone.
pub async fn follow(server: Weak<Parts>, mut watch: Watch) {
    let mut after = Position::start();
    while let Some(store) = server.upgrade().map(|app| app.sessions.store().clone()) {
        match store.journal(&after, STRETCH, PAUSE).await {
            Ok(page) => {
                let Some(app) = server.upgrade() else { return };
                after = take(&app, &mut watch, page).await;
            }
            Err(error) => {
                tracing::debug!(%error, "the journal can not be watched at the moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn take(app: &App, watch: &mut Watch, page: Page) -> Position {
    if page.gap {
        tracing::warn!("some of the journal was gone before it was watched");
    }
    for entry in &page.entries {
        for alert in watch.see(entry) {
            if app.sessions.now().since(alert.at) < STALE {
                raise(app, &alert, entry).await;
            }
        }
        // Thousands of old entries at a start must not hold up those who wait for an answer.
        tokio::task::coop::consume_budget().await;
    }
    page.next
}

/// Answers an alert and writes it down, once for all nodes; tries again until the store takes it.
async fn raise(app: &Arc<Parts>, alert: &Alert, entry: &Entry) {
    while let Err(error) = try_raise(app, alert, entry).await {
        tracing::warn!(%error, rule = %alert.rule, "an alert could not be written down yet");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The response comes first: should the process die in between, another does both again, which does no harm, while an alert
/// that says what was never done would.
async fn try_raise(app: &App, alert: &Alert, entry: &Entry) -> Result<(), cloakroom::SessionError> {
    let told = Telling::of(app, alert, entry);
    if told.already(app).await? {
        return Ok(());
    }
    let response = respond::respond(app, alert).await?;
    if told.tell(app, response).await? {
        app.metrics.alerts();
        tracing::warn!(
            target: "cloakroom::alert", rule = %alert.rule, severity = %alert.severity, incident = %alert.incident,
            subject = alert.subject.as_ref().map(tracing::field::display), why = alert.why, "alert"
        );
    }
    Ok(())
}
