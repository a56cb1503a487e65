//! Mails about alerts, to operators and to the user concerned.

use crate::certificates;
use crate::common::{Server, Setup};
use crate::smtp::{PASSWORD, Smtp};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Logs in at home, and then on a device that was never seen.
fn new_device(server: &Server, name: &str) {
    server.browser().log_in(name).is(200);
    let mut other = server.browser();
    CHROME.clone_into(&mut other.agent);
    "203.0.113.9".clone_into(&mut other.ip);
    other.log_in(name).is(200);
}

/// Logs in and out as no person does.
fn cycle(server: &Server, name: &str) {
    let browser = server.browser();
    for _ in 0..7 {
        browser.log_in(name).is(200);
        browser.post("/auth/logout", &json!({})).is(204);
    }
}

#[test]
fn a_new_device_is_told_to_the_user_who_left_an_address_and_what_is_odd_to_operators() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let smtp = Smtp::start(folder.path(), "starttls", 1);
    let password = folder.path().join("password");
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = Setup::default()
        .set(
            "mail.smtp",
            &format!("smtp://ops%40example.com@localhost:{}", smtp.port),
        )
        .set("mail.password_file", password.to_str().unwrap())
        .set("mail.from", "cloakroom@example.com")
        .set("mail.alerts_to", "ops@example.com")
        .set("outbound.ca_file", folder.path().join("ca.crt").to_str().unwrap())
        .set("outbound.retry_first", "50ms")
        .start();
    let (with, without) = (server.user(&[]), server.user(&[]));
    assert_eq!(
        server.do_run(&["user", "email", &with, "with@example.net"]),
        format!("Mails to {with} go to with@example.net.\n")
    );
    assert_eq!(server.do_run(&["user", "email", &with]), "with@example.net\n");
    new_device(&server, &without);
    new_device(&server, &with);
    cycle(&server, &without);
    let to = |address: &str| {
        let mails = smtp.mails(0).into_iter();
        mails.filter(|mail| mail["to"][0] == address).collect::<Vec<_>>()
    };
    crate::within(20, "both are told", || {
        !to("ops@example.com").is_empty() && !to("with@example.net").is_empty()
    });
    let told = to("with@example.net");
    assert_eq!(told.len(), 1, "{told:#?}");
    let text = told[0]["text"].as_str().unwrap();
    for part in [
        with.as_str(),
        "Chrome on Windows",
        "a device that was not seen on your account before",
        "203.0.113.9",
        "https://app.example.com/account",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let told = to("ops@example.com");
    assert_eq!(told.len(), 1, "{told:#?}");
    // As it was sent: long lines are broken softly (RFC 2045 §6.7).
    let text = told[0]["text"]
        .as_str()
        .unwrap()
        .replace("=\r\n", "")
        .replace("=\n", "");
    for part in [
        without.as_str(),
        "log-ins and",
        "opened from 10.",
        "have the password changed",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!server.log().contains(PASSWORD) && !server.do_run(&["config", "print"]).contains(PASSWORD));
    let doctor = server.run(&["doctor"]);
    assert!(doctor.status.success(), "{doctor:?}");
    assert!(
        String::from_utf8_lossy(&doctor.stdout).contains("Nothing is wrong."),
        "{doctor:?}"
    );
}

#[test]
fn an_address_that_is_none_is_refused_and_one_can_be_taken_away() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let bad = server.run(&["user", "email", &name, "a@example.com\nBcc: b@example.com"]);
    assert_eq!(bad.status.code(), Some(2));
    let done = server.run_with(
        &[
            "user",
            "add",
            "eve",
            "--email",
            "eve@example.net",
            "--password-stdin",
        ],
        "a good pass phrase",
    );
    assert!(done.status.success(), "{done:?}");
    assert!(
        server
            .do_run(&["user", "list", "--json"])
            .contains("\"email\": \"eve@example.net\"")
    );
    server.do_run(&["user", "email", "eve", "--remove"]);
    assert_eq!(
        server.do_run(&["user", "email", "eve"]),
        "eve has no mail address.\n"
    );
}
