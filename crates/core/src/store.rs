//! What a store has to do: a handful of atomic steps, each with its journal entry or not at all.
//!
//! There is no upsert. A write to a session that is gone answers [`Write::Gone`], so a slow request can never bring a
//! logged-out session back. Whoever writes a store runs the conformance suite of `cloakroom-testkit` on it.

use crate::codec::Undecodable;
use crate::event::{Cause, CloseReason, Event, Kind};
use crate::id::SessionId;
use crate::journal::{Page, Position};
use crate::key::{Bucket, Key};
use crate::policy::WhenFull;
use crate::record::{Epoch, Moved, Record, Revision, Slot};
use crate::shared::Shared;
use crate::subject::Subject;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::time::Duration;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A store could not do its work. None of these means "no session".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer in time, or there is no connection. Try again later; the answer to a client is 503.
    #[error("the session store can not be reached")]
    Unavailable(#[source] Source),
    /// It has no room left: the disk is full, or memory is and nothing may be evicted.
    #[error("the session store is full")]
    Full(#[source] Source),
    /// What it holds under a key is no record.
    #[error("a record in the session store is unreadable: {source}")]
    Corrupt {
        /// Where.
        key: Box<Key>,
        /// Why.
        #[source]
        source: Undecodable,
    },
    /// It answered, but with something that makes no sense: another version, missing rights, a foreign schema.
    #[error("the session store refused or misunderstood")]
    Refused(#[source] Source),
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Where.
    pub key: Key,
    /// What. `record.identity.epoch` names the epoch in which the log-in began.
    pub record: Record,
    /// When inactivity would end it.
    pub deadline: Timestamp,
    /// Live sessions that the subject may have with this one; 0 is no limit. Anonymous sessions are not limited.
    pub max_sessions: u32,
    /// What to do when there are as many.
    pub when_full: WhenFull,
    /// A session of the same bucket that ends in the same step (`replaced`) and does not count.
    pub replaces: Option<Key>,
    /// Who and from where. `cause.at` is the present moment.
    pub cause: Cause,
}

/// A session that a step has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its handle.
    pub id: SessionId,
    /// Where it was.
    pub key: Key,
    /// Whose it was.
    pub subject: Option<Subject>,
    /// Why it ended.
    pub reason: CloseReason,
}

/// What became of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Opened {
    /// It is open. These ended for it: the one it replaced, those it pushed out, and any found past their deadline.
    Opened(Vec<Ended>),
    /// The subject has as many as allowed, and the policy refuses more. Nothing changed but the journal, where a
    /// `limit-refused` names the subject and no session.
    Full,
    /// The subject was logged out everywhere since the log-in began. Nothing changed.
    StaleEpoch,
}

/// A new version of a record, under the same key.
#[derive(Clone, Debug)]
pub struct Swap {
    /// Where.
    pub key: Key,
    /// The revision it was made from.
    pub expected: Revision,
    /// The new version; its revision is `expected.next()`, its id and subject are those of the old one.
    pub record: Record,
    /// When inactivity would end it. A `seen_at` or deadline in the store that is later stays, but the deadline never
    /// lies beyond the new record's `expires_at`.
    pub deadline: Timestamp,
    /// What the journal says.
    pub kind: Kind,
    /// Who and from where.
    pub cause: Cause,
}

/// A new token for a session: the record moves to another key of the same bucket.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The new place; otherwise as in a swap, where `key` is the old place.
    pub to: Key,
    /// The new version and what it was made from.
    pub swap: Swap,
    /// What stays under the old key; nothing if the old token is dead at once.
    pub leave: Option<Moved>,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Write {
    /// It is done.
    Done,
    /// Somebody wrote in between; read again. Also the answer when the key holds a [`Slot::Moved`].
    Conflict,
    /// There is no session any more.
    Gone,
}

/// "Seen at least then." Makes no revision and no journal entry, and never brings anything back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Where.
    pub key: Key,
    /// When; an earlier moment than the stored one changes nothing.
    pub seen_at: Timestamp,
    /// When inactivity would now end it. An earlier one than the stored one changes nothing; the store cuts it to the
    /// stored record's `expires_at`, because the caller may have read an older version.
    pub deadline: Timestamp,
}

/// What ending all sessions of a subject did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedAll {
    /// Those that ended.
    pub ended: Vec<Ended>,
    /// The epoch that began with it.
    pub epoch: Epoch,
}

/// How long a store has written to where it writes now. It is another one each time that a connection broke or another
/// primary took over, for each bucket by itself. Where nothing can take over it is always the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Term(pub u64);

/// Whether an ending outlives the server that did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Durability {
    /// As many replicas have it as were to be waited for, and all that are known to be able to take over; or there is no
    /// other copy.
    Durable,
    /// Only the primary is known to have it. Should that be lost, it holds if a replica had got it all the same, or if any
    /// node had heard of it and says it again.
    PrimaryOnly,
}

impl Durability {
    /// The stable name: `durable` or `primary-only`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::PrimaryOnly => "primary-only",
        }
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many sessions had lapsed.
    pub ended: usize,
    /// Whether there may be more to do at once.
    pub more: bool,
}

