//! The layer that asks for the token.

use super::field::field;
use super::form;
use super::{CsrfToken, is_genuine};
use crate::answer::{Body, Passed, passed};
use crate::origin::is_safe;
use crate::problem::{Code, Problem};
use crate::session::{Session, Unloaded};
use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, FutureExt as _};
use http::{HeaderMap, Request, Response};
use std::error::Error;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Refuses unsafe requests of a logged-in session that do not carry its [`CsrfToken`] (403 `CSRF_REJECTED`): in the header
/// `X-CSRF-Token` or the form field `csrf_token`, never in the query.
///
/// It goes inside [`SessionLayer`](crate::SessionLayer), around the routes it is for, and works beside
/// [`same_origin`](crate::SessionLayer::same_origin), which most sites can do with alone and which also protects log-in.
/// Requests that present no session, or one that nobody is logged in to, pass: there is nothing to abuse. A form with
/// files (`multipart/form-data`) is not looked through; send the header with it.
///
/// ```
/// # #[cfg(feature = "axum")] fn app(sessions: cloakroom_core::Sessions) -> axum::Router {
/// use axum::{Router, routing::get};
/// use cloakroom_http::{CsrfToken, CsrfTokens, Origins, SessionLayer};
///
/// Router::new()
///     .route("/pay", get(async |csrf: CsrfToken| csrf.hidden_field()).post(async || "paid"))
///     .layer(CsrfTokens::new())
///     .layer(SessionLayer::new(sessions).same_origin(Origins::own("https://app.example.com")))
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CsrfTokens {
    largest_form: usize,
}

impl Default for CsrfTokens {
    fn default() -> Self {
        Self {
            largest_form: 64 * 1024,
        }
    }
}

impl CsrfTokens {
    /// Looks through forms of up to 64 KiB.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks through forms of up to so many bytes. They are held in memory while they arrive; longer ones are 413.
    #[must_use]
    pub fn largest_form(mut self, bytes: usize) -> Self {
        self.largest_form = bytes;
        self
    }
}

impl<S> Layer<S> for CsrfTokens {
    type Service = CsrfService<S>;

    fn layer(&self, inner: S) -> CsrfService<S> {
        CsrfService { inner, rule: *self }
    }
}

/// What [`CsrfTokens`] makes of a service.
#[derive(Clone, Debug)]
pub struct CsrfService<S> {
    inner: S,
    rule: CsrfTokens,
}

impl<S, B, R> Service<Request<B>> for CsrfService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: http_body::Body<Data = Bytes> + From<Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Either<Passed<S::Future, R>, BoxFuture<'static, Result<Response<Body<R>>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if is_safe(request.method()) {
            return Either::Left(passed(self.inner.call(request)));
        }
        // The one that is ready goes along; its copy stays for the next.
        let copy = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, copy);
        let most = self.rule.largest_form;
        let answer = async move {
            match admit(request, most).await {
                Ok(request) => passed(inner.call(request)).await,
                Err(problem) => Ok(problem.response().map(Body::Right)),
            }
        };
        Either::Right(answer.boxed())
    }
}

/// The request as it came, if it may pass.
async fn admit<B>(request: Request<B>, most: usize) -> Result<Request<B>, Problem>
where
    B: http_body::Body<Data = Bytes> + From<Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Some(Unloaded(session)) = request.extensions().get::<Unloaded>().cloned() else {
        tracing::error!("anti-forgery tokens are asked for, but there is no SessionLayer around");
        return Err(Code::Internal.into());
    };
    let Some(token) = session.presented() else {
        return Ok(request);
    };
    let (parts, body) = request.into_parts();
    let (genuine, body) = match in_header(&parts.headers) {
        Shown::Once(shown) => (is_genuine(shown, token), body),
        Shown::Nothing if form::is_form(&parts.headers) => {
            let bytes = form::read(body, most).await?;
            let shown = field(&bytes, CsrfToken::FIELD);
            (shown.is_some_and(|shown| is_genuine(shown, token)), bytes.into())
        }
        Shown::Nothing | Shown::Several => (false, body),
    };
    // Asked only now: who shows a genuine one costs no call to the store here.
    if !genuine && Session::of(&parts.extensions).await?.is_somebodys() {
        let ip = session.client().ip;
        tracing::warn!(?ip, method = %parts.method, path = parts.uri.path(), "refused a request without its anti-forgery token");
        return Err(Problem::from(Code::CsrfRejected)
            .saying("The page that this came from is out of date. Load it again and try once more."));
    }
    Ok(Request::from_parts(parts, body))
}

enum Shown<'a> {
    Nothing,
    Once(&'a [u8]),
    Several,
}

fn in_header(headers: &HeaderMap) -> Shown<'_> {
    let mut values = headers.get_all(CsrfToken::HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Shown::Nothing,
        (Some(value), None) => Shown::Once(value.as_bytes()),
        _ => Shown::Several,
    }
}
