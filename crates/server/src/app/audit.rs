//! The audit trail of a running server: which sinks follow the journal, and how they are doing.

use super::metrics::{counter, gauge};
use crate::config::{self, Config};
use cloakroom::{Clock as _, Finding, OsRandom, Position, Store, SystemClock};
use cloakroom_audit::{
    Following, Lines, LinesOptions, Lock, Log, SigningKey, State, Trail, TrailOptions, follow,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a stopping server waits for what the journal still has to be written.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often they look.
const LOOK: Duration = Duration::from_millis(100);
/// How long `doctor` waits for a trail to get on.
const GETTING_ON: Duration = Duration::from_secs(3);

/// The sinks, each with a place of its own in the journal, so that one which fails holds up no other.
#[derive(Debug, Default)]
pub struct Audit(Vec<Following>);

impl Audit {
    /// Starts what is configured.
    #[must_use]
    pub fn follow(config: &Config, store: &Arc<dyn Store>) -> Self {
        let set = &config.audit;
        let mut sinks = Vec::new();
        if let Some(options) = sealed(config) {
            let open = move || Trail::open(options.clone(), Arc::new(OsRandom), SystemClock.now());
            sinks.push(follow("sealed", store.clone(), Arc::new(SystemClock), open));
        }
        if let Some(options) = lines(set) {
            let open = move || Lines::open(options.clone(), SystemClock.now());
            sinks.push(follow("file", store.clone(), Arc::new(SystemClock), open));
        }
        if set.log {
            let state = config.data_dir.join("audit-log.state");
            let open = move || Log::open(&state);
            sinks.push(follow("log", store.clone(), Arc::new(SystemClock), open));
        }
        Self(sinks)
    }

    /// Writes what the journal still has, and signs it.
    pub async fn stop(&self) {
        for sink in &self.0 {
            sink.stop(PATIENCE).await;
        }
    }

    /// In Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        for Following { name, status, .. } in &self.0 {
            let state = status.state();
            let is = |is: bool| u8::from(is);
            let help = "Events written to this sink of the audit trail.";
            counter(&mut text, &format!("audit_{name}_events"), help, status.written());
            let help = "Attempts to write this sink of the audit trail that failed.";
            counter(
                &mut text,
                &format!("audit_{name}_failures"),
                help,
                status.failures(),
            );
            let help = "Times that entries were gone from the journal before this sink had them.";
            counter(&mut text, &format!("audit_{name}_gaps"), help, status.gaps());
            let help = "Whether this sink of the audit trail can be written, here or by another server.";
            let up = !matches!(state, State::Failing(_));
            gauge(&mut text, &format!("audit_{name}_up"), help, is(up));
            let help = "Whether another server on the same folder writes, and this one stands by.";
            let standing_by = state == State::StandingBy;
            gauge(
                &mut text,
                &format!("audit_{name}_standing_by"),
                help,
                is(standing_by),
            );
        }
        text
    }
}

/// The file of the key that signs.
#[must_use]
pub fn key_file(config: &Config) -> PathBuf {
    config.data_dir.join("audit.key")
}

/// The sealed trail, if there is to be one.
#[must_use]
pub fn sealed(config: &Config) -> Option<TrailOptions> {
    let folder = config.audit.sealed.clone()?;
    Some(TrailOptions {
        rotate: config.audit.rotate.0,
        retain: config.audit.retain.map(Into::into),
        announce: config.audit.log,
        ..TrailOptions::new(folder, key_file(config))
    })
}

fn lines(set: &config::Audit) -> Option<LinesOptions> {
    Some(LinesOptions {
        file: set.file.clone()?,
        rotate: set.rotate.0,
        keep: set.keep,
    })
}

/// What `doctor` finds about the sealed trail.
pub async fn findings(config: &Config) -> Vec<Finding> {
    let Some(folder) = config.audit.sealed.clone().filter(|folder| folder.exists()) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let finding = |what: String, mend: &str| Finding {
        grave: true,
        what,
        mend: mend.to_owned(),
    };
    if let Err(error) = probe(&folder) {
        findings.push(finding(
            format!("the audit trail in {} can not be written: {error}", folder.display()),
            "Make room on the disk, or correct its owner; the server tries again by itself and skips nothing.",
        ));
    }
    if let Err(error) = SigningKey::load(&key_file(config)) {
        findings.push(finding(
            format!("the key of the audit trail can not be read: {error}"),
            "Correct its owner and permissions, or restore it.",
        ));
    }
    if Lock::is_held(&TrailOptions::lock(&folder))
        && let Ok(store) = cloakroom::open_store(config.store.expose()).await
        && !gets_on(&folder, &store).await
    {
        findings.push(finding(
            "the audit trail is behind the journal and does not get on".to_owned(),
            "Look at the server's log for why it can not be written; what the journal forgets meanwhile is missing.",
        ));
    }
    findings
}

/// Where in the journal the trail stands.
async fn position(folder: &Path) -> Option<Position> {
    let folder = folder.to_owned();
    let look = move || {
        Trail::last_signed(&folder)
            .ok()
            .flatten()
            .map(|last| last.position)
    };
    tokio::task::spawn_blocking(look).await.ok().flatten()
}

/// Whether nothing in the journal comes after this place.
async fn is_end(store: &Arc<dyn Store>, place: &Position) -> bool {
    let page = store.journal(place, 1, Duration::ZERO).await;
    page.is_ok_and(|page| page.entries.is_empty() && !page.gap)
}

/// Whether the trail has everything, or gets on while one looks.
async fn gets_on(folder: &Path, store: &Arc<dyn Store>) -> bool {
    let before = position(folder).await;
    let reached = async {
        loop {
            let now = position(folder).await;
            match &now {
                Some(place) if now != before || is_end(store, place).await => return,
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::time::timeout(GETTING_ON, reached).await.is_ok()
}

/// Whether the trail has, within this time, everything that the journal has at this moment.
pub async fn catches_up(folder: &Path, store: &Arc<dyn Store>, patience: Duration) -> bool {
    let Ok(end) = store.journal_end().await else {
        return false;
    };
    let reached = async {
        loop {
            match position(folder).await {
                Some(place) if place.reached(&end) || is_end(store, &place).await => return,
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::time::timeout(patience, reached).await.is_ok()
}

/// Writes a little and removes it again.
fn probe(folder: &Path) -> std::io::Result<()> {
    let path = folder.join("probe");
    let written = std::fs::write(&path, [0; 4096]).and_then(|()| std::fs::File::open(&path)?.sync_all());
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}
