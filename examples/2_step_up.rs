//! Story 2: paying and changing the password want an authentication younger than five minutes.
//!
//! ```sh
//! cargo run -p cloakroom --example 2_step_up
//! curl -i -c jar -d 'user=alice&password=umbrella' http://127.0.0.1:3000/login
//! curl -i -b jar -X POST http://127.0.0.1:3000/pay       # paid
//! # ... five minutes later (or start it with FRESH_FOR=5):
//! curl -i -b jar -X POST http://127.0.0.1:3000/pay       # 401 STEP_UP_REQUIRED, max_age=300
//! curl -i -b jar -c jar -d 'password=umbrella' http://127.0.0.1:3000/step-up
//! curl -i -b jar -X POST http://127.0.0.1:3000/pay       # paid
//! ```

use axum::Router;
use axum::extract::Form;
use axum::routing::{get, post};
use cloakroom::problem::Code;
use cloakroom::{CookieConfig, Fresh, LogIn, Policy, Problem, Refused, Session, SessionLayer, User};
use serde::Deserialize;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::var("STORE").unwrap_or_else(|_| "memory:".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let fresh_for = std::env::var("FRESH_FOR").unwrap_or_else(|_| "300".to_owned());

    let policy = Policy::builder()
        .step_up_within(Duration::from_secs(fresh_for.parse()?))
        .build()?;
    let sessions = cloakroom::open(&store, policy).await?;
    // Plain HTTP on one's own machine; leave this out behind TLS.
    let cookie = CookieConfig::default().danger_insecure();
    let app = Router::new()
        .route("/login", post(log_in))
        .route("/me", get(async |user: User| format!("{}\n", user.subject())))
        .route("/pay", post(pay))
        .route("/step-up", post(step_up))
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

#[derive(Deserialize)]
struct Proof {
    password: String,
}

/// Yours: look the user up and check an argon2id hash.
fn check(password: &str) -> Result<(), Problem> {
    if password == "umbrella" {
        Ok(())
    } else {
        Err(Code::InvalidCredentials.into())
    }
}

async fn log_in(session: Session, Form(given): Form<Credentials>) -> Result<(), Refused> {
    check(&given.password)?;
    let log_in = LogIn::of(given.user.parse()?).with("password".parse()?);
    Ok(session.log_in(log_in).await?)
}

/// `Fresh` is the whole of it: this runs only if the authentication is recent. Otherwise the answer is 401 with a
/// challenge that says how recent it has to be (RFC 9470), which is for the page to send the user to `/step-up`.
async fn pay(user: Fresh) -> String {
    format!("paid by {}\n", user.subject())
}

/// The password once more: the session is fresh again, under a new token.
async fn step_up(session: Session, Form(proof): Form<Proof>) -> Result<(), Refused> {
    check(&proof.password)?;
    Ok(session.step_up("password".parse()?).await?)
}
