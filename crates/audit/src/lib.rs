//! The audit trail: what happened, written where it can be kept, proven and forgotten.
//!
//! The journal of a store holds every change exactly once, in order, for a bounded time. A [`Sink`] reads it from a
//! position that it keeps together with what it wrote, so that a restart loses nothing and repeats nothing.
//!
//! - [`Trail`]: a hash chain with signed checkpoints. Who changes, removes or inserts a line is found by [`verify`].
//! - [`Lines`]: JSON lines in a file that is rotated, for programs that read such files.
//! - [`Log`]: events of `tracing`, under the target `audit`.
//!
//! What is personal is no part of the chain, only a salted hash of it is: [`forget`] blots it out, and the chain holds.

mod blot;
mod chain;
mod disk;
mod event;
mod export;
mod follow;
mod forget;
mod hex;
mod key;
mod known;
mod lines;
mod lock;
mod log;
mod random;
mod read;
mod segments;
mod text;
mod trail;
mod verify;

pub use chain::{Body, Checkpoint, Hash, Head, Line, Mark, NotALine, Personal, Public, Retired};
pub use disk::Error;
pub use event::{EventJson, rfc3339};
pub use export::{Exported, Filter, Format, Source, export};
pub use follow::{Following, State, Status, follow};
pub use forget::{Forgotten, forget};
pub use key::{PublicKey, SigningKey};
pub use known::Known;
pub use lines::{Lines, LinesOptions};
pub use lock::Lock;
pub use log::Log;
pub use trail::{LastSigned, Sink, Trail, TrailOptions};
pub use verify::{Broken, Expected, Fault, Verified, Verify, verify};

#[doc(hidden)]
pub mod decoders {
    //! What reads bytes from files, for the fuzz targets.
    pub use crate::blot::Pending;
    pub use crate::lines::Place;
}
