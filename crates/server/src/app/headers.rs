//! Headers that every answer of the server has.

use crate::config::Config;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use cloakroom::SecurityHeaders;

/// What is no page needs nothing at all. Pages say themselves which of their own files they need.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// No sniffing, no framing, no caching, no reading by other origins (ASVS 3.4), and over HTTPS a year of it.
pub fn usual(config: &Config) -> SecurityHeaders {
    let usual = SecurityHeaders::of(&config.public_url.to_string());
    let mut headers = usual.set(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(strict) = headers.clone().content_security_policy(NOTHING) {
        headers = strict;
    }
    if config.headers.hsts_subdomains {
        headers = headers.hsts_for_subdomains();
    }
    if config.headers.clear_cookies {
        headers = headers.clear_cookies();
    }
    headers
}
