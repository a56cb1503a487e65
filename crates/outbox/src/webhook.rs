//! The channel to an HTTP receiver (Standard Webhooks 1.0).

use crate::channel::{Channel, Letter, Outcome};
use crate::guard::Guard;
use crate::post::{Answered, PostError, Resolve, SystemResolver, send};
use crate::signature::{Secret, sign};
use crate::target::Target;
use crate::tls::Trust;
use async_trait::async_trait;
use bytes::Bytes;
use cloakroom_audit::EventJson;
use cloakroom_core::{Event, Kind, Timestamp};
use http::Method;
use serde::Serialize;
use std::sync::Arc;

/// A receiver of webhooks.
#[derive(Clone)]
pub struct Webhook {
    name: String,
    target: Target,
    secrets: Vec<Secret>,
    kinds: Vec<Kind>,
    guard: Guard,
    trust: Trust,
    resolver: Arc<dyn Resolve>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: &'a str,
    data: &'a EventJson,
}

impl Webhook {
    /// A receiver. Signs with each of the secrets, of which there should be one, and two while they change.
    #[must_use]
    pub fn new(name: &str, target: Target, secrets: Vec<Secret>, guard: Guard, trust: Trust) -> Self {
        Self {
            name: format!("webhook.{name}"),
            target,
            secrets,
            kinds: Vec::new(),
            guard,
            trust,
            resolver: Arc::new(SystemResolver),
        }
    }

    /// Only these kinds. None is all but `updated`, which is written at every change of a session's data.
    #[must_use]
    pub fn only(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Resolves names by other means than the system's.
    #[must_use]
    pub fn resolving_by(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Sends one letter, signed as of `now`.
    pub async fn send(&self, letter: &Letter, now: Timestamp) -> Result<Answered, PostError> {
        let body = Body {
            r#type: &letter.r#type,
            timestamp: &letter.event.at,
            data: &letter.event,
        };
        // Strings and nothing else: it can always be written.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let seconds = now.as_millis() / 1000;
        let headers = [
            ("webhook-id", letter.id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            (
                "webhook-signature",
                sign(&self.secrets, &letter.id, seconds, &body),
            ),
        ];
        self.ask(Method::POST, &headers, Bytes::from(body)).await
    }

    /// Whether the receiver is there, may be called and has a good certificate: asks with `HEAD`, and says nothing. Any
    /// answer is a good one.
    pub async fn probe(&self) -> Result<Answered, PostError> {
        self.ask(Method::HEAD, &[], Bytes::new()).await
    }

    async fn ask(
        &self,
        method: Method,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<Answered, PostError> {
        let (guard, trust) = (&self.guard, &self.trust);
        send(method, &self.target, headers, body, guard, trust, &*self.resolver).await
    }

    /// A letter that says nothing but that it was sent for a test.
    #[must_use]
    pub fn test_letter(id: &str, now: Timestamp) -> Letter {
        let event = EventJson {
            id: id.to_owned(),
            at: cloakroom_audit::rfc3339(now),
            kind: "test".into(),
            actor: "operator:cli".to_owned(),
            detail: Some("A test of this webhook. Nothing happened.".to_owned()),
            ..EventJson::default()
        };
        Letter {
            id: format!("evt_{id}"),
            r#type: "webhook.test".to_owned(),
            event,
        }
    }
}

#[async_trait]
impl Channel for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn target(&self) -> String {
        self.target.to_string()
    }

    fn wants(&self, event: &Event) -> bool {
        if self.kinds.is_empty() {
            event.kind != Kind::Updated
        } else {
            self.kinds.contains(&event.kind)
        }
    }

    async fn deliver(&self, letters: &[Letter], now: Timestamp) -> Outcome {
        for letter in letters {
            match self.send(letter, now).await {
                Ok(answer) if (200..300).contains(&answer.status) => {}
                Ok(answer) => return failed(&answer),
                Err(error) => {
                    return Outcome::Failed {
                        why: error.to_string(),
                        retry_after: None,
                    };
                }
            }
        }
        Outcome::Delivered
    }
}

fn failed(answer: &Answered) -> Outcome {
    let said = if answer.body.is_empty() { "" } else { ": " };
    let why = match answer.status {
        300..400 => format!(
            "{} is a redirect, and none is followed; correct the url",
            answer.status
        ),
        status => format!("answered {status}{said}{}", answer.body),
    };
    match answer.status {
        410 => Outcome::Gone { why },
        _ => Outcome::Failed {
            why,
            retry_after: answer.retry_after,
        },
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Webhook");
        shown.field("name", &self.name).field("target", &self.target);
        shown.field("kinds", &self.kinds).finish_non_exhaustive()
    }
}
