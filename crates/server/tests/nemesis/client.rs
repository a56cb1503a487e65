//! One question over HTTP, with a limit to how long it is waited for.

use crate::common::{ADMIN_KEY, ORIGIN};
use crate::history::Outcome;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// The browser that all sessions are opened for and shown by.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const IP: &str = "192.0.2.7";

/// Longer than the server needs to say that the store does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// An answer, if there was one.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// A client that keeps its connections.
#[derive(Clone)]
pub struct Client {
    http: Http<HttpConnector, Body>,
    /// Whether the store has replicas. Then an ending is held for lasting only if the answer says so.
    replicated: bool,
}

/// A session as its owner has it.
#[derive(Clone, Debug)]
pub struct Opened {
    pub id: String,
    pub token: String,
}

impl Client {
    pub fn new(replicated: bool) -> Self {
        let http = Http::builder(TokioExecutor::new()).build_http();
        Self { http, replicated }
    }

    /// Opens a session for this subject, if that can be done.
    pub async fn open(&self, admin: SocketAddr, subject: &str) -> (Outcome, Option<Opened>) {
        let body = json!({
            "subject": subject,
            "auth": ["password"],
            "client": { "ip": IP, "user_agent": AGENT },
        });
        let request = asking(admin, Method::POST, "/admin/v1/sessions")
            .header("Authorization", format!("Bearer {ADMIN_KEY}"))
            .header("Content-Type", "application/json")
            .body(Body::from(body.to_string()));
        let Some(answer) = self.send(request.unwrap()).await else {
            return (Outcome::NoAnswer, None);
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let opened = text(&answer.body["session"]["id"]).zip(text(&answer.body["token"]));
        let opened = opened.map(|(id, token)| Opened { id, token });
        match (answer.status, opened) {
            (StatusCode::CREATED, Some(opened)) => (Outcome::Done, Some(opened)),
            (status, _) => (other(status), None),
        }
    }

    /// Whether a token may pass, and the new one if it was renewed.
    pub async fn check(&self, public: SocketAddr, token: &str) -> (Outcome, Option<String>) {
        let request = asking(public, Method::GET, "/authz/auth-request")
            .header("Cookie", format!("__Host-sid={token}"))
            .body(Body::empty());
        let Some(answer) = self.send(request.unwrap()).await else {
            return (Outcome::NoAnswer, None);
        };
        let outcome = match answer.status {
            StatusCode::OK => Outcome::Done,
            StatusCode::UNAUTHORIZED if answer.body["code"] == "NO_SESSION" => Outcome::NoSession,
            status => other(status),
        };
        (outcome, successor(&answer.headers))
    }

    /// Ends what a path of the admin API names.
    pub async fn end(&self, admin: SocketAddr, path: &str) -> Outcome {
        let request = asking(admin, Method::DELETE, path)
            .header("Authorization", format!("Bearer {ADMIN_KEY}"))
            .body(Body::empty());
        let Some(answer) = self.send(request.unwrap()).await else {
            return Outcome::NoAnswer;
        };
        match answer.status {
            StatusCode::OK | StatusCode::NO_CONTENT => self.ended(&answer.headers),
            StatusCode::NOT_FOUND => Outcome::NoSession,
            status => other(status),
        }
    }

    /// The user ends the session, or all of theirs.
    pub async fn log_out(&self, public: SocketAddr, path: &str, token: &str) -> Outcome {
        let request = asking(public, Method::POST, path)
            .header("Cookie", format!("__Host-sid={token}"))
            .header("Origin", ORIGIN)
            .header("Sec-Fetch-Site", "same-origin")
            .header("Content-Type", "application/json")
            .body(Body::from("{}"));
        let Some(answer) = self.send(request.unwrap()).await else {
            return Outcome::NoAnswer;
        };
        match answer.status {
            StatusCode::OK | StatusCode::NO_CONTENT => self.ended(&answer.headers),
            StatusCode::UNAUTHORIZED if answer.body["code"] == "NO_SESSION" => Outcome::NoSession,
            status => other(status),
        }
    }

    /// Who has heard of an ending that was done.
    fn ended(&self, headers: &HeaderMap) -> Outcome {
        match headers.get("cloakroom-durability").map(HeaderValue::as_bytes) {
            Some(b"durable") => Outcome::Done,
            None if !self.replicated => Outcome::Done,
            _ => Outcome::DoneByPrimaryOnly,
        }
    }

    async fn send(&self, request: Request<Body>) -> Option<Answer> {
        let asking = async {
            let answer = self.http.request(request).await.ok()?;
            let (parts, body) = answer.into_parts();
            let body = to_bytes(Body::new(body), 1 << 20).await.ok()?;
            Some(Answer {
                status: parts.status,
                headers: parts.headers,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            })
        };
        timeout(PATIENCE, asking).await.ok().flatten()
    }
}

fn asking(to: SocketAddr, method: Method, path: &str) -> axum::http::request::Builder {
    let uri: Uri = format!("http://{to}{path}").parse().unwrap();
    Request::builder()
        .method(method)
        .uri(uri)
        .header("User-Agent", AGENT)
        .header("X-Forwarded-For", IP)
}

fn other(status: StatusCode) -> Outcome {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Outcome::Unavailable,
        status => Outcome::Odd(status.as_u16()),
    }
}

/// The token that a renewal hands out; a cookie that is taken away is none.
fn successor(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all("set-cookie").into_iter();
    let pairs = lines.filter_map(|line| line.to_str().ok()?.split(';').next()?.split_once('='));
    pairs
        .filter(|(name, value)| *name == "__Host-sid" && !value.is_empty())
        .map(|(_, value)| value.to_owned())
        .next_back()
}
