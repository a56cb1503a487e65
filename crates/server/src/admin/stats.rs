//! Numbers about the whole.

use crate::app::{App, near, outbound};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::Problem;
use serde_json::{Value, json};

/// How many sessions are open, on what store, since when, and how the near cache is doing, if there is one.
pub async fn stats(State(app): State<App>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({
        "sessions": app.sessions.count().await?,
        "store": app.sessions.store().describe(),
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": app.started.elapsed().as_secs(),
        "cache": app.sessions.near_stats().as_ref().map(near::json),
    })))
}

/// The limits in force (ASVS 7.1.1 wants them written down; here they are what runs).
pub async fn policy(State(app): State<App>) -> Json<Value> {
    Json(app.config.print_json()["policy"].clone())
}

/// Prometheus' text format.
pub async fn metrics(State(app): State<App>) -> Response {
    let mut text = app.metrics.render(app.sessions.count().await.ok());
    if let Some(stats) = app.sessions.near_stats() {
        text += &near::metrics(&stats);
    }
    text += &app.audit.metrics();
    text += &outbound::metrics(&app.outbox);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
