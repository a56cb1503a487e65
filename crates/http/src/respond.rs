//! What a session means for the headers of an answer.

use crate::cookie::CookieConfig;
use crate::session::Outcome;
use cloakroom_core::Timestamp;
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue};

/// Writes the cookie if it changed, and keeps caches away from what belongs to one user (ASVS 14.3.2).
pub(crate) fn write(outcome: &Outcome, cookie: &CookieConfig, now: Timestamp, headers: &mut HeaderMap) {
    let header = match outcome {
        Outcome::Untouched => return,
        Outcome::Consulted => None,
        Outcome::Set(token, until) => cookie.write(token, *until, now),
        Outcome::Clear => cookie.clear(),
    };
    forbid_caching(headers, header.is_some());
    vary_by_cookie(headers);
    if let Some(header) = header {
        headers.append(SET_COOKIE, header);
    }
}

/// An answer that depends on a session is `no-store`, or as private as the application has made it; one that sets a
/// cookie is `no-store` in any case.
fn forbid_caching(headers: &mut HeaderMap, sets_cookie: bool) {
    let private = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|part| ["private", "no-store"].contains(&part.trim().to_ascii_lowercase().as_str()))
        })
    };
    let said = headers.get_all(CACHE_CONTROL).iter().any(private);
    if said && !sets_cookie {
        return;
    }
    if headers.contains_key(CACHE_CONTROL) && !said {
        tracing::warn!("an answer that depends on a session was marked as cacheable; it is sent as no-store");
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn vary_by_cookie(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|part| part.trim() == "*" || part.trim().eq_ignore_ascii_case(COOKIE.as_str()))
        })
    };
    if !headers.get_all(VARY).iter().any(named) {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}
