//! What an operator should know about the file.

use crate::errors::Outcome;
use crate::file::Place;
use cloakroom_core::Finding;
use rusqlite::Connection;
use std::path::Path;

/// Files up to this size are checked whole: some 200 ms.
const CHECKED_WHOLE: u64 = 64 << 20;

/// Free space that is worth a word, and that is grave: 1 GiB and 64 MiB.
const LITTLE_SPACE: u64 = 1 << 30;
const NO_SPACE: u64 = 64 << 20;

pub(crate) fn examine(connection: &Connection, place: &Place) -> Outcome<Vec<Finding>> {
    place.check()?;
    let mut findings = Vec::new();
    findings.extend(log_mode(connection)?);
    findings.extend(integrity(connection, place)?);
    #[cfg(unix)]
    {
        findings.extend(permissions(&place.path));
        findings.extend(free_space(&place.path));
    }
    #[cfg(target_os = "linux")]
    findings.extend(network(&place.path));
    Ok(findings)
}

fn finding(grave: bool, what: String, mend: &str) -> Finding {
    Finding {
        grave,
        what,
        mend: mend.to_owned(),
    }
}

fn log_mode(connection: &Connection) -> Outcome<Option<Finding>> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    Ok((mode != "wal").then(|| {
        let what = format!("the file is in journal mode {mode}: checks wait for writes");
        finding(
            false,
            what,
            "restart; if that does not help, run `PRAGMA journal_mode = WAL`",
        )
    }))
}

/// Large files are left alone: reading all of one takes longer than anybody waits for this.
fn integrity(connection: &Connection, place: &Place) -> Outcome<Option<Finding>> {
    if std::fs::metadata(&place.path).is_ok_and(|file| file.len() > CHECKED_WHOLE) {
        return Ok(None);
    }
    let story: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((story != "ok").then(|| {
        let what = format!("the file is damaged: {story}");
        finding(
            true,
            what,
            "restore a backup, or rescue it with `.recover` of sqlite3",
        )
    }))
}

#[cfg(unix)]
fn permissions(path: &Path) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.permissions().mode() & 0o777);
    let mut findings = Vec::new();
    if let open @ 1.. = mode(path) & 0o077 {
        let what = format!(
            "others may use {} (mode has {open:03o}); it holds who is logged in",
            path.display()
        );
        findings.push(finding(
            true,
            what,
            "chmod 600, and the same for the -wal and -shm files beside it",
        ));
    }
    if let Some(folder) = path.parent()
        && mode(folder) & 0o022 != 0
    {
        let what = format!(
            "others may write in {}, so they can replace the file",
            folder.display()
        );
        findings.push(finding(
            true,
            what,
            "chmod go-w, or a folder of its own with mode 700",
        ));
    }
    findings
}

#[cfg(unix)]
fn free_space(path: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(path).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    (free < LITTLE_SPACE).then(|| {
        let what = format!("{} MiB are free on the disk of {}", free >> 20, path.display());
        finding(
            free < NO_SPACE,
            what,
            "make room: on a full disk nobody can log in or out",
        )
    })
}

/// Locks and shared memory do not work across machines, so two of them would damage the file.
#[cfg(target_os = "linux")]
#[allow(clippy::useless_conversion, reason = "the type differs by architecture")]
fn network(path: &Path) -> Option<Finding> {
    const NETWORKS: [(u32, &str); 7] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB2"),
        (0x0102_1997, "9P"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
    ];
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    let (_, name) = NETWORKS
        .iter()
        .find(|(magic, _)| i64::from(*magic) == i64::from(kind) & 0xffff_ffff)?;
    let what = format!("{} is on a network file system ({name})", path.display());
    Some(finding(
        true,
        what,
        "keep it on a local disk, or use Redis for several machines",
    ))
}
