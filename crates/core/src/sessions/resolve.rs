//! The check that every request makes.

use super::locate::{Located, Way};
use super::{Active, SessionError, Sessions, TRIES};
use crate::client::Client;
use crate::data::DataError;
use crate::event::{CloseReason, Kind};
use crate::judge::{Alive, Death, Verdict};
use crate::key::Key;
use crate::near::Ticket;
use crate::record::{Record, Slot, TokenState};
use crate::store::{Found, StoreError, Swap, Touch, Write};
use crate::time::Timestamp;
use crate::token::Token;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Whether a request shows that the user is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// It does: the session counts as used, and its token may be renewed.
    #[default]
    User,
    /// It does not: a page polling in the background (NIST SP 800-63B §5.2 speaks of activity by the subscriber).
    Background,
}

/// What a pass over a record came to.
enum Pass {
    Settled(Option<Active>),
    /// Somebody wrote in between.
    Again,
}

/// What a record came to without waiting for anything.
enum Weighed {
    /// It is good, and nothing is to be written: so it is for nearly every request.
    Good(Active),
    /// It is good, and something is to be written.
    Due(Located, Alive),
    Dead(Located, Death),
}

impl Sessions {
    /// The session that a token opens for this client now; nothing if there is none, for whatever reason.
    ///
    /// One round trip to the store at most; none if a near cache holds the session. A write comes with it at most once in
    /// `touch_every`, when a token is renewed or first used, and when the client changed.
    pub async fn resolve(
        &self,
        token: &Token,
        client: &Client,
        activity: Activity,
    ) -> Result<Option<Active>, SessionError> {
        match self.glance(token, client, activity) {
            Some(active) => Ok(Some(active)),
            None => self.resolve_strictly(token, client, activity).await,
        }
    }

