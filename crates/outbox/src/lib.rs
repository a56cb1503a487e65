//! What leaves the house: webhooks and e-mail about what the journal tells.
//!
//! An [`Outbox`] follows the journal of a store and hands what happened to *channels*: a [`Webhook`], mails about alerts,
//! mails to users, or whatever implements [`Channel`]. It delivers at least once and, for each subject, in order; it tries
//! again with growing pauses, and keeps as a dead letter what could not be delivered.
//!
//! All nodes on one store share the work. For each channel one of them sends; how far it came is a memo in the store
//! ([`Shared`](cloakroom_core::Shared)), written on the version that was read. When the sender dies, another takes over
//! within [`LEASE`] and goes on where the memo says, so a few events may come twice, under the same id.
//!
//! ```
//! use cloakroom_outbox::{Secret, sign};
//!
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let signature = sign(&[secret], "evt_1", 1_614_265_330, b"{}");
//! assert!(signature.starts_with("v1,"));
//! # Ok::<(), cloakroom_outbox::BadSecret>(())
//! ```

mod backoff;
mod channel;
mod dead;
mod event;
mod guard;
mod lanes;
pub mod mail;
mod outbox;
mod place;
mod post;
mod runner;
mod signature;
mod target;
mod text;
mod tls;
mod webhook;

pub use backoff::Backoff;
pub use channel::{Channel, Lane, Letter, Outcome};
pub use cloakroom_audit::{EventJson, rfc3339};
pub use dead::{Dead, DeadLetter};
pub use event::type_of;
pub use guard::{Guard, Refused};
pub use outbox::{LEASE, Options, Outbox, Status, Tally};
pub use post::{Answered, PostError, Resolve, SystemResolver};
pub use signature::{BadSecret, Secret, sign};
pub use target::{BadTarget, Target};
pub use tls::{BadAuthorities, Trust};
pub use webhook::Webhook;
