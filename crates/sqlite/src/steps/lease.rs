//! What the processes on one file agree on.

use super::Tx;
use crate::errors::Outcome;
use crate::rows::{millis, moment};
use cloakroom_core::{Agreement, Timestamp};
use rusqlite::OptionalExtension as _;
use std::time::Duration;

/// Agrees on a lease, by [`Agreement::next`].
pub(crate) fn lease(tx: &Tx<'_>, wanted: Duration, now: Timestamp) -> Outcome<Duration> {
    let present = tx
        .run("SELECT span, renewed_at FROM lease")?
        .query_row([], |row| {
            Ok(Agreement {
                lease: Duration::from_millis(row.get::<_, i64>(0)?.max(0).cast_unsigned()),
                renewed_at: moment(row, 1)?,
            })
        })
        .optional()?;
    let (lease, next) = Agreement::next(present, wanted, now);
    if let Some(next) = next {
        let span = i64::try_from(next.lease.as_millis()).unwrap_or(i64::MAX);
        tx.run("DELETE FROM lease")?.execute([])?;
        tx.run("INSERT INTO lease VALUES (?1, ?2)")?
            .execute([span, millis(next.renewed_at)])?;
    }
    Ok(lease)
}
