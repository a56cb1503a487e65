//! The same for larger sizes: minutes of work, for `./test --long`.

use crate::bounds::Bounds;
use crate::checking::holds;
use crate::fail_over::FAIL_OVER;
use crate::model::Protocol;
use crate::properties::{A_FAIL_OVER_LOSES_NOTHING, SAID_AGAIN};

#[test]
#[ignore = "takes minutes"]
fn the_protocol_holds_for_larger_sizes() {
    let well = |name, bounds| holds(name, &Protocol::as_written(bounds), &[]);
    let one = Bounds {
        lease: 2,
        entries: 3,
        rotation: true,
        renewal: true,
        changes: true,
        trims: true,
        ..Bounds::least()
    };
    well("one node, everything that happens to a session", one);
    let busy = Bounds {
        entries: 3,
        rotation: true,
        changes: true,
        touches: true,
        edits: true,
        ..Bounds::least()
    };
    well("one node, touches, changes, rotation", busy);
    let two = Bounds {
        nodes: 2,
        lease: 2,
        ..Bounds::least()
    };
    well("two nodes, two ticks", two);
    let noticed = Protocol::as_written(FAIL_OVER);
    holds(
        "fail-over, noticed",
        &noticed,
        &[A_FAIL_OVER_LOSES_NOTHING, SAID_AGAIN],
    );
    let adverse = Bounds {
        trims: true,
        clock_behind: true,
        ..FAIL_OVER
    };
    let written = Protocol::as_written(adverse);
    holds(
        "fail-over, gaps, a clock behind",
        &written,
        &[A_FAIL_OVER_LOSES_NOTHING],
    );
}
