//! `cloakroom audit …`

use super::output::say;
use super::{Common, Failure, output};
use crate::app::audit::{catches_up, key_file};
use crate::config::{Config, Span};
use clap::{Subcommand, ValueEnum};
use cloakroom::{Clock as _, Kind, OsRandom, Subject, SystemClock, Timestamp};
use cloakroom_audit::{
    Broken, EventJson, Expected, Filter, Format, Lock, PublicKey, SigningKey, Source, Trail, TrailOptions,
    Verified, Verify, export, forget, verify,
};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long `forget` waits for the server to have written what happened before.
const CATCH_UP: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Whether the sealed trail is as it was written; names the first entry that is not.
    #[command(
        after_help = "Example: cloakroom audit verify --key 5d1f… --expect 4711:9a0c…\n\
                      Exit status: 1 if it is not. Without --expect, nobody can tell whether its end was cut off."
    )]
    Verify {
        /// The folder of the trail, or one of its files. Default: the configured one.
        path: Option<PathBuf>,
        /// The public key that must have signed. Default: that of this machine, if it is here.
        #[arg(long, value_name = "PUBLIC")]
        key: Option<PublicKey>,
        /// A line that must be there, as `audit checkpoint` printed it: SEQ or SEQ:HASH.
        #[arg(long, value_name = "SEQ")]
        expect: Option<Expected>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Take events out of the trail, filtered, oldest first.
    #[command(
        after_help = "Example: cloakroom audit export --since 24h --subject alice --format csv --output alice.csv"
    )]
    Export(Box<Export>),
    /// Blot out what is personal about a subject, in the sealed trail and the JSON lines; the trail still verifies.
    #[command(after_help = "Example: cloakroom audit forget alice")]
    Forget {
        subject: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Print the public key, with which anybody can verify the trail elsewhere. Made at first use.
    #[command(after_help = "Example: cloakroom audit key > auditor.key")]
    Key {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Print the last signed line as SEQ:HASH, to be noted elsewhere: see `audit verify --expect`.
    #[command(after_help = "Example: cloakroom audit checkpoint | ssh auditor 'cat >> checkpoints'")]
    Checkpoint {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// Not before this: RFC 3339, or so long ago, as in 24h.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Before this: RFC 3339, or so long ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// Only this subject's.
    #[arg(long)]
    subject: Option<String>,
    /// Only of this kind, such as closed or login-failed. May be given more than once.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<String>,
    /// The form.
    #[arg(long, default_value = "jsonl")]
    format: Form,
    /// Write here instead of to standard output. Only its owner can read it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The same as --format jsonl.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// One JSON object per line.
    Jsonl,
    /// A table, safe to open in a spreadsheet.
    Csv,
}

impl Audit {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Verify {
                path,
                key,
                expect,
                json,
                common,
            } => check(path, key, expect, json, &common),
            Self::Export(export) => export.run(),
            Self::Forget {
                subject,
                json,
                common,
            } => blot(&subject, json, &common).await,
            Self::Key { json, common } => show_key(json, &common),
            Self::Checkpoint { json, common } => checkpoint(json, &common),
        }
    }
}

fn check(
    path: Option<PathBuf>,
    key: Option<PublicKey>,
    expected: Option<Expected>,
    json: bool,
    common: &Common,
) -> Result<(), Failure> {
    let config = common.load()?;
    let path = match path {
        Some(path) => path,
        None => folder(&config)?,
    };
    // Whose key it is matters more than that there is one: another machine's is none for this trail.
    let own = || {
        SigningKey::load(&key_file(&config))
            .ok()
            .flatten()
            .map(|key| key.public())
    };
    let known = Verify {
        key: key.or_else(own),
        expected,
        patience: Duration::from_millis(200),
    };
    let mut progress = Progress::new();
    let done = verify(&path, &known, &mut |bytes| {
        progress.at(|| format!("{bytes} bytes of a file"));
    });
    match done.map_err(Failure::other)? {
        Ok(verified) => {
            show_verified(&verified, &known, json);
            Ok(())
        }
        Err(broken) => {
            if json {
                output::json(&json!({ "verified": false, "broken": broken_json(&broken) }));
            }
            Err(anyhow::anyhow!("{broken}").into())
        }
    }
}

