//! The cookie as it is read: hostile until shown otherwise, bounded before any store hears of it.

use crate::shop::shop;
use crate::world::{Answer, Browser, FIREFOX, SID, World, request};
use axum::body::Body;
use cloakroom_core::{Bucket, Token};
use cloakroom_testkit::SeededRandom;
use http::header::COOKIE;
use http::{HeaderValue, Request};

/// A well-formed token that was never issued.
fn planted() -> String {
    Token::mint(Bucket(9), &SeededRandom::new(99))
        .unwrap()
        .expose()
        .to_string()
}

async fn ask(browser: &Browser, path: &str, cookies: &[&[u8]]) -> Answer {
    let mut asking: Request<Body> = request("GET", path, &[("user-agent", FIREFOX)]);
    for cookie in cookies {
        asking
            .headers_mut()
            .append(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
    }
    browser.raw(asking).await
}

/// Everything that can be no session, given the token of one.
fn malformed(good: &str) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let one = |cookie: String| vec![cookie.into_bytes()];
    let valid = format!("{SID}={good}");
    let other = format!("{SID}={}", planted());
    let crowd = (0..100)
        .map(|n| format!("{SID}=n{n}"))
        .collect::<Vec<_>>()
        .join("; ");
    vec![
        ("empty", one(format!("{SID}="))),
        ("no value", one(SID.to_owned())),
        ("8 KB", one(format!("{SID}={}", "A".repeat(8192)))),
        (
            "a token and 8 KB more",
            one(format!("{valid}{}", "A".repeat(8192))),
        ),
        (
            "20 KB of others before it",
            one(format!("x={}; {valid}", "y".repeat(20_000))),
        ),
        ("too short", one(format!("{SID}={}", &good[..43]))),
        ("too long", one(format!("{valid}A"))),
        ("padded", one(format!("{SID}={}=", &good[..43]))),
        ("plain base64", one(format!("{SID}=+/{}", &good[2..]))),
        ("quotes and a comment", one(format!("{SID}=' OR 1=1; --"))),
        ("quoted", one(format!("{SID}=\"{good}\""))),
        ("percent-encoded", one(format!("{SID}=%41{}", &good[1..]))),
        (
            "blank inside",
            one(format!("{SID}={} {}", &good[..20], &good[20..43])),
        ),
        (
            "not UTF-8",
            vec![[SID.as_bytes(), b"=\xff\xfe\x80", &good.as_bytes()[3..]].concat()],
        ),
        (
            "Latin-1",
            vec![[SID.as_bytes(), b"=\xe9", &good.as_bytes()[1..]].concat()],
        ),
        (
            "tab inside",
            vec![format!("{SID}=\t{}\t{}", &good[..10], &good[10..]).into_bytes()],
        ),
        ("twice, the good one first", one(format!("{valid}; {other}"))),
        ("twice, the good one last", one(format!("{other}; {valid}"))),
        ("twice the same", one(format!("{valid}; {valid}"))),
        ("good and malformed", one(format!("{valid}; {SID}=x"))),
        ("malformed and good", one(format!("{SID}=x; {valid}"))),
        (
            "two headers",
            vec![valid.clone().into_bytes(), other.clone().into_bytes()],
        ),
        (
            "two headers, the other way",
            vec![other.into_bytes(), valid.clone().into_bytes()],
        ),
        ("a hundred", one(crowd)),
        ("bare name", one(format!("sid={good}"))),
        ("someone else's prefix", one(format!("__Secure-sid={good}"))),
        ("lower case", one(format!("__host-sid={good}"))),
        ("upper case", one(format!("__HOST-SID={good}"))),
        ("longer name", one(format!("{SID}2={good}"))),
        ("name in a value", one(format!("x={valid}"))),
        ("as an attribute of old", one(format!("$Version=1; ${valid}"))),
        ("blank before the equals sign", one(format!("{SID} ={good}"))),
        // Browsers let any sibling host set these; a reader that strips Unicode white space takes them for ours.
        ("Unicode blank before the name", one(format!("\u{2000}{valid}"))),
        (
            "no-break space before the name",
            vec![[b"\xa0", valid.as_bytes()].concat()],
        ),
        (
            "next line before the name",
            vec![[b"\xc2\x85", valid.as_bytes()].concat()],
        ),
    ]
}

#[tokio::test]
async fn what_can_be_no_session_costs_no_store_call_and_answers_as_if_there_were_no_cookie() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    let good = browser.token();
    for path in ["/me", "/maybe", "/cart", "/"] {
        let nothing = ask(&browser, path, &[]).await;
        world.store.calls();
        for (what, cookies) in malformed(&good) {
            let cookies: Vec<&[u8]> = cookies.iter().map(Vec::as_slice).collect();
            let answer = ask(&browser, path, &cookies).await;
            assert_eq!(answer, nothing, "{what} at {path}");
            assert!(
                world.store.calls().is_empty(),
                "{what} at {path} reached the store"
            );
        }
    }
    browser.get("/me").await.is(200, "alice");
}

