//! Anomaly rules over the journal: impossible travel, sprayed passwords, guessed tokens and the like.
//!
//! [`Watch::see`] takes the journal's entries one by one and answers with alerts. It does no I/O, and its only time is
//! that of the entries, so that the same entries give the same alerts, under the same ids, on every node.
//! `docs/anomalies.md` says what each rule sees and what it does not.
//!
//! ```
//! use cloakroom_core::{Cause, Entry, Event, Kind, Position, Timestamp};
//! use cloakroom_watch::{Places, Rule, Rules, Watch};
//!
//! let mut watch = Watch::new(Rules::default(), Places::none())?;
//! let mut told = Vec::new();
//! for second in 0..60 {
//!     let at = Timestamp::from_millis(1_790_000_000_000 + second * 1_000);
//!     let cause = Cause { at, ip: "192.0.2.1".parse().ok(), ..Cause::default() };
//!     let event = Event::of(Kind::LoginFailed, cause).about("alice".parse().ok());
//!     told.extend(watch.see(&Entry { position: Position::start(), event }));
//! }
//! assert_eq!(told.len(), 1, "one incident is told once");
//! assert_eq!(told[0].rule, Rule::FailedLogins);
//! # Ok::<(), cloakroom_watch::RulesError>(())
//! ```

mod alert;
mod bounds;
mod finding;
mod incident;
mod memory;
mod places;
mod plain;
mod rules;
mod settings;
mod sight;
mod watch;

pub use alert::{Alert, Audience, Evidence, Rule, Severity};
pub use bounds::RulesError;
pub use incident::IncidentId;
pub use places::{Country, Exempt, Place, Places, PlacesError, Spot, Tells};
pub use settings::{
    Countries, Cycles, DeviceChange, Disowned, Failures, Guessing, Limit, Memory, NewCountry, NewDevice,
    Reuse, Rise, Rules, Spraying, Travel,
};
pub use watch::{Remembered, Watch};
