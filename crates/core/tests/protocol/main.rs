//! A model of the protocol that keeps near caches honest, and every interleaving of its steps.
//!
//! Why this way: the protocol is safe or not by the order in which steps of several parties come, and the orders that break
//! it are the ones that nobody thinks of. For small sizes they can be counted, so here they all are. The model is small
//! enough to be read beside the protocol; it is not the code. That the code takes these steps is tested by other means:
//! `tests/near.rs` and the unit tests of `src/near/`, the conformance suite for each store, two servers on one store from
//! outside (`crates/server/tests`). A flaw of the protocol shows here, a slip of the code shows there.
//!
//! | step of the protocol | actions here | code |
//! | --- | --- | --- |
//! | 1 apply entries in order | `Read`, `Apply`, `Publish` | `near/follow.rs`: `turn`, `take`; `Near::apply` |
//! | 2 a gap empties the cache | `Read`, `AskWhereToBegin`, `BeginThere` | `near/follow.rs`: `find_place`; a store's `journal` |
//! | 2 so does another primary | `Read`, `Hear`: `NewPrimaryNoticed` | `Position::same_history`; `near/follow.rs`: `turn`, `ask` |
//! | 3 confirm by a small write | `NoteClock`, `Confirm`, `Hear`; `Publish` | `near/follow.rs`: `ask`; `near/lease.rs`; a store's `confirm` |
//! | 4 a hit counts within the lease | `Protocol::accepts` | `Near::get`, `near/lease.rs`: `holds` |
//! | 5 one lease for the deployment | `Protocol::lease` | `Sessions::near`, `agreement.rs` |
//! | 6 generation, load, insert | `NoteGeneration`, `Load`, `Insert` | `sessions/resolve.rs`, `near/shards.rs`: `ticket`, `fill` |
//! | 7 own writes are not inserted | `WriteEdit` | `near/forgetting.rs` |
//! | 8 what looks dead is read again | not modelled: it lets nobody in | `sessions/near.rs`: `glance` |
//! | 9 touches are collected | `See`, `WriteTouches` | `near/touches.rs`, `Near::flush`; a store's `touch` |
//! | 10 revoking | `Close`, `CloseAll`, `Rotate`; `Replicate` for `durable` | `sessions/end.rs`, `sessions/privilege.rs` |
//! | 11 settled | one lease after the entry: the first property | `Sessions::settled` |
//! | 12 say it again after a fail-over | `SayAgain` | `near/revoked.rs`; `near/follow.rs`: `say_again` |
//! | 12 and refuse it until then | `Load`: `WhatItSawEndIsRefused` | `near/forgetting.rs`: `load` |
//!
//! What is left out, and why that loses nothing:
//!
//! - A call that fails or is given up is one that does not happen, or whose answer does not arrive; both are among the
//!   interleavings. So is a node that hangs, sleeps or is cut off.
//! - A node that ends a session forgets it at once; here it waits for the journal like all others, which is the worse case.
//! - Each token counts as a shard of its own, which is the worse case, too (`Node::forget`).
//! - Ages stop where nothing depends on them any longer, so time has no end and the states are finite.
//!
//! With `TEST_PATHS=1` in the environment and `-- --nocapture`, each counterexample is printed step by step. States are told
//! apart by hashes of 64 bits; that two of two million are taken for one is a matter of one in
//! ten million.
//!
//! `state.rs`, `store.rs`: what there is. `bounds.rs`: how much of it. `actions.rs`: what can happen when. `steps.rs`, and
//! `world.rs`, `cache.rs`, `reader.rs`, `confirming.rs`: what it does. `safeguards.rs`: what can be taken out.
//! `properties.rs`: what must be true. Then the tests: `exhaustive.rs`, `taken_out.rs`, `fail_over.rs`, `larger.rs`.

#![allow(clippy::panic, reason = "a failed expectation is a test's way of speaking")]

mod actions;
mod bounds;
mod cache;
mod checking;
mod confirming;
mod exhaustive;
mod fail_over;
mod larger;
mod model;
mod properties;
mod reader;
mod safeguards;
mod state;
mod steps;
mod store;
mod taken_out;
mod world;
