//! What browsers reach: log-in and log-out, the user's own sessions, the account pages.

mod account;
mod health;
mod login;
mod logout;
mod password;
mod sessions;
mod step_up;
mod verify;
mod whoami;

use crate::app::{App, failure, guard, headers};
use crate::{authz, pages};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use cloakroom::SessionLayer;
use tower_http::catch_panic::CatchPanicLayer;

/// All routes of the public listener. None of the admin API is among them.
pub fn router(app: &App) -> Router {
    let layer = SessionLayer::new(app.sessions.clone())
        .cookie(app.cookie.clone())
        .trusted_proxies(app.proxies.clone())
        .limit_guesses(app.throttle.guesses());
    let people = Router::new()
        .route("/", get(account::home))
        .route("/auth/login", get(login::page).post(login::submit))
        .route("/auth/logout", post(logout::here))
        .route("/auth/logout-others", post(logout::others))
        .route("/auth/logout-everywhere", post(logout::everywhere))
        .route("/auth/whoami", get(whoami::whoami))
        .route("/auth/step-up", get(step_up::page).post(step_up::submit))
        .route("/auth/password", post(password::change))
        .route("/auth/sessions", get(sessions::list))
        .route("/auth/sessions/{id}", delete(sessions::end))
        .route("/account", get(account::page))
        .route("/account/sessions/{id}/end", post(account::end))
        .route("/account/sessions/{id}/disown", post(account::disown))
        .route("/account/logout-others", post(account::logout_others))
        .route("/account/logout-everywhere", post(account::logout_everywhere))
        .route("/account/password", get(password::page).post(password::submit))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(layer.clone())
        .layer(middleware::from_fn_with_state(app.clone(), guard::same_origin))
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), failure::for_people));
    Router::new()
        .merge(authz::router().layer(layer))
        .merge(health::router())
        .nest(pages::assets::PUBLIC_BASE, pages::assets::routes())
        .fallback_service(people.with_state(app.clone()))
        .method_not_allowed_fallback(failure::method_not_allowed)
        .with_state(app.clone())
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(headers::usual(&app.config))
        .layer(middleware::from_fn_with_state(app.clone(), log))
}

/// One line per request: method, path, status, time. No query, no header: secrets can stand there.
async fn log(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let ip = app
        .proxies
        .client_address(request.headers(), request.extensions());
    let response = next.run(request).await;
    app.metrics.requests();
    match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => app.metrics.store_errors(),
        StatusCode::TOO_MANY_REQUESTS => app.metrics.rate_limited(),
        _ => {}
    }
    let status = response.status().as_u16();
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::info!(target: "cloakroom::access", %method, path, status, micros, ip = ip.map(tracing::field::display));
    response
}
