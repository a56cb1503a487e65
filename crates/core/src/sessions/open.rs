//! How sessions begin: before log-in, and at it.

use super::active::seal_data;
use super::{Active, SessionError, Sessions};
use crate::client::Client;
use crate::data::{Changes, Data, DataError};
use crate::event::CloseReason;
use crate::key::Bucket;
use crate::policy::WhenFull;
use crate::random;
use crate::record::{Epoch, Identity, Record, Revision, TokenState};
use crate::store::{Opened, Opening};
use crate::subject::{Subject, Word};
use crate::time::Timestamp;
use crate::token::Token;

/// Somebody who has proved who they are.
///
/// ```
/// use cloakroom_core::LogIn;
///
/// let log_in = LogIn::of("alice".parse()?).with("password".parse()?).remember(true);
/// # let _ = log_in;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogIn {
    subject: Subject,
    roles: Vec<Word>,
    methods: Vec<Word>,
    remember: bool,
    began: Option<Epoch>,
    known_browser: Option<bool>,
    data: Data,
}

impl LogIn {
    /// This subject.
    #[must_use]
    pub fn of(subject: Subject) -> Self {
        let began = None;
        Self {
            subject,
            roles: Vec::new(),
            methods: Vec::new(),
            remember: false,
            began,
            known_browser: None,
            data: Data::default(),
        }
    }

    /// Who proved it in this way.
    #[must_use]
    pub fn with(mut self, method: Word) -> Self {
        self.methods.push(method);
        self
    }

    /// Who has these roles.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = Word>) -> Self {
        self.roles = sorted(roles);
        self
    }

    /// Whether they want to stay logged in beyond the browser's life.
    #[must_use]
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = remember;
        self
    }

    /// The epoch that [`Sessions::epoch`] gave before the password was checked. With it, a log-in that began before "log
    /// out everywhere" does not survive it. Without it, the log-in begins when it is opened.
    #[must_use]
    pub fn began(mut self, epoch: Epoch) -> Self {
        self.began = Some(epoch);
        self
    }

    /// Whether this browser has logged in to this account before, as a cookie of its own may prove. It goes into the journal
    /// (`known browser`, `new browser`), so that whoever watches it can tell a stranger who has the password from the
    /// user's own laptop, which says the same of itself. Say nothing (`None`) for programs, which keep no cookies.
    #[must_use]
    pub fn known_browser(mut self, known: impl Into<Option<bool>>) -> Self {
        self.known_browser = known.into();
        self
    }

    /// Application data to begin with.
    #[must_use]
    pub fn data(mut self, data: Data) -> Self {
        self.data = data;
        self
    }
}

pub(super) fn sorted(words: impl IntoIterator<Item = Word>) -> Vec<Word> {
    let mut words: Vec<Word> = words.into_iter().collect();
    words.sort();
    words.dedup();
    words
}

impl Sessions {
    /// The subject's epoch at this moment. Ask before checking the password, and hand it to [`LogIn::began`].
    pub async fn epoch(&self, subject: &Subject) -> Result<Epoch, SessionError> {
        Ok(self.store().epoch(subject).await?)
    }

    /// Opens a session for a visitor who has not logged in, with the data that made it necessary.
    pub async fn open_anonymous(&self, client: &Client, changes: &Changes) -> Result<Active, SessionError> {
        let mut data = Data::default();
        changes.apply(&mut data)?;
        let [bucket] = random::bytes(self.random())?;
        let opening = self.opening(Bucket(bucket), None, &data, client)?;
        self.admit(opening).await
    }

