//! A new key for a session.

use super::Tx;
use super::swap::present;
use crate::errors::{Fault, Outcome};
use cloakroom_core::{Rotation, Write};

pub(crate) fn rotate(tx: &Tx<'_>, rotation: &Rotation) -> Outcome<Write> {
    let Rotation { to, swap, leave } = rotation;
    if to.bucket() != swap.key.bucket() || tx.is_taken(to)? {
        return Err(Fault::Refused(
            "a session can move only to a free key of its own bucket",
        ));
    }
    let present = match present(tx, swap)? {
        Ok(present) => present,
        Err(answer) => return Ok(answer),
    };
    tx.replace(&present, to, &swap.record, swap.deadline)?;
    if let Some(moved) = leave {
        tx.leave(&swap.key, moved)?;
    }
    tx.note(swap.kind, swap.key, &swap.record, &swap.cause)?;
    Ok(Write::Done)
}
