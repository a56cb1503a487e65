//! The session cookie: how it is named, written and read.

use ::cookie::{Cookie, SameSite as CookieSameSite};
use cloakroom_core::{Timestamp, Token};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// Browsers keep no cookie longer (RFC 6265bis §5.5).
const LONGEST: Duration = Duration::from_hours(400 * 24);
/// More than this of `Cookie` headers is not looked through.
const MOST_BYTES: usize = 16 * 1024;

/// Which requests from other sites carry the cookie. There is no default to forget: it is always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// None at all, not even a link from a mail.
    Strict,
    /// Links, but nothing that changes anything. The usual choice.
    Lax,
    /// All. Weakens what protects against cross-site requests; only for embedded applications.
    DangerNone,
}

/// How the session cookie is written.
///
/// The default is `__Host-sid`: `Secure; HttpOnly; SameSite=Lax; Path=/`, without `Domain` and without `Max-Age`
/// (ASVS 3.3.1 to 3.3.4).
#[derive(Clone, Debug)]
pub struct CookieConfig {
    name: String,
    same_site: SameSite,
    domain: Option<String>,
    secure: bool,
}

/// A cookie that browsers or the standards would not accept, or that would open the session to others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    /// The name is no token of RFC 6265, or already has a prefix.
    #[error(
        "cookie.name = {0:?}: must be letters, digits, `-` and `_`, at most 64, without the prefix `__Host-`"
    )]
    Name(String),
    /// Everybody under a public suffix would get the cookie, or the domain is none.
    #[error("cookie.domain = {0:?}: must be a domain of your own, and no public suffix such as `co.uk`")]
    Domain(String),
}

impl Default for CookieConfig {
    fn default() -> Self {
        Self {
            name: "__Host-sid".to_owned(),
            same_site: SameSite::Lax,
            domain: None,
            secure: true,
        }
    }
}

impl CookieConfig {
    /// A cookie of this name, written with the prefix `__Host-`.
    pub fn named(name: &str) -> Result<Self, CookieError> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = !name.is_empty() && name.len() <= 64 && name.bytes().all(good) && !name.starts_with("__");
        if !fits {
            return Err(CookieError::Name(name.to_owned()));
        }
        Ok(Self {
            name: format!("__Host-{name}"),
            ..Self::default()
        })
    }

    /// With this `SameSite`.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// For a domain and all hosts below it. The prefix becomes `__Secure-`: the cookie is no longer this host's alone.
    pub fn for_domain(mut self, domain: &str) -> Result<Self, CookieError> {
        let wrong = || CookieError::Domain(domain.to_owned());
        let bare = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
        // A public suffix has no registrable domain in it.
        if !is_host_name(&bare) || psl::domain_str(&bare).is_none() {
            return Err(wrong());
        }
        self.name = self.name.replacen("__Host-", "__Secure-", 1);
        self.domain = Some(bare);
        Ok(self)
    }

    /// Without prefix and without `Secure`, for plain HTTP on a developer's own machine. Never over a network: whoever
    /// listens has the session.
    #[must_use]
    pub fn danger_insecure(mut self) -> Self {
        self.secure = false;
        for prefix in ["__Host-", "__Secure-"] {
            if let Some(bare) = self.name.strip_prefix(prefix) {
                self.name = bare.to_owned();
            }
        }
        self
    }

    /// The whole name, prefix included.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the cookie goes to a whole domain rather than one host.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Whether browsers keep it off plain HTTP.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The header that hands a token to the browser. With `until`, the browser keeps it beyond its own life.
    #[must_use]
    pub fn write(&self, token: &Token, until: Option<Timestamp>, now: Timestamp) -> Option<HeaderValue> {
        let max_age = until.map(|until| until.since(now).min(LONGEST));
        self.header(&token.expose(), max_age)
    }

    /// The header that takes the cookie away: same name, path, domain and prefix as when it was written.
    #[must_use]
    pub fn clear(&self) -> Option<HeaderValue> {
        self.header("", Some(Duration::ZERO))
    }

    fn header(&self, value: &str, max_age: Option<Duration>) -> Option<HeaderValue> {
        let mut cookie = Cookie::new(self.name.as_str(), value);
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_secure(self.secure);
        cookie.set_same_site(match self.same_site {
            SameSite::Strict => CookieSameSite::Strict,
            SameSite::Lax => CookieSameSite::Lax,
            SameSite::DangerNone => CookieSameSite::None,
        });
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain.as_str());
        }
        if let Some(max_age) = max_age {
            cookie.set_max_age(::cookie::time::Duration::try_from(max_age).ok()?);
        }
        let mut value = HeaderValue::try_from(cookie.to_string()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What the request presents as its session.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap) -> Presented {
        let mut found = Presented::Nothing;
        let mut bytes = 0;
        for header in headers.get_all(COOKIE) {
            bytes += header.len();
            if bytes > MOST_BYTES {
                return Presented::Malformed;
            }
            for value in values(header.as_bytes(), self.name.as_bytes()) {
                if !matches!(found, Presented::Nothing) {
                    return Presented::Several;
                }
                found = Token::parse(value).map_or(Presented::Malformed, Presented::Token);
            }
        }
        found
    }
}

/// The values of the cookies of this name, byte by byte as browsers write the header (RFC 6265bis §5.8.3).
///
/// The cookie library reads more than that: it strips any Unicode white space around names, and so takes a cookie that a
/// sibling host was free to set for one with a `__Host-` prefix. It also wants the whole header to be text, so that one
/// foreign cookie with a byte of Latin-1 in it would hide ours.
fn values<'a>(header: &'a [u8], name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    pairs(header).filter_map(move |pair| {
        let start = pair.iter().position(|byte| !blank(byte))?;
        let value = pair[start..].strip_prefix(name)?.strip_prefix(b"=")?;
        let end = value
            .iter()
            .rposition(|byte| !blank(byte))
            .map_or(0, |last| last + 1);
        Some(&value[..end])
    })
}

fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr::memchr(b';', text);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// At least two labels of letters, digits and hyphens, and no address: browsers take what ends in a number for one.
fn is_host_name(name: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(label)
        && !last.starts_with(|first: char| first.is_ascii_digit())
}

/// What a request presents as its session. Nothing of it has been believed yet.
#[derive(Clone, Debug)]
pub enum Presented {
    /// No cookie of that name.
    Nothing,
    /// A cookie that can not be a token. No store is asked about it.
    Malformed,
    /// More than one of that name: somebody on a sibling host may have planted one, so none is believed.
    Several,
    /// A token.
    Token(Token),
}
