//! A store, receivers, and quick pauses.

use crate::receiver::Receiver;
use cloakroom::{Cause, Clock as _, Event, Kind, MemoryStore, OsRandom, Store, SystemClock};
use cloakroom_outbox::{Backoff, Channel, Guard, Options, Outbox, Secret, Status, Trust, Webhook};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Pauses of 20 to 200 ms, 4 attempts.
pub fn quick() -> Options {
    Options {
        backoff: Backoff::new(Duration::from_millis(40), Duration::from_millis(200), 4),
    }
}

/// More attempts than any test waits for.
pub fn stubborn() -> Options {
    Options {
        backoff: Backoff::new(Duration::from_millis(40), Duration::from_millis(200), 100),
    }
}

pub fn local() -> Guard {
    Guard::allowing(["127.0.0.0/8".parse().unwrap()])
}

pub fn hook(name: &str, url: &str) -> Webhook {
    let secret: Secret = SECRET.parse().unwrap();
    let trust = Trust::new(None).unwrap();
    Webhook::new(name, url.parse().unwrap(), vec![secret], local(), trust)
}

pub async fn start(store: &Arc<MemoryStore>, channels: Vec<Arc<dyn Channel>>, options: Options) -> Outbox {
    Outbox::start(
        store.clone(),
        Arc::new(SystemClock),
        Arc::new(OsRandom),
        channels,
        options,
    )
    .await
}

/// One outbox that sends to these receivers: `webhook.a`, `webhook.b`, …
pub async fn sending(store: &Arc<MemoryStore>, to: &[&Receiver], options: Options) -> Outbox {
    let channel = |(name, receiver): (char, &&Receiver)| -> Arc<dyn Channel> {
        Arc::new(hook(&name.to_string(), &receiver.url()))
    };
    start(store, ('a'..).zip(to).map(channel).collect(), options).await
}

pub fn store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

/// Something happened to `subject`, `-` being nobody.
pub async fn happen(store: &MemoryStore, kind: Kind, subject: &str, detail: &str) {
    let cause = Cause {
        at: SystemClock.now(),
        detail: Some(detail.into()),
        ..Cause::default()
    };
    let subject = (subject != "-").then(|| subject.parse().unwrap());
    store
        .append(&Event::of(kind, cause).about(subject))
        .await
        .unwrap();
}

/// Waits until it is true; at most so long.
pub async fn within(most: Duration, what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let asked = Instant::now();
    while !is_true().await {
        assert!(asked.elapsed() < most, "not within {most:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn soon(what: &str, mut is_true: impl FnMut() -> bool) {
    within(Duration::from_secs(10), what, async || is_true()).await;
}

pub async fn status(outbox: &Outbox, name: &str) -> Status {
    outbox.status(name).await.unwrap().unwrap()
}

/// The details of what came, in order.
pub fn details(received: &[crate::receiver::Received]) -> Vec<String> {
    let detail = |it: &crate::receiver::Received| it.json()["data"]["detail"].as_str().unwrap().to_owned();
    received.iter().map(detail).collect()
}
