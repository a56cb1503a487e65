//! What a session means for the headers of an answer.

use crate::cookie::CookieConfig;
use crate::session::Outcome;
use cloakroom_core::Timestamp;
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response};

/// Shared caches heed these before `Cache-Control` (RFC 9213).
const SHARED_CACHES: [HeaderName; 2] = [
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
];

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const BY_COOKIE: HeaderValue = HeaderValue::from_static("Cookie");

/// Stands in the extensions of an answer whose request ended its session, for whoever tells the browser to forget more than
/// the cookie.
#[derive(Clone, Copy)]
pub(crate) struct SessionEnded;

/// Writes the cookie if it changed, and keeps caches away from what belongs to one user (ASVS 14.3.2).
pub(crate) fn write<R>(
    outcome: &Outcome,
    cookie: &CookieConfig,
    now: impl FnOnce() -> Timestamp,
    response: &mut Response<R>,
) {
    let header = match outcome {
        Outcome::Untouched => return,
        Outcome::Consulted => None,
        Outcome::Set(token, until) => cookie.write(token, *until, now()),
        Outcome::Clear => {
            response.extensions_mut().insert(SessionEnded);
            cookie.clear()
        }
    };
    let headers = response.headers_mut();
    if speaks_of_caches(headers) {
        forbid_caching(headers, header.is_some());
        vary_by_cookie(headers);
    } else {
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(VARY, BY_COOKIE);
    }
    if let Some(header) = header {
        put_first(headers, header);
    }
}

/// Whether the application has said anything about caches. Answers have few headers, so looking through them once is
/// cheaper than looking each name up.
fn speaks_of_caches(headers: &HeaderMap) -> bool {
    let of_caches = |name: &HeaderName| name == CACHE_CONTROL || name == VARY || SHARED_CACHES.contains(name);
    headers.keys().any(of_caches)
}

/// The session's cookie before those of the application: simple clients look at the first one alone.
fn put_first(headers: &mut HeaderMap, header: HeaderValue) {
    let others: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.insert(SET_COOKIE, header);
    for other in others {
        headers.append(SET_COOKIE, other);
    }
}

/// An answer that depends on a session is `no-store`, or as private as the application has made it; one that sets a
/// cookie is `no-store` in any case.
fn forbid_caching(headers: &mut HeaderMap, sets_cookie: bool) {
    let says = |words: &[&str]| {
        let named = |value: &HeaderValue| {
            value.to_str().is_ok_and(|text| {
                text.split(',')
                    .any(|part| words.iter().any(|word| part.trim().eq_ignore_ascii_case(word)))
            })
        };
        headers.get_all(CACHE_CONTROL).iter().any(named)
    };
    let said = headers.contains_key(CACHE_CONTROL);
    let private = said && says(&["private", "no-store"]) && !says(&["public"]);
    let asked_to_cache = said && !private;
    let mut told_caches = false;
    for name in &SHARED_CACHES {
        told_caches |= headers.remove(name).is_some();
    }
    if asked_to_cache || told_caches {
        tracing::warn!("an answer that depends on a session was marked as cacheable; it is sent as no-store");
    }
    if sets_cookie || !private || told_caches {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
}

fn vary_by_cookie(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|part| part.trim() == "*" || part.trim().eq_ignore_ascii_case(COOKIE.as_str()))
        })
    };
    if !headers.get_all(VARY).iter().any(named) {
        headers.append(VARY, BY_COOKIE);
    }
}
