//! Renewal on a timer: a successor is offered, and confirmed by its first use.

use super::active::seal_data;
use super::locate::Located;
use super::{Active, SessionError, Sessions};
use crate::client::Client;
use crate::data::Data;
use crate::event::Kind;
use crate::record::{Moved, Record, TokenState};
use crate::seal::{self, Purpose};
use crate::store::{Rotation, Swap, Write};
use crate::time::Timestamp;
use crate::token::Token;

impl Sessions {
    /// Moves the record under a new token and leaves the way to it under the old one. Nothing if another request was
    /// faster: whoever reads again finds that one's successor, so there is ever only one.
    pub(super) async fn renew(
        &self,
        located: &Located,
        data: &Data,
        client: &Client,
        now: Timestamp,
    ) -> Result<Option<Active>, SessionError> {
        let old = &located.found.record;
        let token = Token::mint(located.found.key.bucket(), self.random())?;
        let mut record = Record::clone(old);
        record.revision = old.revision.next();
        record.seen_at = now;
        record.token_at = now;
        record.token = TokenState::Offered;
        record.renew_now = false;
        record.sealed = seal_data(data, &token, old.id, self.random())?;
        let successor = seal::seal(
            &located.token,
            Purpose::Successor,
            old.id,
            token.bytes(),
            self.random(),
        )?;
        let confirmed_at = match old.token {
            TokenState::Confirmed { at } => at,
            TokenState::Offered => None,
        };
        let leave = Moved {
            id: old.id,
            to: token.key(),
            successor,
            confirmed_at,
            expires_at: old.expires_at,
        };
        let deadline = self.deadline(&record);
        let key = located.found.key;
        let cause = self.user(client);
        let swap = Swap {
            key,
            expected: old.revision,
            record,
            deadline,
            kind: Kind::Renewed,
            cause,
        };
        let rotation = Rotation {
            to: token.key(),
            swap,
            leave: Some(leave),
        };
        match self.store().rotate(&rotation).await? {
            Write::Done => Ok(Some(Active::new(token, rotation.swap.record).reissued())),
            Write::Conflict | Write::Gone => Ok(None),
        }
    }
}
