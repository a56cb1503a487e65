//! The watch over the journal: every entry is looked at, and what is odd is answered and told.

use super::respond;
use super::tell::Telling;
use crate::app::{App, journal};
use cloakroom::{Entry, Page};
use cloakroom_watch::{Alert, Watch};
use std::sync::Arc;
use std::time::Duration;

/// How long a store that does not take an alert is left alone.
const PAUSE: Duration = Duration::from_secs(1);
/// What lies further back is remembered and no longer told: who looks at it now comes too late anyway.
const STALE: Duration = Duration::from_hours(7 * 24);

/// Follows the journal until the server is gone.
pub fn follow(app: &App, mut watch: Watch) -> impl Future<Output = ()> + use<> {
    let (store, server) = (app.sessions.store().clone(), Arc::downgrade(app));
    journal::follow(store, server, async move |app, page| {
        take(&app, &mut watch, page).await;
    })
}

async fn take(app: &App, watch: &mut Watch, page: Page) {
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
}

/// Answers an alert and writes it down, once for all nodes; tries again until the store takes it.
async fn raise(app: &App, alert: &Alert, entry: &Entry) {
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
