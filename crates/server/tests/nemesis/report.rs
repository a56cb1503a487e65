//! The table: how long a revocation took, how everything was answered, and what struck when.

use crate::checker::Promise;
use crate::history::{Act, Fault, History, Op, Outcome};
use crate::nodes::LEASE;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// How long after the ends of sessions they were last accepted.
#[derive(Default)]
struct Delays {
    /// From the moment the ending was asked for.
    from_call: Vec<Duration>,
    /// From the moment it was acknowledged; nothing for those that were not accepted after it.
    from_answer: Vec<Duration>,
}

/// Everything worth knowing about a history.
pub fn table(history: &History, promise: &Promise) -> String {
    let mut text = String::new();
    let [calm, faulty] = delays(history, promise);
    let _ = writeln!(
        text,
        "  from revoke to the last acceptance   sessions      p50      p99      max"
    );
    for (name, delays) in [("without faults", calm), ("with faults", faulty)] {
        row(&mut text, &format!("{name}, from the call"), delays.from_call);
        row(&mut text, &format!("{name}, from the answer"), delays.from_answer);
    }
    text.push('\n');
    answers(&mut text, history);
    text.push('\n');
    faults(&mut text, history);
    text
}

fn row(text: &mut String, name: &str, mut delays: Vec<Duration>) {
    delays.sort();
    // Of so many in a thousand, the one at that place.
    let quantile = |thousandths: usize| {
        let index = (delays.len() * thousandths / 1000).min(delays.len().saturating_sub(1));
        delays.get(index).map_or_else(|| "-".to_owned(), millis)
    };
    let _ = writeln!(
        text,
        "  {name:36} {:8} {:>8} {:>8} {:>8}",
        delays.len(),
        quantile(500),
        quantile(990),
        quantile(1000)
    );
}

fn millis(span: &Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}

/// Without faults and with them: those that were under way, or whose lease ran, while something was broken.
fn delays(history: &History, promise: &Promise) -> [Delays; 2] {
    let mut sessions: BTreeMap<u32, Vec<&Op>> = BTreeMap::new();
    for op in &history.ops {
        sessions.entry(op.session).or_default().push(op);
    }
    let mut delays = <[Delays; 2]>::default();
    for ops in sessions.values() {
        // The one that was acknowledged; attempts that failed before it are nobody's promise.
        let mut ends = ops.iter().filter(|op| is_end(op) && promise.holds(op.outcome));
        let Some(end) = ends.next() else { continue };
        let accepted = |op: &&&Op| op.act == Act::Check && op.outcome == Outcome::Done;
        let Some(last) = ops.iter().filter(accepted).map(|op| op.start).max() else {
            continue;
        };
        let faulty = history
            .faults
            .iter()
            .any(|fault| fault.start <= end.end + LEASE && end.start <= over(fault));
        let delays = &mut delays[usize::from(faulty)];
        delays.from_call.push(last.saturating_sub(end.start));
        delays.from_answer.push(last.saturating_sub(end.end));
    }
    delays
}

fn is_end(op: &Op) -> bool {
    matches!(op.act, Act::End | Act::EndSettled)
}

/// When nothing was to be felt of it any more.
fn over(fault: &Fault) -> Duration {
    fault.recovered.unwrap_or(Duration::MAX)
}

fn answers(text: &mut String, history: &History) {
    let mut counts: BTreeMap<(Act, Outcome), [(usize, Duration); 2]> = BTreeMap::new();
    for op in &history.ops {
        let faulty = history
            .faults
            .iter()
            .any(|fault| fault.start <= op.end && op.start <= over(fault));
        let (count, slowest) = &mut counts.entry((op.act, op.outcome)).or_default()[usize::from(faulty)];
        *count += 1;
        *slowest = (*slowest).max(op.end.saturating_sub(op.start));
    }
    let _ = writeln!(
        text,
        "  answers                          without faults (slowest)    with faults (slowest)"
    );
    for ((act, outcome), [calm, faulty]) in counts {
        let name = format!("{act:?}: {outcome:?}");
        let _ = writeln!(
            text,
            "  {name:36} {:8} ({:>9})     {:8} ({:>9})",
            calm.0,
            millis(&calm.1),
            faulty.0,
            millis(&faulty.1)
        );
    }
    let renewed = history.ops.iter().filter(|op| op.renewed).count();
    let _ = writeln!(text, "  {renewed} answers brought a new token");
}

fn faults(text: &mut String, history: &History) {
    let _ = writeln!(text, "  struck at   lasted   each node served after");
    for fault in &history.faults {
        let healed = fault.healed.unwrap_or_default();
        let lasted = healed.saturating_sub(fault.start);
        let recovered = fault
            .recovered
            .map_or_else(|| "never".to_owned(), |at| millis(&at.saturating_sub(healed)));
        let _ = writeln!(
            text,
            "  {:7.1} s {:6.1} s {recovered:>12}   {}",
            fault.start.as_secs_f64(),
            lasted.as_secs_f64(),
            fault.name
        );
    }
}
