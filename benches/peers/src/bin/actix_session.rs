//! actix-session with its Redis store: `actix_session bare|plain|sliding redis://…`. Prints its port, then serves.
//!
//! All is as it comes: the cookie encrypted, one worker for each core. `bare` is actix-web without sessions, to tell what
//! the session adds.

use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, time::Duration};
use actix_web::error::{Error, ErrorUnauthorized};
use actix_web::{App, HttpServer, web};
use anyhow::{Context as _, Result};

const USER: &str = "user";

#[actix_web::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, redis] = arguments.as_slice() else {
        anyhow::bail!("actix_session bare|plain|sliding redis://…");
    };
    let extension = match kind.as_str() {
        "bare" => return bare().await,
        "plain" => TtlExtensionPolicy::OnStateChanges,
        "sliding" => TtlExtensionPolicy::OnEveryRequest,
        _ => anyhow::bail!("{kind}: none of bare, plain and sliding"),
    };
    let store = RedisSessionStore::new(redis).await?;
    let key = Key::generate();
    let server = HttpServer::new(move || {
        let lifecycle = PersistentSession::default()
            .session_ttl(Duration::minutes(30))
            .session_ttl_extension_policy(extension.clone());
        let sessions = SessionMiddleware::builder(store.clone(), key.clone())
            .session_lifecycle(lifecycle)
            .build();
        App::new()
            .wrap(sessions)
            .route("/login/{user}", web::post().to(log_in))
            .route("/", web::get().to(who))
    });
    let server = server.bind("127.0.0.1:0")?;
    println!("{}", server.addrs().first().context("no address")?.port());
    Ok(server.run().await?)
}

async fn log_in(session: Session, user: web::Path<String>) -> Result<&'static str, Error> {
    session.insert(USER, user.into_inner())?;
    Ok("ok\n")
}

async fn who(session: Session) -> Result<&'static str, Error> {
    let user: Option<String> = session.get(USER)?;
    user.map(|_| "ok\n").ok_or_else(|| ErrorUnauthorized("nobody"))
}

async fn bare() -> Result<()> {
    let server = HttpServer::new(|| {
        App::new()
            .route("/login/{user}", web::post().to(async || "ok\n"))
            .route("/", web::get().to(async || "ok\n"))
    });
    let server = server.bind("127.0.0.1:0")?;
    println!("{}", server.addrs().first().context("no address")?.port());
    Ok(server.run().await?)
}
