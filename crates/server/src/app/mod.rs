//! The running server: what its handlers share, and how the parts are put together.

pub mod address;
pub mod audit;
pub mod body;
pub mod failure;
pub mod guard;
pub mod headers;
pub mod journal;
pub mod metrics;
pub mod near;
pub mod outbound;
pub mod recent;
pub mod redirect;
pub mod start;
pub mod view;

use crate::config::{Config, KeyHash};
use crate::pages::{DemoLogin, Pages};
use crate::throttle::Throttle;
use crate::users::UserDirectory;
use cloakroom::{CookieConfig, Origins, Sessions, TrustedProxies};
use cloakroom_watch::Places;
use std::sync::Arc;
use std::time::Instant;

/// What handlers share. Cheap to clone.
pub type App = Arc<Parts>;

/// The parts of a running server.
pub struct Parts {
    /// The configuration in force.
    pub config: Config,
    /// The engine.
    pub sessions: Sessions,
    /// Who may log in with a password.
    pub users: UserDirectory,
    /// Where addresses are.
    pub places: Places,
    /// Turns page structs into answers.
    pub pages: Pages,
    /// How the session cookie is written.
    pub cookie: CookieConfig,
    /// Whose forwarding headers are believed.
    pub proxies: TrustedProxies,
    /// Whose pages may change something.
    pub origins: Origins,
    /// The operators' own sessions, apart from the users'.
    pub operators: Sessions,
    /// Keys of the admin API, by hash.
    pub admin_keys: Vec<KeyHash>,
    /// Counts wrong guesses, and refuses more when there were too many.
    pub throttle: Throttle,
    /// What happened lately, for the console.
    pub recent: recent::Recent,
    /// The audit trail.
    pub audit: audit::Audit,
    /// Sends webhooks and mails.
    pub outbox: cloakroom_outbox::Outbox,
    /// Counters for `/metrics`.
    pub metrics: metrics::Metrics,
    /// The demo user of `--dev`, shown on the log-in page.
    pub demo: Option<DemoLogin>,
    /// When the process started.
    pub started: Instant,
}

impl Parts {
    /// The host that people know the site by, for titles.
    #[must_use]
    pub fn site(&self) -> String {
        self.config.public_url.host().to_owned()
    }
}
