//! The command line.

use super::error::Place;
use super::setting::{Raw, Settings};

/// What the command line says about the configuration, as typed.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen ADDR`.
    pub listen: Option<String>,
    /// `--admin-listen ADDR`.
    pub admin_listen: Option<String>,
    /// `--store URL`.
    pub store: Option<String>,
    /// `--data-dir DIR`.
    pub data_dir: Option<String>,
    /// `--dev`: a flag only, so that no file or environment left behind ever turns it on.
    pub dev: bool,
}

/// Adds what the command line says.
pub(super) fn gather(flags: &Flags, settings: &mut Settings) {
    for (key, flag, value) in [
        ("listen", "--listen", &flags.listen),
        ("admin_listen", "--admin-listen", &flags.admin_listen),
        ("store", "--store", &flags.store),
        ("data_dir", "--data-dir", &flags.data_dir),
    ] {
        if let Some(value) = value {
            settings.keep(key, Raw::Word(value.clone()), Place::Flag(flag));
        }
    }
}
