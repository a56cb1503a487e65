//! The server itself: who it is, and whether it can keep what it is given.

use crate::connection::address::ConnectError;
use crate::connection::link::Link;
use crate::connection::routes::Routes;
use crate::error::sort;
use crate::reply::Reply;
use cloakroom_core::{Finding, StoreError, Timestamp};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Clocks may be as far apart.
const SKEW: Duration = Duration::from_secs(5);

/// Its name and version.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    name: &'static str,
    version: String,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl Server {
    /// Asks who is there, and refuses what is too old for the scripts.
    pub(crate) async fn meet(link: &Arc<Link>, place: &str) -> Result<Self, ConnectError> {
        let info = Info::ask(link, "server")
            .await
            .map_err(|error| refusal(place, error))?;
        let version = info.get("redis_version").unwrap_or("unknown").to_owned();
        let major: u32 = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .unwrap_or(0);
        if major < 7 {
            return Err(ConnectError::TooOld {
                address: place.to_owned(),
                version,
            });
        }
        Ok(match info.get("valkey_version") {
            Some(version) => Self {
                name: "Valkey",
                version: version.to_owned(),
            },
            None => Self {
                name: "Redis",
                version,
            },
        })
    }
}

/// A failure of the first commands.
pub(crate) fn refusal(place: &str, error: StoreError) -> ConnectError {
    let address = place.to_owned();
    match error {
        StoreError::Unavailable(source) => ConnectError::Unreachable { address, source },
        StoreError::Full(source) | StoreError::Refused(source) => ConnectError::Refused { address, source },
        error @ StoreError::Corrupt { .. } => ConnectError::Refused {
            address,
            source: Box::new(error),
        },
    }
}

/// Looks at every primary. What is the matter with several is told once, with their addresses.
pub(crate) async fn examine_all(
    routes: &Routes,
    wanted: u32,
    now: Timestamp,
) -> Result<Vec<Finding>, StoreError> {
    let primaries = routes.primaries().await?;
    let many = primaries.len() > 1;
    let mut all: Vec<(Finding, Vec<String>)> = Vec::new();
    for (link, _) in &primaries {
        let address = link.address().unwrap_or_default();
        for finding in examine(link, wanted, now).await? {
            match all.iter_mut().find(|(known, _)| *known == finding) {
                Some((_, at)) => at.push(address.clone()),
                None => all.push((finding, vec![address.clone()])),
            }
        }
    }
    let told = all.into_iter().map(|(mut finding, at)| {
        if many {
            finding.what = format!("{} ({})", finding.what, at.join(", "));
        }
        finding
    });
    Ok(told.collect())
}

/// Looks for what breaks a promise or is worth knowing.
async fn examine(link: &Arc<Link>, wanted: u32, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
    let memory = Info::ask(link, "memory").await?;
    let persistence = Info::ask(link, "persistence").await?;
    let replication = Info::ask(link, "replication").await?;
    let least = setting(link, "min-replicas-to-write").await?;
    let clock = time(link).await?;
    let snapshots = setting(link, "save").await?.map(|plan| !plan.is_empty());
    let found = [
        role(&replication),
        eviction(&memory),
        persistence_of(&persistence, snapshots),
        replicas(&replication),
        too_few_replicas(&replication, wanted),
        none_awaited(&replication, wanted),
        unawaited(&replication, wanted).filter(|_| link.target().question_of_heirs().is_none()),
        unfenced(&replication, least.as_deref()),
        skew(clock, now),
    ];
    Ok(found.into_iter().flatten().collect())
}

fn finding(grave: bool, what: impl Into<String>, mend: &str) -> Finding {
    Finding {
        grave,
        what: what.into(),
        mend: mend.to_owned(),
    }
}

fn role(replication: &Info) -> Option<Finding> {
    let what = "the server is a replica and takes no writes";
    let mend = "Put the primary's address into the URL.";
    (replication.get("role") == Some("slave")).then(|| finding(true, what, mend))
}

