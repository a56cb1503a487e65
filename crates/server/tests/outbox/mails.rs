//! Mails about alerts, to operators and to the user concerned.

use crate::common::{Server, Setup};
use crate::smtp::{PASSWORD, Smtp, certificates};
use cloakroom::{Cause, Clock as _, Event, Kind, SystemClock};
use std::os::unix::fs::PermissionsExt as _;

/// An alert, as whoever watches the journal writes it.
fn alert(server: &Server, subject: &str, detail: &str) {
    let url = format!("sqlite:{}", server.database().display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = cloakroom::open_store(&url).await.unwrap();
        let cause = Cause {
            at: SystemClock.now(),
            ip: "203.0.113.9".parse().ok(),
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0".into()),
            detail: Some(detail.into()),
            ..Cause::default()
        };
        store
            .append(&Event::of(Kind::Alert, cause).about(subject.parse().ok()))
            .await
            .unwrap();
    });
}

#[test]
fn a_new_device_is_told_to_operators_and_to_the_user_who_left_an_address() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
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
    let detail = r#"{"rule":"new-device","summary":"A device not seen before","severity":"info","evidence":["Firefox on Linux"]}"#;
    alert(&server, &without, detail);
    alert(&server, &with, detail);
    let to = |address: &str| {
        let mails = smtp.mails(0).into_iter();
        mails.filter(|mail| mail["to"][0] == address).collect::<Vec<_>>()
    };
    // The two for operators may leave together.
    crate::within(20, "both are told", || {
        !to("ops@example.com").is_empty() && !to("with@example.net").is_empty()
    });
    let told = to("with@example.net");
    assert_eq!(told.len(), 1, "{told:#?}");
    let text = told[0]["text"].as_str().unwrap();
    for part in [
        with.as_str(),
        "Firefox",
        "203.0.113.9",
        "https://app.example.com/account",
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