fn broken_json(broken: &Broken) -> serde_json::Value {
    json!({
        "seq": broken.seq,
        "file": broken.file,
        "line": broken.line,
        "fault": broken.fault.as_str(),
        "note": broken.note,
    })
}

fn show_verified(it: &Verified, known: &Verify, json: bool) {
    let signed = it.signed.map(|(seq, hash)| format!("{seq}:{hash}"));
    if json {
        output::json(&json!({
            "verified": true,
            "entries": it.entries,
            "blotted": it.blotted,
            "gaps": it.gaps,
            "from": it.from,
            "until": it.until,
            "first": it.first,
            "last": it.last,
            "unsigned": it.unsigned,
            "checkpoint": signed,
            "key": it.key.map(|key| key.to_string()),
            "key_known": known.key.is_some(),
            "segments": it.segments,
        }));
        return;
    }
    match (&it.from, &it.until) {
        (Some(from), Some(until)) => say!(
            "{} entries from {from} to {until}: as they were written.",
            it.entries
        ),
        _ => say!("No entries yet."),
    }
    if it.blotted > 0 {
        say!("{} of them are blotted out.", it.blotted);
    }
    if it.gaps > 0 {
        say!("{} of them say that the journal had a gap.", it.gaps);
    }
    if it.first > 1 {
        say!(
            "Lines before number {} were kept long enough and are gone.",
            it.first
        );
    }
    if let Some(signed) = signed {
        say!(
            "Last signed line {signed}; {} after it are not signed yet.",
            it.unsigned
        );
    }
    if known.key.is_none() {
        say!("The key is the trail's own word; give the one you know with --key.");
    }
}

impl Export {
    fn run(self) -> Result<(), Failure> {
        let config = self.common.load()?;
        let source = match (config.audit.sealed, config.audit.file) {
            (Some(folder), _) => Source::Trail(folder),
            (None, Some(file)) => Source::Lines(file),
            (None, None) => return Err(none()),
        };
        let filter = Filter {
            since: self.since,
            until: self.until,
            subject: self.subject,
            kinds: self.kinds,
        };
        let format = match self.format {
            Form::Jsonl => Format::Jsonl,
            Form::Csv => Format::Csv,
        };
        let to_stdout = self.output.is_none();
        let into: Box<dyn Write> = match &self.output {
            None => Box::new(std::io::stdout().lock()),
            Some(path) => Box::new(create(path)?),
        };
        let mut progress = Progress::new();
        let mut tell = |read: u64, of: u64| progress.at(|| format!("{} %", read * 100 / of.max(1)));
        let mut out = std::io::BufWriter::new(into);
        let exported = match export(&source, &filter, format, &mut out, &mut tell) {
            // A reader who has gone away (`| head`) has what it wanted.
            Err(cloakroom_audit::Error::Io { source, .. })
                if to_stdout && source.kind() == std::io::ErrorKind::BrokenPipe =>
            {
                return Ok(());
            }
            done => done.map_err(Failure::other)?,
        };
        if exported.unreadable > 0 {
            let lines = exported.unreadable;
            return Err(anyhow::anyhow!(
                "{lines} lines are no entries and were left out; `cloakroom audit verify` says more"
            )
            .into());
        }
        if let Some(path) = &self.output {
            eprintln!("{} entries in {}", exported.entries, path.display());
        }
        Ok(())
    }
}

/// A file for its owner alone; what was in it goes.
fn create(path: &std::path::Path) -> Result<std::fs::File, Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let failed =
        |error| Failure::Other(anyhow::Error::from(error).context(format!("writing {}", path.display())));
    options.open(path).map_err(failed)
}

