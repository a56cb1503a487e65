//! Whom the server can not be made to call.

use crate::receiver::Receiver;
use crate::world::{SECRET, hook};
use cloakroom::{Clock as _, SystemClock};
use cloakroom_outbox::{Guard, PostError, Resolve, Trust, Webhook};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const REFUSED: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
    "e000::1",
];

const PUBLIC: &[&str] = &[
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00::1",
    "2003::1",
];

fn of(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn what_is_inside_anybodys_network_is_refused_and_what_is_public_is_not() {
    let guard = Guard::default();
    for text in REFUSED {
        assert!(guard.check(of(text)).is_err(), "{text}");
    }
    for text in PUBLIC {
        assert!(guard.check(of(text)).is_ok(), "{text}");
    }
}

#[test]
fn a_network_that_is_allowed_by_name_opens_itself_and_nothing_else() {
    let guard = Guard::allowing(["10.1.0.0/16".parse().unwrap(), "fd12::/16".parse().unwrap()]);
    for text in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::9"] {
        assert!(guard.check(of(text)).is_ok(), "{text}");
    }
    for text in [
        "10.2.0.1",
        "::ffff:10.2.0.1",
        "fd13::1",
        "127.0.0.1",
        "169.254.169.254",
        "::10.1.2.3",
    ] {
        assert!(guard.check(of(text)).is_err(), "{text}");
    }
}

fn strict(url: &str) -> Webhook {
    let trust = Trust::new(None).unwrap();
    Webhook::new(
        "a",
        url.parse().unwrap(),
        vec![SECRET.parse().unwrap()],
        Guard::default(),
        trust,
    )
}

async fn sent(hook: &Webhook) -> Result<u16, PostError> {
    let now = SystemClock.now();
    hook.send(&Webhook::test_letter("1", now), now)
        .await
        .map(|answer| answer.status)
}

#[tokio::test]
async fn no_spelling_of_an_address_gets_past() {
    let receiver = Receiver::good();
    let port = receiver.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "%6cocalhost",
        "①②⑦.0.0.1",
        "127。0。0。1",
    ] {
        for scheme in ["https", "http"] {
            let error = sent(&strict(&format!("{scheme}://{host}:{port}/")))
                .await
                .unwrap_err();
            // Not every resolver knows a name with the dot of the root.
            let unknown = host.ends_with('.') && matches!(error, PostError::Name(_));
            assert!(
                matches!(error, PostError::Refused(_)) || unknown,
                "{scheme}://{host}: {error}"
            );
        }
    }
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 0);
}

/// Answers with the next of its lists each time it is asked.
struct Rebinding(Vec<Vec<IpAddr>>, Arc<AtomicUsize>);

#[cloakroom_testkit::async_trait]
impl Resolve for Rebinding {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let asked = self.1.fetch_add(1, Ordering::SeqCst);
        Ok(self.0[asked.min(self.0.len() - 1)].clone())
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_address_that_was_checked_is_called() {
    let receiver = Receiver::good();
    let url = format!("http://hooks.example.com:{}/", receiver.address.port());
    let asked = Arc::new(AtomicUsize::new(0));
    // The first answer may be called, the second may not: whoever resolves again after the check ends up there.
    let answers = vec![vec![of("127.0.0.1")], vec![of("127.0.0.2")]];
    let hook = hook("a", &url).resolving_by(Rebinding(answers, asked.clone()));
    assert_eq!(sent(&hook).await.unwrap(), 204);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(
        receiver.all()[0].header("host"),
        format!("hooks.example.com:{}", receiver.address.port())
    );
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_whatever_else_it_leads_to() {
    let receiver = Receiver::good();
    let url = format!("https://hooks.example.com:{}/", receiver.address.port());
    for addresses in [
        &["127.0.0.1"][..],
        &["10.0.0.1", "::1"],
        &["169.254.169.254"],
        &["::ffff:127.0.0.1"],
    ] {
        let answers = vec![addresses.iter().map(|text| of(text)).collect()];
        let hook = strict(&url).resolving_by(Rebinding(answers, Arc::default()));
        let error = sent(&hook).await.unwrap_err();
        assert!(matches!(error, PostError::Refused(_)), "{addresses:?}: {error}");
    }
    let nowhere = strict(&url).resolving_by(Rebinding(vec![vec![]], Arc::default()));
    assert!(matches!(sent(&nowhere).await.unwrap_err(), PostError::Name(_)));
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn plain_http_is_for_networks_that_were_named() {
    let hook = strict("http://hooks.example.com/")
        .resolving_by(Rebinding(vec![vec![of("8.8.8.8")]], Arc::default()));
    assert!(matches!(sent(&hook).await.unwrap_err(), PostError::Plain(_)));
}
