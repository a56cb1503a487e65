//! Story 1: log in, see yourself, log out. axum and `SQLite`.
//!
//! ```sh
//! cargo run -p cloakroom --example 1_log_in
//! curl -i -c jar -d 'user=alice&password=umbrella' http://127.0.0.1:3000/login
//! curl -i -b jar http://127.0.0.1:3000/me
//! curl -i -b jar -c jar -X POST http://127.0.0.1:3000/logout
//! curl -i -b jar http://127.0.0.1:3000/me                # 401 NO_SESSION
//! ```
//!
//! A restart keeps everybody logged in: the sessions are in `data/sessions.db`.

use axum::extract::Form;
use axum::routing::{get, post};
use axum::{Json, Router};
use cloakroom::problem::Code;
use cloakroom::{CookieConfig, LogIn, Policy, Problem, Refused, Session, SessionLayer, User};
use serde::Deserialize;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::var("STORE").unwrap_or_else(|_| "sqlite:data/sessions.db".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());

    let sessions = cloakroom::open(&store, Policy::default()).await?;
    // Plain HTTP on one's own machine. Leave this out behind TLS: the cookie is then `__Host-sid` and `Secure`.
    let cookie = CookieConfig::default().danger_insecure();
    let app = Router::new()
        .route("/login", post(log_in))
        .route("/me", get(me))
        .route("/logout", post(log_out))
        .layer(SessionLayer::new(sessions).cookie(cookie));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

async fn log_in(session: Session, Form(given): Form<Credentials>) -> Result<String, Refused> {
    // Yours: look the user up and check an argon2id hash.
    if given.password != "umbrella" {
        return Err(Problem::from(Code::InvalidCredentials).into());
    }
    let log_in = LogIn::of(given.user.parse()?).with("password".parse()?);
    session.log_in(log_in).await?;
    Ok(format!("welcome, {}\n", given.user))
}

/// Runs for those who are logged in. Others get 401 and a problem that says why.
async fn me(user: User) -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "subject": user.subject().as_str(),
        "session": user.id().map(|id| id.to_string()),
    }))
}

async fn log_out(session: Session) -> Result<(), Refused> {
    Ok(session.log_out().await?)
}
