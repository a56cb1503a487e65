//! JSON endpoints take JSON (ASVS 3.5.2): what a form of another site can send without being asked is refused.

use crate::answer::{Body, Passed, passed};
use crate::media_type::essence;
use crate::origin::is_safe;
use crate::problem::{Code, Problem};
use futures_util::future::{Either, Ready, ready};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response};
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Answers 415 to unsafe requests whose body is not said to be JSON: `application/json`, or `application/…+json`.
///
/// A form or a script of another site can send `text/plain`, forms and bodies without a type without asking first; for JSON
/// the browser has to ask (a preflight), and is refused. A `PUT`, `PATCH` or `DELETE` without any body passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequireJson;

impl<S> Layer<S> for RequireJson {
    type Service = JsonOnly<S>;

    fn layer(&self, inner: S) -> JsonOnly<S> {
        JsonOnly(inner)
    }
}

/// What [`RequireJson`] makes of a service.
#[derive(Clone, Debug)]
pub struct JsonOnly<S>(S);

impl<S, B, R> Service<Request<B>> for JsonOnly<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Either<Passed<S::Future, R>, Ready<Result<Response<Body<R>>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if is_acceptable(request.method(), request.headers()) {
            return Either::Left(passed(self.0.call(request)));
        }
        let problem = Problem::from(Code::UnsupportedMediaType);
        Either::Right(ready(Ok(problem.response().map(Body::Right))))
    }
}

fn is_acceptable(method: &Method, headers: &HeaderMap) -> bool {
    if is_safe(method) {
        return true;
    }
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    match (kinds.next(), kinds.next()) {
        (Some(kind), None) => is_json(kind.as_bytes()),
        (None, _) => *method != Method::POST && has_no_body(headers),
        _ => false,
    }
}

fn is_json(kind: &[u8]) -> bool {
    let essence = essence(kind).to_ascii_lowercase();
    let structured = essence.starts_with(b"application/") && essence.ends_with(b"+json");
    essence == b"application/json" || structured
}

fn has_no_body(headers: &HeaderMap) -> bool {
    let empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0");
    empty && !headers.contains_key(TRANSFER_ENCODING)
}
