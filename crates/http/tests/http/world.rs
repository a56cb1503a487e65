//! What the tests run in: an engine on a hand-wound clock, a store that counts its calls, and a browser.

use axum::Router;
use axum::body::Body;
use cloakroom_core::{MemoryStore, Policy, Sessions};
use cloakroom_http::{CookieConfig, SessionLayer};
use cloakroom_testkit::{HandClock, SeededRandom};
use http::header::{COOKIE, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

use crate::watched::Watched;

/// The name of the default cookie.
pub const SID: &str = "__Host-sid";
/// A browser of one family, and one of another.
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

pub struct World {
    pub clock: HandClock,
    pub store: Arc<Watched>,
    pub sessions: Sessions,
}

impl World {
    pub fn new() -> Self {
        Self::with(Policy::default())
    }

    pub fn with(policy: Policy) -> Self {
        let clock = HandClock::new();
        let store = Arc::new(Watched::new(MemoryStore::new()));
        let sessions = Sessions::new(store.clone(), policy, clock.clone(), SeededRandom::new(7));
        Self {
            clock,
            store,
            sessions,
        }
    }

    pub fn layer(&self) -> SessionLayer {
        SessionLayer::new(self.sessions.clone())
    }

    pub fn browser(&self, app: Router) -> Browser {
        Browser::new(app.layer(self.layer()))
    }

    pub fn wind(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Keeps its cookie, as browsers do. Clones are tabs that were opened with the cookie of that moment.
#[derive(Clone)]
pub struct Browser {
    app: Router,
    pub cookie: Option<String>,
    pub user_agent: &'static str,
}

impl Browser {
    pub fn new(app: Router) -> Self {
        Self {
            app,
            cookie: None,
            user_agent: FIREFOX,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path).await
    }

    pub async fn post(&mut self, path: &str) -> Answer {
        self.send(Method::POST, path).await
    }

    pub async fn send(&mut self, method: Method, path: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(USER_AGENT, self.user_agent);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let answer = send(&self.app, request.body(Body::empty()).unwrap()).await;
        self.keep(&answer);
        answer
    }

    pub async fn raw(&self, request: Request<Body>) -> Answer {
        send(&self.app, request).await
    }

    /// The token alone, without the cookie's name.
    pub fn token(&self) -> String {
        let cookie = self.cookie.as_ref().expect("a cookie");
        cookie.split_once('=').unwrap().1.to_owned()
    }

    fn keep(&mut self, answer: &Answer) {
        if let Some(set) = answer.set_cookie() {
            let pair = set.split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
    }
}

pub async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        assert!(values.next().is_none(), "more than one {name}");
        Some(first.to_str().unwrap())
    }

    pub fn set_cookie(&self) -> Option<&str> {
        self.header(SET_COOKIE.as_str())
    }

    pub fn problem(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn code(&self) -> String {
        self.problem()["code"].as_str().unwrap().to_owned()
    }

    /// Asserts what was answered.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.body.as_str()), (status, body));
    }

    /// Asserts a problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.code(), code);
    }
}

/// A request with these headers.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

pub fn named(name: &str) -> CookieConfig {
    CookieConfig::named(name).unwrap()
}
