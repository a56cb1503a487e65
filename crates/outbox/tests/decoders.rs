//! The fuzz targets of webhooks and mail, on a fixed walk of 20,000 inputs each.

#[path = "../../../fuzz/src/outbox_decoders.rs"]
mod targets;
#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use walk::walk;

const INPUTS: usize = 20_000;

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn urls_of_receivers() {
    // Bytes beyond ASCII grow when they are written as URLs want them: found by letting the target run.
    let growing = format!("https://h/{}", "é".repeat(900));
    targets::url(growing.as_bytes());
    let corpus = texts(&[
        "https://receiver.example.com:8443/hooks?key=1",
        "http://[::ffff:127.0.0.1]/",
        "https://user:pw@0x7f.1/#x",
        "https:\\\\a@b/",
    ]);
    walk(INPUTS, &corpus, targets::url);
}

#[test]
fn details_of_alerts() {
    let corpus = texts(&[
        "{\"rule\":\"new-device\",\"why\":\"s\\r\\n\",\"severity\":\"warning\",\"evidence\":[\"a\",{\"b\":[1]}],\"advice\":\"x\"}",
        "{\"evidence\":[{\"at\":1795284313827,\"kind\":\"opened\",\"ip\":\"192.0.2.1\",\"country\":\"DE\",\"device\":\"x\"}]}",
        "{\"summary\":{\"a\":{\"b\":{\"c\":null}}}}",
        "plain \u{202e} words",
    ]);
    walk(INPUTS, &corpus, targets::alert);
}

#[test]
fn mail_servers_addresses_and_secrets() {
    let corpus = texts(&[
        "smtps://ops%40example.com@mail.example.com:465",
        "smtp://[::1]:2525",
        "ops+x@example.com",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ]);
    // The same: a user with a percent sign in it, and a host that is none.
    for found in [
        "smtps://ops%%44em[@i\u{fffd}",
        "smtps://ops%2544em@mail.example.com",
        "smtp://a%2fb@h_1",
    ] {
        targets::settings(found.as_bytes());
    }
    walk(INPUTS, &corpus, targets::settings);
}
