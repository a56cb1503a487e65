//! The session engine of Cloakroom: tokens, records, policy, lifecycle, and the trait that stores implement.
//!
//! It knows no HTTP, no database, no wall clock and no global random source. Decisions are pure functions over a record,
//! a client and a time ([`Policy::judge`]); [`Sessions`] is the only place where they become store calls.

mod agreement;
mod base64url;
mod binding;
mod client;
mod codec;
mod data;
pub mod device;
mod event;
mod id;
mod journal;
mod judge;
mod key;
mod memory;
mod meter;
mod near;
mod phrase;
mod policy;
mod random;
mod rate;
mod record;
mod seal;
mod sessions;
mod sha256;
mod shared;
mod store;
mod subject;
mod text;
mod time;
mod token;

pub use agreement::{Agreement, LEASE_KEPT};
pub use binding::{Binding, Mismatch, Reaction};
pub use client::Client;
pub use codec::{Head, Undecodable, VERSION as RECORD_VERSION};
pub use data::{Changes, Data, DataError, Field};
pub use event::{Actor, Cause, CloseReason, Event, Kind, UnknownName};
pub use id::{MalformedId, SessionId};
pub use journal::{Entry, MalformedPosition, Page, Position};
pub use judge::{Alive, Death, Verdict};
pub use key::{Bucket, Key};
pub use memory::MemoryStore;
pub use meter::{Budget, Meter, source_name};
pub use near::{NearOptions, NearOptionsError, NearStats};
pub use policy::{Lifetime, Policy, PolicyBuilder, PolicyError, WhenFull};
pub use random::{Random, RandomError};
pub use rate::Rate;
pub use record::{Epoch, Identity, Moved, Record, Revision, Slot, TokenState};
pub use sessions::{Active, Activity, EndedOthers, Ending, LogIn, NearError, SessionError, Sessions};
pub use shared::{Label, Memo, MemoWrite, Shared, Spend};
pub use store::{
    Durability, Ended, EndedAll, Finding, Found, Listing, Opened, Opening, Rotation, Store, StoreError, Swap,
    Swept, Term, Touch, Write,
};
pub use subject::{MalformedName, Subject, Word};
pub use time::{Clock, Timestamp};
pub use token::{MalformedToken, Token};
