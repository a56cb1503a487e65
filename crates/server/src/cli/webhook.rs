//! `cloakroom webhook …`

use super::output::say;
use super::{Common, Failure, output};
use crate::app::outbound;
use clap::Subcommand;
use cloakroom::{Clock as _, OsRandom, SessionId, SystemClock};
use cloakroom_outbox::Webhook as Receiver;
use serde_json::json;
use std::time::Instant;

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Send one signed test event to a webhook of the configuration, and print what came back.
    #[command(
        after_help = "Example: cloakroom webhook test ops --config cloakroom.toml\nExit status: 1 if it was not taken."
    )]
    Test {
        /// The NAME of a `[webhook.NAME]`.
        name: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
}

impl Webhook {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self::Test { name, json, common } = self;
        let config = common.load()?;
        let Some(found) = config.webhooks.iter().find(|webhook| webhook.name == name) else {
            let all: Vec<_> = config
                .webhooks
                .iter()
                .map(|webhook| webhook.name.as_str())
                .collect();
            let all = if all.is_empty() {
                "there is none".to_owned()
            } else {
                all.join(", ")
            };
            return Err(Failure::Usage(format!(
                "there is no webhook {name:?} in the configuration ({all})"
            )));
        };
        let receiver = outbound::webhook(&config, found, outbound::trust(&config)?);
        let id = SessionId::mint(&OsRandom).map_err(Failure::other)?;
        let now = SystemClock.now();
        let letter = Receiver::test_letter(&format!("test_{id}"), now);
        let begun = Instant::now();
        let answer = receiver.send(&letter, now).await;
        let took = begun.elapsed().as_millis();
        let good = answer
            .as_ref()
            .is_ok_and(|answer| (200..300).contains(&answer.status));
        match &answer {
            Ok(answer) if json => output::json(&json!({
                "id": letter.id, "status": answer.status, "from": answer.from.to_string(), "milliseconds": took, "body": answer.body,
            })),
            Err(error) if json => {
                output::json(&json!({ "id": letter.id, "error": error.to_string(), "milliseconds": took }));
            }
            Ok(answer) => {
                say!(
                    "{} from {} after {took} ms, for {}",
                    answer.status,
                    answer.from,
                    letter.id
                );
                if !answer.body.is_empty() {
                    say!("{}", answer.body);
                }
            }
            Err(error) => say!("{error} (after {took} ms, for {})", letter.id),
        }
        if good {
            Ok(())
        } else {
            Err(anyhow::anyhow!("the webhook {name} did not take the event; any 2xx would do").into())
        }
    }
}
