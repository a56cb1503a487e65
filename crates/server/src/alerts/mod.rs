//! The watch: reads the journal, asks the rules, and says once for all nodes what is odd.
//!
//! [`rules`] is what is configured, [`follow`] reads, [`respond`] demands a step-up or ends sessions where that is wanted,
//! [`tell`] writes the alert down. An alert is an event of the journal, so whatever reads that (console, audit trail,
//! webhooks, mail) hears of it, and a request pays nothing for any of this.

mod follow;
mod respond;
pub mod rules;
mod tell;

pub use follow::follow;
