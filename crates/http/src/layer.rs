//! The tower layer: a session for every request, for axum, hyper, tonic and whatever else speaks tower.

use crate::address::TrustedProxies;
use crate::answer::{Answer, Body};
use crate::cookie::{CookieConfig, Presented};
use crate::guesses::GuessLimit;
use crate::headers::SecurityHeaders;
use crate::origin::Origins;
use crate::problem::{Code, Problem};
use crate::respond;
use crate::seen::Seen;
use crate::session::{Outcome, Session, Unloaded};
use cloakroom_core::{Activity, Sessions};
use http::{Request, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

type Background = Arc<dyn Fn(&http::request::Parts) -> bool + Send + Sync>;

/// Gives every request its [`Session`], and writes what became of it into the answer.
///
/// A request that carries no cookie, or never asks for its session, costs no call to the store.
#[derive(Clone)]
pub struct SessionLayer(Arc<Config>);

pub(crate) struct Config {
    pub(crate) sessions: Sessions,
    cookie: CookieConfig,
    proxies: TrustedProxies,
    origins: Option<Origins>,
    background: Option<Background>,
    headers: Option<SecurityHeaders>,
    pub(crate) guesses: Option<GuessLimit>,
    /// From where sessions were used that a step-up was demanded of.
    pub(crate) demanded: Arc<Seen>,
}

impl SessionLayer {
    /// Sessions with the default cookie, `__Host-sid`, and nobody's `X-Forwarded-For` believed.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        let (cookie, proxies) = (CookieConfig::default(), TrustedProxies::default());
        Self(Arc::new(Config {
            sessions,
            cookie,
            proxies,
            origins: None,
            background: None,
            headers: None,
            guesses: None,
            demanded: Arc::default(),
        }))
    }

    /// With another cookie. One that is weaker than the default says so in the log.
    #[must_use]
    pub fn cookie(self, cookie: CookieConfig) -> Self {
        if let Some(domain) = cookie.domain() {
            tracing::warn!(domain, "the session cookie goes to every host of the domain");
        }
        if !cookie.is_secure() {
            tracing::warn!(cookie = cookie.name(), "the cookie also goes over plain HTTP");
        }
        self.with(|config| config.cookie = cookie)
    }

    /// Behind these proxies.
    #[must_use]
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.with(|config| config.proxies = proxies)
    }

    /// Refuses requests of other sites that would change something (403 `CSRF_REJECTED`), before the handler sees them.
    #[must_use]
    pub fn same_origin(self, origins: Origins) -> Self {
        self.with(|config| config.origins = Some(origins))
    }

    /// Requests that do not show that the user is there, such as a page polling for news. They do not keep the session
    /// alive.
    #[must_use]
    pub fn background(self, is: impl Fn(&http::request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.background = Some(Arc::new(is)))
    }

    /// Holds up those who try one token after the other (429 `RATE_LIMITED`), and notes it in the journal (`guess`).
    #[must_use]
    pub fn limit_guesses(self, limit: GuessLimit) -> Self {
        self.with(|config| config.guesses = Some(limit))
    }

    /// Adds these headers to every answer: what a layer of them around this one does, without what a layer of its own
    /// costs.
    ///
    /// ```
    /// # #[cfg(feature = "axum")] fn app(sessions: cloakroom_core::Sessions) -> axum::Router {
    /// use axum::{Router, routing::get};
    /// use cloakroom_http::{Origins, SecurityHeaders, SessionLayer};
    ///
    /// let own = "https://app.example.com";
    /// let defended = SessionLayer::new(sessions)
    ///     .same_origin(Origins::own(own))
    ///     .security_headers(SecurityHeaders::of(own));
    /// Router::new().route("/", get(async || "hello")).layer(defended)
    /// # }
    /// ```
    #[must_use]
    pub fn security_headers(self, headers: SecurityHeaders) -> Self {
        self.with(|config| config.headers = Some(headers))
    }

    fn with(self, change: impl FnOnce(&mut Config)) -> Self {
        let old = &*self.0;
        let mut config = Config {
            sessions: old.sessions.clone(),
            cookie: old.cookie.clone(),
            proxies: old.proxies.clone(),
            origins: old.origins.clone(),
            background: old.background.clone(),
            headers: old.headers.clone(),
            guesses: old.guesses.clone(),
            demanded: Arc::clone(&old.demanded),
        };
        change(&mut config);
        Self(Arc::new(config))
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService {
            inner,
            config: Arc::clone(&self.0),
        }
    }
}

/// What [`SessionLayer`] makes of a service.
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, B, R> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Answer<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let presented = self.config.cookie.read(request.headers());
        let headers = self.config.headers.as_ref();
        let due = headers.map(|headers| headers.due(request.extensions_mut()));
        if let Err(problem) = self.config.check_origin(&request, &presented) {
            return Answer::refused(&problem, due.as_ref());
        }
        let mut activity = Activity::User;
        if let Some(background) = &self.config.background {
            let (parts, body) = request.into_parts();
            if background(&parts) {
                activity = Activity::Background;
            }
            request = Request::from_parts(parts, body);
        }
        let proxies = &self.config.proxies;
        let caller = proxies.caller(request.headers(), request.extensions());
        let session = Session::new(Arc::clone(&self.config), caller, presented, activity);
        request.extensions_mut().insert(Unloaded(session.clone()));
        Answer::of(self.inner.call(request), session, due)
    }
}

impl Config {
    fn check_origin<B>(&self, request: &Request<B>, presented: &Presented) -> Result<(), Problem> {
        let Some(origins) = &self.origins else {
            return Ok(());
        };
        let cookie = !matches!(presented, Presented::Nothing);
        let (method, headers) = (request.method(), request.headers());
        origins.judge(method, headers, cookie).map_err(|why| {
            let ip = self.proxies.client_address(headers, request.extensions());
            let path = request.uri().path();
            tracing::warn!(%why, ?ip, %method, path, "refused a cross-site request");
            Problem::from(Code::CsrfRejected)
        })
    }

    /// Writes what became of the session into the answer's headers.
    pub(crate) fn write<R>(&self, outcome: &Outcome, response: &mut Response<R>) {
        respond::write(outcome, &self.cookie, || self.sessions.now(), response);
    }
}
