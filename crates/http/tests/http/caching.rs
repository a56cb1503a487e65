//! `Cache-Control` and `Vary` (requirements 146 and 147).

use crate::shop::{VISITS, shop};
use crate::world::{Answer, Browser, World};
use axum::Router;
use axum::routing::get;
use cloakroom_http::{Refused, Session};
use http::{HeaderMap, HeaderName, HeaderValue};

type Headers = &'static [(&'static str, &'static str)];

/// What the application itself says, and whether it reads or changes the session.
fn app(said: Headers) -> Router {
    let headers = || -> HeaderMap {
        said.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    };
    let consult = async move |session: Session| {
        let _ = session.subject();
        (headers(), "seen")
    };
    let change = async move |session: Session| -> Result<(HeaderMap, &'static str), Refused> {
        session.update(VISITS, |visits| *visits += 1)?;
        Ok((headers(), "changed"))
    };
    shop()
        .route("/untouched", get(async move || (headers(), "plain")))
        .route("/consult", get(consult))
        .route("/change", get(change))
}

fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer
        .headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect()
}

async fn ask(said: Headers, path: &str) -> Answer {
    let world = World::new();
    Browser::new(app(said).layer(world.layer())).get(path).await
}

#[tokio::test]
async fn an_answer_that_depends_on_a_session_is_kept_out_of_shared_caches() {
    let cases: [(Headers, &str); 11] = [
        (&[], "no-store"),
        (&[("cache-control", "public, max-age=60")], "no-store"),
        (&[("cache-control", "max-age=60")], "no-store"),
        (&[("cache-control", "PUBLIC")], "no-store"),
        (&[("cache-control", "private, public")], "no-store"),
        (
            &[("cache-control", "private=\"Set-Cookie\", max-age=60")],
            "no-store",
        ),
        (&[("cache-control", "no-cache")], "no-store"),
        (&[("cache-control", "private, max-age=60")], "private, max-age=60"),
        (&[("cache-control", "Private")], "Private"),
        (&[("cache-control", "no-cache, no-store")], "no-cache, no-store"),
        (
            &[("cache-control", "private"), ("cdn-cache-control", "max-age=60")],
            "no-store",
        ),
    ];
    for (said, sent) in cases {
        let answer = ask(said, "/consult").await;
        assert_eq!(all(&answer, "cache-control"), [sent], "{said:?}");
        assert_eq!(answer.header("cdn-cache-control"), None);
    }
}

#[tokio::test]
async fn an_answer_with_a_cookie_is_never_stored() {
    let cases: [Headers; 4] = [
        &[],
        &[("cache-control", "private, max-age=60")],
        &[
            ("cache-control", "public, max-age=60"),
            ("surrogate-control", "max-age=60"),
        ],
        &[
            ("cache-control", "max-age=60"),
            ("cdn-cache-control", "max-age=60"),
        ],
    ];
    for said in cases {
        let answer = ask(said, "/change").await;
        assert!(answer.set_cookie().is_some());
        assert_eq!(all(&answer, "cache-control"), ["no-store"], "{said:?}");
        assert_eq!(
            (
                answer.header("surrogate-control"),
                answer.header("cdn-cache-control")
            ),
            (None, None)
        );
    }
}

#[tokio::test]
async fn vary_is_added_once_and_replaces_nothing() {
    let cases: [(Headers, &[&str]); 5] = [
        (&[], &["Cookie"]),
        (&[("vary", "Accept-Encoding")], &["Accept-Encoding", "Cookie"]),
        (&[("vary", "accept, COOKIE")], &["accept, COOKIE"]),
        (&[("vary", "*")], &["*"]),
        (&[("vary", "X-Cookie")], &["X-Cookie", "Cookie"]),
    ];
    for (said, sent) in cases {
        assert_eq!(all(&ask(said, "/consult").await, "vary"), sent);
    }
}

#[tokio::test]
async fn an_answer_that_has_nothing_to_do_with_the_session_stays_as_it_is() {
    let said = &[
        ("cache-control", "public, max-age=60"),
        ("cdn-cache-control", "max-age=60"),
        ("vary", "Accept"),
    ];
    let answer = ask(said, "/untouched").await;
    assert_eq!(all(&answer, "cache-control"), ["public, max-age=60"]);
    assert_eq!(all(&answer, "vary"), ["Accept"]);
    assert_eq!(answer.header("cdn-cache-control"), Some("max-age=60"));
    let plain = ask(&[], "/untouched").await;
    assert_eq!(
        (plain.header("cache-control"), plain.header("vary")),
        (None, None)
    );
}

#[tokio::test]
async fn refusals_are_not_cached_either() {
    let answer = ask(&[], "/me").await;
    answer.refused(401, "NO_SESSION");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("vary"), Some("Cookie"));
}