fn eviction(memory: &Info) -> Option<Finding> {
    let policy = memory
        .get("maxmemory_policy")
        .filter(|policy| *policy != "noeviction")?;
    let what = match memory.get("maxmemory") {
        // Nothing is evicted yet, but whoever sets a limit later will not think of this.
        Some("0") => format!("maxmemory-policy is {policy}: with a maxmemory, sessions would be forgotten"),
        _ => format!(
            "maxmemory-policy is {policy}: when memory runs short, sessions and what was revoked are forgotten"
        ),
    };
    let mend = "Set `maxmemory-policy noeviction`, and `maxmemory` to what the machine can spare.";
    Some(finding(true, what, mend))
}

fn persistence_of(persistence: &Info, snapshots: Option<bool>) -> Option<Finding> {
    if persistence.get("aof_enabled") == Some("1") {
        let what = "the server can not write its append-only file";
        let broken = persistence.get("aof_last_write_status") == Some("err");
        return broken.then(|| finding(true, what, "Look for a full disk."));
    }
    let (grave, what) = match snapshots {
        Some(true) => (
            true,
            "the server keeps snapshots alone: a crash brings back sessions that were ended since the last one",
        ),
        Some(false) => (
            false,
            "the server keeps nothing on disk: a restart logs everybody out",
        ),
        None => (
            false,
            "the server keeps no append-only file: a crash logs people out, or brings back sessions that were ended",
        ),
    };
    let mend = "Set `appendonly yes`; `appendfsync everysec` loses at most a second in a crash.";
    Some(finding(grave, what, mend))
}

fn replicas(replication: &Info) -> Option<Finding> {
    let alone = replication.get("role") == Some("master") && replication.get("connected_slaves") == Some("0");
    let what = "the server has no replica: while it is down, nobody can be checked";
    let mend = "Add a replica, and Sentinel or Cluster to fail over.";
    alone.then(|| finding(false, what, mend))
}