    /// Opens a session for somebody who has proved who they are. A session that the browser had before ends with it
    /// (`replaced`); of its data only fields that were declared to survive log-in are carried over, and of another user's
    /// session nothing.
    pub async fn log_in(
        &self,
        log_in: LogIn,
        client: &Client,
        current: Option<&Active>,
    ) -> Result<Active, SessionError> {
        let epoch = match log_in.began {
            Some(epoch) => epoch,
            None => self.epoch(&log_in.subject).await?,
        };
        // Read anew: checking a password takes its time, and other requests of this browser went on meanwhile.
        let current = match current {
            Some(current) => self.still_there(current).await?,
            None => None,
        };
        let given = log_in.data;
        let mut data = given.clone();
        if let Some(current) = &current
            && current.subject().is_none_or(|before| *before == log_in.subject)
        {
            match current.data() {
                Ok(before) => data.absorb(before.carried())?,
                // A cart that can not be opened must not keep its owner from logging in.
                Err(DataError::Damaged) => {
                    tracing::error!(session = %current.id(), "a session's data does not open");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let bucket = Bucket::of(&log_in.subject);
        let identity = Identity {
            subject: log_in.subject,
            roles: log_in.roles,
            epoch,
            authenticated_at: self.now(),
            methods: sorted(log_in.methods),
            remember: log_in.remember,
        };
        let mut opening = self.opening(bucket, Some(identity), &data, client)?;
        if let Some(known) = log_in.known_browser {
            opening.1.cause = self.user(client).in_browser(known);
        }
        opening.1.replaces = current
            .as_ref()
            .filter(|current| current.subject().is_some() && current.key().bucket() == bucket)
            .map(|current| *current.key());
        let active = self.admit(opening).await?;
        let Some(current) = current else {
            return Ok(active);
        };
        match self.take_over(&active, &current, given, client).await {
            Ok(active) => Ok(active),
            Err(error) => {
                // The old one may still be there. The new one must not stay either, for the browser would have two.
                self.end_at(&active, CloseReason::Replaced, &self.user(client))
                    .await
                    .ok();
                Err(error)
            }
        }
    }

    /// Ends the session that a log-in replaces.
    ///
    /// An anonymous one is first moved to a token that nobody has: then no other request writes to it any more, and what
    /// was written since it was read comes along.
    async fn take_over(
        &self,
        active: &Active,
        current: &Active,
        given: Data,
        client: &Client,
    ) -> Result<Active, SessionError> {
        let cause = self.user(client);
        if current.subject().is_some() {
            self.end_at(current, CloseReason::Replaced, &cause).await?;
            return Ok(active.clone());
        }
        let last = match self.rotate(current, client).await {
            Ok(last) => last,
            Err(SessionError::Gone) => return Ok(active.clone()),
            // What does not open can not be moved to another token either, and nothing of it comes along.
            Err(SessionError::Data(DataError::Damaged)) => {
                self.end_at(current, CloseReason::Replaced, &cause).await?;
                return Ok(active.clone());
            }
            Err(error) => return Err(error),
        };
        let mut active = active.clone();
        if last.record().revision != current.record().revision.next() {
            let mut data = given;
            data.absorb(last.data()?.carried())?;
            // Nobody else has its token yet, so nobody writes in between.
            active = self
                .write(&active, &data, client)
                .await?
                .ok_or(SessionError::Contended)?;
        }
        self.end_at(&last, CloseReason::Replaced, &cause).await?;
        Ok(active)
    }

    /// A session as it is now, if it still is.
    async fn still_there(&self, active: &Active) -> Result<Option<Active>, SessionError> {
        match self.again(active).await {
            Ok(active) => Ok(Some(active)),
            Err(SessionError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn opening(
        &self,
        bucket: Bucket,
        identity: Option<Identity>,
        data: &Data,
        client: &Client,
    ) -> Result<(Token, Opening), SessionError> {
        let token = Token::mint(bucket, self.random())?;
        let id = self.new_id()?;
        let now = self.now();
        let lifetime = self
            .policy()
            .lifetime(identity.as_ref().is_some_and(|who| who.remember));
        let limited = identity.is_some();
        let record = Record {
            id,
            revision: Revision(0),
            identity,
            created_at: now,
            seen_at: now,
            expires_at: now + lifetime.absolute(),
            token_at: now,
            token: TokenState::Confirmed { at: None },
            renew_now: false,
            challenged: false,
            client: client.clone(),
            sealed: seal_data(data, &token, id, self.random())?,
        };
        let opening = Opening {
            key: token.key(),
            deadline: self.deadline(&record),
            record,
            max_sessions: if limited { self.policy().max_sessions() } else { 0 },
            when_full: if limited {
                self.policy().when_full()
            } else {
                WhenFull::EvictOldest
            },
            replaces: None,
            cause: self.user(client),
        };
        Ok((token, opening))
    }

    async fn admit(&self, (token, opening): (Token, Opening)) -> Result<Active, SessionError> {
        match self.store().open(&opening).await? {
            Opened::Opened(_) => Ok(Active::new(token, opening.record).reissued()),
            Opened::Full => Err(SessionError::LimitReached),
            Opened::StaleEpoch => Err(SessionError::LoggedOutMeanwhile),
        }
    }
}

impl Identity {
    /// The moment until which an authentication at `now` lets a session live.
    pub(super) fn authenticated(&mut self, now: Timestamp, methods: impl IntoIterator<Item = Word>) {
        self.authenticated_at = now;
        self.methods = sorted(self.methods.drain(..).chain(methods));
    }
}
