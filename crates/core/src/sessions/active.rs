//! A session in the hands of a request.

use crate::binding::Mismatch;
use crate::data::{Data, DataError};
use crate::id::SessionId;
use crate::key::Key;
use crate::policy::Policy;
use crate::random::{Random, RandomError};
use crate::record::Record;
use crate::seal::{self, Purpose};
use crate::store::Found;
use crate::subject::{Subject, Word};
use crate::time::Timestamp;
use crate::token::Token;
use std::sync::Arc;

/// A session that was judged alive, with the token that opens its data.
#[derive(Clone, Debug)]
pub struct Active {
    token: Token,
    found: Arc<Found>,
    step_up: Option<Mismatch>,
    reissued: bool,
}

impl Active {
    pub(super) fn new(token: Token, record: Record) -> Self {
        let key = token.key();
        Self::at(token, Found { key, record }.into())
    }

    /// Where the record stands under the token's key already.
    pub(super) fn at(token: Token, found: Arc<Found>) -> Self {
        Self {
            token,
            found,
            step_up: None,
            reissued: false,
        }
    }

    /// The client does not hold this token yet.
    pub(super) fn reissued(mut self) -> Self {
        self.reissued = true;
        self
    }

    pub(super) fn wanting_step_up(mut self, mismatch: Option<Mismatch>) -> Self {
        self.step_up = mismatch;
        self
    }

    /// Its token. Send it to the client if it is [`is_new_token`](Self::is_new_token).
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Whether the client has yet to be given the token.
    #[must_use]
    pub fn is_new_token(&self) -> bool {
        self.reissued
    }

    /// Where it is kept.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.found.key
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.found.record
    }

    pub(super) fn found(&self) -> &Arc<Found> {
        &self.found
    }

    /// Its public handle.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.found.record.id
    }

    /// Who is logged in.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.found.record.subject()
    }

    /// What they may do.
    #[must_use]
    pub fn roles(&self) -> &[Word] {
        self.found.record.identity.as_ref().map_or(&[], |who| &who.roles)
    }

    /// What changed about the client, if the policy wants the user to prove anew who they are before anything else.
    #[must_use]
    pub fn mismatch(&self) -> Option<Mismatch> {
        self.step_up
    }

    /// Whether the user authenticated recently enough for sensitive acts.
    #[must_use]
    pub fn is_fresh(&self, policy: &Policy, now: Timestamp) -> bool {
        self.found.record.is_fresh(policy.step_up_within(), now)
    }

    /// The application data, opened with the token.
    pub fn data(&self) -> Result<Data, DataError> {
        let Some(sealed) = &self.found.record.sealed else {
            return Ok(Data::default());
        };
        let plain = seal::open(&self.token, Purpose::Data, self.found.record.id, sealed)
            .map_err(|_| DataError::Damaged)?;
        Data::decode(&plain)
    }
}

/// Seals data for a record under the token that will be its own.
pub(super) fn seal_data(
    data: &Data,
    token: &Token,
    id: SessionId,
    random: &dyn Random,
) -> Result<Option<Box<[u8]>>, RandomError> {
    if data.is_empty() {
        return Ok(None);
    }
    seal::seal(token, Purpose::Data, id, &data.encode(), random).map(Some)
}
