//! The configuration: one checked tree out of defaults, a TOML file, the environment and flags, each stronger than the
//! one before.
//!
//! Nothing here looks at the process by itself: the environment and the flags are handed in. Whatever is wrong is found
//! in one go and told with its place, its value and its bound.
//!
//! ```
//! use cloakroom_server::config::{Config, Sources};
//!
//! let environment = vec![
//!     ("CLOAKROOM_PUBLIC_URL".into(), "https://app.example.com".into()),
//!     ("CLOAKROOM_POLICY__IDLE_TIMEOUT".into(), "2s".into()),
//! ];
//! let config = Config::load(&Sources { environment, ..Sources::default() })?;
//! assert_eq!(config.policy.resolve().touch_every().as_millis(), 500);
//! # Ok::<(), cloakroom_server::config::ConfigErrors>(())
//! ```

mod audit;
mod build;
mod cache;
mod cookie;
mod environment;
mod error;
mod file;
mod flags;
mod keys;
mod origin;
mod outbound;
mod policy;
mod print;
mod secret;
mod secret_files;
mod setting;
mod size;
mod span;
mod store_url;
#[cfg(test)]
mod tests;
mod throttle;
mod tree;
mod units;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

pub use error::{ConfigError, ConfigErrors, Place, Problem};
pub use flags::Flags;
pub use origin::{BadOrigin, Origin};
pub use outbound::{Hidden, Mail, Outbound, Webhook};
pub use policy::{Policy, Remember, RenewAfter, WhenFull};
pub use size::{BadSize, Size};
pub use span::{BadSpan, Span};
pub use store_url::{BadStoreUrl, StoreKind, StoreUrl};
pub use tree::{
    Admin, Audit, Binding, Cache, Config, Cookie, Headers, KeyHash, Reaction, SameSite, Throttle, Watch,
};

/// What a configuration is loaded for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To serve: `public_url` is needed.
    #[default]
    Serve,
    /// To look after users and sessions: works before anybody wrote a configuration.
    Administer,
}

/// Where a configuration comes from, weakest first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file of `--config`, if one was named.
    pub file: Option<PathBuf>,
    /// The environment, as `std::env::vars_os` gives it. Other programs' variables are left alone.
    pub environment: Vec<(OsString, OsString)>,
    /// The flags.
    pub flags: Flags,
    /// What for.
    pub purpose: Purpose,
}

impl Config {
    /// The effective configuration, or everything that is wrong with it.
    ///
    /// Reads the file of `sources` and the secret files that it names, and nothing else.
    pub fn load(sources: &Sources) -> Result<Self, ConfigErrors> {
        let mut settings = setting::Settings::default();
        if let Some(path) = &sources.file {
            file::gather(path, &mut settings);
        }
        environment::gather(&sources.environment, &mut settings);
        flags::gather(&sources.flags, &mut settings);
        secret_files::resolve(&mut settings);
        let config = build::build(&mut settings, sources.flags.dev, sources.purpose);
        if settings.errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors(settings.errors))
        }
    }
}
