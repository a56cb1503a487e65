//! Nothing changes at the wish of another site (ASVS 3.5.1): also not log-in, log-out and step-up.

use crate::app::App;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};
use cloakroom::{Actor, Event, Kind, Presented};

/// Refuses unsafe requests that do not come from one's own pages.
pub async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let cookie = !matches!(app.cookie.read(request.headers()), Presented::Nothing);
    let Err(why) = app.origins.judge(request.method(), request.headers(), cookie) else {
        return next.run(request).await;
    };
    let client = app.proxies.client(request.headers(), request.extensions());
    tracing::warn!(%why, ip = ?client.ip, path = request.uri().path(), "refused a cross-site request");
    app.metrics.csrf_rejected();
    let cause = app.sessions.cause(Actor::User, &client).saying(format!(
        "{} {}: {why}",
        request.method(),
        request.uri().path()
    ));
    // Whoever floods us with such requests must not wash everything else out of the journal.
    if app.throttle.may_note(client.ip) {
        let event = Event::of(Kind::CsrfRejected, cause);
        app.sessions.note_or_warn(&event).await;
    }
    Problem::from(Code::CsrfRejected).into_response()
}
