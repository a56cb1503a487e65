//! The axum applications of `a_request` and `a_crowd`: ours, and what is as bare or as simple as it gets.

use crate::jwt::Jwt;
use crate::visitor;
use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::{get, post};
use cloakroom::{LogIn, NearOptions, Policy, Session, SessionLayer, Token, User};
use redis::AsyncCommands as _;
use std::sync::Arc;

/// The kind whose sessions are read from the store every time and, in the time that a benchmark takes, never written.
pub const SELDOM_WRITTEN: &str = "session on Redis, seldom written";

/// Serves the application of this kind on a free port, and prints the port.
pub async fn serve(kind: &str, store: &str) -> Result<()> {
    let router = match kind {
        "no session" => bare().route("/login/{user}", post(any_cookie)),
        "raw GET" => raw(store).await?,
        "HS256, few claims" => signed(Jwt::hs256_few_claims("alice")?),
        "HS256" => signed(Jwt::hs256("alice")?),
        "EdDSA" => signed(Jwt::eddsa("alice")?),
        "ES256" => signed(Jwt::es256("alice")?),
        "layer, nobody asks" => with_sessions(bare(), store, Policy::default(), None).await?,
        SELDOM_WRITTEN => with_sessions(asking(), store, visitor::policy()?, None).await?,
        _ => {
            let near = (kind == "near cache").then(NearOptions::default);
            with_sessions(asking(), store, Policy::default(), near).await?
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    axum::serve(listener, router).await?;
    Ok(())
}

fn bare() -> Router {
    Router::new().route("/", get(async || "ok\n"))
}

/// As long as a session's. Whoever does not look at it gets the same requests, all the same.
async fn any_cookie() -> ([(HeaderName, String); 1], &'static str) {
    let cookie = format!("__Host-sid={}", "A".repeat(Token::TEXT_LEN));
    ([(SET_COOKIE, cookie)], "ok\n")
}

fn asking() -> Router {
    Router::new().route("/", get(async |_: User| "ok\n"))
}

async fn with_sessions(
    router: Router,
    url: &str,
    policy: Policy,
    near: Option<NearOptions>,
) -> Result<Router> {
    let sessions = cloakroom::open_with(url, policy, near).await?;
    let router = router.route("/login/{user}", post(log_in));
    Ok(router.layer(SessionLayer::new(sessions)))
}

async fn log_in(session: Session, Path(user): Path<String>) -> Result<&'static str, StatusCode> {
    let user = user.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    let done = session.log_in(LogIn::of(user)).await;
    done.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok("ok\n")
}

async fn raw(url: &str) -> Result<Router> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    // As many bytes as the record of the session has.
    let () = connection.set("raw", vec![7_u8; 160]).await?;
    let handler = async |State(mut connection): State<redis::aio::MultiplexedConnection>| {
        let value: redis::RedisResult<Vec<u8>> = connection.get("raw").await;
        if value.is_ok_and(|value| value.len() == 160) {
            Ok("ok\n")
        } else {
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    Ok(Router::new()
        .route("/", get(handler))
        .route("/login/{user}", post(any_cookie))
        .with_state(connection))
}

fn signed(jwt: Jwt) -> Router {
    let log_in =
        async |State(jwt): State<Arc<Jwt>>| ([(SET_COOKIE, format!("token={}", jwt.token()))], "ok\n");
    let handler = async |State(jwt): State<Arc<Jwt>>, headers: HeaderMap| {
        let cookie = headers.get(COOKIE).and_then(|value| value.to_str().ok());
        let token = cookie.and_then(|cookie| cookie.strip_prefix("token="));
        if token.is_some_and(|token| jwt.accepts(token)) {
            Ok("ok\n")
        } else {
            Err(StatusCode::UNAUTHORIZED)
        }
    };
    Router::new()
        .route("/", get(handler))
        .route("/login/{user}", post(log_in))
        .with_state(Arc::new(jwt))
}
