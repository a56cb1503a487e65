//! What operators reach: the admin API, metrics and the console, on a listener of their own.

mod console;
mod events;
mod keys;
mod sessions;
mod stats;
mod webhooks;

use crate::app::{App, failure, headers};
use crate::pages;
use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

/// All routes of the admin listener. None of them exists on the public one.
pub fn router(app: &App) -> Router {
    let api = Router::new()
        .route("/admin/v1/sessions", get(sessions::list).post(sessions::open))
        .route("/admin/v1/sessions/{id}", delete(sessions::end))
        .route("/admin/v1/subjects/{subject}/sessions", delete(sessions::end_all))
        .route("/admin/v1/introspect", post(sessions::introspect))
        .route("/admin/v1/events", get(events::list))
        .route("/admin/v1/webhooks", get(webhooks::list))
        .route("/admin/v1/webhooks/{name}/retry", post(webhooks::retry))
        .route("/admin/v1/stats", get(stats::stats))
        .route("/admin/v1/policy", get(stats::policy))
        .route("/metrics", get(stats::metrics))
        .route_layer(middleware::from_fn_with_state(app.clone(), keys::required));
    Router::new()
        .merge(api)
        .merge(console::router(app))
        .nest(pages::assets::CONSOLE_BASE, pages::assets::routes())
        .route("/healthz", get(async || "alive\n"))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .with_state(app.clone())
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(headers::usual(&app.config))
}
