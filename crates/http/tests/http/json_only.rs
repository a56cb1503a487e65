//! Endpoints that take JSON take nothing that a form of another site can send (requirement 79).

use crate::world::{request, send};
use axum::Router;
use axum::routing::any;
use cloakroom_http::RequireJson;

#[tokio::test]
async fn req_79_simple_content_types_are_415_and_json_is_not() {
    let app = Router::new().route("/", any(async || "ran")).layer(RequireJson);
    let json = ("content-type", "application/json");
    let none: [(&str, &str); 0] = [];
    for (method, headers, passes) in [
        ("POST", &[json][..], true),
        (
            "POST",
            &[("content-type", "Application/JSON; charset=utf-8")],
            true,
        ),
        ("POST", &[("content-type", "application/merge-patch+json")], true),
        ("PUT", &[json], true),
        ("POST", &none, false),
        ("POST", &[("content-length", "0")], false),
        ("POST", &[("content-type", "")], false),
        ("POST", &[("content-type", "text/plain")], false),
        ("POST", &[("content-type", "text/plain; application/json")], false),
        (
            "POST",
            &[("content-type", "application/x-www-form-urlencoded")],
            false,
        ),
        (
            "POST",
            &[("content-type", "multipart/form-data; boundary=application/json")],
            false,
        ),
        ("POST", &[("content-type", "text/json")], false),
        ("POST", &[("content-type", "application/jsonx")], false),
        ("POST", &[("content-type", "text/plain, application/json")], false),
        ("POST", &[("content-type", "application/json, text/plain")], false),
        ("POST", &[json, ("content-type", "text/plain")], false),
        ("PATCH", &[("content-type", "text/plain")], false),
        ("DELETE", &none, true),
        ("DELETE", &[("content-length", "0")], true),
        ("DELETE", &[("content-length", "5")], false),
        ("PUT", &[("transfer-encoding", "chunked")], false),
        ("GET", &none, true),
        ("GET", &[("content-type", "text/plain")], true),
        ("OPTIONS", &none, true),
    ] {
        let answer = send(&app, request(method, "/", headers)).await;
        let what = format!("{method} {headers:?}");
        if passes {
            assert_eq!(
                (answer.status.as_u16(), answer.body.as_str()),
                (200, "ran"),
                "{what}"
            );
        } else {
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (415, "UNSUPPORTED_MEDIA_TYPE"),
                "{what}"
            );
        }
    }
}
