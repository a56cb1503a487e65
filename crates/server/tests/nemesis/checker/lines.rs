//! The part of a history that a reader of a violation wants to see.

use super::Violation;
use crate::history::{Act, History, Op, Outcome};
use std::fmt::Write as _;
use std::time::Duration;

/// How many lines are shown before and after.
const BEFORE: usize = 8;
const AFTER: usize = 4;

/// What the session lived through: all writes, the faults, and the checks around the violation.
pub fn around(history: &History, violation: &Violation) -> String {
    let mut text = format!(
        "{:?}: session {}, node {}, at {}: {}\n",
        violation.rule,
        violation
            .session
            .map_or_else(|| "-".to_owned(), |it| it.to_string()),
        violation.node,
        seconds(violation.at),
        violation.what
    );
    for fault in &history.faults {
        let until = fault.recovered.or(fault.healed).unwrap_or(Duration::MAX);
        if fault.start <= violation.at && violation.at <= until.saturating_add(Duration::from_secs(2)) {
            let healed = fault.healed.map_or_else(|| "-".to_owned(), seconds);
            let _ = writeln!(text, "    {} to {healed}  {}", seconds(fault.start), fault.name);
        }
    }
    let mut ops: Vec<&Op> = history
        .ops
        .iter()
        .filter(|op| Some(op.session) == violation.session)
        .collect();
    ops.sort_by_key(|op| op.start);
    let there = ops.partition_point(|op| op.start < violation.at);
    for (index, op) in ops.iter().enumerate() {
        let near = index + BEFORE >= there && index <= there + AFTER;
        if near || op.act != Act::Check || op.renewed {
            let mark = if op.start == violation.at { ">" } else { " " };
            let _ = writeln!(text, "  {mark} {}", line(op));
        }
    }
    text
}

fn line(op: &Op) -> String {
    let renewed = if op.renewed { ", renewed" } else { "" };
    let outcome = match op.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::DoneByPrimaryOnly => "done by the primary only".to_owned(),
        Outcome::NoSession => "no session".to_owned(),
        Outcome::Unavailable => "unavailable".to_owned(),
        Outcome::NoAnswer => "no answer".to_owned(),
        Outcome::Odd(status) => format!("{status}"),
    };
    format!(
        "{} to {}  node {}  {:?}: {outcome}{renewed}",
        seconds(op.start),
        seconds(op.end),
        op.node,
        op.act
    )
}

/// Seconds with microseconds.
fn seconds(moment: Duration) -> String {
    format!("{:>11.6}", moment.as_secs_f64())
}
