//! A new version of a record under the same key.

use super::{Session, Tx};
use crate::errors::Outcome;
use cloakroom_core::{Swap, Write};

pub(crate) fn swap(tx: &Tx<'_>, swap: &Swap) -> Outcome<Write> {
    let present = match present(tx, swap)? {
        Ok(present) => present,
        Err(answer) => return Ok(answer),
    };
    tx.replace(&present, &swap.key, &swap.record, swap.deadline)?;
    tx.note(swap.kind, swap.key, &swap.record, &swap.cause)?;
    Ok(Write::Done)
}

/// The session that a write is based on, or the answer to a write that comes too late.
pub(super) fn present(tx: &Tx<'_>, swap: &Swap) -> Outcome<Result<Session, Write>> {
    if let Some(session) = tx.session(swap.key)? {
        let current = session.record.revision == swap.expected;
        return Ok(if current {
            Ok(session)
        } else {
            Err(Write::Conflict)
        });
    }
    Ok(Err(if tx.has_moved(&swap.key)? {
        Write::Conflict
    } else {
        Write::Gone
    }))
}
