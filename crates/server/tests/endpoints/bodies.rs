//! Bodies that are not what they should be.

use crate::common::{Answer, shared};
use serde_json::json;
use std::io::Write as _;
use std::net::TcpStream;

#[test]
fn req_79_a_wrong_type_is_415() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let body = json!({ "username": name, "password": "x", "new": "long enough" }).to_string();
    let wrong = [
        "text/plain",
        "text/plain;charset=application/json",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
        "application/json, text/plain",
        "text/json",
    ];
    for path in [
        "/auth/login",
        "/auth/logout",
        "/auth/step-up",
        "/auth/password",
        "/auth/logout-others",
        "/auth/logout-everywhere",
    ] {
        for kind in wrong {
            browser
                .ask("POST", path)
                .text(kind, &body)
                .send()
                .problem(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        browser
            .ask("POST", path)
            .body(&body)
            .send()
            .problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    // Forms are for log-in, log-out and step-up.
    for path in ["/auth/password", "/auth/logout-others", "/auth/logout-everywhere"] {
        browser
            .ask("POST", path)
            .form(&[("new", "long enough")])
            .send()
            .problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for path in ["/admin/v1/sessions", "/admin/v1/introspect"] {
        for kind in wrong.into_iter().chain(["application/x-www-form-urlencoded"]) {
            server
                .admin("POST", path)
                .text(kind, &body)
                .send()
                .problem(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    assert!(browser.is_logged_in());
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        browser
            .ask("POST", "/auth/login")
            .text(kind, &body)
            .send()
            .problem(401, "INVALID_CREDENTIALS");
    }
}

#[test]
fn what_is_no_json_is_400() {
    let server = shared();
    let deep = format!("{{\"username\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"text\"",
        "{\"username\":\"a\",}",
        "\u{feff}{}",
        "{\"username\":\"\\ud800\"}",
        &deep,
    ] {
        let ask = server
            .browser()
            .ask("POST", "/auth/login")
            .text("application/json", body);
        ask.send().problem(400, "BAD_REQUEST");
        let ask = server
            .admin("POST", "/admin/v1/introspect")
            .text("application/json", body);
        ask.send().problem(400, "BAD_REQUEST");
    }
    let ask = server
        .browser()
        .ask("POST", "/auth/login")
        .header("Content-Type", "application/json");
    ask.body(b"{\"username\":\"\xff\"}")
        .send()
        .problem(400, "BAD_REQUEST");
}

#[test]
fn a_field_that_is_missing_or_wrong_is_named_and_its_value_is_not() {
    let server = shared();
    for (body, field) in [
        (json!({}), "username"),
        (json!({ "username": "a" }), "password"),
        (json!({ "password": "hunter22" }), "username"),
        (json!({ "username": 1, "password": "hunter22" }), "username"),
        (json!({ "username": "a", "password": 12_345_678 }), "password"),
        (json!({ "username": "a", "password": ["hunter22"] }), "password"),
        (json!({ "username": null, "password": "hunter22" }), "username"),
        (json!({ "username": "", "password": "hunter22" }), "username"),
        (json!({ "username": "  ", "password": "hunter22" }), "username"),
        (json!({ "username": "a", "password": "" }), "password"),
        (
            json!({ "username": "a", "password": "b", "remember": "hunter22" }),
            "remember",
        ),
        (json!({ "username": "a", "password": "b", "rd": 1 }), "rd"),
    ] {
        let answer = server
            .browser()
            .post("/auth/login", &body)
            .problem(400, "BAD_REQUEST");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(field), "{field}: {detail}");
        assert!(
            !detail.contains("hunter22") && !detail.contains("12345678"),
            "{detail}"
        );
    }
    for (path, body, field) in [
        ("/admin/v1/sessions", json!({ "auth": ["password"] }), "subject"),
        ("/admin/v1/sessions", json!({ "subject": "a" }), "auth"),
        (
            "/admin/v1/sessions",
            json!({ "subject": "a", "auth": [] }),
            "auth",
        ),
        (
            "/admin/v1/sessions",
            json!({ "subject": "", "auth": ["password"] }),
            "subject",
        ),
        (
            "/admin/v1/sessions",
            json!({ "subject": "a\nb", "auth": ["password"] }),
            "subject",
        ),
        (
            "/admin/v1/sessions",
            json!({ "subject": "a", "auth": ["pass word"] }),
            "auth",
        ),
        (
            "/admin/v1/sessions",
            json!({ "subject": "a", "auth": ["p"], "client": { "ip": "nowhere" } }),
            "ip",
        ),
        (
            "/admin/v1/sessions",
            json!({ "subject": "a", "auth": ["p"], "clients": {} }),
            "clients",
        ),
        (
            "/admin/v1/sessions",
            json!({ "subject": "a", "auth": ["p"], "data": [] }),
            "data",
        ),
        ("/admin/v1/introspect", json!({}), "token"),
        ("/admin/v1/introspect", json!({ "token": 1 }), "token"),
    ] {
        let answer = server
            .admin("POST", path)
            .json(&body)
            .send()
            .problem(400, "BAD_REQUEST");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(field), "{field}: {detail}");
    }
}

#[test]
fn a_megabyte_is_413_and_the_answer_arrives() {
    let server = shared();
    let body = json!({ "username": "a", "password": "x".repeat(1 << 20) }).to_string();
    server
        .browser()
        .ask("POST", "/auth/login")
        .text("application/json", &body)
        .send()
        .problem(413, "TOO_LARGE");
    let ask = server
        .admin("POST", "/admin/v1/introspect")
        .text("application/json", &body);
    ask.send().problem(413, "TOO_LARGE");
    // 64 KiB are read.
    let body = json!({ "username": "a", "password": "x".repeat(60_000) }).to_string();
    server
        .browser()
        .ask("POST", "/auth/login")
        .text("application/json", &body)
        .send()
        .problem(401, "INVALID_CREDENTIALS");
}

#[test]
fn a_megabyte_without_a_length_is_413_too() {
    let server = shared();
    let mut stream = TcpStream::connect(server.public).unwrap();
    stream
        .write_all(
            b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
              Connection: close\r\n\r\n",
        )
        .unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 8192, "x".repeat(8192));
    for _ in 0..128 {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    Answer::read(&mut stream).unwrap().problem(413, "TOO_LARGE");
}

#[test]
fn a_body_that_breaks_off_harms_nobody() {
    let server = shared();
    let mut stream = TcpStream::connect(server.public).unwrap();
    stream
        .write_all(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    drop(stream);
    server.browser().get("/auth/whoami").problem(401, "NO_SESSION");
}
