//! Story 3: the list of devices; end one of them, or all; a sixth pushes out the one used least recently.
//!
//! ```sh
//! cargo run -p cloakroom --example 3_devices
//! curl -c phone  -A 'phone/1'  -d user=alice http://127.0.0.1:3000/login
//! curl -c laptop -A 'laptop/1' -d user=alice http://127.0.0.1:3000/login
//! curl -b laptop -A 'laptop/1' http://127.0.0.1:3000/devices
//! curl -b laptop -A 'laptop/1' -X DELETE http://127.0.0.1:3000/devices/ID-OF-THE-PHONE
//! curl -i -b phone -A 'phone/1' http://127.0.0.1:3000/devices        # 401 NO_SESSION
//! curl -b laptop -A 'laptop/1' -X POST http://127.0.0.1:3000/logout-everywhere
//! ```

use axum::extract::{Form, Path};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use cloakroom::problem::Code;
use cloakroom::{CookieConfig, LogIn, Policy, Problem, Refused, Session, SessionLayer, User};
use serde::{Deserialize, Serialize};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::var("STORE").unwrap_or_else(|_| "memory:".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());

    // Five is the default. `when_full(WhenFull::Reject)` would refuse the sixth instead, with 409 SESSION_LIMIT.
    let policy = Policy::builder().max_sessions(5).build()?;
    let sessions = cloakroom::open(&store, policy).await?;
    // Plain HTTP on one's own machine; leave this out behind TLS.
    let cookie = CookieConfig::default().danger_insecure();
    let app = Router::new()
        .route("/login", post(log_in))
        .route("/devices", get(devices))
        .route("/devices/{id}", delete(end))
        .route("/logout-others", post(log_out_others))
        .route("/logout-everywhere", post(log_out_everywhere))
        .layer(SessionLayer::new(sessions).cookie(cookie));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[derive(Deserialize)]
struct Name {
    user: String,
}

/// Without a password, to keep the example to its point.
async fn log_in(session: Session, Form(name): Form<Name>) -> Result<(), Refused> {
    Ok(session.log_in(LogIn::of(name.user.parse()?)).await?)
}

#[derive(Serialize)]
struct Device {
    id: String,
    user_agent: Option<String>,
    seen_at_ms: u64,
    current: bool,
}

async fn devices(user: User) -> Result<Json<Vec<Device>>, Refused> {
    let all = user.list().await?;
    let device = |record: cloakroom::Record| Device {
        id: record.id.to_string(),
        seen_at_ms: record.seen_at.as_millis(),
        current: user.id() == Some(record.id),
        user_agent: record.client.user_agent.map(|agent| agent.to_string()),
    };
    Ok(Json(all.into_iter().map(device).collect()))
}

/// The user's own alone: somebody else's session is not found, as one that never was.
async fn end(user: User, Path(id): Path<String>) -> Result<(), Refused> {
    let not_found = || Refused(Problem::from(Code::NotFound));
    let id = id.parse().map_err(|_| not_found())?;
    if user.end(&id).await? {
        Ok(())
    } else {
        Err(not_found())
    }
}

async fn log_out_others(user: User) -> Result<String, Refused> {
    Ok(format!("{} sessions ended\n", user.log_out_others().await?))
}

async fn log_out_everywhere(user: User) -> Result<String, Refused> {
    Ok(format!("{} sessions ended\n", user.log_out_everywhere().await?))
}
