//! From a token to the record: also by way of a token that was renewed.

use super::{SessionError, Sessions};
use crate::client::Client;
use crate::event::{Actor, Cause, CloseReason, Event, Kind};
use crate::key::Key;
use crate::record::{Moved, Slot, TokenState};
use crate::seal::{self, Purpose};
use crate::store::{Found, StoreError};
use crate::time::Timestamp;
use crate::token::Token;
use std::sync::Arc;

/// How many renewals an old token is followed through. More than two within one overlap is no honest client.
const HOPS: usize = 3;

/// A record and the token it is kept under.
pub(super) struct Located {
    pub token: Token,
    /// Shared, so that it is handed on without being copied.
    pub found: Arc<Found>,
    /// The client presented an older token: this one is to be offered.
    pub offered: bool,
}

impl Located {
    /// What stands under the presented token itself.
    pub(super) fn by(token: &Token, found: Found) -> Self {
        Self {
            token: token.clone(),
            found: found.into(),
            offered: false,
        }
    }
}

/// What a token leads to.
pub(super) enum Way {
    To(Located),
    Nowhere,
    /// It had been replaced long ago: two parties hold it, and one of them stole it. The session is on from this key.
    Reused(Key),
}

enum Step {
    On(Token, Moved),
    Done(Way),
}

impl Sessions {
    /// The record of a token, or of its successor while the overlap lasts. Changes nothing.
    pub(super) async fn locate(&self, token: &Token, now: Timestamp) -> Result<Way, SessionError> {
        let key = token.key();
        let loaded = self.store().load(&key).await;
        self.lead(token, key, loaded, now).await
    }

    /// Where it leads what was loaded under a token's key.
    pub(super) async fn lead(
        &self,
        token: &Token,
        key: Key,
        loaded: Result<Option<Slot>, StoreError>,
        now: Timestamp,
    ) -> Result<Way, SessionError> {
        let mut step = match self.readable(loaded).await? {
            None => return Ok(Way::Nowhere),
            Some(Slot::Live(record)) => {
                return Ok(Way::To(Located::by(token, Found { key, record })));
            }
            Some(Slot::Moved(moved)) => Step::On(token.clone(), moved),
        };
        for _ in 0..HOPS {
            step = match step {
                Step::On(token, moved) => Box::pin(self.follow(&token, &moved, now)).await?,
                Step::Done(way) => return Ok(way),
            };
        }
        Ok(match step {
            Step::Done(way) => way,
            Step::On(..) => Way::Nowhere,
        })
    }

    /// One step from a renewed token to its successor, if the old one is still good.
    async fn follow(&self, token: &Token, moved: &Moved, now: Timestamp) -> Result<Step, SessionError> {
        let Some(successor) = open_successor(token, moved) else {
            self.report_unreadable(&token.key(), "successor does not open")
                .await;
            return Ok(Step::Done(Way::Nowhere));
        };
        let good = |confirmed: Timestamp| now.since(confirmed) <= self.policy().renew_overlap();
        match self.read(&moved.to).await? {
            None => Ok(Step::Done(Way::Nowhere)),
            Some(Slot::Live(record)) => {
                let alive = match record.token {
                    TokenState::Offered => true,
                    TokenState::Confirmed { at } => at.is_some_and(good),
                };
                Ok(Step::Done(if alive {
                    Way::To(Located {
                        token: successor,
                        found: Found {
                            key: moved.to,
                            record,
                        }
                        .into(),
                        offered: true,
                    })
                } else {
                    Way::Reused(moved.to)
                }))
            }
            Some(Slot::Moved(next)) if next.confirmed_at.is_some_and(good) => Ok(Step::On(successor, next)),
            Some(Slot::Moved(_)) => Ok(Step::Done(Way::Reused(moved.to))),
        }
    }

    /// Ends a session one of whose tokens was shown after its overlap (RFC 9700 §4.14 does so for refresh tokens).
    pub(super) async fn reused(&self, key: &Key, now: Timestamp) -> Result<(), SessionError> {
        let cause = Cause {
            at: now,
            actor: Actor::System,
            ..Cause::default()
        }
        .saying("a token was used after its successor had replaced it");
        self.close_wherever(key, CloseReason::TokenReuse, &cause).await?;
        Ok(())
    }

    /// Loads a slot. What is unreadable is reported and counts as nothing: the client is refused as if there were no
    /// session, and the record stays as it is for whoever can read it.
    pub(super) async fn read(&self, key: &Key) -> Result<Option<Slot>, SessionError> {
        let loaded = self.store().load(key).await;
        self.readable(loaded).await
    }

    async fn readable(&self, loaded: Result<Option<Slot>, StoreError>) -> Result<Option<Slot>, SessionError> {
        match loaded {
            Ok(slot) => Ok(slot),
            Err(StoreError::Corrupt { key, source }) => {
                Box::pin(self.report_unreadable(&key, &source.to_string())).await;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn report_unreadable(&self, key: &Key, why: &str) {
        tracing::error!(?key, why, "a session record is unreadable");
        let cause = self.cause(Actor::System, &Client::default());
        let cause = cause.saying(format!("unreadable session record: {why}"));
        let mut event = Event::of(Kind::Alert, cause);
        event.key = Some(*key);
        self.note_or_warn(&event).await;
    }
}

pub(super) fn open_successor(token: &Token, moved: &Moved) -> Option<Token> {
    let bytes = seal::open(token, Purpose::Successor, moved.id, &moved.successor).ok()?;
    Token::from_bytes(&bytes).filter(|successor| successor.key() == moved.to)
}
