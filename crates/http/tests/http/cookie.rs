//! The cookie as it is written (ASVS 3.3, RFC 6265bis).

use crate::shop::shop;
use crate::world::{Browser, SID, World, named};
use cloakroom_core::Token;
use cloakroom_http::{CookieConfig, CookieError, SameSite};
use cloakroom_testkit::{START, SeededRandom, after};
use std::time::Duration;

/// The parts of a `Set-Cookie`: name, value, and the attributes in alphabetical order.
fn parts(header: &str) -> (String, String, Vec<String>) {
    let mut parts = header.split("; ");
    let (name, value) = parts.next().unwrap().split_once('=').unwrap();
    let mut attributes: Vec<String> = parts.map(str::to_owned).collect();
    attributes.sort();
    (name.to_owned(), value.to_owned(), attributes)
}

/// Logs in and out through a layer with this cookie, and gives both headers.
async fn written(world: &World, cookie: CookieConfig, log_in: &str) -> (String, String) {
    let mut browser = Browser::new(shop().layer(world.layer().cookie(cookie)));
    let set = browser.post(log_in).await.set_cookie().unwrap().to_owned();
    let cleared = browser.post("/logout").await.set_cookie().unwrap().to_owned();
    (set, cleared)
}

#[tokio::test]
async fn every_kind_of_cookie_has_exactly_its_attributes_and_is_deleted_with_the_same() {
    let world = World::new();
    let domain = || named("sid").for_domain("app.example.com").unwrap();
    let cases: [(CookieConfig, &str, &str, &[&str]); 7] = [
        (
            CookieConfig::default(),
            "/login/alice",
            SID,
            &["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
        ),
        (
            CookieConfig::default(),
            "/remember/alice",
            SID,
            &["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax", "Secure"],
        ),
        (
            named("ticket").same_site(SameSite::Strict),
            "/login/alice",
            "__Host-ticket",
            &["HttpOnly", "Path=/", "SameSite=Strict", "Secure"],
        ),
        (
            CookieConfig::default().same_site(SameSite::DangerNone),
            "/login/alice",
            SID,
            &["HttpOnly", "Path=/", "SameSite=None", "Secure"],
        ),
        (
            domain(),
            "/login/alice",
            "__Secure-sid",
            &[
                "Domain=app.example.com",
                "HttpOnly",
                "Path=/",
                "SameSite=Lax",
                "Secure",
            ],
        ),
        (
            CookieConfig::default().danger_insecure(),
            "/login/alice",
            "sid",
            &["HttpOnly", "Path=/", "SameSite=Lax"],
        ),
        (
            domain().danger_insecure(),
            "/login/alice",
            "sid",
            &["Domain=app.example.com", "HttpOnly", "Path=/", "SameSite=Lax"],
        ),
    ];
    for (config, log_in, name, attributes) in cases {
        let (set, cleared) = written(&world, config, log_in).await;
        let (set_name, value, set_attributes) = parts(&set);
        assert_eq!((set_name.as_str(), value.len()), (name, Token::TEXT_LEN));
        assert_eq!(set_attributes, attributes, "{set}");

        let (cleared_name, value, cleared_attributes) = parts(&cleared);
        assert_eq!((cleared_name.as_str(), value.as_str()), (name, ""));
        let mut wanted: Vec<&str> = attributes
            .iter()
            .copied()
            .filter(|a| !a.starts_with("Max-Age"))
            .collect();
        wanted.push("Max-Age=0");
        wanted.sort_unstable();
        assert_eq!(cleared_attributes, wanted, "{cleared}");
    }
}

#[tokio::test]
async fn the_cookie_is_sent_when_it_changes_and_at_no_other_time() {
    let world = World::new();
    let mut browser = world.browser(shop());
    assert!(
        browser.get("/visits").await.set_cookie().is_none(),
        "nothing to keep, no cookie"
    );
    assert!(browser.post("/visits").await.set_cookie().is_some());
    for path in ["/visits", "/", "/maybe", "/cart"] {
        assert!(browser.get(path).await.set_cookie().is_none(), "{path}");
    }
    assert!(
        browser.post("/visits").await.set_cookie().is_none(),
        "data changed, the token did not"
    );
    world.wind(61);
    assert!(
        browser.get("/visits").await.set_cookie().is_none(),
        "a touch is not a new token"
    );
}

#[tokio::test]
async fn logging_out_clears_the_cookie_with_and_without_a_session() {
    let world = World::new();
    let mut browser = world.browser(shop());
    assert!(
        browser
            .post("/logout")
            .await
            .set_cookie()
            .unwrap()
            .starts_with("__Host-sid=; ")
    );
    browser.post("/login/alice").await.is(200, "");
    browser.post("/logout").await.is(200, "");
    assert_eq!(browser.cookie, None);
    assert!(world.sessions.count().await.unwrap() == 0);
}

#[tokio::test]
async fn max_age_never_outlives_the_session() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/remember/alice").await.is(200, "");
    world.wind(10 * 86_400);
    let renewed = browser.get("/me").await;
    let set = renewed
        .set_cookie()
        .expect("the token is old enough to be renewed");
    assert!(set.contains("Max-Age=1728000"), "20 of 30 days are left: {set}");
}

