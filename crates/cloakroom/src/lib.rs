//! Web sessions that validate as fast as a signed token and die the moment they are revoked.
//!
//! Log in, see yourself, log out:
//!
//! ```no_run
//! use axum::{Router, routing::{get, post}};
//! use cloakroom::{LogIn, Policy, Refused, Session, SessionLayer, User};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = cloakroom::open("sqlite:data/sessions.db", Policy::default()).await?;
//! let app: Router = Router::new()
//!     .route("/login", post(async |session: Session| -> Result<(), Refused> {
//!         // ... check the password, then:
//!         Ok(session.log_in(LogIn::of("alice".parse()?)).await?)
//!     }))
//!     .route("/me", get(async |user: User| format!("hello, {}", user.subject())))
//!     .route("/logout", post(async |session: Session| -> Result<(), Refused> { Ok(session.log_out().await?) }))
//!     .layer(SessionLayer::new(sessions));
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! # axum::serve(listener, app).await?;
//! # Ok(()) }
//! ```
//!
//! The crates below: the engine (`cloakroom-core`) decides and knows neither HTTP nor databases, the stores keep records,
//! `cloakroom-http` brings both to tower and axum. This one chooses a store by URL and brings the system's clock and
//! random source.

mod open;
mod system;

pub use cloakroom_core::*;
pub use cloakroom_http::{
    BadPolicy, BrowserId, CookieConfig, CookieError, CspNonce, CsrfToken, CsrfTokens, ForeignOrigin,
    ForwardedHeader, GuessLimit, KnownBrowsers, Origins, PeerAddress, Presented, Problem, Refused,
    RequireJson, SameSite, SecurityHeaders, Session, SessionLayer, TrustedProxies,
};
#[cfg(feature = "axum")]
pub use cloakroom_http::{Fresh, HasRole, Role, User};
#[cfg(feature = "redis")]
pub use cloakroom_redis::RedisStore;
#[cfg(feature = "sqlite")]
pub use cloakroom_sqlite::SqliteStore;
pub use open::{OpenError, open, open_store, open_store_beside, open_with};
pub use system::{OsRandom, SystemClock};

/// Names of error codes, apart because `Code` alone says little.
pub mod problem {
    pub use cloakroom_http::{Code, Problem, Refused};
}
