//! Headers that tell browsers what not to do (requirements 22, 44, 81).

use crate::shop::shop;
use crate::world::{Answer, Browser, World, request, send};
use axum::Router;
use axum::routing::get;
use cloakroom_http::{CspNonce, Origins, SecurityHeaders, SessionLayer};
use cloakroom_testkit::{NoRandom, SeededRandom};
use http::HeaderValue;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

const OWN: &str = "https://app.example.com";

async fn asked(app: Router, path: &str) -> Answer {
    send(&app, request("GET", path, &[])).await
}

async fn on_everything(headers: SecurityHeaders) -> Answer {
    asked(
        Router::new().route("/", get(async || "hello")).layer(headers),
        "/",
    )
    .await
}

#[tokio::test]
async fn req_22_81_every_answer_has_them_errors_too() {
    let app = Router::new()
        .route("/", get(async || "hello"))
        .layer(SecurityHeaders::of(OWN));
    for path in ["/", "/nowhere"] {
        let answer = asked(app.clone(), path).await;
        for (name, value) in [
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            (
                "permissions-policy",
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
            (
                "content-security-policy",
                "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; \
                 form-action 'self'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("clear-site-data"), None);
    }
}

#[tokio::test]
async fn hsts_is_for_https_alone_and_for_subdomains_where_that_was_chosen() {
    let hsts = async |origin| on_everything(SecurityHeaders::of(origin)).await.headers;
    for origin in [
        "http://app.example.com",
        "http://localhost:8080",
        "app.example.com",
        "",
    ] {
        assert!(
            !hsts(origin).await.contains_key(STRICT_TRANSPORT_SECURITY),
            "{origin}"
        );
        let chosen = on_everything(SecurityHeaders::of(origin).hsts_for_subdomains()).await;
        assert_eq!(chosen.header("strict-transport-security"), None, "{origin}");
    }
    assert!(
        hsts("HTTPS://app.example.com")
            .await
            .contains_key(STRICT_TRANSPORT_SECURITY)
    );
    let chosen = on_everything(SecurityHeaders::of(OWN).hsts_for_subdomains()).await;
    assert_eq!(
        chosen.header("strict-transport-security"),
        Some("max-age=31536000; includeSubDomains")
    );
}

fn value(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

#[tokio::test]
async fn what_a_handler_sets_stays_and_a_route_has_its_own_rules() {
    let usual = SecurityHeaders::of(OWN).set(REFERRER_POLICY, value("no-referrer"));
    let framed = SecurityHeaders::of(OWN)
        .without(X_FRAME_OPTIONS)
        .content_security_policy("frame-ancestors https://partner.example")
        .unwrap();
    let app = Router::new()
        .route("/framed", get(async || "x").layer(framed))
        .route("/own", get(async || ([(X_FRAME_OPTIONS, "SAMEORIGIN")], "x")))
        .route(
            "/bare",
            get(async || "x").layer(
                SecurityHeaders::of(OWN)
                    .without(CONTENT_SECURITY_POLICY)
                    .without(STRICT_TRANSPORT_SECURITY),
            ),
        )
        .route(
            "/after-all",
            get(async || "x").layer(
                SecurityHeaders::of(OWN)
                    .without(X_FRAME_OPTIONS)
                    .set(X_FRAME_OPTIONS, value("SAMEORIGIN")),
            ),
        )
        .route("/", get(async || "x"))
        .layer(usual);
    let answer = asked(app.clone(), "/framed").await;
    assert_eq!(answer.header("x-frame-options"), None);
    assert_eq!(
        answer.header("content-security-policy"),
        Some("frame-ancestors https://partner.example")
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let answer = asked(app.clone(), "/own").await;
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    let answer = asked(app.clone(), "/bare").await;
    assert!(!answer.headers.contains_key(CONTENT_SECURITY_POLICY));
    assert!(!answer.headers.contains_key(STRICT_TRANSPORT_SECURITY));
    assert!(answer.headers.contains_key(X_CONTENT_TYPE_OPTIONS));
    let answer = asked(app.clone(), "/after-all").await;
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    let answer = asked(app, "/").await;
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}

#[tokio::test]
async fn each_answer_that_asks_has_a_nonce_of_its_own_and_no_other_has_one() {
    let headers = SecurityHeaders::of(OWN).nonces(SeededRandom::new(3));
    let nested = SecurityHeaders::of(OWN)
        .nonces(SeededRandom::new(4))
        .content_security_policy("script-src {nonce}")
        .unwrap();
    let app = Router::new()
        .route("/page", get(async |nonce: CspNonce| nonce.value().to_owned()))
        .route(
            "/nested",
            get(async |nonce: CspNonce| nonce.value().to_owned()).layer(nested),
        )
        .route("/plain", get(async || "x"))
        .layer(headers);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let answer = asked(app.clone(), "/page").await;
        assert_eq!(answer.body.len(), 24);
        let policy = answer.header("content-security-policy").unwrap();
        let (script, style) = (
            format!("script-src 'self' 'nonce-{}';", answer.body),
            format!("style-src 'self' 'nonce-{}';", answer.body),
        );
        assert!(policy.contains(&script) && policy.contains(&style), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(seen.insert(answer.body));
    }
    let answer = asked(app.clone(), "/nested").await;
    let expected = format!("script-src 'nonce-{}'; frame-ancestors 'none'", answer.body);
    assert_eq!(answer.header("content-security-policy"), Some(expected.as_str()));
    let plain = asked(app, "/plain").await;
    assert!(!plain.header("content-security-policy").unwrap().contains("nonce"));
}

#[tokio::test]
async fn a_nonce_that_can_not_be_made_is_500_and_never_a_weaker_one() {
    let page = || Router::new().route("/", get(async |nonce: CspNonce| nonce.value().to_owned()));
    for headers in [
        SecurityHeaders::of(OWN),
        SecurityHeaders::of(OWN).nonces(NoRandom),
    ] {
        let answer = asked(page().layer(headers), "/").await;
        answer.refused(500, "INTERNAL");
        assert!(
            !answer
                .header("content-security-policy")
                .unwrap()
                .contains("nonce")
        );
    }
}

#[test]
fn a_policy_that_no_header_can_hold_is_refused_and_frames_are_always_ruled_on() {
    for bad in [
        "default-src 'self'\r\nx: y",
        "default-src \u{1}",
        "default-src bücher.example",
    ] {
        assert!(
            SecurityHeaders::of(OWN).content_security_policy(bad).is_err(),
            "{bad:?}"
        );
    }
    assert!(SecurityHeaders::of(OWN).content_security_policy("").is_ok());
}

#[tokio::test]
async fn req_44_who_logs_out_is_told_to_forget_more_than_the_cookie() {
    let answers = async |headers: SecurityHeaders| {
        let world = World::new();
        let app = shop().layer(world.layer()).layer(headers);
        let mut browser = Browser::new(app);
        let mut all = Vec::new();
        for path in [
            "/login/alice",
            "/visits",
            "/rotate",
            "/logout",
            "/logout",
            "/login/alice",
            "/logout-everywhere",
        ] {
            let answer = browser.post(path).await;
            assert_eq!(answer.status, 200, "{path}");
            all.push(answer.header("clear-site-data").map(str::to_owned));
        }
        all
    };
    let clear = |value: &str| {
        let value = Some(value.to_owned());
        vec![None, None, None, value.clone(), value.clone(), None, value]
    };
    let usual = "\"cache\", \"storage\"";
    for origin in [
        OWN,
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://[::1]:1",
        "http://app.localhost",
    ] {
        assert_eq!(
            answers(SecurityHeaders::of(origin)).await,
            clear(usual),
            "{origin}"
        );
    }
    assert_eq!(
        answers(SecurityHeaders::of(OWN).clear_cookies()).await,
        clear("\"cache\", \"cookies\", \"storage\"")
    );
    let without = SecurityHeaders::of(OWN).without("clear-site-data".parse().unwrap());
    for none in [without, SecurityHeaders::of("http://app.example.com")] {
        assert_eq!(answers(none).await, vec![None; 7]);
    }
}

#[tokio::test]
async fn in_the_session_layer_they_are_the_same_as_in_a_layer_around_it() {
    let answers = async |put_together: fn(Router, SessionLayer, SecurityHeaders) -> Router| {
        let page = get(async |nonce: CspNonce| nonce.value().to_owned());
        let world = World::new();
        let app = |layer| {
            let headers = SecurityHeaders::of(OWN).nonces(SeededRandom::new(5));
            put_together(shop().route("/page", page.clone()), layer, headers)
        };
        let mut browser = world.browser(app(world.layer()));
        let mut all = Vec::new();
        for (method, path, status) in [
            ("POST", "/login/alice", 200),
            ("GET", "/visits", 200),
            ("POST", "/visits", 200),
            ("GET", "/page", 200),
            ("GET", "/admin", 403),
            ("GET", "/nowhere", 404),
            ("POST", "/logout", 200),
        ] {
            let mut answer = browser.send(method.parse().unwrap(), path).await;
            assert_eq!(answer.status, status, "{path}");
            answer.headers.remove(SET_COOKIE);
            all.push((path, answer.headers));
        }
        let guarded = app(world.layer().same_origin(Origins::own(OWN)));
        let foreign = request("POST", "/visits", &[("origin", "https://evil.example")]);
        let answer = send(&guarded, foreign).await;
        answer.refused(403, "CSRF_REJECTED");
        all.push(("foreign", answer.headers));
        all
    };
    let around = answers(|app, layer, headers| app.layer(layer).layer(headers)).await;
    let within = answers(|app, layer, headers| app.layer(layer.security_headers(headers))).await;
    for ((path, around), (_, within)) in around.iter().zip(&within) {
        assert!(around.contains_key(CONTENT_SECURITY_POLICY), "{path}");
        assert_eq!(around, within, "{path}");
    }
}
