//! What a request tells about the machine that sent it.

use crate::text;
use std::net::IpAddr;
use std::sync::Arc;

/// Address, browser and languages of one request, as far as they are known.
///
/// Header values are cut to a bounded length and stripped of control characters, so that they can be stored and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The address, from trusted hops alone. IPv4 addresses mapped into IPv6 are unmapped.
    pub ip: Option<IpAddr>,
    /// The `User-Agent` header.
    pub user_agent: Option<Arc<str>>,
    /// The `Accept-Language` header.
    pub accept_language: Option<Arc<str>>,
}

impl Client {
    /// The most that is kept of a `User-Agent`, in bytes.
    pub const MAX_USER_AGENT: usize = 512;
    /// The most that is kept of an `Accept-Language`, in bytes.
    pub const MAX_LANGUAGE: usize = 128;

    /// A client at an address, with nothing else known.
    #[must_use]
    pub fn at(ip: IpAddr) -> Self {
        Self {
            ip: Some(ip.to_canonical()),
            ..Self::default()
        }
    }

    /// With this `User-Agent`.
    #[must_use]
    pub fn with_user_agent(mut self, value: &str) -> Self {
        self.user_agent = tame(value, Self::MAX_USER_AGENT);
        self
    }

    /// With this `Accept-Language`.
    #[must_use]
    pub fn with_language(mut self, value: &str) -> Self {
        self.accept_language = tame(value, Self::MAX_LANGUAGE);
        self
    }
}

/// Cuts at a character boundary and replaces control characters.
fn tame(value: &str, most: usize) -> Option<Arc<str>> {
    let cut = value.floor_char_boundary(most);
    let value = value[..cut].trim();
    if value.is_empty() {
        return None;
    }
    if text::is_plain(value) || !value.chars().any(char::is_control) {
        return Some(value.into());
    }
    Some(
        value
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect::<String>()
            .into(),
    )
}
