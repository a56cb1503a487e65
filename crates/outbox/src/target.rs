//! The URL of a receiver.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// A checked URL: `https`, or `http` for receivers in allowed networks; with a host, without a user or a fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

/// A text that is no URL of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not a URL at all, or far too long.
    #[error("must be a URL of at most 2000 bytes, as in https://receiver.example.com/hooks")]
    NoUrl,
    /// Another scheme.
    #[error("must begin with https:// (or http://, for receivers in outbound.allow_networks)")]
    Scheme,
    /// A name or password before the host.
    #[error("must not hold a user or password; receivers check the signature")]
    User,
    /// No host.
    #[error("must name a host")]
    NoHost,
    /// A fragment, which is never sent.
    #[error("must not have a fragment (#…)")]
    Fragment,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address. Odd spellings (`0x7f.1`, `2130706433`) have become this by the URL standard's own rules.
    Address(IpAddr),
    /// A name, to be resolved.
    Name(String),
}

impl Target {
    /// Whether it is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(crate) fn place(&self) -> Place {
        match self.0.host() {
            Some(Host::Ipv4(address)) => Place::Address(address.into()),
            Some(Host::Ipv6(address)) => Place::Address(address.into()),
            Some(Host::Domain(name)) => Place::Name(name.to_owned()),
            // Checked when it was parsed; an address that nothing allows.
            None => Place::Address(IpAddr::from([0, 0, 0, 0])),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// The `Host` header (RFC 9110 §7.2).
    pub(crate) fn authority(&self) -> &str {
        self.0.authority()
    }

    pub(crate) fn path(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }

    /// All of it; a query may hold a secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let fits = |text: &str| text.len() <= 2000;
        let url = Url::parse(text)
            .ok()
            .filter(|url| fits(text) && fits(url.as_str()));
        let url = url.ok_or(BadTarget::NoUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(BadTarget::Scheme);
        }
        // `https://@host` has an empty user, which the parser forgets.
        let authority = text
            .split(['/', '\\', '?', '#'])
            .find(|part| !part.is_empty() && !part.ends_with(':'));
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || authority.is_some_and(|authority| authority.contains('@')) {
            return Err(BadTarget::User);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(BadTarget::NoHost);
        }
        if url.fragment().is_some() {
            return Err(BadTarget::Fragment);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Target {
    /// Without what its query says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        if url.query().is_some() {
            url.set_query(Some("***"));
        }
        write!(f, "{url}")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_receiver_is_told_why() {
        for (text, why) in [
            ("receiver.example.com", BadTarget::NoUrl),
            ("https://", BadTarget::NoUrl),
            ("ftp://receiver.example.com", BadTarget::Scheme),
            ("file:///etc/passwd", BadTarget::Scheme),
            ("gopher://127.0.0.1:6379/_x", BadTarget::Scheme),
            ("https://user@receiver.example.com/", BadTarget::User),
            ("https://:pw@receiver.example.com/", BadTarget::User),
            ("https://@receiver.example.com/", BadTarget::User),
            ("https:\\\\a@receiver.example.com/", BadTarget::User),
            ("https://good.example.com#@bad.example.com/", BadTarget::Fragment),
        ] {
            assert_eq!(text.parse::<Target>().unwrap_err(), why, "{text}");
        }
        assert!(
            format!("https://a.example/{}", "x".repeat(2000))
                .parse::<Target>()
                .is_err()
        );
    }

    #[test]
    fn a_query_is_sent_and_not_shown() {
        let target: Target = "https://a.example:8443/hooks?key=1".parse().unwrap();
        assert_eq!(
            (target.path().as_str(), target.authority()),
            ("/hooks?key=1", "a.example:8443")
        );
        assert_eq!(target.to_string(), "https://a.example:8443/hooks?***");
        let email: Target = "https://a.example/to/me@b.example".parse().unwrap();
        assert_eq!(email.path(), "/to/me@b.example");
    }

    #[test]
    fn odd_spellings_of_addresses_are_addresses() {
        for spelling in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.01",
            "0x7f000001",
            "１２７.0.0.1",
            "127.0.0.1.",
        ] {
            let target: Target = format!("https://{spelling}/").parse().unwrap();
            assert_eq!(
                target.place(),
                Place::Address(IpAddr::from([127, 0, 0, 1])),
                "{spelling}"
            );
        }
    }
}
