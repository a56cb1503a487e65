//! "Seen at least then."

use super::{Tx, bytes};
use crate::errors::Outcome;
use crate::place::place;
use crate::rows::millis;
use cloakroom_core::Touch;

/// Both times only ever grow, the deadline up to the absolute one. Answers for each whether it is still there.
pub(crate) fn touch(tx: &Tx<'_>, touches: &[Touch]) -> Outcome<Vec<bool>> {
    let mut update = tx.run(
        "UPDATE sessions SET seen_at = max(seen_at, ?3), deadline = max(deadline, min(?4, expires_at))
         WHERE place = ?1 AND key = ?2 AND (seen_at < ?3 OR deadline < min(?4, expires_at))",
    )?;
    let mut present = Vec::with_capacity(touches.len());
    for touch in touches {
        let changed = update.execute((
            place(&touch.key),
            bytes(&touch.key),
            millis(touch.seen_at),
            millis(touch.deadline),
        ))?;
        present.push(changed > 0 || tx.is_live(&touch.key)?);
    }
    Ok(present)
}
