//! Web origins: scheme, host and port, and nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// An `http` or `https` origin (RFC 6454) in its normal form: host in lower case, default port left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: Option<u16>,
}

/// Why a text is no origin. The text is the bound that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// Another scheme, or none.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// A user name or password before the host.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// Something after host and port.
    #[error("must be an origin: no path, query or fragment after the host and port")]
    Path,
    /// An empty or impossible host; names outside ASCII must be given in punycode, as browsers send them.
    #[error("must hold a host name in ASCII (xn--… for others), or an IP address")]
    Host,
    /// A port that is no number from 1 to 65535.
    #[error("must hold a port from 1 to 65535, or none")]
    Port,
}

impl Origin {
    /// The origin of a plain `http` listener at `address`.
    #[must_use]
    pub fn of_listener(address: SocketAddr) -> Self {
        let host = match address.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self {
            https: false,
            host,
            port: Some(address.port()).filter(|port| *port != 80),
        }
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own one where none was given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// Whether the host is this machine: `localhost`, a name under it, 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let name = self.host == "localhost" || self.host.ends_with(".localhost");
        name || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// The host as an address, when it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        let bare = self
            .host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bare.unwrap_or(&self.host).parse().ok()
    }
}

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(BadOrigin::Scheme)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(BadOrigin::Scheme),
        };
        if rest.contains('@') {
            return Err(BadOrigin::UserInfo);
        }
        // `https://host/` is the same origin and a common way to write it.
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(BadOrigin::Path);
        }
        let (host, port) = split_port(rest)?;
        let default = if https { 443 } else { 80 };
        Ok(Self {
            https,
            host: normal_host(host)?,
            port: port.filter(|port| *port != default),
        })
    }
}

/// Splits `host:port`; the colons inside `[::1]` belong to the host.
fn split_port(text: &str) -> Result<(&str, Option<u16>), BadOrigin> {
    let end_of_host = match text.rfind(']') {
        Some(at) => at + 1,
        None if text.starts_with('[') => return Err(BadOrigin::Host),
        None => 0,
    };
    let Some(colon) = text[end_of_host..].find(':') else {
        return Ok((text, None));
    };
    let (host, port) = text.split_at(end_of_host + colon);
    let digits = &port[1..];
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadOrigin::Port);
    }
    let port = digits
        .parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or(BadOrigin::Port)?;
    Ok((host, Some(port)))
}

/// The host in the one spelling that browsers send in `Origin`.
fn normal_host(host: &str) -> Result<String, BadOrigin> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or(BadOrigin::Host)?;
        let ip: Ipv6Addr = inner.parse().map_err(|_| BadOrigin::Host)?;
        return Ok(format!("[{ip}]"));
    }
    let host = host.to_ascii_lowercase();
    // Browsers read a host whose last label is a number as IPv4, in octal and hexadecimal too; only the plain form is let in.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        let ip: Ipv4Addr = host.parse().map_err(|_| BadOrigin::Host)?;
        return Ok(ip.to_string());
    }
    if is_host_name(&host) {
        Ok(host)
    } else {
        Err(BadOrigin::Host)
    }
}

/// Whether `name` is a DNS name in lower case: labels of 1 to 63 letters, digits, `-` and `_`, 253 bytes in all.
pub(super) fn is_host_name(name: &str) -> bool {
    let byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(byte)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_spelling() {
        for (text, normal) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM:443/", "https://app.example.com"),
            ("http://localhost:80", "http://localhost"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://[0:0::1]:8443", "https://[::1]:8443"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), normal);
        }
        assert_eq!("https://a.example".parse::<Origin>().unwrap().port(), 443);
        assert_eq!(
            Origin::of_listener("[::1]:80".parse().unwrap()).to_string(),
            "http://[::1]"
        );
    }

    #[test]
    fn refuses_what_is_no_origin() {
        for (text, why) in [
            ("app.example.com", BadOrigin::Scheme),
            ("ftp://app.example.com", BadOrigin::Scheme),
            ("null", BadOrigin::Scheme),
            ("https://user@app.example.com", BadOrigin::UserInfo),
            ("https://user:pw@app.example.com", BadOrigin::UserInfo),
            ("https://app.example.com/app", BadOrigin::Path),
            ("https://app.example.com//", BadOrigin::Path),
            ("https://app.example.com?x=1", BadOrigin::Path),
            ("https://app.example.com#x", BadOrigin::Path),
            ("https://app.example.com\\x", BadOrigin::Path),
            ("https://", BadOrigin::Host),
            ("https:///", BadOrigin::Host),
            ("https://.example.com", BadOrigin::Host),
            ("https://a..b", BadOrigin::Host),
            ("https://bücher.example", BadOrigin::Host),
            ("https://a b", BadOrigin::Host),
            ("https://1.2.3", BadOrigin::Host),
            ("https://0x7f.1", BadOrigin::Host),
            ("https://0177.0.0.1", BadOrigin::Host),
            ("https://[::1", BadOrigin::Host),
            ("https://[::g]", BadOrigin::Host),
            ("https://app.example.com:", BadOrigin::Port),
            ("https://app.example.com:0", BadOrigin::Port),
            ("https://app.example.com:65536", BadOrigin::Port),
            ("https://app.example.com:+80", BadOrigin::Port),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(why), "{text}");
        }
    }

    #[test]
    fn knows_this_machine() {
        for (text, loopback) in [
            ("http://localhost:1", true),
            ("http://app.localhost", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://notlocalhost", false),
            ("http://128.0.0.1", false),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