#[test]
fn bytes_that_end_a_header_never_get_into_one() {
    for byte in [b'\0', b'\r', b'\n', 0x0b, 0x7f] {
        assert!(HeaderValue::from_bytes(&[b'a', byte]).is_err());
    }
}

#[tokio::test]
async fn the_cookie_is_found_among_others_whatever_they_hold() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    let mine = browser.cookie.clone().unwrap();
    let crowd = (0..100).map(|n| format!("c{n}={n}; ")).collect::<String>();
    let neighbours: Vec<Vec<u8>> = vec![
        format!("a=b; {mine}; c=d").into_bytes(),
        format!("a=b;{mine};c=d").into_bytes(),
        format!("  {mine}  ").into_bytes(),
        format!("\t{mine}\t;").into_bytes(),
        format!("; ; =; =x; novalue; {mine}").into_bytes(),
        format!("{crowd}{mine}").into_bytes(),
        // A sibling host must not be able to log the user out with a byte of Latin-1.
        [b"theme=gr\xfcn; ", mine.as_bytes()].concat(),
        [mine.as_bytes(), b"; evil=\xff\xff"].concat(),
    ];
    for cookie in neighbours {
        let answer = ask(&browser, "/me", &[&cookie]).await;
        answer.is(200, "alice");
    }
    ask(&browser, "/me", &[b"a=b", mine.as_bytes(), b"evil=\xff"])
        .await
        .is(200, "alice");
}

/// Invariant 5.
#[tokio::test]
async fn a_planted_token_never_becomes_a_session() {
    let world = World::new();
    let mut victim = world.browser(shop());
    let planted_cookie = format!("{SID}={}", planted());
    for act in ["/visits", "/login/alice"] {
        victim.cookie = Some(planted_cookie.clone());
        assert!(
            victim.post(act).await.set_cookie().is_some(),
            "a token of our own"
        );
        assert_ne!(victim.cookie, Some(planted_cookie.clone()));
        let mut attacker = victim.clone();
        attacker.cookie = Some(planted_cookie.clone());
        attacker.get("/me").await.refused(401, "NO_SESSION");
        attacker.get("/visits").await.is(200, "0");
    }
    victim.get("/me").await.is(200, "alice");
}

#[tokio::test]
async fn neither_handle_nor_key_of_a_session_opens_it() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    let id = browser.get("/id").await.body;
    let key = Token::parse(browser.token()).unwrap().key();
    for pretended in [id, format!("{key:?}")] {
        browser.cookie = Some(format!("{SID}={pretended}"));
        browser.get("/me").await.refused(401, "NO_SESSION");
    }
}

/// Requirement 148.
#[tokio::test]
async fn a_token_anywhere_but_in_the_cookie_is_nobody() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    let token = browser.token();
    let bearer = format!("Bearer {token}");
    for asking in [
        request("GET", &format!("/me?sid={token}&__Host-sid={token}"), &[]),
        request("GET", &format!("/me?;jsessionid={token}"), &[]),
        request("GET", "/me", &[("authorization", &bearer)]),
        request(
            "GET",
            "/me",
            &[("x-session-token", &token), ("__host-sid", &token)],
        ),
    ] {
        let answer = browser.raw(asking).await;
        answer.refused(401, "NO_SESSION");
    }
}

/// Invariant 10.
#[tokio::test]
async fn unknown_expired_revoked_and_malformed_look_the_same_from_outside() {
    let world = World::new();
    let mut browser = world.browser(shop());
    let mut dead = Vec::new();

    browser.post("/login/logged-out").await.is(200, "");
    dead.push(("logged out", browser.cookie.clone()));
    browser.post("/logout").await.is(200, "");

    let mut evicted = world.browser(shop());
    evicted.post("/login/busy").await.is(200, "");
    dead.push(("evicted", evicted.cookie.clone()));
    for _ in 0..5 {
        world.browser(shop()).post("/login/busy").await.is(200, "");
    }

    let mut idle = world.browser(shop());
    idle.post("/login/idle").await.is(200, "");
    dead.push(("idle", idle.cookie.clone()));
    world.wind(31 * 60);

    let mut old = world.browser(shop());
    old.post("/login/rotated").await.is(200, "");
    dead.push(("rotated away", old.cookie.clone()));
    old.post("/rotate").await.is(200, "");

    dead.push(("unknown", Some(format!("{SID}={}", planted()))));
    dead.push(("malformed", Some(format!("{SID}=x"))));
    for path in ["/me", "/maybe", "/visits", "/id"] {
        browser.cookie = None;
        let nothing = browser.get(path).await;
        for (what, cookie) in &dead {
            browser.cookie.clone_from(cookie);
            assert_eq!(browser.get(path).await, nothing, "{what} at {path}");
        }
    }
}
