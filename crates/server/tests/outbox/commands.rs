//! The configuration of webhooks, `webhook test` and `doctor`.

use crate::common::Setup;
use crate::receiver::{Act, Receiver};
use crate::{SECRET, sending_to};
use std::path::Path;
use std::process::Output;

fn run(setup: &Setup, folder: &Path, arguments: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = setup.command(folder, arguments).output().unwrap();
    let text = [stdout, stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat();
    (status.code().unwrap(), text)
}

#[test]
fn webhook_test_sends_one_signed_event_and_prints_what_came_back() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_, before| match before {
        0 => Act::Raw("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks".to_owned()),
        _ => Act::Status(401),
    });
    let setup = sending_to(&receiver.url());
    let (status, text) = run(&setup, folder.path(), &["webhook", "test", "ops"]);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains("200 from 127.0.0.1") && text.contains("thanks"),
        "{text}"
    );
    assert_eq!(receiver.all()[0].json()["type"], "webhook.test");
    assert!(receiver.all()[0].header("webhook-signature").starts_with("v1,"));
    let (status, text) = run(&setup, folder.path(), &["webhook", "test", "ops", "--json"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("\"status\": 401"), "{text}");
    let (status, text) = run(&setup, folder.path(), &["webhook", "test", "opps"]);
    assert!(status == 2 && text.contains("(ops)"), "{text}");
}

#[test]
fn doctor_looks_at_each_receiver_and_says_how_to_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_, _| Act::Status(405));
    let good = sending_to(&receiver.url());
    let doctor = |setup: &Setup| run(setup, folder.path(), &["doctor"]);
    let (status, text) = doctor(&good);
    assert!(
        status == 0 && !text.contains("webhook"),
        "any answer is a good one: {text}"
    );
    let port = receiver.address.port();
    // Something that speaks, but no TLS.
    let chatty = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = chatty.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in chatty.incoming().map_while(Result::ok) {
            let _ = std::io::Write::write_all(&mut stream, b"220 smtp.example.com ESMTP\r\n");
        }
    });
    for (url, allowed, exit, what, mend) in [
        (
            format!("https://localhost:{port}/"),
            "",
            1,
            "loopback",
            "outbound.allow_networks",
        ),
        (
            format!("https://localhost:{other}/"),
            "127.0.0.0/8",
            0,
            "TLS",
            "outbound.ca_file",
        ),
        (
            "https://nobody.invalid/".to_owned(),
            "",
            0,
            "can not be resolved",
            "DNS",
        ),
        (
            "http://127.0.0.1:1/".to_owned(),
            "127.0.0.0/8",
            0,
            "no connection",
            "firewall",
        ),
    ] {
        let setup = good
            .clone()
            .set("webhook.ops.url", &url)
            .set("outbound.allow_networks", allowed);
        let (status, text) = doctor(&setup);
        assert_eq!(status, exit, "{url}: {text}");
        assert!(text.contains(what) && text.contains(mend), "{url}: {text}");
    }
}

#[test]
fn the_configuration_is_checked_and_printed_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cloakroom.toml");
    let text = format!(
        "public_url = 'https://app.example.com'\n\
         [webhook.ops]\nurl = 'https://receiver.example.com/hooks?key=hunter2'\nsecret = '{SECRET}'\nkinds = ['closed', 'alert']\n\
         [webhook.audit_2]\nurl = 'https://audit.example.com/'\nsecret = ['{SECRET}']\n"
    );
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = |setup: &Setup, act: &str| {
        run(
            setup,
            folder.path(),
            &["config", act, "--config", file.to_str().unwrap()],
        )
    };
    let plain = Setup::bare();
    let (status, text) = config(&plain, "check");
    assert_eq!(status, 0, "{text}");
    let (_, printed) = config(&plain.clone().set("webhook.ops.kinds", "guess"), "print");
    for part in [
        "[webhook.ops]\nurl = \"https://receiver.example.com/hooks?***\"\nsecret = [\"***\"]\nkinds = [\"guess\"]",
        "[webhook.audit_2]",
    ] {
        assert!(printed.contains(part), "{part:?} is not in {printed}");
    }
    assert!(
        !printed.contains("hunter2") && !printed.contains("MfKQ"),
        "{printed}"
    );
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (status, text) = config(&plain, "check");
    assert!(
        status == 2 && text.contains("holds a secret and is open to others"),
        "{text}"
    );
}

#[test]
fn each_mistake_is_told_with_its_key_and_bound() {
    let folder = tempfile::tempdir().unwrap();
    for (key, value, told) in [
        (
            "webhook.ops.url",
            "http://receiver.example.com/",
            "must begin with https://",
        ),
        (
            "webhook.ops.url",
            "https://me:pw@receiver.example.com/",
            "must not hold a user or password",
        ),
        ("webhook.ops.url", "receiver", "must be a URL"),
        ("webhook.ops.secret", "hunter2", "whsec_"),
        ("webhook.ops.kinds", "close", "must be one of \"opened\""),
        ("webhook.other.secret", SECRET, "webhook.other.url: must be set"),
        (
            "webhook.other.url",
            "https://receiver.example.com/",
            "webhook.other.secret: must be set",
        ),
        (
            "webhook.ops.ulr",
            "x",
            "did you mean CLOAKROOM_WEBHOOK__OPS__URL?",
        ),
        ("outbound.allow_networks", "10.0.0.1/8", "must be a whole network"),
        ("outbound.attempts", "0", "from 1 to 100"),
        (
            "outbound.retry_longest",
            "1s",
            "must not be shorter than outbound.retry_first",
        ),
        ("outbound.ca_file", "nowhere.pem", "can not be read"),
        (
            "mail.smtp",
            "smtps://ops:hunter2@mail.example.com",
            "mail.password_file",
        ),
        ("mail.smtp", "https://mail.example.com", "smtps://USER@HOST:465"),
        ("mail.smtp", "smtps://mail.example.com", "mail.from: must be set"),
        ("mail.alerts_to", "ops@example.com", "without mail.smtp"),
        ("mail.from", "ops", "must be a mail address"),
    ] {
        let mut setup = Setup::default()
            .set("webhook.ops.url", "https://receiver.example.com/")
            .set("webhook.ops.secret", SECRET);
        if key == "mail.from" {
            setup = setup.set("mail.smtp", "smtps://mail.example.com");
        }
        let (status, text) = run(&setup.set(key, value), folder.path(), &["config", "check"]);
        assert!(
            status == 2 && text.contains(told),
            "{key} = {value}: {told:?} is not in {text}"
        );
        assert!(!text.contains("hunter2"), "{key}: {text}");
    }
}
