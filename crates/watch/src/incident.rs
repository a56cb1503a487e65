//! Names of incidents, the same on every node.

use crate::alert::Rule;
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// 128 bits of SHA-256 over the rule, whom it is about, and the stretch of time; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId([u8; 16]);

impl IncidentId {
    /// Time is cut into stretches of equal length since the epoch, so that nodes which began to read at different places
    /// give the same name. A trouble that goes on over such a cut keeps quiet by [`matter`](Self::matter).
    pub(crate) fn new(rule: Rule, about: &str, within: Duration, at: u64) -> Self {
        let length = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
        Self::hash(rule, about, Some(at / length))
    }

    /// The same whenever it happens.
    pub(crate) fn matter(rule: Rule, about: &str) -> Self {
        Self::hash(rule, about, None)
    }

    fn hash(rule: Rule, about: &str, stretch: Option<u64>) -> Self {
        let mut hash = Sha256::new();
        hash.update(rule.as_str());
        hash.update([0]);
        hash.update(about);
        if let Some(stretch) = stretch {
            hash.update([0]);
            hash.update(stretch.to_be_bytes());
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }

    /// The 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncidentId({self})")
    }
}
