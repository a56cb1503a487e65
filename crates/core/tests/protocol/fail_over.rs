//! A replica takes the primary's place and has not heard everything: what that loses, and what it must not.
//!
//! Replication is asynchronous. What only the old primary knew never happened, acknowledged or not; `durable` (step 10)
//! tells a caller which it is. The bound is on what the *present* primary revokes: a near cache must not accept that later
//! than the lease, whatever it held when the primary changed.

use crate::bounds::Bounds;
use crate::checking::{breaks, holds};
use crate::model::Protocol;
use crate::properties::{
    A_FAIL_OVER_LOSES_NOTHING, NO_ENTRY_IS_SKIPPED, REVOKED_IS_REFUSED, SAID_AGAIN, WHAT_IT_SAW_END,
};
use crate::safeguards::Safeguard;

pub const FAIL_OVER: Bounds = Bounds {
    entries: 2,
    rotation: true,
    replica: true,
    fail_overs: 1,
    ..Bounds::least()
};

/// What neither a replica nor any node had heard of is lost, and nothing can bring it back.
#[test]
fn invariants_1_and_2_hold_but_for_what_nobody_had_heard_of() {
    let protocol = Protocol::as_written(FAIL_OVER);
    holds("fail-over", &protocol, &[A_FAIL_OVER_LOSES_NOTHING]);
}

/// A token that a lost rotation (or log-in) had brought is cached by a node whose reader has not got to that entry. The
/// journal of the new primary goes on from where the reader is, so the node notices nothing; no later entry names a token
/// that the new primary never knew; so the session is closed, and the node accepts the token until a touch finds it gone.
#[test]
fn invariant_1_needs_the_new_primary_to_be_noticed() {
    let protocol = Protocol::as_written(FAIL_OVER).without(Safeguard::NewPrimaryNoticed);
    breaks("fail-over, unnoticed", &protocol, REVOKED_IS_REFUSED);
}

/// As many entries of the new journal are trimmed as the reader has read of the old one: then its place seems to be the
/// one that was trimmed last, and what was trimmed unread is skipped.
#[test]
fn a_trimmed_journal_of_a_new_primary_passes_for_the_one_that_was_read_unless_the_primary_is_noticed() {
    let trims = Bounds {
        trims: true,
        ..FAIL_OVER
    };
    let protocol = Protocol::as_written(trims).without(Safeguard::NewPrimaryNoticed);
    breaks("fail-over and gaps, unnoticed", &protocol, NO_ENTRY_IS_SKIPPED);
}

/// With both, gaps and fail-overs together break nothing either.
#[test]
fn nothing_is_skipped_when_journals_are_trimmed_and_primaries_change() {
    let trims = Bounds {
        trims: true,
        rotation: false,
        ..FAIL_OVER
    };
    holds(
        "fail-over and gaps",
        &Protocol::as_written(trims),
        &[A_FAIL_OVER_LOSES_NOTHING],
    );
}

/// Noticing the new primary is what keeps invariant 1; to say again what was seen revoked is what keeps invariant 2.
#[test]
fn invariant_2_needs_what_was_seen_revoked_to_be_said_again() {
    let protocol = Protocol::as_written(FAIL_OVER).without(Safeguard::SayAgain);
    breaks("fail-over, without SayAgain", &protocol, SAID_AGAIN);
}

/// A node that has found the new primary, and not yet told it, would read from it what it saw end.
#[test]
fn invariant_1_needs_what_a_node_saw_end_to_be_refused_until_it_was_said_again() {
    let protocol = Protocol::as_written(FAIL_OVER).without(Safeguard::WhatItSawEndIsRefused);
    breaks("fail-over, believed again", &protocol, WHAT_IT_SAW_END);
}
