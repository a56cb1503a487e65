//! Story 4: a change of role gives a new token; a change of password does, too, and ends all other sessions.
//!
//! ```sh
//! cargo run -p cloakroom --example 4_change_of_privilege
//! curl -c jar -d 'user=alice&password=umbrella' http://127.0.0.1:3000/login
//! cp jar old
//! curl -i -b jar http://127.0.0.1:3000/admin                                   # 403 FORBIDDEN
//! curl -b jar -c jar -X POST http://127.0.0.1:3000/become-admin
//! curl -b jar http://127.0.0.1:3000/admin
//! curl -i -b old http://127.0.0.1:3000/me                                      # 401: the old token is dead
//! curl -b jar -c jar -d 'new=parasol' http://127.0.0.1:3000/password
//! ```

use axum::Router;
use axum::extract::{Form, State};
use axum::routing::{get, post};
use cloakroom::problem::Code;
use cloakroom::{
    CookieConfig, Fresh, HasRole, LogIn, Policy, Problem, Refused, Role, Session, SessionLayer, User,
};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};

/// Everybody's password. Yours: a user's own, as an argon2id hash, in a database.
type Password = Arc<Mutex<String>>;

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::var("STORE").unwrap_or_else(|_| "memory:".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());

    let sessions = cloakroom::open(&store, Policy::default()).await?;
    // Plain HTTP on one's own machine; leave this out behind TLS.
    let cookie = CookieConfig::default().danger_insecure();
    let app = Router::new()
        .route("/login", post(log_in))
        .route("/me", get(async |user: User| format!("{}\n", user.subject())))
        .route("/become-admin", post(become_admin))
        .route("/admin", get(admin))
        .route("/password", post(change_password))
        .with_state(Password::new(Mutex::new("umbrella".to_owned())))
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
struct New {
    new: String,
}

async fn log_in(
    State(password): State<Password>,
    session: Session,
    Form(given): Form<Credentials>,
) -> Result<(), Refused> {
    if given.password != *password.lock().unwrap_or_else(PoisonError::into_inner) {
        return Err(Problem::from(Code::InvalidCredentials).into());
    }
    Ok(session
        .log_in(LogIn::of(given.user.parse()?).with("password".parse()?))
        .await?)
}

/// A token that was stolen before the user became powerful does not become powerful with them.
async fn become_admin(user: Fresh) -> Result<(), Refused> {
    Ok(user.change_roles([Admin::NAME.parse()?]).await?)
}

async fn admin(admin: HasRole<Admin>) -> String {
    format!("hello, {}\n", admin.subject())
}

/// Whoever knew the old password may be logged in elsewhere: not any more.
async fn change_password(
    State(password): State<Password>,
    user: Fresh,
    Form(given): Form<New>,
) -> Result<String, Refused> {
    *password.lock().unwrap_or_else(PoisonError::into_inner) = given.new;
    let ended = user.credentials_changed().await?;
    Ok(format!("password changed, {ended} other sessions ended\n"))
}
