//! What the processes on one file share: memos, and how much of a limit is spent.

use super::Tx;
use super::sweep::is_all;
use crate::errors::Outcome;
use crate::rows::{millis, moment};
use cloakroom_core::{Label, Memo, MemoWrite, Rate, Spend, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use std::time::Duration;

pub(crate) fn memo(connection: &Connection, label: &Label, now: Timestamp) -> Outcome<Option<Memo>> {
    let mut query = connection
        .prepare_cached("SELECT version, bytes FROM memos WHERE bucket = ?1 AND name = ?2 AND until > ?3")?;
    let read = query.query_row((label.bucket().0, label.as_str(), millis(now)), |row| {
        Ok(Memo {
            version: row.get::<_, i64>(0)?.cast_unsigned(),
            bytes: row.get(1)?,
        })
    });
    Ok(read.optional()?)
}

pub(crate) fn keep_memo(tx: &Tx<'_>, write: &MemoWrite) -> Outcome<Option<u64>> {
    let MemoWrite { label, now, .. } = write;
    let present = memo(tx.connection, label, *now)?.map(|memo| memo.version);
    if present != write.expected {
        return Ok(None);
    }
    let version = Memo::next_version(present, *now);
    tx.run("INSERT OR REPLACE INTO memos (bucket, name, version, until, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((
            label.bucket().0,
            label.as_str(),
            version.cast_signed(),
            millis(write.until),
            &write.bytes,
        ))?;
    if let Some(event) = &write.event {
        tx.journal(event)?;
    }
    Ok(Some(version))
}

pub(crate) fn spend(
    tx: &Tx<'_>,
    label: &Label,
    rate: Rate,
    spend: Spend,
    now: Timestamp,
) -> Outcome<Option<Duration>> {
    match rate.take(full_at(tx, label)?.unwrap_or_default(), now) {
        Ok(full_at) => {
            if spend == Spend::Take {
                put(tx, label, full_at)?;
            }
            Ok(None)
        }
        Err(wait) => Ok(Some(wait)),
    }
}

/// Forgets what has lapsed. Whether there may be more.
pub(super) fn forget(tx: &Tx<'_>, now: Timestamp, at_most: i64) -> Outcome<bool> {
    let mut more = false;
    for sql in [
        "DELETE FROM memos WHERE (bucket, name) IN
         (SELECT bucket, name FROM memos WHERE until <= ?1 ORDER BY until LIMIT ?2)",
        "DELETE FROM limits WHERE (bucket, name) IN
         (SELECT bucket, name FROM limits WHERE full_at <= ?1 ORDER BY full_at LIMIT ?2)",
    ] {
        more |= is_all(tx.run(sql)?.execute((millis(now), at_most))?, at_most);
    }
    Ok(more)
}

fn full_at(tx: &Tx<'_>, label: &Label) -> Outcome<Option<Timestamp>> {
    let mut query = tx.run("SELECT full_at FROM limits WHERE bucket = ?1 AND name = ?2")?;
    let mut rows = query.query((label.bucket().0, label.as_str()))?;
    rows.next()?.map(|row| Ok(moment(row, 0)?)).transpose()
}

fn put(tx: &Tx<'_>, label: &Label, full_at: Timestamp) -> Outcome<()> {
    tx.run("INSERT OR REPLACE INTO limits (bucket, name, full_at) VALUES (?1, ?2, ?3)")?
        .execute((label.bucket().0, label.as_str(), millis(full_at)))?;
    Ok(())
}
