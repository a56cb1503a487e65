//! `cloakroom session …`

use super::output::say;
use super::{Common, Failure, output};
use crate::app::start;
use crate::app::view::{SubjectJson, rfc3339};
use anyhow::Context as _;
use clap::Subcommand;
use cloakroom::{CloseReason, Durability, Record, SessionId, Sessions, Subject, device};
use cloakroom_watch::Places;
use serde_json::json;

#[derive(Debug, Subcommand)]
pub enum Session {
    /// List sessions.
    #[command(after_help = "Example: cloakroom session list --subject alice")]
    List {
        /// Only this subject's.
        #[arg(long)]
        subject: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
    /// End one session.
    #[command(after_help = "Example: cloakroom session revoke 3q2-7wAAAAAAAAAAAAAAAA")]
    Revoke {
        /// As `session list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Return only when no server can accept it any more: a lease of their caches later, usually a second.
        #[arg(long)]
        settled: bool,
        #[command(flatten)]
        common: Common,
    },
    /// End all sessions of a subject, and log-ins that are under way.
    #[command(after_help = "Example: cloakroom session revoke-subject alice --settled")]
    RevokeSubject {
        subject: String,
        /// Return only when no server can accept them any more: a lease of their caches later, usually a second.
        #[arg(long)]
        settled: bool,
        #[command(flatten)]
        common: Common,
    },
}

impl Session {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::List {
                subject,
                json,
                common,
            } => {
                let sessions = open(&common).await?;
                let records = match subject {
                    Some(name) => sessions.list(&parse(&name)?).await.map_err(Failure::other)?,
                    None => all(&sessions).await?,
                };
                show(&sessions, &records, json);
            }
            Self::Revoke { id, settled, common } => {
                let id: SessionId = id
                    .parse()
                    .map_err(|error| Failure::Usage(format!("{id:?}: {error}")))?;
                revoke(&open(&common).await?, &id, settled).await?;
            }
            Self::RevokeSubject {
                subject,
                settled,
                common,
            } => {
                let subject = parse(&subject)?;
                revoke_subject(&open(&common).await?, &subject, settled).await?;
            }
        }
        Ok(())
    }
}

async fn revoke(sessions: &Sessions, id: &SessionId, settled: bool) -> Result<(), Failure> {
    let cause = sessions.operator("cli");
    let ending = sessions.close(id, CloseReason::Revoked, &cause).await;
    let ending = ending.map_err(Failure::other)?;
    settle(sessions, settled).await?;
    if ending.ended.is_empty() {
        return Err(anyhow::anyhow!("there is no session {id}; it may have ended already").into());
    }
    say!("Ended {id}.{}", caveat(ending.durability));
    Ok(())
}

async fn revoke_subject(sessions: &Sessions, subject: &Subject, settled: bool) -> Result<(), Failure> {
    let cause = sessions.operator("cli");
    let all = sessions.end_all(subject, CloseReason::Revoked, &cause).await;
    let all = all.map_err(Failure::other)?;
    settle(sessions, settled).await?;
    let ended = output::sessions(all.ended.len());
    say!("Ended {ended} of {subject}.{}", caveat(all.durability));
    Ok(())
}

/// What should be known of an ending that may be lost with the store's primary.
fn caveat(durability: Durability) -> &'static str {
    match durability {
        Durability::Durable => "",
        Durability::PrimaryOnly => {
            " Only the store's primary is known to have it; `cloakroom doctor` says what its replicas need."
        }
    }
}

/// Waits, if it was asked for, until no server accepts what was ended.
async fn settle(sessions: &Sessions, settled: bool) -> Result<(), Failure> {
    if settled {
        let waited = sessions.settled().await;
        waited.context("the end is in the store, but how long servers may still accept it can not be read; run this again")?;
    }
    Ok(())
}

async fn open(common: &Common) -> Result<Sessions, Failure> {
    Ok(start::sessions(&common.load()?, None).await?)
}

async fn all(sessions: &Sessions) -> Result<Vec<Record>, Failure> {
    let (mut records, mut from) = (Vec::new(), None);
    loop {
        let listing = sessions
            .scan(from.as_deref(), 1000)
            .await
            .map_err(Failure::other)?;
        records.extend(listing.found.into_iter().map(|found| found.record));
        match listing.next {
            Some(next) => from = Some(next),
            None => return Ok(records),
        }
    }
}

fn show(sessions: &Sessions, records: &[Record], json: bool) {
    let name = |record: &Record| {
        record
            .subject()
            .map_or_else(|| "-".to_owned(), Subject::to_string)
    };
    if json {
        let row = |record| SubjectJson::new(record, sessions.policy(), &Places::none(), None);
        output::json(&json!({ "sessions": records.iter().map(row).collect::<Vec<_>>() }));
        return;
    }
    let row = |record: &Record| {
        let ip = record
            .client
            .ip
            .map_or_else(|| "-".to_owned(), |ip| ip.to_string());
        let device = device::label(record.client.user_agent.as_deref());
        [
            record.id.to_string(),
            name(record),
            rfc3339(record.seen_at),
            ip,
            device,
        ]
    };
    output::table(
        ["SESSION", "SUBJECT", "LAST SEEN", "ADDRESS", "DEVICE"],
        &records.iter().map(row).collect::<Vec<_>>(),
    );
}

fn parse(subject: &str) -> Result<Subject, Failure> {
    subject
        .parse()
        .map_err(|error: cloakroom::MalformedName| Failure::Usage(error.to_string()))
}
