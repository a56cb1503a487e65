//! Histories that must be found guilty, and their neighbours that must not.

use super::{Loss, Promise, Rule, violations};
use crate::history::{Act, Fault, History, Op, Outcome};
use crate::nodes::NODES;
use Act::{Check, End, EndSettled, Open};
use Outcome::{Done, DoneByPrimaryOnly, NoAnswer, NoSession, Odd, Unavailable};
use std::time::Duration;

const ALONE: Promise = Promise {
    lease: Duration::from_secs(1),
    loss: Loss::Nothing,
    recovery: Duration::from_secs(5),
};
const REPLICATED: Promise = Promise {
    loss: Loss::LastWrites(Duration::from_secs(2)),
    ..ALONE
};

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Something that takes ten milliseconds from `start`, on node 0.
fn op(start: u64, act: Act, outcome: Outcome) -> Op {
    Op {
        start: at(start),
        end: at(start + 10),
        session: 1,
        node: 0,
        act,
        outcome,
        renewed: false,
    }
}

fn fault(start: u64, healed: u64) -> Fault {
    Fault {
        name: "the primary is killed".to_owned(),
        start: at(start),
        in_force: None,
        silenced: Vec::new(),
        healed: Some(at(healed)),
        recovered: None,
        lost_primary: true,
    }
}

#[track_caller]
fn rules(promise: &Promise, ops: &[Op], faults: &[Fault]) -> Vec<Rule> {
    let mut ops = ops.to_vec();
    // What heals serves again, where the test is about something else.
    for fault in faults {
        ops.extend((0..NODES).map(|node| Op {
            session: 99,
            node,
            ..op(
                u64::try_from(fault.healed.unwrap().as_millis()).unwrap() + 1,
                Check,
                Done,
            )
        }));
    }
    let history = History {
        ops,
        faults: faults.to_vec(),
    };
    let found = violations(&history, promise);
    found.into_iter().map(|violation| violation.rule).collect()
}

#[track_caller]
fn guilty(promise: &Promise, ops: &[Op], rule: Rule) {
    assert_eq!(rules(promise, ops, &[]), [rule]);
}

#[track_caller]
fn innocent(promise: &Promise, ops: &[Op]) {
    assert_eq!(rules(promise, ops, &[]), []);
}

#[test]
fn a_life_as_it_should_be() {
    let life = [
        op(0, Open, Done),
        op(20, Check, Done),
        op(100, End, Done),
        op(105, Check, Done),
        op(300, Check, Unavailable),
        op(400, Check, NoSession),
    ];
    innocent(&ALONE, &life);
    innocent(&REPLICATED, &life);
}

#[test]
fn an_ended_session_is_accepted_for_a_lease_and_a_percent() {
    let life = |checked| [op(0, Open, Done), op(100, End, Done), op(checked, Check, Done)];
    innocent(&ALONE, &life(1120));
    guilty(&ALONE, &life(1121), Rule::AcceptedAfterLease);
    guilty(&REPLICATED, &life(1121), Rule::AcceptedAfterLease);
}

#[test]
fn a_question_that_began_in_time_may_be_answered_later() {
    let mut long = op(1000, Check, Done);
    long.end = at(9000);
    innocent(&ALONE, &[op(100, End, Done), long]);
}

#[test]
fn a_settled_end_is_one_everywhere_at_once() {
    let ended = op(100, EndSettled, Done);
    innocent(&ALONE, &[ended, op(109, Check, Done)]);
    guilty(&ALONE, &[ended, op(110, Check, Done)], Rule::AcceptedAfterSettled);
    // One whose answer was lost has settled nothing.
    innocent(&ALONE, &[op(100, EndSettled, NoAnswer), op(5000, Check, Done)]);
}

#[test]
fn what_was_not_acknowledged_may_go_either_way() {
    let tried = op(100, End, Unavailable);
    innocent(&ALONE, &[tried, op(5000, Check, Done)]);
    innocent(&ALONE, &[tried, op(5000, Check, NoSession)]);
    // But that nothing is left of it, after an attempt, is an acknowledgement.
    let late = [tried, op(200, End, NoSession), op(1300, Check, Done)];
    guilty(&ALONE, &late, Rule::AcceptedAfterLease);
}

