//! For load balancers: is the process alive, can it serve.

use crate::app::App;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use cloakroom::problem::Problem;

/// `/healthz` and `/readyz`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
}

async fn alive() -> &'static str {
    "alive\n"
}

/// 200 when the store answers, else 503.
async fn ready(State(app): State<App>) -> Response {
    match app.sessions.count().await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}
