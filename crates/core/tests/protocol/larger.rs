//! The same for larger sizes: minutes of work, for `./test --long`.

use crate::bounds::Bounds;
use crate::checking::holds;
use crate::fail_over::FAIL_OVER;
use crate::model::Protocol;
use crate::properties::A_FAIL_OVER_LOSES_NOTHING;

#[test]
#[ignore = "takes minutes"]
fn for_one_node_and_everything_that_happens_to_a_session() {
    let bounds = Bounds {
        lease: 2,
        entries: 3,
        rotation: true,
        renewal: true,
        changes: true,
        trims: true,
        ..Bounds::least()
    };
    holds(
        "one node, everything that happens to a session",
        &Protocol::as_written(bounds),
        &[],
    );
}

#[test]
#[ignore = "takes minutes"]
fn for_one_node_and_touches_changes_and_rotation() {
    let bounds = Bounds {
        entries: 3,
        rotation: true,
        changes: true,
        touches: true,
        edits: true,
        ..Bounds::least()
    };
    holds(
        "one node, touches, changes, rotation",
        &Protocol::as_written(bounds),
        &[],
    );
}

#[test]
#[ignore = "takes minutes"]
fn for_two_nodes_and_two_ticks() {
    let bounds = Bounds {
        nodes: 2,
        lease: 2,
        ..Bounds::least()
    };
    holds("two nodes, two ticks", &Protocol::as_written(bounds), &[]);
}

#[test]
#[ignore = "takes minutes"]
fn for_a_fail_over_with_gaps_and_a_clock_that_is_behind() {
    let bounds = Bounds {
        trims: true,
        clock_behind: true,
        ..FAIL_OVER
    };
    holds(
        "fail-over, gaps, a clock behind",
        &Protocol::as_written(bounds),
        &[A_FAIL_OVER_LOSES_NOTHING],
    );
}

#[test]
#[ignore = "takes minutes"]
fn for_two_fail_overs() {
    let bounds = Bounds {
        fail_overs: 2,
        ..FAIL_OVER
    };
    holds(
        "two fail-overs",
        &Protocol::as_written(bounds),
        &[A_FAIL_OVER_LOSES_NOTHING],
    );
}
