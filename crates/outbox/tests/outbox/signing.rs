//! Signatures, computed again by another language's library.

use crate::receiver::Receiver;
use crate::world::{SECRET, happen, hook, local, soon, start, store, stubborn};
use cloakroom::Kind;
use cloakroom_outbox::{Trust, Webhook};
use std::process::Command;
use std::sync::Arc;

const CHECK: &str = r#"
import base64, hashlib, hmac, sys
secret, id, timestamp, header, body = sys.argv[1:]
key = base64.b64decode(secret.removeprefix("whsec_"))
signed = hmac.new(key, f"{id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
expected = "v1," + base64.b64encode(signed).decode()
sys.exit(0 if any(hmac.compare_digest(expected, given) for given in header.split(" ")) else 1)
"#;

fn python_agrees(secret: &str, received: &crate::receiver::Received, body: &str) -> bool {
    let (id, timestamp) = (received.id(), received.header("webhook-timestamp"));
    let signature = received.header("webhook-signature");
    let status = Command::new("python3")
        .args(["-c", CHECK, secret, &id, &timestamp, &signature, body])
        .status();
    status.expect("python3 is missing").success()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_language_verifies_what_we_sign_with_either_of_two_secrets() {
    let (store, receiver) = (store(), Receiver::good());
    let old = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let secrets = [SECRET, old].map(|secret| secret.parse().unwrap());
    let hook = Webhook::new(
        "a",
        receiver.url().parse().unwrap(),
        secrets.to_vec(),
        local(),
        Trust::new(None).unwrap(),
    );
    let _outbox = start(&store, vec![Arc::new(hook)], stubborn()).await;
    happen(&store, Kind::Alert, "ädä", "\"quoted\" \\ and \u{1f9e5}").await;
    soon("it arrives", || !receiver.all().is_empty()).await;
    let received = receiver.all().remove(0);
    assert!(python_agrees(SECRET, &received, &received.body));
    assert!(python_agrees(old, &received, &received.body));
    assert!(!python_agrees(
        SECRET,
        &received,
        &received.body.replace("alert", "Alert")
    ));
    assert!(!python_agrees(
        "whsec_ZGlmZmVyZW50IGFuZCBsb25nIGVub3VnaA==",
        &received,
        &received.body
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_says_what_the_events_api_says() {
    let (store, receiver) = (store(), Receiver::good());
    let _outbox = start(&store, vec![Arc::new(hook("a", &receiver.url()))], stubborn()).await;
    happen(&store, Kind::LoginFailed, "ada", "wrong password").await;
    soon("it arrives", || !receiver.all().is_empty()).await;
    let received = receiver.all().remove(0);
    assert!(
        received.head.starts_with("POST /hooks HTTP/1.1\r\n"),
        "{}",
        received.head
    );
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("host"), receiver.address.to_string());
    let json = received.json();
    assert_eq!(
        (json["type"].as_str(), json["timestamp"].as_str()),
        (Some("login.failed"), json["data"]["at"].as_str())
    );
    assert_eq!(json["data"]["kind"], "login-failed");
    assert_eq!(
        (json["data"]["subject"].as_str(), json["data"]["detail"].as_str()),
        (Some("ada"), Some("wrong password"))
    );
    assert!(received.id().starts_with("evt_"));
}
