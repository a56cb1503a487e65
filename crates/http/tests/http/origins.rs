//! Requests that change something come from one's own pages (requirements 72 to 75, 77).

use crate::world::{Browser, World, request};
use axum::Router;
use axum::routing::any;
use cloakroom_http::{ForeignOrigin, Origins, Session};
use http::{HeaderMap, HeaderValue, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const OWN: &str = "https://app.example.com";
const FRIEND: &str = "https://admin.example.com";
const EVIL: &str = "https://evil.example";

fn origins() -> Origins {
    Origins::own(OWN).and([FRIEND.to_owned()])
}

/// The whole rule, said once more and in another way than in the source.
fn allowed(site: Option<&str>, origin: Option<&str>, cookie: bool) -> bool {
    match site {
        Some("same-origin" | "none") => true,
        Some(_) => origin == Some(FRIEND),
        None => match origin {
            Some(origin) => origin == OWN || origin == FRIEND,
            None => !cookie,
        },
    }
}

fn headers(site: Option<&str>, origin: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
        if let Some(value) = value {
            headers.insert(name, value.parse().unwrap());
        }
    }
    headers
}

#[tokio::test]
async fn the_whole_matrix() {
    let world = World::new();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let handler = async move |_: Session| {
        count.fetch_add(1, Ordering::Relaxed);
        "ran"
    };
    let app = Router::new()
        .route("/", any(handler))
        .layer(world.layer().same_origin(origins()));
    let browser = Browser::new(app);
    let sites = [
        None,
        Some("same-origin"),
        Some("none"),
        Some("same-site"),
        Some("cross-site"),
        Some("garbage"),
        Some(""),
        Some("Same-Origin"),
        Some("same-origin, cross-site"),
    ];
    let from = [
        None,
        Some(OWN),
        Some(FRIEND),
        Some(EVIL),
        Some("null"),
        Some("http://app.example.com"),
        Some("https://app.example.com:8443"),
        Some("https://app.example.com.evil.example"),
        Some("https://app.example.com/"),
        Some("app.example.com"),
        Some(""),
    ];
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "QUERY", "GET", "HEAD", "OPTIONS", "TRACE",
    ] {
        let safe = ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&method);
        for (site, origin) in sites
            .iter()
            .flat_map(|site| from.iter().map(move |origin| (*site, *origin)))
        {
            for cookie in [false, true] {
                let mut asking = request(
                    method,
                    "/",
                    &[("host", "evil.example"), ("x-forwarded-host", "evil.example")],
                );
                asking.headers_mut().extend(headers(site, origin));
                if cookie {
                    asking
                        .headers_mut()
                        .insert("cookie", HeaderValue::from_static("__Host-sid=x"));
                }
                let before = ran.load(Ordering::Relaxed);
                let answer = browser.raw(asking).await;
                let ran = ran.load(Ordering::Relaxed) - before;
                let case = format!("{method}, Sec-Fetch-Site {site:?}, Origin {origin:?}, cookie {cookie}");
                if safe || allowed(site, origin, cookie) {
                    assert_eq!((answer.status.as_u16(), ran), (200, 1), "{case}");
                } else {
                    assert_eq!((answer.code().as_str(), ran), ("CSRF_REJECTED", 0), "{case}");
                    assert_eq!(answer.status, 403);
                    assert_eq!(answer.header("vary"), Some("Cookie, Sec-Fetch-Site, Origin"));
                    assert!(answer.set_cookie().is_none());
                }
            }
        }
    }
    assert!(world.store.calls().is_empty());
}

#[test]
fn a_header_that_is_there_twice_or_unreadable_counts_against_the_request() {
    let judge = |headers: &HeaderMap| origins().judge(&Method::POST, headers, true);
    let mut twice = headers(None, Some(OWN));
    twice.append("origin", HeaderValue::from_static(EVIL));
    assert_eq!(judge(&twice), Err(ForeignOrigin::Origin));

    let mut twice = headers(Some("same-origin"), None);
    twice.append("sec-fetch-site", HeaderValue::from_static("cross-site"));
    assert_eq!(judge(&twice), Err(ForeignOrigin::CrossSite));

    let mut unreadable = HeaderMap::new();
    unreadable.insert(
        "origin",
        HeaderValue::from_bytes(b"https://app.example.com\xff").unwrap(),
    );
    assert_eq!(judge(&unreadable), Err(ForeignOrigin::Origin));
}

/// The handshake is a GET, and no `SameSite` keeps a sibling host from it.
#[test]
fn a_web_socket_is_opened_by_own_pages_only() {
    let judge = |site, origin| {
        let mut headers = headers(site, origin);
        headers.insert("upgrade", HeaderValue::from_static("WebSocket"));
        origins().judge(&Method::GET, &headers, true)
    };
    assert_eq!(judge(Some("same-origin"), Some(OWN)), Ok(()));
    assert_eq!(judge(None, Some(OWN)), Ok(()));
    assert_eq!(judge(None, Some(EVIL)), Err(ForeignOrigin::Origin));
    assert_eq!(
        judge(Some("same-site"), Some("https://blog.example.com")),
        Err(ForeignOrigin::CrossSite)
    );
    assert_eq!(judge(None, None), Err(ForeignOrigin::Unknown));
}

#[test]
fn origins_are_configured_as_people_write_them_and_null_is_nobodys() {
    let judge = |origins: Origins, origin| origins.judge(&Method::POST, &headers(None, Some(origin)), true);
    for own in [
        "https://App.Example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
    ] {
        assert_eq!(judge(Origins::own(own), OWN), Ok(()), "{own}");
    }
    assert_eq!(
        judge(Origins::own("http://localhost:80"), "http://localhost"),
        Ok(())
    );
    assert_eq!(
        judge(Origins::own("http://localhost:8080"), "http://localhost"),
        Err(ForeignOrigin::Origin)
    );
    let listed = Origins::own(OWN).and(["null".to_owned(), "NULL/".to_owned()]);
    assert_eq!(judge(listed, "null"), Err(ForeignOrigin::Origin));
}

#[test]
fn requests_without_headers_pass_with_a_cookie_only_where_that_was_chosen() {
    let bare = HeaderMap::new();
    assert_eq!(
        origins().judge(&Method::POST, &bare, true),
        Err(ForeignOrigin::Unknown)
    );
    assert_eq!(origins().judge(&Method::POST, &bare, false), Ok(()));
    let lenient = origins().danger_allow_without_headers();
    assert_eq!(lenient.judge(&Method::POST, &bare, true), Ok(()));
    assert_eq!(
        lenient.judge(&Method::POST, &headers(None, Some(EVIL)), true),
        Err(ForeignOrigin::Origin)
    );
}
