//! Traefik `ForwardAuth` and Caddy `forward_auth`: whatever is not 2xx goes to the client as it is.

use super::check::{allowed, decide, uncached, way_in};
use crate::app::App;
use crate::app::failure::{is_navigation, redirect};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};

/// The check: a problem for programs, the log-in page for people.
pub async fn check(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let problem = match decide(&app, &mut parts).await {
        Ok(user) => return allowed(&user),
        Err(problem) => problem,
    };
    let mut response = match way_in(&app, &parts, &problem) {
        Some(url) if is_navigation(&parts.headers) => redirect(&url),
        _ => problem.into_response(),
    };
    uncached(response.headers_mut());
    response
}
