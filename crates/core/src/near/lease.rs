//! How long the cache may answer: the journal has been heard from, as of a moment that lies no further back than this.

use crate::journal::Position;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Promises that wait at most; the reader is far behind if there are more, and the oldest are worth least.
const WAITING: usize = 64;

/// The span, the moment as of which the journal is known, and what is missing for a later one.
pub(super) struct Lease {
    /// In microseconds.
    span: AtomicU64,
    /// In microseconds of the steady clock; 0 is never.
    confirmed: AtomicU64,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// Everything up to here has been applied. Nothing: the place is lost, and has to be found anew.
    position: Option<Position>,
    /// The place that there was when it was lost.
    lost: Option<Position>,
    /// "Whoever has read up to there knows everything as of that moment."
    promises: VecDeque<(Duration, Position)>,
}

/// What became of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Heard {
    /// It holds, or will as soon as the reader has got there.
    Noted,
    /// The primary knows less than was read before it was asked: it has another history.
    OtherHistory,
}

impl Lease {
    pub(super) fn new(span: Duration) -> Self {
        Self {
            span: AtomicU64::new(micros(span)),
            confirmed: AtomicU64::new(0),
            progress: Mutex::default(),
        }
    }

    pub(super) fn span(&self) -> Duration {
        Duration::from_micros(self.span.load(Ordering::Relaxed))
    }

    /// From now on it is no longer than this.
    pub(super) fn shorten(&self, most: Duration) {
        self.span.fetch_min(micros(most), Ordering::AcqRel);
    }

    /// Whether a hit counts at this moment.
    pub(super) fn holds(&self, now: Duration) -> bool {
        self.age(now).is_some_and(|age| age <= self.span())
    }

    /// How long ago the moment is as of which everything is known. Nothing before the first confirmation.
    pub(super) fn age(&self, now: Duration) -> Option<Duration> {
        let confirmed = self.confirmed.load(Ordering::Acquire);
        (confirmed != 0).then(|| now.saturating_sub(Duration::from_micros(confirmed)))
    }

    /// Where the reader is.
    pub(super) fn position(&self) -> Option<Position> {
        self.progress.lock().position.clone()
    }

    /// The reader has lost its place. What was confirmed stays so: it was true when it was.
    pub(super) fn lose_place(&self) {
        let mut progress = self.progress.lock();
        let lost = progress.position.take().or(progress.lost.take());
        *progress = Progress {
            lost,
            ..Progress::default()
        };
    }

    /// Begins at a place that was found. Answers whether it is in another history than the one that was lost.
    pub(super) fn begin(&self, position: Position) -> bool {
        let lost = self.progress.lock().lost.take();
        let another = lost.is_some_and(|lost| !lost.same_history(&position));
        self.advance(position);
        another
    }

    /// Everything up to here has been applied to the cache.
    pub(super) fn advance(&self, position: Position) {
        let mut progress = self.progress.lock();
        let reached = progress
            .promises
            .iter()
            .take_while(|(_, end)| position.reached(end))
            .count();
        if let Some((asked, _)) = progress.promises.drain(..reached).next_back() {
            self.confirm(asked);
        }
        progress.position = Some(position);
    }

    /// The primary said, when asked at `asked`, that its journal ends at `end`; the reader stood at `before` then.
    pub(super) fn promise(&self, asked: Duration, before: &Position, end: Position) -> Heard {
        if !end.reached(before) {
            return Heard::OtherHistory;
        }
        let mut progress = self.progress.lock();
        match &progress.position {
            Some(position) if position.reached(&end) => self.confirm(asked),
            Some(_) => {
                progress.promises.push_back((asked, end));
                if progress.promises.len() > WAITING {
                    progress.promises.pop_front();
                }
            }
            None => {}
        }
        Heard::Noted
    }

    fn confirm(&self, asked: Duration) {
        self.confirmed.fetch_max(micros(asked).max(1), Ordering::AcqRel);
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(text: &str) -> Position {
        text.parse().unwrap()
    }

    #[test]
    fn it_counts_from_the_moment_of_asking_and_only_once_the_reader_is_there() {
        let lease = Lease::new(SECOND);
        assert!(!lease.holds(SECOND), "never heard of anything");
        lease.advance(at("5"));
        assert!(!lease.holds(SECOND), "a reader alone confirms nothing");
        assert_eq!(lease.promise(10 * SECOND, &at("5"), at("7")), Heard::Noted);
        assert!(!lease.holds(10 * SECOND), "two entries are missing");
        lease.advance(at("6"));
        assert!(!lease.holds(10 * SECOND));
        lease.advance(at("9"));
        assert!(lease.holds(10 * SECOND));
        assert!(lease.holds(11 * SECOND), "the bound itself counts");
        assert!(!lease.holds(11 * SECOND + Duration::from_micros(1)));
    }

    #[test]
    fn an_earlier_answer_that_comes_late_takes_nothing_back() {
        let lease = Lease::new(SECOND);
        lease.advance(at("5"));
        assert_eq!(lease.promise(20 * SECOND, &at("5"), at("5")), Heard::Noted);
        assert_eq!(lease.promise(10 * SECOND, &at("5"), at("5")), Heard::Noted);
        assert_eq!(lease.age(20 * SECOND), Some(Duration::ZERO));
    }

    #[test]
    fn a_primary_that_knows_less_than_was_read_has_another_history() {
        let lease = Lease::new(SECOND);
        lease.advance(at("7-1-12"));
        assert_eq!(
            lease.promise(SECOND, &at("7-1-12"), at("7-0-11")),
            Heard::OtherHistory
        );
        assert!(!lease.holds(SECOND));
    }

    #[test]
    fn a_primary_that_took_over_confirms_nothing_of_what_the_one_before_it_told() {
        let lease = Lease::new(SECOND);
        assert!(!lease.begin(at("a.5")), "the first one");
        assert_eq!(lease.promise(SECOND, &at("a.5"), at("a.7")), Heard::Noted);
        assert_eq!(
            lease.promise(SECOND, &at("a.5"), at("b.9")),
            Heard::OtherHistory,
            "though its journal goes on from there"
        );
        lease.lose_place();
        lease.lose_place();
        assert!(
            lease.begin(at("b.9")),
            "another history, also when it was lost twice"
        );
        assert!(!lease.holds(SECOND), "nobody has been asked since");
        lease.lose_place();
        assert!(!lease.begin(at("b.12")), "a gap in the same history");
    }

    #[test]
    fn a_reader_that_lost_its_place_is_confirmed_by_nothing_until_it_has_one() {
        let lease = Lease::new(SECOND);
        lease.advance(at("5"));
        assert_eq!(lease.promise(SECOND, &at("5"), at("8")), Heard::Noted);
        lease.lose_place();
        assert_eq!(lease.promise(SECOND, &at("5"), at("5")), Heard::Noted);
        lease.advance(at("9"));
        assert!(
            !lease.holds(SECOND),
            "what was promised before belongs to the place that was lost"
        );
        assert_eq!(lease.promise(2 * SECOND, &at("9"), at("9")), Heard::Noted);
        assert!(lease.holds(2 * SECOND));
    }
}
