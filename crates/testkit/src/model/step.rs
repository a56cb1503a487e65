//! The steps that are tried. Times are small numbers of seconds, so that deadlines collide.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// One of the sessions there have been, the newest first.
pub(super) type Pick = u8;

/// One of three subjects.
pub(super) type Who = u8;

/// What is done.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Time goes by.
    Wait(u64),
    /// Somebody logs in, or nobody comes (then `who` is only whose bucket it is).
    Open {
        who: Who,
        anonymous: bool,
        times: Times,
        begun: Begun,
        most: u32,
        reject: bool,
        replaces: Option<Pick>,
    },
    /// A new version, from the present revision or an older one; with `life`, also a new absolute deadline.
    Swap {
        pick: Pick,
        outdated: bool,
        times: Times,
        anew: bool,
    },
    /// Several are seen: each so many seconds ago, and idle so many seconds later.
    Touch(Vec<(Pick, u64, u64)>),
    /// A new key; with `leave`, the way there stays for so many seconds.
    Rotate {
        pick: Pick,
        outdated: bool,
        times: Times,
        leave: Option<u64>,
    },
    Close {
        pick: Pick,
        reason: usize,
    },
    EndAll {
        who: Who,
        except: Option<Pick>,
        reason: usize,
    },
    Sweep {
        at_most: usize,
    },
    Append,
    Look(Pick),
    List(Who),
    Scan {
        at_most: usize,
    },
    Count,
}

/// When something was seen, and how long it lives from now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) ago: u64,
    pub(super) idle: u64,
    pub(super) life: u64,
}

/// In which of the subject's epochs a log-in began.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begun {
    /// The one before the present one.
    Before,
    Now,
    /// The one that would begin if the subject were logged out everywhere at this moment.
    After,
}

/// A step, and on which handle it is taken.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) op: Op,
    pub(super) there: bool,
}

pub(super) fn lists() -> impl Strategy<Value = Vec<Step>> {
    vec(
        (op(), any::<bool>()).prop_map(|(op, there)| Step { op, there }),
        1..80,
    )
}

fn times() -> impl Strategy<Value = Times> {
    (0..3_u64, 1..8_u64, 1..14_u64).prop_map(|(ago, idle, life)| Times { ago, idle, life })
}

fn pick() -> std::ops::Range<Pick> {
    0..8
}

/// Mostly the same, so that limits are reached.
fn who() -> impl Strategy<Value = Who> {
    prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2)]
}

/// Mostly true to the present; one in five is late.
fn outdated() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.2)
}

fn op() -> impl Strategy<Value = Op> {
    let reason = 0..10_usize;
    prop_oneof![
        4 => (0..4_u64).prop_map(Op::Wait),
        8 => open(),
        4 => (pick(), outdated(), times(), any::<bool>())
            .prop_map(|(pick, outdated, times, anew)| Op::Swap { pick, outdated, times, anew }),
        4 => vec((pick(), 0..4_u64, 1..12_u64), 0..4).prop_map(Op::Touch),
        5 => (pick(), outdated(), times(), option::weighted(0.8, 1..8_u64))
            .prop_map(|(pick, outdated, times, leave)| Op::Rotate { pick, outdated, times, leave }),
        3 => (pick(), reason.clone()).prop_map(|(pick, reason)| Op::Close { pick, reason }),
        2 => (who(), option::of(pick()), reason).prop_map(|(who, except, reason)| Op::EndAll { who, except, reason }),
        3 => (0..5_usize).prop_map(|at_most| Op::Sweep { at_most }),
        1 => Just(Op::Append),
        3 => pick().prop_map(Op::Look),
        1 => who().prop_map(Op::List),
        1 => (1..5_usize).prop_map(|at_most| Op::Scan { at_most }),
        1 => Just(Op::Count),
    ]
}

fn open() -> impl Strategy<Value = Op> {
    let begun = prop_oneof![8 => Just(Begun::Now), 1 => Just(Begun::Before), 1 => Just(Begun::After)];
    (
        who(),
        prop::bool::weighted(0.2),
        times(),
        begun,
        prop_oneof![1 => Just(0), 5 => 1..4_u32],
        any::<bool>(),
        option::weighted(0.3, pick()),
    )
        .prop_map(
            |(who, anonymous, times, begun, most, reject, replaces)| Op::Open {
                who,
                anonymous,
                times,
                begun,
                most,
                reject,
                replaces,
            },
        )
}
