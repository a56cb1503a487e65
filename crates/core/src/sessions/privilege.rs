//! Changes of privilege: each replaces the token, and the old one is dead at once (ASVS 7.2.4).

use super::active::seal_data;
use super::locate::open_successor;
use super::open::sorted;
use super::{Active, EndedOthers, SessionError, Sessions, TRIES};
use crate::client::Client;
use crate::event::{Actor, CloseReason, Kind};
use crate::id::SessionId;
use crate::record::{Identity, Record, Slot, TokenState};
use crate::store::{Rotation, Swap, Write};
use crate::subject::{Subject, Word};
use crate::token::Token;

impl Sessions {
    /// A new token for a session, for a change of privilege that this library knows nothing about.
    pub async fn rotate(&self, active: &Active, client: &Client) -> Result<Active, SessionError> {
        self.reissue(active, Kind::Rotated, client, |_| {}).await
    }

    /// The user has proved anew who they are. Freshness and the absolute deadline count from now (NIST SP 800-63B §5.2),
    /// and this client is the one that later requests are compared with.
    pub async fn step_up(
        &self,
        active: &Active,
        method: Word,
        client: &Client,
    ) -> Result<Active, SessionError> {
        let now = self.now();
        if active.subject().is_none() {
            return Err(SessionError::Anonymous);
        }
        let client_now = client.clone();
        let lifetimes = (self.policy().lifetime(false), self.policy().lifetime(true));
        self.reissue(active, Kind::Elevated, client, move |record| {
            record.client = client_now.clone();
            record.challenged = false;
            if let Some(who) = &mut record.identity {
                who.authenticated(now, [method.clone()]);
                let lifetime = if who.remember { lifetimes.1 } else { lifetimes.0 };
                record.expires_at = now + lifetime.absolute();
            }
        })
        .await
    }

    /// Gives the user of this session other roles, in this session.
    pub async fn change_roles(
        &self,
        active: &Active,
        roles: impl IntoIterator<Item = Word>,
        client: &Client,
    ) -> Result<Active, SessionError> {
        let roles = sorted(roles);
        if active.subject().is_none() {
            return Err(SessionError::Anonymous);
        }
        self.reissue(active, Kind::Rotated, client, move |record| {
            if let Some(who) = &mut record.identity {
                who.roles.clone_from(&roles);
            }
        })
        .await
    }

    /// Gives a subject other roles in all their sessions, from outside: each shows them at its next request, and gets a
    /// new token then. Answers how many sessions changed.
    pub async fn set_roles(
        &self,
        subject: &Subject,
        roles: impl IntoIterator<Item = Word>,
        actor: Actor,
    ) -> Result<usize, SessionError> {
        let roles = sorted(roles);
        let mut changed = 0;
        for found in self.store().list(subject).await? {
            let done = self
                .amend(found, &actor, |record| {
                    let who = record.identity.as_mut().filter(|who| who.roles != roles)?;
                    who.roles.clone_from(&roles);
                    record.renew_now = true;
                    Some("roles changed".to_owned())
                })
                .await?;
            changed += usize::from(done);
        }
        Ok(changed)
    }

    /// Demands a proof of who the user is: until they [`step_up`](Self::step_up), the session counts as nobody's. For what
    /// watches sessions and finds one used strangely. Answers whether anything changed; nothing does about a session that is
    /// gone, is nobody's, or is challenged already.
    pub async fn challenge(&self, id: &SessionId, actor: Actor, why: &str) -> Result<bool, SessionError> {
        let Some(found) = self.store().find(id).await? else {
            return Ok(false);
        };
        self.amend(found, &actor, |record| {
            let untouched = record.identity.is_some() && !record.challenged;
            untouched.then(|| {
                record.challenged = true;
                format!("a step-up is demanded: {why}")
            })
        })
        .await
    }

    /// The password or another credential changed: all other sessions end, and this one gets a new token (ASVS 7.4.3).
    pub async fn credentials_changed(
        &self,
        active: &Active,
        client: &Client,
    ) -> Result<EndedOthers, SessionError> {
        self.end_others_for(active, CloseReason::CredentialChange, client)
            .await
    }

    /// Moves a record under a new token that the client has yet to be given, changed by `change`.
    pub(super) async fn reissue(
        &self,
        active: &Active,
        kind: Kind,
        client: &Client,
        change: impl Fn(&mut Record) + Send,
    ) -> Result<Active, SessionError> {
        let mut current = active.clone();
        for _ in 0..TRIES {
            let token = Token::mint(current.key().bucket(), self.random())?;
            let old = current.record();
            let now = self.now();
            let mut record = old.clone();
            record.revision = old.revision.next();
            record.seen_at = now;
            record.token_at = now;
            record.token = TokenState::Confirmed { at: None };
            record.renew_now = false;
            record.sealed = seal_data(&current.data()?, &token, old.id, self.random())?;
            change(&mut record);
            let deadline = self.deadline(&record);
            let cause = self.user(client);
            let swap = Swap {
                key: *current.key(),
                expected: old.revision,
                record,
                deadline,
                kind,
                cause,
            };
            let rotation = Rotation {
                to: token.key(),
                swap,
                leave: None,
            };
            match self.store().rotate(&rotation).await? {
                Write::Done => return Ok(Active::new(token, rotation.swap.record).reissued()),
                Write::Conflict => current = self.again(&current).await?,
                Write::Gone => return Err(SessionError::Gone),
            }
        }
        Err(SessionError::Contended)
    }

    /// The same session after somebody else wrote to it, under its present token.
    pub(super) async fn again(&self, active: &Active) -> Result<Active, SessionError> {
        let mut token = active.token().clone();
        for _ in 0..TRIES {
            match self.read(&token.key()).await? {
                None => return Err(SessionError::Gone),
                Some(Slot::Live(record)) => {
                    let moved = token.key() != *active.key();
                    let fresh = Active::new(token, record);
                    return Ok(if moved || active.is_new_token() {
                        fresh.reissued()
                    } else {
                        fresh
                    });
                }
                Some(Slot::Moved(moved)) => {
                    token = open_successor(&token, &moved).ok_or(SessionError::Gone)?;
                }
            }
        }
        Err(SessionError::Contended)
    }

    /// The identity of a logged-in session.
    pub(super) fn identity(active: &Active) -> Result<&Identity, SessionError> {
        active.record().identity.as_ref().ok_or(SessionError::Anonymous)
    }
}
