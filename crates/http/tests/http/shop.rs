//! The application that most tests drive.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use cloakroom_http::{Field, Fresh, HasRole, LogIn, Refused, Role, Session, User};

pub const VISITS: Field<u32> = Field::new("visits");
pub const CART: Field<Vec<String>> = Field::new("cart").survives_log_in();
pub const NOTE: Field<String> = Field::new("note");

pub struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

pub fn shop() -> Router {
    Router::new()
        .route("/", get(async || "welcome"))
        .route("/login/{name}", post(log_in))
        .route("/remember/{name}", post(remember))
        .route(
            "/logout",
            post(async |session: Session| no_content(session.log_out().await)),
        )
        .route("/me", get(async |user: User| user.subject().to_string()))
        .route("/maybe", get(maybe))
        .route(
            "/pay",
            post(async |user: Fresh| format!("paid by {}", user.subject())),
        )
        .route(
            "/admin",
            get(async |admin: HasRole<Admin>| format!("hello {}", admin.subject())),
        )
        .route(
            "/step-up",
            post(async |session: Session| no_content(session.step_up("password".parse()?).await)),
        )
        .route(
            "/rotate",
            post(async |session: Session| no_content(session.rotate().await)),
        )
        .route("/roles/{name}", post(roles))
        .route(
            "/password",
            post(async |user: Fresh| count(user.credentials_changed().await)),
        )
        .route(
            "/logout-others",
            post(async |user: User| count(user.log_out_others().await)),
        )
        .route(
            "/logout-everywhere",
            post(async |user: User| count(user.log_out_everywhere().await)),
        )
        .route("/sessions", get(sessions))
        .route("/end/{id}", post(end))
        .route("/visits", get(visits).post(visit))
        .route("/cart/{what}", post(buy))
        .route("/cart", get(cart))
        .route("/note/{what}", post(note))
        .route("/note", get(read_note))
        .route(
            "/id",
            get(async |session: Session| session.id().map_or_else(String::new, |id| id.to_string())),
        )
}

type Answer<T> = Result<T, Refused>;

fn no_content(done: Result<(), cloakroom_core::SessionError>) -> Answer<()> {
    Ok(done?)
}

fn count(done: Result<usize, cloakroom_core::SessionError>) -> Answer<String> {
    Ok(done?.to_string())
}

async fn log_in(session: Session, Path(name): Path<String>) -> Answer<()> {
    Ok(session
        .log_in(LogIn::of(name.parse()?).with("password".parse()?))
        .await?)
}

async fn remember(session: Session, Path(name): Path<String>) -> Answer<()> {
    Ok(session.log_in(LogIn::of(name.parse()?).remember(true)).await?)
}

async fn maybe(user: Option<User>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.subject().to_string())
}

async fn roles(session: Session, Path(name): Path<String>) -> Answer<()> {
    Ok(session.change_roles([name.parse()?]).await?)
}

async fn sessions(user: User) -> Answer<String> {
    let all = user.list().await?;
    Ok(all.iter().map(|record| format!("{}\n", record.id)).collect())
}

async fn end(user: User, Path(id): Path<String>) -> Answer<&'static str> {
    let ended = match id.parse() {
        Ok(id) => user.end(&id).await?,
        Err(_) => false,
    };
    Ok(if ended { "ended" } else { "not found" })
}

async fn visits(session: Session) -> Answer<String> {
    Ok(session.get(VISITS)?.unwrap_or_default().to_string())
}

async fn visit(session: Session) -> Answer<()> {
    Ok(session.update(VISITS, |visits| *visits += 1)?)
}

async fn buy(session: Session, Path(what): Path<String>) -> Answer<()> {
    Ok(session.update(CART, move |cart| cart.push(what.clone()))?)
}

async fn cart(session: Session) -> Answer<String> {
    Ok(session.get(CART)?.unwrap_or_default().join(","))
}

async fn note(session: Session, Path(what): Path<String>) -> Answer<()> {
    Ok(session.set(NOTE, &what)?)
}

async fn read_note(session: Session) -> Answer<String> {
    Ok(session.get(NOTE)?.unwrap_or_default())
}
