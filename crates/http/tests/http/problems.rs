//! Errors as clients see them (RFC 9457).

use axum::response::IntoResponse as _;
use bytes::Bytes;
use cloakroom_core::{Data, Field, SessionError, StoreError};
use cloakroom_http::{Code, Problem, Refused};
use http_body_util::{BodyExt as _, Full};
use std::time::Duration;

const ALL: [(Code, u16, &str); 15] = [
    (Code::NoSession, 401, "NO_SESSION"),
    (Code::InvalidCredentials, 401, "INVALID_CREDENTIALS"),
    (Code::StepUpRequired, 401, "STEP_UP_REQUIRED"),
    (Code::FingerprintMismatch, 401, "FINGERPRINT_MISMATCH"),
    (Code::Forbidden, 403, "FORBIDDEN"),
    (Code::SessionLimit, 409, "SESSION_LIMIT"),
    (Code::CsrfRejected, 403, "CSRF_REJECTED"),
    (Code::RateLimited, 429, "RATE_LIMITED"),
    (Code::StoreUnavailable, 503, "STORE_UNAVAILABLE"),
    (Code::NotFound, 404, "NOT_FOUND"),
    (Code::MethodNotAllowed, 405, "METHOD_NOT_ALLOWED"),
    (Code::BadRequest, 400, "BAD_REQUEST"),
    (Code::TooLarge, 413, "TOO_LARGE"),
    (Code::UnsupportedMediaType, 415, "UNSUPPORTED_MEDIA_TYPE"),
    (Code::Internal, 500, "INTERNAL"),
];

async fn body(problem: &Problem) -> serde_json::Value {
    let response = problem.response::<Full<Bytes>>();
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn every_code_has_its_status_and_the_five_members() {
    for (code, status, name) in ALL {
        let problem = Problem::from(code);
        let response = problem.response::<Full<Bytes>>();
        assert_eq!(response.status().as_u16(), status, "{name}");
        let headers = response.headers();
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(
            headers.contains_key("www-authenticate"),
            status == 401,
            "RFC 9110 §15.5.2, {name}"
        );
        assert_eq!(
            headers.contains_key("retry-after"),
            [429, 503].contains(&status),
            "{name}"
        );
        assert_eq!(headers.contains_key("vary"), code == Code::CsrfRejected);

        let body = body(&problem).await;
        let mut members: Vec<&String> = body.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["code", "detail", "status", "title", "type"]);
        assert_eq!(
            (&body["type"], &body["status"], &body["code"]),
            (&"about:blank".into(), &status.into(), &name.into())
        );
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn details_are_escaped_and_never_a_header() {
    let problem = Problem::from(Code::BadRequest).saying("\"<script>\r\nSet-Cookie: x\0");
    assert_eq!(body(&problem).await["detail"], "\"<script>\r\nSet-Cookie: x\0");
    assert!(
        !problem
            .response::<Full<Bytes>>()
            .headers()
            .contains_key("set-cookie")
    );
}

#[test]
fn it_is_worth_waiting_at_least_a_second() {
    for (span, header) in [(0, "1"), (1, "1"), (90, "90")] {
        let problem = Problem::from(Code::RateLimited).retry_after(Duration::from_secs(span));
        assert_eq!(problem.response::<Full<Bytes>>().headers()["retry-after"], header);
    }
}

#[test]
fn errors_of_the_engine_tell_what_the_client_can_do_about_them() {
    const BIG: Field<String> = Field::new("big");
    let unavailable = || StoreError::Unavailable("secret detail".into());
    let too_large = Data::default().set_named("big", &"x".repeat(70_000)).unwrap_err();
    let _ = BIG;
    let cases: [(SessionError, Code); 9] = [
        (SessionError::Store(unavailable()), Code::StoreUnavailable),
        (
            SessionError::Store(StoreError::Full("secret detail".into())),
            Code::StoreUnavailable,
        ),
        (
            SessionError::Store(StoreError::Refused("secret detail".into())),
            Code::Internal,
        ),
        (SessionError::Data(too_large), Code::Internal),
        (SessionError::Gone, Code::NoSession),
        (SessionError::Anonymous, Code::NoSession),
        (SessionError::LimitReached, Code::SessionLimit),
        (SessionError::LoggedOutMeanwhile, Code::InvalidCredentials),
        (SessionError::Contended, Code::StoreUnavailable),
    ];
    for (error, code) in cases {
        let Refused(problem) = Refused::from(error);
        assert_eq!(problem.code(), code);
        assert!(!problem.detail().contains("secret"));
    }
}

#[tokio::test]
async fn a_layer_further_out_finds_the_problem_in_the_answer() {
    let response = Problem::from(Code::NotFound).into_response();
    assert_eq!(
        response.extensions().get::<Problem>().unwrap().code(),
        Code::NotFound
    );
}
