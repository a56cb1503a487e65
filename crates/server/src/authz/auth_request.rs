//! nginx `auth_request`: 200, 401 or 403, never a redirect; anything else is an error to nginx.

use super::check::{allowed, decide, uncached, way_in};
use crate::app::App;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};

/// The check. A denied answer names the log-in page in `Location`, for `error_page 401`.
pub async fn check(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let problem = match decide(&app, &mut parts).await {
        Ok(user) => return allowed(&user),
        // nginx would answer 500 to a 400; 403 denies, and the body says what is wrong.
        Err(problem) if problem.code() == Code::BadRequest => {
            Problem::from(Code::Forbidden).saying(problem.detail().to_owned())
        }
        Err(problem) => problem,
    };
    let way_in = way_in(&app, &parts, &problem);
    let mut response = problem.into_response();
    if let Some(location) = way_in.and_then(|url| HeaderValue::try_from(url).ok()) {
        response.headers_mut().insert(LOCATION, location);
    }
    uncached(response.headers_mut());
    response
}
