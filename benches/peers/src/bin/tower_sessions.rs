//! tower-sessions with its Redis store: `tower_sessions plain|sliding redis://…`. Prints its port, then serves.
//!
//! The version is the one that the newest Redis store works with; the client and its pool are those of that store's
//! documentation.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, Pool};

const USER: &str = "user";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, redis] = arguments.as_slice() else {
        anyhow::bail!("tower_sessions plain|sliding redis://…");
    };
    let pool = Pool::new(Config::from_url(redis)?, None, None, None, 6)?;
    pool.init().await?;
    let layer = SessionManagerLayer::new(RedisStore::new(pool));
    let layer = match kind.as_str() {
        "plain" => layer,
        // Without `always_save`, reading does not count as activity, and the session ends under its user.
        "sliding" => layer
            .with_expiry(Expiry::OnInactivity(Duration::minutes(30)))
            .with_always_save(true),
        _ => anyhow::bail!("{kind}: neither plain nor sliding"),
    };
    let router = Router::new()
        .route("/login/{user}", post(log_in))
        .route("/", get(who))
        .layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    axum::serve(listener, router).await.context("serving")
}

async fn log_in(session: Session, Path(user): Path<String>) -> Result<&'static str, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    session.insert(USER, user).await.map_err(failed)?;
    Ok("ok\n")
}

async fn who(session: Session) -> Result<&'static str, StatusCode> {
    let user: Option<String> = session
        .get(USER)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    user.map(|_| "ok\n").ok_or(StatusCode::UNAUTHORIZED)
}