fn connected(replication: &Info) -> u32 {
    let count = replication.get("connected_slaves");
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Whether enough replicas are there for what an ending waits for.
fn too_few_replicas(replication: &Info, wanted: u32) -> Option<Finding> {
    let connected = connected(replication);
    let what = format!(
        "endings wait for {wanted} replicas (`replicas` in the store's URL), and {connected} are connected"
    );
    let mend = "Connect more replicas, or wait for fewer: until then every ending is on the primary only.";
    (connected < wanted).then(|| finding(true, what, mend))
}

/// Whether endings are done when the primary alone has them, although there are replicas.
fn none_awaited(replication: &Info, wanted: u32) -> Option<Finding> {
    let what = "endings do not wait for replicas: one that takes over may not have heard of the last ones until a node has said \
                them again";
    let mend = "Put `?replicas=1` into the store's URL.";
    (wanted == 0 && connected(replication) > 0).then(|| finding(false, what, mend))
}

/// Whether a replica may take over that an ending did not wait for.
fn unawaited(replication: &Info, wanted: u32) -> Option<Finding> {
    let connected = connected(replication);
    let what = format!(
        "endings wait for {wanted} of {connected} replicas: should another one take over, what was ended comes back until a \
         node has said it again"
    );
    let mend = "Set `replicas` in the store's URL to how many there are.";
    (wanted > 0 && connected > wanted).then(|| finding(false, what, mend))
}

/// A primary with replicas that goes on writing when it has lost them: it may have been replaced and not know.
fn unfenced(replication: &Info, least: Option<&str>) -> Option<Finding> {
    let replicated = replication
        .get("connected_slaves")
        .is_some_and(|count| count != "0");
    let what = "min-replicas-to-write is 0: a primary that was cut off and replaced goes on confirming what it knows, so a \
                near cache on its side accepts what has been revoked on the other";
    let mend = "Set `min-replicas-to-write 1` and `min-replicas-max-lag 10`, or less.";
    (replicated && least == Some("0")).then(|| finding(true, what, mend))
}

/// What the server's clock says; nothing if not everybody may ask.
async fn time(link: &Arc<Link>) -> Result<Option<Timestamp>, StoreError> {
    match link.send(&redis::cmd("TIME")).await.map_err(sort) {
        Ok(answer) => {
            let seconds = Reply::new("examine", answer).many()?.into_iter().next();
            let seconds = seconds.map(Reply::number).transpose()?;
            Ok(seconds.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000))))
        }
        Err(StoreError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether two clocks are so far apart that deadlines come early on one machine. The server tells whole seconds.
fn skew(clock: Option<Timestamp>, now: Timestamp) -> Option<Finding> {
    let clock = clock?;
    let apart = clock.since(now).max(now.since(clock));
    let what = format!(
        "the clocks of this machine and of the server are {} seconds apart: deadlines come early on one machine and late on another",
        apart.as_secs()
    );
    let mend = "Keep all machines right with NTP (chrony, systemd-timesyncd).";
    (apart > SKEW).then(|| finding(true, what, mend))
}

/// What a setting is; nothing if the server does not tell.
async fn setting(link: &Arc<Link>, name: &str) -> Result<Option<String>, StoreError> {
    let asking = redis::cmd("CONFIG").arg("GET").arg(name).take();
    match link.send(&asking).await.map_err(sort) {
        Ok(value) => {
            let pair = value.into_map_iter().ok().and_then(|mut pairs| pairs.next());
            let value = pair.and_then(|(_, value)| Reply::new("examine", value).bytes().ok().flatten());
            Ok(value.and_then(|value| String::from_utf8(value).ok()))
        }
        // Not everybody may read the configuration, and hosted servers have no such command.
        Err(StoreError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A section of `INFO`.
struct Info(String);

impl Info {
    async fn ask(link: &Arc<Link>, section: &str) -> Result<Self, StoreError> {
        let value = link.send(redis::cmd("INFO").arg(section)).await.map_err(sort)?;
        let text = match value {
            redis::Value::VerbatimString { text, .. } => text,
            value => {
                let bytes = Reply::new("examine", value).bytes()?.unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        Ok(Self(text))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &str) -> Info {
        Info(text.replace('\n', "\r\n"))
    }

    #[test]
    fn an_evicting_server_is_a_grave_finding() {
        assert_eq!(
            eviction(&info("maxmemory:0\nmaxmemory_policy:noeviction\n")),
            None
        );
        assert!(
            eviction(&info("maxmemory:100\nmaxmemory_policy:allkeys-lru\n"))
                .unwrap()
                .grave
        );
    }

    #[test]
    fn snapshots_alone_are_worse_than_nothing() {
        let off = info("aof_enabled:0\n");
        assert_eq!(
            persistence_of(&info("aof_enabled:1\naof_last_write_status:ok\n"), Some(true)),
            None
        );
        assert!(persistence_of(&off, Some(true)).unwrap().grave);
        assert!(!persistence_of(&off, Some(false)).unwrap().grave);
        assert!(!persistence_of(&off, None).unwrap().grave);
    }

    #[test]
    fn a_replica_is_a_grave_finding_and_having_none_is_worth_knowing() {
        assert!(role(&info("role:slave\n")).unwrap().grave);
        assert!(
            !replicas(&info("role:master\nconnected_slaves:0\n"))
                .unwrap()
                .grave
        );
        assert_eq!(replicas(&info("role:master\nconnected_slaves:1\n")), None);
    }

    #[test]
    fn clocks_that_are_far_apart_are_a_grave_finding() {
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        assert_eq!(skew(Some(at(100)), at(105)), None);
        assert!(
            skew(Some(at(100)), at(106))
                .unwrap()
                .what
                .contains("6 seconds apart")
        );
        assert!(skew(Some(at(106)), at(100)).unwrap().grave);
        assert_eq!(skew(None, at(100)), None);
    }

    #[test]
    fn replicas_that_are_waited_for_and_a_primary_that_does_not_know_when_it_is_alone_are_grave_findings() {
        let one = info("role:master\nconnected_slaves:1\n");
        assert!(too_few_replicas(&one, 2).unwrap().grave);
        assert_eq!(too_few_replicas(&one, 1), None);
        assert!(!none_awaited(&one, 0).unwrap().grave);
        assert_eq!(none_awaited(&one, 1), None);
        let two = info("role:master\nconnected_slaves:2\n");
        assert!(!unawaited(&two, 1).unwrap().grave);
        assert_eq!(unawaited(&two, 2), None);
        assert_eq!(unawaited(&two, 0), None, "that none is waited for is told");
        assert!(unfenced(&one, Some("0")).unwrap().grave);
        assert_eq!(unfenced(&one, Some("1")), None);
        assert_eq!(unfenced(&one, None), None, "not everybody may ask");
        assert_eq!(
            unfenced(&info("role:master\nconnected_slaves:0\n"), Some("0")),
            None
        );
    }
}
