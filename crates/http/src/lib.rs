//! Sessions over HTTP: a tower layer, the cookie, and extractors for axum.
//!
//! ```
//! # #[cfg(feature = "axum")] fn app(sessions: cloakroom_core::Sessions) -> axum::Router {
//! use axum::{Router, routing::{get, post}};
//! use cloakroom_http::{LogIn, Refused, Session, SessionLayer, User};
//!
//! Router::new()
//!     .route("/login", post(async |session: Session| -> Result<(), Refused> {
//!         session.log_in(LogIn::of("alice".parse()?)).await?; // after checking the password
//!         Ok(())
//!     }))
//!     .route("/me", get(async |user: User| user.subject().to_string()))
//!     .route("/logout", post(async |session: Session| -> Result<(), Refused> {
//!         Ok(session.log_out().await?)
//!     }))
//!     .layer(SessionLayer::new(sessions))
//! # }
//! ```
//!
//! Services that are no axum handlers ask with [`Session::of`]. The feature `axum` (on by default) brings the extractors.

mod address;
mod answer;
mod cookie;
mod csrf;
#[cfg(feature = "axum")]
mod extract;
mod guesses;
mod headers;
mod known_browsers;
mod layer;
mod media_type;
mod origin;
mod problem;
mod require_json;
mod respond;
mod seen;
mod session;

pub use address::{ForwardedHeader, PeerAddress, TrustedProxies};
pub use answer::{Answer, Body};
pub use cloakroom_core::{Field, LogIn};
pub use cookie::{CookieConfig, CookieError, Presented, SameSite};
pub use csrf::{CsrfService, CsrfToken, CsrfTokens};
#[cfg(feature = "axum")]
pub use extract::{Fresh, HasRole, Role, User};
pub use guesses::GuessLimit;
pub use headers::{BadPolicy, CspNonce, HardenedAnswer, HardenedService, SecurityHeaders};
pub use known_browsers::{BrowserId, KnownBrowsers};
pub use layer::{SessionLayer, SessionService};
pub use origin::{ForeignOrigin, Origins};
pub use problem::{Code, Problem, Refused};
pub use require_json::{JsonOnly, RequireJson};
pub use session::Session;
