//! Mails, taken by a real SMTP server.

use crate::certificates;
use crate::smtp::{PASSWORD, Smtp};
use crate::world::{happen, quick, start, status, store, within};
use cloakroom::{Kind, MemoryStore, Subject};
use cloakroom_outbox::mail::{Addresses, AlertMails, Mailer, Ration, UserMails};
use cloakroom_outbox::{Outbox, Trust};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn mailer(folder: &Path, url: &str, password: &str) -> Mailer {
    let trust = Trust::new(Some(&folder.join("ca.crt"))).unwrap();
    let password = Some(zeroize::Zeroizing::new(password.to_owned()));
    Mailer::new(
        &url.parse().unwrap(),
        password,
        "cloakroom@example.com",
        "app.example.com",
        &trust,
    )
    .unwrap()
}

async fn alerting(store: &Arc<MemoryStore>, mailer: Mailer, per_hour: u32) -> Outbox {
    let ration = Ration::per_hour(store.clone(), per_hour);
    let to = vec!["ops@example.com".to_owned(), "second@example.com".to_owned()];
    start(
        store,
        vec![Arc::new(AlertMails::new(mailer, to, ration))],
        quick(),
    )
    .await
}

const ALERT: &str = r#"{"rule":"token-reuse","incident":"i-7","summary":"A token was shown twice","severity":"critical","evidence":["from 192.0.2.1",{"ip":"198.51.100.7"}],"advice":"End the session.","new":{"field":1}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_reaches_operators_by_starttls_or_tls_with_a_password() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    for (mode, scheme) in [("starttls", "smtp"), ("smtps", "smtps")] {
        let store = store();
        let smtp = Smtp::start(folder.path(), mode, 1);
        let url = format!("{scheme}://ops%40example.com@localhost:{}", smtp.port);
        let outbox = alerting(&store, mailer(folder.path(), &url, PASSWORD), 10).await;
        happen(&store, Kind::Closed, "ada", "no alert").await;
        happen(&store, Kind::Alert, "ada", ALERT).await;
        let mails = smtp.mails(1);
        assert_eq!(smtp.all().len(), 2, "refused once, then taken");
        let mail = &mails[0];
        assert_eq!(
            mail["to"],
            serde_json::json!(["ops@example.com", "second@example.com"])
        );
        assert_eq!(
            (mail["tls"].as_bool(), mail["user"].as_str()),
            (Some(true), Some("ops@example.com"))
        );
        let text = mail["text"].as_str().unwrap();
        for part in [
            "Subject: [app.example.com] critical: A token was shown twice",
            "token-reuse",
            "ada",
            "ip: 198.51.100.7",
            "End the session.",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        assert!(
            outbox
                .status("mail.alerts")
                .await
                .unwrap()
                .unwrap()
                .dead
                .letters
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_ration_alerts_are_collected_and_nothing_of_others_makes_a_header() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let store = store();
    let smtp = Smtp::start(folder.path(), "starttls", 0);
    let url = format!("smtp://ops%40example.com@localhost:{}", smtp.port);
    let _outbox = alerting(&store, mailer(folder.path(), &url, PASSWORD), 5000).await;
    happen(&store, Kind::Alert, "-", "first\r\nBcc: everybody@example.com").await;
    smtp.mails(1);
    let few = crate::world::store();
    let _scarce = alerting(&few, mailer(folder.path(), &url, PASSWORD), 2).await;
    for number in 0..20 {
        happen(&few, Kind::Alert, "-", &format!("alert number {number}")).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mails = smtp.mails(2);
    assert_eq!(
        mails.len(),
        2,
        "one of the two an hour; the rest waits for the next"
    );
    let head = mails[0]["text"]
        .as_str()
        .unwrap()
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .to_owned();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert_eq!(mails[0]["to"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_or_not_who_they_say_gets_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let smtp = Smtp::start(folder.path(), "starttls", 0);
    let url = format!("smtp://ops%40example.com@localhost:{}", smtp.port);
    let store_of_wrong = store();
    let wrong = alerting(&store_of_wrong, mailer(folder.path(), &url, "wrong"), 100).await;
    let distrusting = {
        let trust = Trust::new(None).unwrap();
        let password = Some(zeroize::Zeroizing::new(PASSWORD.to_owned()));
        Mailer::new(
            &url.parse().unwrap(),
            password,
            "cloakroom@example.com",
            "x",
            &trust,
        )
        .unwrap()
    };
    assert!(distrusting.check().await.is_err());
    mailer(folder.path(), &url, PASSWORD).check().await.unwrap();
    happen(&store_of_wrong, Kind::Alert, "-", "x").await;
    // The server takes its time to say so.
    within(Duration::from_mins(1), "it is given up", async || {
        status(&wrong, "mail.alerts").await.dead.letters.len() == 1
    })
    .await;
    let why = status(&wrong, "mail.alerts").await.dead.letters[0].why.clone();
    assert!(why.contains("535") && !why.contains("wrong"), "{why}");
    assert!(smtp.all().is_empty());
}

struct Book;

#[cloakroom_testkit::async_trait]
impl Addresses for Book {
    async fn address_of(
        &self,
        subject: &Subject,
    ) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
        Ok((subject.as_str() == "ada").then(|| "ada@example.net".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_an_address_is_told_of_a_new_device_and_nobody_of_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let store = store();
    let smtp = Smtp::start(folder.path(), "starttls", 0);
    let url = format!("smtp://ops%40example.com@localhost:{}", smtp.port);
    let ration = Ration::per_hour(store.clone(), 10);
    let account = "https://app.example.com/account".to_owned();
    let mails = UserMails::new(
        mailer(folder.path(), &url, PASSWORD),
        Arc::new(Book),
        account,
        ration,
    );
    let outbox = start(&store, vec![Arc::new(mails)], quick()).await;
    let alert = r#"{"rule":"new-device","severity":"info","place":"Lisbon, Portugal"}"#;
    happen(&store, Kind::Alert, "bob", alert).await;
    happen(&store, Kind::Alert, "ada", ALERT).await;
    happen(&store, Kind::Alert, "-", alert).await;
    happen(&store, Kind::Alert, "ada", alert).await;
    let mails = smtp.mails(1);
    within(Duration::from_secs(5), "both are dealt with", async || {
        status(&outbox, "mail.users").await.behind == 0
    })
    .await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], serde_json::json!(["ada@example.net"]));
    let text = mails[0]["text"].as_str().unwrap();
    for part in [
        "Hello ada",
        "Lisbon, Portugal",
        "https://app.example.com/account",
        "New device on your account at app.example.com",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}
