//! What a record is worth at a moment: one pure function, no I/O.

use crate::binding::{Mismatch, Reaction};
use crate::client::Client;
use crate::policy::Policy;
use crate::record::{Epoch, Record, TokenState};
use crate::time::Timestamp;

/// What a record is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a verdict that is not looked at lets everybody in"]
pub enum Verdict {
    /// It is good.
    Alive(Alive),
    /// It is not, and why.
    Dead(Death),
}

/// What a good record needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alive {
    /// It was last marked as seen longer ago than `touch_every`.
    pub stale: bool,
    /// Its token is due for renewal.
    pub renew: bool,
    /// Its token was offered by renewal and is used for the first time.
    pub confirm: bool,
    /// It is used from elsewhere; an event is due and the new client becomes the usual one.
    pub moved: Option<Mismatch>,
    /// It is used from elsewhere, or was challenged, and is good for nothing but proving anew who its user is.
    pub step_up: Option<Mismatch>,
}

impl Alive {
    /// Whether nothing has to be written but that it was seen.
    pub(crate) const fn wants_only_a_touch(&self) -> bool {
        self.stale && !self.renew && !self.confirm && self.moved.is_none()
    }

    /// Whether nothing has to be written: so it is for nearly every request.
    pub(crate) const fn wants_nothing(&self) -> bool {
        !self.stale && !self.renew && !self.confirm && self.moved.is_none()
    }
}

/// Why a record is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Nobody used it for the idle timeout.
    Idle,
    /// It reached the absolute deadline.
    Absolute,
    /// The subject was logged out everywhere since.
    Epoch,
    /// It is used from elsewhere, and the policy ends such sessions.
    Binding(Mismatch),
}

impl Policy {
    /// Judges `record` for `client` at `now`. `epoch` is the subject's present one, where the caller knows it.
    pub fn judge(&self, record: &Record, client: &Client, epoch: Option<Epoch>, now: Timestamp) -> Verdict {
        let remember = record.identity.as_ref().is_some_and(|who| who.remember);
        if now >= record.expires_at {
            return Verdict::Dead(Death::Absolute);
        }
        if now.since(record.seen_at) >= self.lifetime(remember).idle() {
            return Verdict::Dead(Death::Idle);
        }
        if let (Some(epoch), Some(who)) = (epoch, &record.identity)
            && who.epoch < epoch
        {
            return Verdict::Dead(Death::Epoch);
        }
        let (mismatch, reaction) = match record.identity {
            Some(_) => self.binding().compare(&record.client, client),
            None => (Mismatch::default(), Reaction::Ignore),
        };
        if reaction == Reaction::End {
            return Verdict::Dead(Death::Binding(mismatch));
        }
        let challenged = record.challenged && record.identity.is_some();
        let confirmed = record.token != TokenState::Offered;
        let old = self
            .renew_after()
            .is_some_and(|after| now.since(record.token_at) >= after);
        Verdict::Alive(Alive {
            stale: now.since(record.seen_at) >= self.touch_every(),
            renew: confirmed && (old || record.renew_now),
            confirm: !confirmed,
            moved: (reaction == Reaction::Log && !challenged).then_some(mismatch),
            step_up: (reaction == Reaction::StepUp || challenged).then_some(Mismatch {
                challenged,
                ..mismatch
            }),
        })
    }
}
