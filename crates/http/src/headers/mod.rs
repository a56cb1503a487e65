//! The headers that tell browsers what not to do with an answer.

mod layer;
mod nonce;
mod policy;

pub(crate) use layer::Due;
pub use layer::{HardenedAnswer, HardenedService};
pub use nonce::CspNonce;
pub use policy::BadPolicy;

use cloakroom_core::Random;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use policy::Policy;
use std::fmt;
use std::sync::Arc;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const YEAR: &str = "max-age=31536000";

/// On every answer, unless a handler or a nested layer says otherwise.
const USUAL: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // Under `no-referrer` browsers send `Origin: null` with forms, and own ones could not be told from others.
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Adds security headers to every answer (ASVS 3.4): `Strict-Transport-Security` over HTTPS, `Content-Security-Policy`,
/// `X-Frame-Options`, `X-Content-Type-Options`, `Referrer-Policy`, `Permissions-Policy`, the opener and resource policies,
/// and `Clear-Site-Data` when the request ended its session.
///
/// It goes around [`SessionLayer`](crate::SessionLayer), from which it hears that a session ended, or into it
/// ([`SessionLayer::security_headers`](crate::SessionLayer::security_headers)), which is cheaper. What a handler sets
/// itself stays. A route with other rules has a layer of its own nested inside: what that one sets stays, and what it was
/// told to leave out is not added further out, so the routes' table shows which rules hold where.
///
/// ```
/// # #[cfg(feature = "axum")] fn app(sessions: cloakroom_core::Sessions) -> axum::Router {
/// use axum::{Router, routing::get};
/// use cloakroom_http::{SecurityHeaders, SessionLayer};
/// use http::header::X_FRAME_OPTIONS;
///
/// let usual = SecurityHeaders::of("https://app.example.com");
/// let framed = usual.clone().without(X_FRAME_OPTIONS)
///     .content_security_policy("default-src 'self'; frame-ancestors https://partner.example").unwrap();
/// Router::new()
///     .route("/widget", get(async || "may be framed by a partner").layer(framed))
///     .route("/", get(async || "may not"))
///     .layer(SessionLayer::new(sessions))
///     .layer(usual)
/// # }
/// ```
#[derive(Clone)]
pub struct SecurityHeaders(Arc<Rules>);

#[derive(Clone)]
struct Rules {
    fixed: Vec<(HeaderName, HeaderValue)>,
    /// Not to be added, here or further out.
    without: Arc<[HeaderName]>,
    policy: Option<Policy>,
    random: Option<Arc<dyn Random>>,
    clear: Option<HeaderValue>,
    /// All that the usual answer gets, to be copied.
    usual: HeaderMap,
}

impl SecurityHeaders {
    /// For one's own origin, as browsers write it: `https://app.example.com`. Over plain HTTP there is no
    /// `Strict-Transport-Security` (RFC 6797 §7.2), and `Clear-Site-Data` only on loopback hosts, where browsers heed it.
    ///
    /// The policy allows what comes from the own origin, and neither inline scripts and styles nor frames around it.
    #[must_use]
    pub fn of(origin: &str) -> Self {
        let (https, host) = scheme_and_host(origin);
        let usual = USUAL.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let mut fixed = Vec::from(usual);
        if https {
            fixed.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(YEAR)));
        }
        let clear = HeaderValue::from_static("\"cache\", \"storage\"");
        let rules = Rules {
            fixed,
            without: Arc::new([]),
            policy: Some(Policy::usual()),
            random: None,
            clear: (https || is_loopback(host)).then_some(clear),
            usual: HeaderMap::new(),
        };
        Self(Arc::new(rules)).with(|_| ())
    }

    /// For all hosts below that of the origin, too (RFC 6797 §6.1.2). One that has no certificate is lost for a year.
    #[must_use]
    pub fn hsts_for_subdomains(self) -> Self {
        let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        let has_it = self
            .0
            .fixed
            .iter()
            .any(|(name, _)| *name == STRICT_TRANSPORT_SECURITY);
        if has_it {
            self.set(STRICT_TRANSPORT_SECURITY, value)
        } else {
            self
        }
    }

    /// With this `Content-Security-Policy`. `{nonce}` stands for the nonce of the answer at hand, for
    /// [`CspNonce`]; without `frame-ancestors`, `frame-ancestors 'none'` is added.
    pub fn content_security_policy(self, text: &str) -> Result<Self, BadPolicy> {
        let policy = Policy::parse(text)?;
        Ok(self
            .with(|rules| rules.policy = Some(policy))
            .permitted(&CONTENT_SECURITY_POLICY))
    }

    /// Lets handlers ask for a [`CspNonce`], made of these random bytes. Answers whose handlers do not ask have none.
    #[must_use]
    pub fn nonces(self, random: impl Random) -> Self {
        self.with(|rules| rules.random = Some(Arc::new(random)))
    }

    /// With another value of a header, or one more.
    #[must_use]
    pub fn set(self, name: HeaderName, value: HeaderValue) -> Self {
        self.permitted(&name).with(|rules| {
            rules.forget(&name);
            rules.fixed.push((name, value));
        })
    }

    /// Without a header, also if a layer further out would add it.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "as `set` takes it")]
    pub fn without(self, name: HeaderName) -> Self {
        self.with(|rules| {
            rules.forget(&name);
            rules.without = rules.without.iter().chain([&name]).cloned().collect();
        })
    }

    /// `Clear-Site-Data` names cookies, too. Browsers then drop those of all hosts of the registrable domain, and the
    /// keys of device-bound sessions there: only for who has the domain to themselves.
    #[must_use]
    pub fn clear_cookies(self) -> Self {
        let value = HeaderValue::from_static("\"cache\", \"cookies\", \"storage\"");
        self.with(|rules| rules.clear = rules.clear.take().map(|_| value))
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        let rules = Arc::make_mut(&mut self.0);
        change(rules);
        let policy = rules
            .policy
            .iter()
            .map(|policy| (CONTENT_SECURITY_POLICY, policy.value(None)));
        rules.usual = rules.fixed.iter().cloned().chain(policy).collect();
        self
    }

    fn permitted(self, name: &HeaderName) -> Self {
        self.with(|rules| {
            if rules.without.contains(name) {
                rules.without = rules
                    .without
                    .iter()
                    .filter(|other| *other != name)
                    .cloned()
                    .collect();
            }
        })
    }
}

impl Rules {
    fn forget(&mut self, name: &HeaderName) {
        self.fixed.retain(|(other, _)| other != name);
        if *name == CONTENT_SECURITY_POLICY {
            self.policy = None;
        }
        if *name == CLEAR_SITE_DATA {
            self.clear = None;
        }
    }
}

impl fmt::Debug for SecurityHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecurityHeaders")
            .field("fixed", &self.0.fixed)
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

fn scheme_and_host(origin: &str) -> (bool, &str) {
    let (scheme, rest) = origin.split_once("://").unwrap_or(("", origin));
    let rest = rest.split('/').next().unwrap_or_default();
    let host = match rest.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => rest.split(':').next().unwrap_or_default(),
    };
    (scheme.eq_ignore_ascii_case("https"), host)
}

fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let named = host == "localhost" || host.ends_with(".localhost");
    named || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
