//! Errors as people in front of a browser see them: the way on, or a page that says what to do.

use crate::app::App;
use crate::pages::{FailurePage, Place};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, ALLOW, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use cloakroom::problem::{Code, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Whether a browser is about to show the answer to a person, rather than hand it to a script.
#[must_use]
pub fn is_navigation(headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => headers
            .get(ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|text| text.contains("text/html")),
    }
}

/// Text as it stands in a query.
#[must_use]
pub fn in_query(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// Turns problems into pages and redirects where a person is looking; programs get them as they are.
pub async fn for_people(State(app): State<App>, request: Request, next: Next) -> Response {
    let person = is_navigation(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    if !person {
        return response;
    }
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    let mut page = show(&app, &problem, &method, &uri);
    for name in [SET_COOKIE, RETRY_AFTER, ALLOW] {
        for value in response.headers().get_all(&name) {
            page.headers_mut().append(&name, value.clone());
        }
    }
    page
}

fn show(app: &App, problem: &Problem, method: &Method, uri: &Uri) -> Response {
    // A form can not be sent again by following a link: lead back to the page that holds it.
    let back = if method == Method::GET {
        uri.path_and_query().map_or("/account", |path| path.as_str())
    } else {
        "/account"
    };
    let rd = in_query(back);
    let to = match problem.code() {
        Code::NoSession => format!("/auth/login?rd={rd}"),
        Code::StepUpRequired => format!("/auth/step-up?rd={rd}"),
        Code::FingerprintMismatch => format!("/auth/step-up?reason=client-changed&rd={rd}"),
        _ => return failure(app, problem, back),
    };
    redirect(&to)
}

/// When it is worth trying again, in whole seconds; at least one.
#[must_use]
pub fn seconds_to_wait(problem: &Problem) -> u64 {
    problem.retry().map_or(1, |span| span.as_secs().max(1))
}

/// 303, not to be cached.
#[must_use]
pub fn redirect(to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().insert(
        axum::http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    debug_assert!(response.headers().contains_key(LOCATION));
    response
}

fn failure(app: &App, problem: &Problem, back: &str) -> Response {
    let retry = Some(back.to_owned());
    let page = FailurePage {
        site: app.site(),
        place: Place::Public,
        code: problem.code(),
        retry_after: seconds_to_wait(problem),
        retry,
        request_id: None,
    };
    let mut response = app.pages.html(problem.code().status(), &page);
    problem.write_headers(response.headers_mut());
    response
}

/// 404 for whatever has no other answer.
pub async fn not_found() -> Problem {
    Code::NotFound.into()
}

/// 405 in the shape of all errors; which methods are allowed stands in `Allow`.
pub async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.into()
}

/// A panic in a handler: logged, and a 500 that says nothing of it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that tower-http asks for"
)]
pub fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(what, "a handler panicked");
    let response: Response = Problem::from(Code::Internal).response();
    debug_assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    response
}
