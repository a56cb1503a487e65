//! Receivers that misbehave.

use crate::certificates;
use crate::receiver::{Act, Receiver, Stream};
use crate::world::{SECRET, happen, local, quick, sending, soon, start, status, store, stubborn, within};
use cloakroom::Kind;
use cloakroom_outbox::{Trust, Webhook};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_holds_up_no_other_and_is_given_up_after_fifteen_seconds() {
    let store = store();
    let (hanging, good) = (Receiver::start(|_, _| Act::Hang), Receiver::good());
    let outbox = sending(&store, &[&hanging, &good], stubborn()).await;
    for number in 0..100 {
        happen(&store, Kind::Closed, &format!("user-{number}"), "x").await;
    }
    let begun = Instant::now();
    within(Duration::from_secs(3), "the other gets all", async || {
        good.all().len() == 100
    })
    .await;
    assert!(hanging.all().len() <= 8, "{}", hanging.all().len());
    within(Duration::from_secs(18), "a failure", async || {
        status(&outbox, "webhook.a").await.failing > 0
    })
    .await;
    assert!(begun.elapsed() > Duration::from_secs(13), "{:?}", begun.elapsed());
    let (_, why) = status(&outbox, "webhook.a").await.last_error.unwrap();
    assert!(why.contains("15 s"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_ends_or_is_a_gigabyte_counts_by_its_status_and_is_not_read() {
    for act in [Act::Endless, Act::Huge] {
        let store = store();
        let shown = format!("{act:?}");
        let receiver = Receiver::start(move |_, _| act.clone());
        let outbox = sending(&store, &[&receiver], quick()).await;
        let begun = Instant::now();
        for number in 0..3 {
            happen(&store, Kind::Closed, "ada", &number.to_string()).await;
        }
        within(Duration::from_secs(8), &shown, async || {
            status(&outbox, "webhook.a").await.sent == 3
        })
        .await;
        assert!(begun.elapsed() < Duration::from_secs(8));
        let written = receiver.written.load(Ordering::SeqCst);
        assert!(
            written < 60_000_000,
            "{shown}: {written} bytes went into the sockets"
        );
        assert_eq!(receiver.all().len(), 3, "{shown}: none came twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_closes_early_or_talks_nonsense_has_not_taken_it() {
    for act in [
        Act::Close,
        Act::EndlessHeaders,
        Act::Raw("HTTP/1.1 2".to_owned()),
        Act::Raw("SSH-2.0-OpenSSH\r\n\r\n".to_owned()),
        Act::Raw(String::from_utf8(vec![b'x'; 100_000]).unwrap()),
        Act::Status(404),
    ] {
        let store = store();
        let shown = format!("{act:?}");
        let receiver =
            Receiver::start(move |_, before| if before < 2 { act.clone() } else { Act::Status(200) });
        let outbox = sending(&store, &[&receiver], quick()).await;
        happen(&store, Kind::Closed, "ada", "x").await;
        within(Duration::from_secs(8), &shown, async || {
            status(&outbox, "webhook.a").await.sent == 1
        })
        .await;
        assert_eq!(receiver.all().len(), 3, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_and_never_followed() {
    let store = store();
    let elsewhere = Receiver::good();
    let to = elsewhere.url();
    let receiver = Receiver::start(move |_, _| {
        Act::Raw(format!(
            "HTTP/1.1 307 x\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        ))
    });
    let outbox = sending(&store, &[&receiver], quick()).await;
    happen(&store, Kind::Closed, "ada", "x").await;
    within(Duration::from_secs(8), "it is given up", async || {
        status(&outbox, "webhook.a").await.dead.letters.len() == 1
    })
    .await;
    let dead = status(&outbox, "webhook.a").await.dead.letters;
    assert!(dead[0].why.contains("redirect"), "{dead:?}");
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
    assert_eq!(receiver.all().len(), 4);
}

/// TLS with the certificate of this name.
fn tls(folder: &Path, name: &str) -> impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static {
    let file = |ending: &str| folder.join(format!("{name}.{ending}"));
    let chain = CertificateDer::pem_file_iter(file("crt"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_file(file("key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    move |stream| {
        let connection = rustls::ServerConnection::new(config.clone()).unwrap();
        Some(Box::new(rustls::StreamOwned::new(connection, stream)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_must_be_of_a_known_authority_and_for_this_name() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let known = || Trust::new(Some(&folder.path().join("ca.crt"))).unwrap();
    for (certificate, trust, good) in [
        ("server", known(), true),
        ("server", Trust::new(None).unwrap(), false),
        ("other", known(), false),
    ] {
        let store = store();
        let receiver = Receiver::dressed(|_, _| Act::Status(200), tls(folder.path(), certificate));
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("https://{host}:{}/hooks", receiver.address.port());
            let hook = Webhook::new(
                "a",
                url.parse().unwrap(),
                vec![SECRET.parse().unwrap()],
                local(),
                trust.clone(),
            );
            let outbox = start(&store, vec![Arc::new(hook)], quick()).await;
            happen(&store, Kind::Closed, "ada", "x").await;
            if good {
                soon("it arrives", || !receiver.all().is_empty()).await;
            } else {
                within(Duration::from_secs(8), "it is given up", async || {
                    !status(&outbox, "webhook.a").await.dead.letters.is_empty()
                })
                .await;
                let why = status(&outbox, "webhook.a").await.dead.letters[0].why.clone();
                assert!(why.contains("TLS"), "{why}");
                assert!(receiver.all().is_empty(), "{certificate}");
            }
            outbox.stop().await;
        }
    }
}
