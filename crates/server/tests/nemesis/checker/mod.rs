//! Whether what happened may have happened: a pure function of the history.
//!
//! Times are counted in favour of the accused: a question begins before it is sent, an answer ends after it came. So no
//! slow test process makes a violation out of nothing, and no allowance is needed beside the one for clocks.

mod lines;
#[cfg(test)]
mod tests;

use crate::history::{Act, Fault, History, Op, Outcome};
use crate::nodes::NODES;
use std::collections::BTreeMap;
use std::time::Duration;

pub use lines::around;

/// What a store may lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// One server that keeps what it acknowledged.
    Nothing,
    /// With a primary goes what was written to it in this time before it was lost, or while it was, unless the answer
    /// said that a replica has it.
    LastWrites(Duration),
}

/// What is promised.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    pub lease: Duration,
    pub loss: Loss,
    /// How soon after everything is mended each node serves again.
    pub recovery: Duration,
}

impl Promise {
    /// A lease by clocks that differ by one percent.
    fn bound(&self) -> Duration {
        self.lease + self.lease / 100
    }

    /// Whether an answer says that something is done which no fail-over may undo.
    pub fn holds(&self, outcome: Outcome) -> bool {
        outcome == Outcome::Done || (self.loses_nothing() && outcome == Outcome::DoneByPrimaryOnly)
    }

    fn loses_nothing(&self) -> bool {
        self.loss == Loss::Nothing
    }
}

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// An ended session is accepted nowhere later than the lease.
    AcceptedAfterLease,
    /// One whose end is settled is accepted nowhere.
    AcceptedAfterSettled,
    /// One that was refused does not come back to life.
    BackToLife,
    /// A node that did not hear of the store for longer than the lease accepts nobody at all.
    AcceptedUnheard,
    /// One that nobody ended is not refused.
    LiveOneRefused,
    /// An answer that nobody may ever see.
    OddAnswer,
    /// A node that has everything it needs serves.
    NotServing,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub at: Duration,
    pub session: Option<u32>,
    pub node: usize,
    pub what: String,
}

/// All that must not have happened, in the order in which it did.
pub fn violations(history: &History, promise: &Promise) -> Vec<Violation> {
    let mut sessions: BTreeMap<u32, Vec<&Op>> = BTreeMap::new();
    for op in &history.ops {
        sessions.entry(op.session).or_default().push(op);
    }
    let lives = sessions.into_values().map(|ops| Life::of(ops, promise));
    let mut found: Vec<_> = lives.flat_map(|life| life.violations(history, promise)).collect();
    found.extend(idle_nodes(history, promise));
    found.sort_by_key(|violation| violation.at);
    found
}

/// What is known of the end of one session.
struct Life<'a> {
    ops: Vec<&'a Op>,
    /// When somebody first tried to end it.
    tried: Option<Duration>,
    /// When its end had been acknowledged, so that no fail-over may undo it.
    ended: Option<Duration>,
    /// The same, settled.
    settled: Option<Duration>,
    /// When a node had refused it that must have known.
    refused: Option<Duration>,
}

impl<'a> Life<'a> {
    fn of(ops: Vec<&'a Op>, promise: &Promise) -> Self {
        let ending = |op: &&&Op| matches!(op.act, Act::End | Act::EndSettled);
        let tried = ops.iter().filter(ending).map(|op| op.start).min();
        // That there is nothing to be ended is an answer like the other if somebody tried before. Where a primary can be
        // lost, it may be the one to be lost that says so.
        let nothing_left =
            |op: &Op| op.outcome == Outcome::NoSession && tried.is_some_and(|tried| tried < op.start);
        let by_primary = |op: &Op| op.outcome == Outcome::DoneByPrimaryOnly || nothing_left(op);
        let holds = |op: &Op| op.outcome == Outcome::Done || (promise.loses_nothing() && by_primary(op));
        let acknowledged = |op: &Op| op.outcome == Outcome::Done || by_primary(op);
        let first = |is: &dyn Fn(&Op) -> bool| {
            let endings = ops.iter().filter(ending);
            endings.filter(|op| is(op)).map(|op| op.end).min()
        };
        let ended = first(&holds);
        let settled = first(&|op| holds(op) && op.act == Act::EndSettled);
        // A refusal tells that the store has seen the end, or nothing, if the end can be lost with a primary that never
        // acknowledged it.
        let known_by = if promise.loses_nothing() {
            Some(Duration::ZERO)
        } else {
            first(&acknowledged)
        };
        let refused = ops
            .iter()
            .filter(|op| op.act == Act::Check && op.outcome == Outcome::NoSession)
            .filter(|op| known_by.is_some_and(|known| known <= op.start))
            .map(|op| op.end)
            .min();
        Self {
            ops,
            tried,
            ended,
            settled,
            refused,
        }
    }

