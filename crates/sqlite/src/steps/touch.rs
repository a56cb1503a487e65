//! "Seen at least then."

use super::{Tx, bytes};
use crate::errors::Outcome;
use crate::rows::millis;
use cloakroom_core::Touch;

/// Both times only ever grow, the deadline up to the absolute one. Answers for each whether it is still there.
pub(crate) fn touch(tx: &Tx<'_>, touches: &[Touch]) -> Outcome<Vec<bool>> {
    let mut update = tx.run(
        "UPDATE sessions SET seen_at = max(seen_at, ?2), deadline = max(deadline, min(?3, expires_at))
         WHERE key = ?1 AND (seen_at < ?2 OR deadline < min(?3, expires_at))",
    )?;
    let mut present = Vec::with_capacity(touches.len());
    for touch in touches {
        let changed = update.execute((bytes(&touch.key), millis(touch.seen_at), millis(touch.deadline)))?;
        present.push(changed > 0 || tx.is_live(&touch.key)?);
    }
    Ok(present)
}