#[test]
fn what_was_refused_does_not_come_back() {
    let back = |checked| {
        [
            op(100, End, Unavailable),
            op(200, Check, NoSession),
            op(checked, Check, Done),
        ]
    };
    innocent(&ALONE, &back(1200));
    guilty(&ALONE, &back(1300), Rule::BackToLife);
    // An end that nobody acknowledged may be lost with the primary that a node had asked.
    innocent(&REPLICATED, &back(1300));
    let acknowledged = [
        op(100, End, DoneByPrimaryOnly),
        op(200, Check, NoSession),
        op(1300, Check, Done),
    ];
    guilty(&REPLICATED, &acknowledged, Rule::BackToLife);
}

#[test]
fn what_a_lost_primary_had_is_said_again_when_it_can_be() {
    let life = |checked| {
        [
            op(1100, End, DoneByPrimaryOnly),
            op(1200, Check, NoSession),
            op(checked, Check, Done),
        ]
    };
    let split = fault(1000, 4000);
    assert_eq!(rules(&REPLICATED, &life(3000), std::slice::from_ref(&split)), []);
    assert_eq!(rules(&REPLICATED, &life(9000), std::slice::from_ref(&split)), []);
    let found = rules(&REPLICATED, &life(9001), &[split]);
    assert_eq!(found, [Rule::BackToLife]);
}

#[test]
fn what_only_the_primary_has_may_be_lost_where_a_primary_can_be() {
    let life = [op(100, End, DoneByPrimaryOnly), op(1300, Check, Done)];
    innocent(&REPLICATED, &life);
    guilty(&ALONE, &life, Rule::AcceptedAfterLease);
}

#[test]
fn a_live_session_is_never_refused() {
    guilty(
        &ALONE,
        &[op(0, Open, Done), op(50, Check, NoSession)],
        Rule::LiveOneRefused,
    );
    let before_its_end = [op(0, Open, Done), op(50, Check, NoSession), op(100, End, Done)];
    guilty(&ALONE, &before_its_end, Rule::LiveOneRefused);
    // The one who ends it must find it, too.
    guilty(
        &ALONE,
        &[op(0, Open, Done), op(50, End, NoSession)],
        Rule::LiveOneRefused,
    );
    // A check that was under way when it was ended may have come later.
    innocent(&ALONE, &[op(95, Check, NoSession), op(100, End, Done)]);
}

#[test]
fn a_lost_primary_excuses_what_was_just_written_and_nothing_else() {
    let opened = |start| [op(start, Open, Done), op(9000, Check, NoSession)];
    let lost = fault(5000, 7000);
    assert_eq!(rules(&REPLICATED, &opened(4000), std::slice::from_ref(&lost)), []);
    assert_eq!(rules(&REPLICATED, &opened(6000), std::slice::from_ref(&lost)), []);
    let found = rules(&REPLICATED, &opened(1000), std::slice::from_ref(&lost));
    assert_eq!(found, [Rule::LiveOneRefused]);
    let found = rules(&ALONE, &opened(4000), &[lost]);
    assert_eq!(found, [Rule::LiveOneRefused]);
    guilty(&REPLICATED, &opened(4000), Rule::LiveOneRefused);
}

#[test]
fn a_node_without_a_store_accepts_nobody_once_its_lease_has_run_out() {
    let cut = Fault {
        in_force: Some((at(1000), at(4000))),
        silenced: vec![0],
        ..fault(900, 4100)
    };
    let accepted = |start| rules(&ALONE, &[op(start, Check, Done)], std::slice::from_ref(&cut));
    assert_eq!(accepted(2010), []);
    assert_eq!(accepted(2011), [Rule::AcceptedUnheard]);
    assert_eq!(accepted(3989), [Rule::AcceptedUnheard]);
    assert_eq!(accepted(3990), []);
    let elsewhere = Op {
        node: 1,
        ..op(3000, Check, Done)
    };
    assert_eq!(rules(&ALONE, &[elsewhere], &[cut]), []);
}

#[test]
fn odd_answers_are_none() {
    guilty(&ALONE, &[op(50, Check, Odd(500))], Rule::OddAnswer);
    guilty(&ALONE, &[op(50, Open, Odd(403))], Rule::OddAnswer);
}

#[test]
fn each_node_serves_again_when_all_is_mended() {
    let history = |node: usize, start| {
        let serving = |node, start| Op {
            node,
            ..op(start, Check, Done)
        };
        let mut ops: Vec<_> = (0..NODES).map(|node| serving(node, 2500)).collect();
        ops[node] = serving(node, start);
        History {
            ops,
            faults: vec![fault(1000, 2000)],
        }
    };
    assert_eq!(violations(&history(2, 6990), &ALONE), []);
    for start in [1990, 6991] {
        let found = violations(&history(2, start), &ALONE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].rule, found[0].node), (Rule::NotServing, 2));
    }
}