    fn violations(&self, history: &History, promise: &Promise) -> Vec<Violation> {
        let judge = |op: &&Op| {
            let (rule, what) = self.judge(op, history, promise)?;
            Some(Violation {
                rule,
                at: op.start,
                session: Some(op.session),
                node: op.node,
                what,
            })
        };
        self.ops.iter().filter_map(judge).collect()
    }

    fn judge(&self, op: &Op, history: &History, promise: &Promise) -> Option<(Rule, String)> {
        let since = |moment: Option<Duration>| moment.and_then(|moment| op.start.checked_sub(moment));
        match (op.act, op.outcome) {
            (_, Outcome::Odd(status)) => Some((Rule::OddAnswer, format!("{:?} answered {status}", op.act))),
            (Act::Check, Outcome::Done) => {
                if let Some(late) = since(self.settled) {
                    let what = format!("accepted {late:?} after its end was settled");
                    return Some((Rule::AcceptedAfterSettled, what));
                }
                if let Some(late) = since(self.ended).filter(|late| *late > promise.bound()) {
                    let what = format!("accepted {late:?} after its end was acknowledged");
                    return Some((Rule::AcceptedAfterLease, what));
                }
                let back = since(self.refused).filter(|late| *late > promise.bound());
                if let Some(late) = back.filter(|_| !self.may_be_unsaid(op, &history.faults, promise)) {
                    let what = format!("accepted {late:?} after a node had refused it");
                    return Some((Rule::BackToLife, what));
                }
                let unheard = history.faults.iter().find(|fault| silences(fault, op, promise))?;
                let what = format!("accepted although {}", unheard.name);
                Some((Rule::AcceptedUnheard, what))
            }
            (_, Outcome::NoSession)
                if self
                    .tried
                    .is_none_or(|tried| op.end < tried || is_first(op, tried)) =>
            {
                let excused = self.may_be_lost(op, &history.faults, promise.loss);
                let what = format!("{:?} found no session, and nobody had tried to end it", op.act);
                (!excused).then_some((Rule::LiveOneRefused, what))
            }
            _ => None,
        }
    }

    /// Whether an end that only a lost primary had may not have been said again to the present one: the nodes that saw it
    /// may have had no way to, or not yet the time.
    fn may_be_unsaid(&self, op: &Op, faults: &[Fault], promise: &Promise) -> bool {
        let mut losses = faults.iter().filter(|fault| fault.lost_primary);
        !promise.loses_nothing()
            && losses.any(|fault| {
                let until = fault
                    .healed
                    .map_or(Duration::MAX, |healed| healed + promise.recovery);
                fault.start <= op.start && op.start <= until && self.tried.is_some_and(|tried| tried <= until)
            })
    }

    /// Whether the last that was written of a session may have gone with a primary.
    fn may_be_lost(&self, op: &Op, faults: &[Fault], loss: Loss) -> bool {
        let Loss::LastWrites(window) = loss else {
            return false;
        };
        let mut writes = self
            .ops
            .iter()
            .filter(|write| (write.act == Act::Open || write.renewed) && write.start <= op.end);
        writes.any(|write| {
            let mut losses = faults.iter().filter(|fault| fault.lost_primary);
            losses.any(|fault| {
                let until = fault.healed.map_or(Duration::MAX, |healed| healed + window);
                write.end + window >= fault.start && write.start <= until
            })
        })
    }
}

/// Whether a fault had kept the node from the store for longer than the lease when it was asked, and until it had answered.
fn silences(fault: &Fault, op: &Op, promise: &Promise) -> bool {
    let holds = |(struck, mending)| op.start > struck + promise.bound() && op.end < mending;
    fault.silenced.contains(&op.node) && fault.in_force.is_some_and(holds)
}

/// Whether this is the attempt to end the session that was the first.
fn is_first(op: &Op, tried: Duration) -> bool {
    op.act != Act::Check && op.start == tried
}

/// Nodes that did not serve in time after a fault was mended.
fn idle_nodes(history: &History, promise: &Promise) -> Vec<Violation> {
    let mut found = Vec::new();
    for fault in &history.faults {
        let Some(healed) = fault.healed else { continue };
        for node in 0..NODES {
            let serves = history.ops.iter().any(|op| {
                op.node == node
                    && op.act == Act::Check
                    && op.outcome == Outcome::Done
                    && op.start >= healed
                    && op.end <= healed + promise.recovery
            });
            if !serves {
                found.push(Violation {
                    rule: Rule::NotServing,
                    at: healed,
                    session: None,
                    node,
                    what: format!(
                        "accepted nobody within {:?} after {} was over",
                        promise.recovery, fault.name
                    ),
                });
            }
        }
    }
    found
}