    /// As [`resolve`](Self::resolve), but the store is asked whatever the near cache holds.
    pub async fn resolve_strictly(
        &self,
        token: &Token,
        client: &Client,
        activity: Activity,
    ) -> Result<Option<Active>, SessionError> {
        let key = token.key();
        for _ in 0..TRIES {
            let now = self.now();
            // Before the store is asked: what it says is only kept if nothing was to be forgotten meanwhile.
            let ticket = self.0.near.as_ref().map(|near| near.ticket(&key));
            // What is rarely done is put aside in a box, so that what every request waits for stays small.
            let rest: BoxFuture<'_, _> = match self.store().load(&key).await {
                Ok(Some(Slot::Live(record))) => {
                    let located = Located::by(token, Found { key, record });
                    match self.weigh(located, client, activity, ticket, now) {
                        Weighed::Good(active) => return Ok(Some(active)),
                        weighed => Box::pin(self.settle(weighed, client, ticket, now)),
                    }
                }
                loaded => Box::pin(self.pursue(token, key, loaded, client, activity, now)),
            };
            if let Pass::Settled(active) = rest.await? {
                return Ok(active);
            }
        }
        Err(SessionError::Contended)
    }

    /// Goes on from what is no session under its own key: to where that leads, if it leads anywhere.
    async fn pursue(
        &self,
        token: &Token,
        key: Key,
        loaded: Result<Option<Slot>, StoreError>,
        client: &Client,
        activity: Activity,
        now: Timestamp,
    ) -> Result<Pass, SessionError> {
        match self.lead(token, key, loaded, now).await? {
            Way::To(located) => {
                let weighed = self.weigh(located, client, activity, None, now);
                self.settle(weighed, client, None, now).await
            }
            Way::Nowhere => Ok(Pass::Settled(None)),
            Way::Reused(key) => {
                self.reused(&key, now).await?;
                Ok(Pass::Settled(None))
            }
        }
    }

    /// Does what a record calls for.
    async fn settle(
        &self,
        weighed: Weighed,
        client: &Client,
        ticket: Option<Ticket>,
        now: Timestamp,
    ) -> Result<Pass, SessionError> {
        match weighed {
            Weighed::Good(active) => Ok(Pass::Settled(Some(active))),
            Weighed::Due(located, alive) => {
                let ticket = ticket.filter(|_| alive.wants_only_a_touch() && !located.offered);
                let pass = self.attend(located, alive, client, now).await?;
                if let Pass::Settled(Some(active)) = &pass {
                    self.keep_near(ticket, active.found());
                }
                Ok(pass)
            }
            Weighed::Dead(located, death) => {
                self.bury(&located, death, client).await?;
                Ok(Pass::Settled(None))
            }
        }
    }

    /// Judges what was read. The near cache keeps it if it wants nothing and came by its own token.
    fn weigh(
        &self,
        mut located: Located,
        client: &Client,
        activity: Activity,
        ticket: Option<Ticket>,
        now: Timestamp,
    ) -> Weighed {
        if let Some(near) = &self.0.near {
            near.share(&mut located.found);
        }
        match self.policy().judge(&located.found.record, client, None, now) {
            Verdict::Alive(alive) if alive.wants_nothing() || activity == Activity::Background => {
                self.keep_near(ticket.filter(|_| alive.wants_nothing()), &located.found);
                Weighed::Good(plain(located, alive))
            }
            Verdict::Alive(alive) => Weighed::Due(located, alive),
            Verdict::Dead(death) => Weighed::Dead(located, death),
        }
    }

    fn keep_near(&self, ticket: Option<Ticket>, found: &Arc<Found>) {
        if let (Some(near), Some(ticket)) = (&self.0.near, ticket) {
            near.fill(ticket, Arc::clone(found));
        }
    }

    /// The session that a token opens, for whoever asks on behalf of somebody else: nothing is written, and the client
    /// is taken to be the session's own.
    pub async fn introspect(&self, token: &Token) -> Result<Option<Active>, SessionError> {
        let now = self.now();
        let Way::To(located) = self.locate(token, now).await? else {
            return Ok(None);
        };
        match self
            .policy()
            .judge(&located.found.record, &located.found.record.client, None, now)
        {
            Verdict::Alive(alive) => Ok(Some(plain(located, alive))),
            Verdict::Dead(_) => Ok(None),
        }
    }

    /// Does what an alive record needs: at most one write.
    async fn attend(
        &self,
        located: Located,
        alive: Alive,
        client: &Client,
        now: Timestamp,
    ) -> Result<Pass, SessionError> {
        if located.offered {
            // An old token says nothing about who holds the new one; it is only told of it.
            return self.seen(located, alive, now).await;
        }
        if alive.renew && alive.step_up.is_none() {
            match Active::at(located.token.clone(), Arc::clone(&located.found)).data() {
                Ok(data) => {
                    return Ok(self
                        .renew(&located, &data, client, now)
                        .await?
                        .map_or(Pass::Again, |active| Pass::Settled(Some(active))));
                }
                // A new token would lose what is sealed under the old one for good.
                Err(DataError::Damaged) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if alive.confirm || alive.moved.is_some() {
            return self.adapt(located, alive, client, now).await;
        }
        self.seen(located, alive, now).await
    }

    /// Marks the session as seen, if that is due.
    async fn seen(&self, mut located: Located, alive: Alive, now: Timestamp) -> Result<Pass, SessionError> {
        if alive.stale {
            Arc::make_mut(&mut located.found).record.seen_at = now;
            let touch = Touch {
                key: located.found.key,
                seen_at: now,
                deadline: self.deadline(&located.found.record),
            };
            if self.store().touch(&[touch]).await? != [true] {
                return Ok(Pass::Again);
            }
        }
        Ok(Pass::Settled(Some(plain(located, alive))))
    }

    /// First use of a renewed token, or use from elsewhere where that is merely noted.
    async fn adapt(
        &self,
        located: Located,
        alive: Alive,
        client: &Client,
        now: Timestamp,
    ) -> Result<Pass, SessionError> {
        let Found { key, mut record } = Found::clone(&located.found);
        let expected = record.revision;
        record.revision = expected.next();
        record.seen_at = now;
        let mut cause = self.user(client);
        let mut kind = Kind::Updated;
        if alive.confirm {
            record.token = TokenState::Confirmed { at: Some(now) };
            cause = cause.saying("the renewed token was used for the first time");
        }
        if let Some(mismatch) = alive.moved {
            kind = Kind::BindingChanged;
            cause = cause.saying(format!("used with another {mismatch}"));
            record.client = client.clone();
        }
        let deadline = self.deadline(&record);
        let swap = Swap {
            key,
            expected,
            record,
            deadline,
            kind,
            cause,
        };
        match self.store().swap(&swap).await? {
            Write::Done => {
                let record = swap.record;
                let located = Located {
                    found: Found { key, record }.into(),
                    ..located
                };
                Ok(Pass::Settled(Some(plain(located, alive))))
            }
            Write::Conflict | Write::Gone => Ok(Pass::Again),
        }
    }

    /// Ends what was found dead, so that no node whose clock is behind takes it for alive.
    async fn bury(&self, located: &Located, death: Death, client: &Client) -> Result<(), SessionError> {
        let cause = self.cause(crate::event::Actor::System, client);
        let (reason, cause) = match death {
            Death::Idle => (CloseReason::Idle, cause),
            Death::Absolute => (CloseReason::Absolute, cause),
            Death::Epoch => (CloseReason::Revoked, cause),
            Death::Binding(mismatch) => (
                CloseReason::Binding,
                cause.saying(format!("used with another {mismatch}")),
            ),
        };
        self.close_wherever(&located.found.key, reason, &cause).await?;
        Ok(())
    }

    /// When inactivity would end a record.
    pub(super) fn deadline(&self, record: &Record) -> Timestamp {
        self.deadline_if_seen(record, record.seen_at)
    }

    /// When inactivity would end a record if it were last seen at this moment.
    pub(super) fn deadline_if_seen(&self, record: &Record, seen_at: Timestamp) -> Timestamp {
        let remember = record.identity.as_ref().is_some_and(|who| who.remember);
        let idle = self.policy().lifetime(remember).idle();
        (seen_at + idle).min(record.expires_at)
    }
}

pub(super) fn plain(located: Located, alive: Alive) -> Active {
    let offered = located.offered;
    let active = Active::at(located.token, located.found).wanting_step_up(alive.step_up);
    if offered { active.reissued() } else { active }
}
