//! Requests that change something must come from one's own pages.
//!
//! Fetch Metadata first, then the exact `Origin`, both against origins that were configured and never against `Host`.
//! tower-http's layer compares `Origin` with `Host` and lets requests pass that carry neither header; a session server
//! can do neither (its proxy may rewrite `Host`, and what has a cookie but no header proves nothing), so the rule stands
//! here.

use http::header::{ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, Method};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins whose pages may send requests that change something.
///
/// ```
/// use cloakroom_http::Origins;
/// use http::{HeaderMap, Method};
///
/// let origins = Origins::own("https://app.example.com").and(["https://admin.example.com".to_owned()]);
/// let mut headers = HeaderMap::new();
/// headers.insert("origin", "https://evil.example".parse()?);
/// assert!(origins.judge(&Method::POST, &headers, true).is_err());
/// assert!(origins.judge(&Method::GET, &headers, true).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Origins {
    own: String,
    others: Vec<String>,
    allow_bare: bool,
}

/// The request comes from another site, or can not show that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignOrigin {
    /// The browser says that another site sent it.
    #[error("the browser says that another site sent this request")]
    CrossSite,
    /// The `Origin` is not one of those that were configured.
    #[error("the request's Origin is not this site's own")]
    Origin,
    /// It carries a cookie, but neither `Sec-Fetch-Site` nor `Origin`.
    #[error("the request carries a cookie but neither Sec-Fetch-Site nor Origin")]
    Unknown,
}

impl Origins {
    /// One's own origin, as browsers write it: `https://app.example.com`, without a path; names beyond ASCII in their
    /// `xn--` form.
    #[must_use]
    pub fn own(origin: &str) -> Self {
        Self {
            own: as_browsers_write(origin),
            others: Vec::new(),
            allow_bare: false,
        }
    }

    /// And these; also if the browser calls them another site. `null` is nobody's origin and is left out: any page can
    /// have it, in a sandboxed frame.
    #[must_use]
    pub fn and(mut self, others: impl IntoIterator<Item = String>) -> Self {
        let others = others.into_iter().map(|other| as_browsers_write(&other));
        self.others.extend(others.filter(|other| other != "null"));
        self
    }

    /// Lets requests with a cookie pass that carry neither header, as only very old browsers and programs send them.
    #[must_use]
    pub fn danger_allow_without_headers(mut self) -> Self {
        self.allow_bare = true;
        self
    }

    /// Whether a request may change something. `cookie` tells whether it carries the session cookie, in any form.
    pub fn judge(&self, method: &Method, headers: &HeaderMap, cookie: bool) -> Result<(), ForeignOrigin> {
        if is_safe(method) && !opens_a_web_socket(headers) {
            return Ok(());
        }
        let site = single(headers, &SEC_FETCH_SITE);
        let origin = single(headers, &ORIGIN);
        let listed = |origin: &str| self.others.iter().any(|other| other == origin);
        match (site, origin) {
            (Some(Some("same-origin" | "none")), _) => Ok(()),
            (Some(_), Some(Some(origin))) if listed(origin) => Ok(()),
            (Some(_), _) => Err(ForeignOrigin::CrossSite),
            (None, Some(Some(origin))) if origin == self.own || listed(origin) => Ok(()),
            (None, Some(_)) => Err(ForeignOrigin::Origin),
            (None, None) if cookie && !self.allow_bare => Err(ForeignOrigin::Unknown),
            (None, None) => Ok(()),
        }
    }
}

/// RFC 9110 §9.2.1.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

/// Such a handshake is a GET, but what it opens can change everything, and the browser lets any site start it.
fn opens_a_web_socket(headers: &HeaderMap) -> bool {
    headers
        .get_all(UPGRADE)
        .iter()
        .any(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Lower case, no path, no port that goes without saying.
fn as_browsers_write(origin: &str) -> String {
    let origin = origin.trim_end_matches('/').to_ascii_lowercase();
    let usual = match origin.split_once("://") {
        Some(("https", _)) => origin.strip_suffix(":443"),
        Some(("http", _)) => origin.strip_suffix(":80"),
        _ => None,
    };
    usual.map_or_else(|| origin.clone(), str::to_owned)
}

/// The value of a header that must not be there twice: nothing, unreadable, or the value.
#[expect(
    clippy::option_option,
    reason = "absent and unreadable are different answers here"
)]
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return Some(None);
    }
    Some(first.to_str().ok())
}
