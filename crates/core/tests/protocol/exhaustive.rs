//! With all safeguards in, every interleaving is explored, and nothing goes wrong in any.
//!
//! No single model has everything in it, or it would have too many states. Nodes know of each other only by the store, so
//! one node and a world that does whatever others could do is the model with the most in it.

use crate::bounds::Bounds;
use crate::checking::holds;
use crate::model::Protocol;

const LEAST: Bounds = Bounds::least();

fn all_is_well(name: &str, bounds: Bounds) {
    holds(name, &Protocol::as_written(bounds), &[]);
}

#[test]
fn invariants_1_and_8_hold_for_one_node_and_a_session_that_is_rotated_and_closed_while_the_journal_is_trimmed()
 {
    let bounds = Bounds {
        lease: 2,
        entries: 2,
        rotation: true,
        trims: true,
        ..LEAST
    };
    all_is_well("one node, rotation, gaps", bounds);
}

#[test]
fn invariants_1_and_8_hold_for_one_node_and_a_session_that_is_renewed_and_closed() {
    let bounds = Bounds {
        lease: 2,
        entries: 2,
        renewal: true,
        ..LEAST
    };
    all_is_well("one node, renewal", bounds);
}

#[test]
fn invariants_1_and_8_hold_for_one_node_and_two_sessions_that_end_one_by_one_or_together() {
    let bounds = Bounds {
        sessions: 2,
        entries: 2,
        ..LEAST
    };
    all_is_well("one node, two sessions", bounds);
}

#[test]
fn invariant_1_holds_for_a_node_that_is_cut_off_and_back() {
    let bounds = Bounds {
        lease: 2,
        entries: 2,
        rotation: true,
        cuts: true,
        ..LEAST
    };
    all_is_well("one node, cut off", bounds);
}

#[test]
fn invariants_1_and_8_hold_for_two_nodes() {
    let bounds = Bounds { nodes: 2, ..LEAST };
    all_is_well("two nodes", bounds);
}

#[test]
fn invariants_2_and_3_hold_for_late_touches_and_for_changes_that_are_based_on_an_old_revision() {
    let bounds = Bounds {
        entries: 2,
        changes: true,
        touches: true,
        edits: true,
        ..LEAST
    };
    all_is_well("one node, touches, changes", bounds);
}
