//! Forward-auth: a proxy asks, for each request, whether it may pass and whose it is.
//!
//! One path per kind of proxy; which one it is, is never guessed from headers. An allowed request is answered with 200 and
//! the identity in headers, a denied one carries none of them.

mod auth_request;
mod check;
mod forward_auth;

use crate::app::App;
use axum::Router;
use axum::routing::{any, get};

/// `/authz/…`
pub fn router() -> Router<App> {
    Router::new()
        .route("/authz/auth-request", get(auth_request::check))
        .route("/authz/forward-auth", any(forward_auth::check))
}