/// A session and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Found {
    /// Where.
    pub key: Key,
    /// What.
    pub record: Record,
}

/// A stretch of all sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Sessions, in no order that means anything.
    pub found: Vec<Found>,
    /// Where to go on; nothing at the end. Opaque.
    pub next: Option<String>,
}

/// Something about a store that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it breaks a promise, rather than being worth knowing.
    pub grave: bool,
    /// What is the matter.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

/// Keeps records. Every method that changes a session writes its journal entry in the same atomic step.
///
/// Expired records may be returned by every reading method: whoever reads, judges. Times come from the caller; a store
/// looks at no clock to decide.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// What is under a key.
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError>;

    /// The subject's present epoch: what a log-in that begins now has to name.
    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError>;

    /// Opens a session, enforcing limit and epoch in the same step.
    ///
    /// In order: refuse if the subject's epoch is later than the record's; end `replaces`; end (as `idle` or `absolute`)
    /// what of the subject's is past its deadline at `cause.at`; while as many are live as allowed, evict the one seen
    /// least recently, or refuse and change nothing (`replaces` and what lapsed stay, too); insert. A `replaces` that is
    /// not there, or was renewed, is no obstacle. Journal: a `closed` for each that ended, with the opening's cause, then
    /// `opened`. A session is past its deadline when `deadline <= now`.
    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError>;

    /// Writes a new version under the same key. Journal: `kind`.
    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError>;

    /// Notes that sessions were seen. Answers for each whether it is still there: `false` under the key of a
    /// [`Slot::Moved`], too.
    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError>;

    /// Moves a record to a new key of the same bucket. Journal: `kind`, naming the old key.
    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError>;

    /// Ends the session under a key. Nothing if there is none (also under the key of a [`Slot::Moved`]). Journal: `closed`.
    async fn close(&self, key: &Key, reason: CloseReason, cause: &Cause)
    -> Result<Option<Ended>, StoreError>;

    /// Ends all sessions of a subject but one, and raises the epoch ([`Epoch::raised`] at `cause.at`) even if there are
    /// none. Sessions of the epoch that begins with it are not touched. Journal: a `closed` for each.
    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError>;

    /// In which term a step would be done that begins now.
    fn term(&self, bucket: Bucket) -> Term;

    /// Waits until what this handle did in a bucket, in steps that began and ended in one term, is on as many replicas as the
    /// store was told to wait for, or until its time limit; and says whether it is. Where nothing can take over, it is.
    ///
    /// If the term is over, it is [`PrimaryOnly`](Durability::PrimaryOnly): the present primary may never have heard of it.
    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError>;

    /// The session with this handle.
    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError>;

    /// The sessions of one subject. Work is in proportion to their number, not to that of all sessions.
    ///
    /// A record that is unreadable is left out and reported with `tracing::error!`, by its key or its session's id and
    /// never with what it holds: one damaged record must not keep its owner from seeing and ending the others. So a
    /// session that is not listed is not proved to be gone; [`load`](Self::load) and [`find`](Self::find) tell.
    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError>;

    /// All sessions, a stretch at a time: about `at_most`, from where the last stretch ended. What is unreadable is left
    /// out and reported as in [`list`](Self::list).
    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError>;

    /// Ends sessions whose deadline has passed (`deadline <= now`), at most so many, and forgets the [`Slot::Moved`]
    /// entries whose `expires_at` has. Journal: a `closed` for each session, `absolute` if `now >= expires_at`, else
    /// `idle`; its cause has `at: now`, the system as actor and nothing else.
    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError>;

    /// How many sessions are open, without a scan. Those that lapsed count until a sweep finds them.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Adds an event that no change of a session brings with it, such as a failed log-in.
    async fn append(&self, event: &Event) -> Result<(), StoreError>;

    /// The end of the journal at this moment, comparable by [`Position::reached`]: reading after it yields what happens from now on.
    async fn journal_end(&self) -> Result<Position, StoreError>;

    /// The end of the journal, as whoever may write says it: a primary that was cut off and replaced must not be able to
    /// answer. So where there are replicas, this is a small write.
    async fn confirm(&self) -> Result<Position, StoreError>;

    /// Agrees on the longest time for which a near cache on this store may answer unheard, and answers what was agreed.
    /// The rule is [`Agreement::next`](crate::Agreement::next).
    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError>;

    /// At most so many entries after a position. Waits up to `wait` for the first; an empty page is a heartbeat, and its
    /// `next` is as good to read on from as any. A gap is told at once, with the oldest entries that are kept.
    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError>;

    /// What the nodes on it share besides sessions.
    fn shared(&self) -> &dyn Shared;

    /// Whether it answers, and whatever is wrong with it; also whether its clock, if it has one, is far from `now`.
    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError>;

    /// What it is, for logs and the console, without secrets: `sqlite data/cloakroom.db`.
    fn describe(&self) -> String;
}
