//! Where salts come from.

use cloakroom_core::Random;
use std::fmt;
use std::sync::Arc;

/// A shared random source.
#[derive(Clone)]
pub(crate) struct Source(pub(crate) Arc<dyn Random>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}
