//! nginx `auth_request`: 200, 401 or 403, never a redirect; anything else is an error to nginx.

use super::check::{allowed, decide, uncached, way_in};
use crate::app::App;
use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::Code;

/// The check. A denied answer names the log-in page in `Location`, for `error_page 401`.
pub async fn check(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let problem = match decide(&app, &mut parts).await {
        Ok(user) => return allowed(&user),
        Err(problem) => problem,
    };
    let way_in = way_in(&app, &parts, &problem);
    let mut response = problem.clone().into_response();
    if problem.code() == Code::BadRequest {
        // nginx would answer 500; 403 denies, and the body says what is wrong.
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    if let Some(location) = way_in.and_then(|url| HeaderValue::try_from(url).ok()) {
        response.headers_mut().insert(LOCATION, location);
    }
    uncached(response.headers_mut());
    response
}
