//! With a safeguard taken out, something goes wrong: so each is needed, and the model would notice.

use crate::bounds::Bounds;
use crate::checking::breaks;
use crate::model::Protocol;
use crate::properties::{NO_CHANGE_IS_LOST, NO_ENTRY_IS_SKIPPED, NOTHING_COMES_BACK, REVOKED_IS_REFUSED};
use crate::safeguards::Safeguard;

const LEAST: Bounds = Bounds::least();

const TRIMS: Bounds = Bounds {
    entries: 2,
    trims: true,
    rotation: true,
    ..LEAST
};

fn is_needed(safeguard: Safeguard, bounds: Bounds, property: &'static str) {
    let protocol = Protocol::as_written(bounds).without(safeguard);
    breaks(&format!("without {safeguard:?}"), &protocol, property);
}

#[test]
fn invariant_1_needs_the_journal_entry_in_the_step_of_the_change() {
    is_needed(Safeguard::EntryWithTheChange, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_1_needs_the_generation_to_be_compared_at_the_insert() {
    is_needed(Safeguard::GenerationAtInsert, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_1_needs_the_lease_on_each_hit() {
    is_needed(Safeguard::LeaseOnHit, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_1_needs_the_lease_to_count_from_the_moment_of_asking() {
    is_needed(Safeguard::LeaseFromAsking, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_1_needs_the_reader_to_have_got_to_the_end_that_was_told() {
    is_needed(Safeguard::ReaderAtTheEnd, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_1_needs_the_present_primary_to_confirm() {
    let replica = Bounds {
        replica: true,
        ..LEAST
    };
    is_needed(Safeguard::PresentPrimary, replica, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_1_needs_every_lease_to_be_no_longer_than_that_of_the_deployment() {
    is_needed(Safeguard::NoLongerLease, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariants_1_and_8_need_entries_to_be_applied_before_the_position_is_published() {
    is_needed(Safeguard::ApplyBeforePublishing, LEAST, REVOKED_IS_REFUSED);
    is_needed(Safeguard::ApplyBeforePublishing, LEAST, NO_ENTRY_IS_SKIPPED);
}

#[test]
fn invariants_1_and_8_need_gaps_to_be_noticed() {
    is_needed(Safeguard::GapNoticed, TRIMS, REVOKED_IS_REFUSED);
    is_needed(Safeguard::GapNoticed, TRIMS, NO_ENTRY_IS_SKIPPED);
}

#[test]
fn invariants_1_and_8_need_everything_to_be_forgotten_on_a_gap() {
    is_needed(Safeguard::ForgetOnGap, TRIMS, REVOKED_IS_REFUSED);
    is_needed(Safeguard::ForgetOnGap, TRIMS, NO_ENTRY_IS_SKIPPED);
}

#[test]
fn invariant_1_needs_everything_to_be_forgotten_once_it_is_known_where_to_begin() {
    is_needed(Safeguard::ForgetAfterAsking, LEAST, REVOKED_IS_REFUSED);
}

#[test]
fn invariant_2_needs_touches_that_create_nothing() {
    let touches = Bounds {
        touches: true,
        ..LEAST
    };
    is_needed(Safeguard::TouchesCreateNothing, touches, NOTHING_COMES_BACK);
}

#[test]
fn invariant_2_needs_changes_that_create_nothing() {
    is_needed(Safeguard::ChangesCreateNothing, edits(), NOTHING_COMES_BACK);
}

#[test]
fn invariant_3_needs_the_revision_that_a_change_is_based_on() {
    is_needed(Safeguard::ExpectedRevision, edits(), NO_CHANGE_IS_LOST);
}

const fn edits() -> Bounds {
    Bounds {
        entries: 2,
        edits: true,
        changes: true,
        ..LEAST
    }
}