async fn blot(subject: &str, json: bool, common: &Common) -> Result<(), Failure> {
    let config = common.load()?;
    let subject: Subject = subject
        .parse()
        .map_err(|error: cloakroom::MalformedName| Failure::Usage(error.to_string()))?;
    let (trail, file) = (config.audit.sealed.clone(), config.audit.file.clone());
    if trail.is_none() && file.is_none() {
        return Err(none());
    }
    wait_for_server(&config).await?;
    let blot = move || forget(trail.as_deref(), file.as_deref(), subject.as_str());
    let done = tokio::task::spawn_blocking(blot)
        .await
        .map_err(Failure::other)?
        .map_err(Failure::other)?;
    if json {
        output::json(&json!({ "sealed": done.sealed, "lines": done.lines }));
    } else {
        say!(
            "Blotted out {} entries of the sealed trail and {} JSON lines.",
            done.sealed,
            done.lines
        );
    }
    Ok(())
}

/// What happened before this moment is to be in the trail: otherwise it would come after, and stay.
async fn wait_for_server(config: &Config) -> Result<(), Failure> {
    let Some(folder) = &config.audit.sealed else {
        return Ok(());
    };
    if !Lock::is_held(&TrailOptions::lock(folder)) {
        return Ok(());
    }
    let store = cloakroom::open_store(config.store.expose())
        .await
        .map_err(Failure::other)?;
    if !catches_up(folder, &store, CATCH_UP).await {
        eprintln!(
            "cloakroom: the server has yet to write some of what happened before; run this again afterwards"
        );
    }
    Ok(())
}

fn show_key(json: bool, common: &Common) -> Result<(), Failure> {
    let config = common.load()?;
    let key =
        SigningKey::load_or_make(&key_file(&config), &(Arc::new(OsRandom) as _)).map_err(Failure::other)?;
    let key = key.public();
    if json {
        output::json(&json!({ "key": key.to_string() }));
    } else {
        say!("{key}");
    }
    Ok(())
}

fn checkpoint(json: bool, common: &Common) -> Result<(), Failure> {
    let folder = folder(&common.load()?)?;
    let last = Trail::last_signed(&folder).map_err(Failure::other)?;
    let last = last.ok_or_else(|| Failure::other(cloakroom_audit::Error::Nothing(folder)))?;
    if json {
        output::json(&json!({ "seq": last.seq, "hash": last.hash.to_string(), "at": last.at }));
    } else {
        say!("{}:{}", last.seq, last.hash);
    }
    Ok(())
}

fn folder(config: &Config) -> Result<PathBuf, Failure> {
    config.audit.sealed.clone().ok_or_else(none)
}

fn none() -> Failure {
    Failure::Usage("no audit trail is configured: set audit.sealed to a folder".to_owned())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(span) = text.parse::<Span>() {
        let ago = SystemClock.now().as_millis().saturating_sub(span.as_millis());
        return Ok(Timestamp::from_millis(ago));
    }
    let moment: Option<jiff::Timestamp> = text.parse().ok();
    let millis = moment.and_then(|moment| u64::try_from(moment.as_millisecond()).ok());
    millis.map(Timestamp::from_millis).ok_or_else(|| {
        "must be a time, as in 2026-11-21T16:00:00Z, or how long ago it was, as in 24h".to_owned()
    })
}

fn kind(text: &str) -> Result<String, String> {
    if text == EventJson::GAP || text.parse::<Kind>().is_ok() {
        return Ok(text.to_owned());
    }
    let kinds: Vec<&str> = Kind::ALL
        .iter()
        .map(|kind| kind.as_str())
        .chain([EventJson::GAP])
        .collect();
    Err(format!("must be one of {}", kinds.join(", ")))
}

/// Says how far it is, on standard error, every two seconds.
struct Progress(Instant);

impl Progress {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn at(&mut self, text: impl FnOnce() -> String) {
        if self.0.elapsed() >= Duration::from_secs(2) {
            self.0 = Instant::now();
            eprintln!("… {}", text());
        }
    }
}