#[test]
fn max_age_is_whole_seconds_rounded_down_and_at_most_400_days() {
    let token = Token::mint(cloakroom_core::Bucket(1), &SeededRandom::new(1)).unwrap();
    let cookie = CookieConfig::default();
    let max_age = |until| {
        let header = cookie.write(&token, Some(until), START).unwrap();
        let text = header.to_str().unwrap().to_owned();
        let attribute = text.split("; ").find_map(|part| part.strip_prefix("Max-Age="));
        attribute.unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(max_age(after(60)), 60);
    assert_eq!(max_age(START + Duration::from_millis(59_999)), 59);
    assert_eq!(max_age(START), 0);
    assert_eq!(max_age(after(500 * 86_400)), 400 * 86_400);
}

#[test]
fn headers_with_a_token_do_not_show_it_when_printed() {
    let token = Token::mint(cloakroom_core::Bucket(1), &SeededRandom::new(1)).unwrap();
    let header = CookieConfig::default().write(&token, None, START).unwrap();
    assert_eq!(format!("{header:?}"), "Sensitive");
}

#[test]
fn the_whole_header_stays_within_what_browsers_keep() {
    let token = Token::mint(cloakroom_core::Bucket(1), &SeededRandom::new(1)).unwrap();
    let domain = format!(
        "{}.{}.{}.example.com",
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63)
    );
    let cookie = named(&"n".repeat(64)).for_domain(&domain).unwrap();
    let header = cookie.write(&token, Some(after(60)), START).unwrap();
    assert!(header.len() < 1024, "{}", header.len());
}

#[test]
fn names_that_are_none_are_refused() {
    for bad in [
        "",
        "__Host-sid",
        "__host-sid",
        "__Secure-x",
        "__x",
        "a b",
        "a=b",
        "a;b",
        "sid,",
        "ü",
        "a\n",
        "a\"b",
    ] {
        assert_eq!(
            CookieConfig::named(bad).unwrap_err(),
            CookieError::Name(bad.to_owned())
        );
    }
    let long = "n".repeat(65);
    assert!(CookieConfig::named(&long).is_err());
    for good in ["s", "sid", "my-app_1"] {
        assert_eq!(named(good).name(), format!("__Host-{good}"));
    }
}

#[test]
fn domains_that_are_nobodys_own_are_refused() {
    let bad = [
        "",
        ".",
        "com",
        "co.uk",
        ".co.uk",
        "github.io",
        "GITHUB.IO",
        "localhost",
        "127.0.0.1",
        "::1",
        "[::1]",
        "1.2.3",
        "0x7f.1",
        "example.com.",
        "exa mple.com",
        "example..com",
        "ex;ample.com",
        "example.com:8080",
        "https://a.example.com",
        "-a.example.com",
        "a-.example.com",
        "bücher.example",
        "*.example.com",
    ];
    for domain in bad {
        assert_eq!(
            CookieConfig::default().for_domain(domain).unwrap_err(),
            CookieError::Domain(domain.to_owned()),
        );
    }
    assert!(
        CookieConfig::default()
            .for_domain(&format!("{}.com", "a".repeat(64)))
            .is_err()
    );
    for (given, written) in [
        ("example.com", "example.com"),
        (".Example.COM", "example.com"),
        ("app.example.co.uk", "app.example.co.uk"),
        ("me.github.io", "me.github.io"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("app.internal", "app.internal"),
    ] {
        assert_eq!(
            CookieConfig::default().for_domain(given).unwrap().domain(),
            Some(written)
        );
    }
}

#[test]
fn errors_name_the_key_the_value_and_what_is_wanted() {
    let error = CookieConfig::default()
        .for_domain("co.uk")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cookie.domain = \"co.uk\": must be"), "{error}");
    let error = CookieConfig::named("a b").unwrap_err().to_string();
    assert!(error.starts_with("cookie.name = \"a b\": must be"), "{error}");
}
