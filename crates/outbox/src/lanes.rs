//! What is to be delivered, in which order, and how much of the journal is dealt with. Decides; does nothing.
//!
//! Letters of one lane leave in the journal's order, one parcel at a time. Lanes do not wait for each other, but the place
//! in the journal moves only past pages of which every letter is dealt with.

use crate::channel::{Lane, Letter};
use cloakroom_core::{Position, Timestamp};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// A letter that waits.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) letter: Letter,
    pub(crate) failures: u32,
    /// The page of the journal that it is of; none if it was dead and is tried again.
    page: Option<u64>,
    number: u64,
    due: Duration,
}

impl Item {
    /// Whether it was dead before.
    pub(crate) const fn is_again(&self) -> bool {
        self.page.is_none()
    }
}

/// Letters of one lane that are on their way together.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) lane: Lane,
    pub(crate) items: Vec<Item>,
}

impl Parcel {
    /// How often the one of them that was tried least has failed.
    pub(crate) fn failures(&self) -> u32 {
        self.items.iter().map(|item| item.failures).min().unwrap_or(0)
    }
}

/// A page of the journal of which something is not dealt with yet.
#[derive(Debug)]
struct Pending {
    left: usize,
    /// Ids of what is dealt with.
    done: Vec<String>,
    next: Position,
    newest: Timestamp,
}

/// All that waits.
#[derive(Debug)]
pub(crate) struct Lanes {
    waiting: HashMap<Lane, VecDeque<Item>>,
    busy: HashSet<Lane>,
    pages: VecDeque<Pending>,
    /// The number of the first of `pages`.
    first_page: u64,
    numbers: u64,
    /// Letters that wait or are on their way.
    count: usize,
    place: Position,
    newest: Timestamp,
}

impl Lanes {
    pub(crate) fn new(place: Position, newest: Timestamp) -> Self {
        Self {
            waiting: HashMap::new(),
            busy: HashSet::new(),
            pages: VecDeque::new(),
            first_page: 0,
            numbers: 0,
            count: 0,
            place,
            newest,
        }
    }

    /// How many letters wait or are on their way.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Up to where everything is dealt with, and when the newest of that happened.
    pub(crate) const fn place(&self) -> (&Position, Timestamp) {
        (&self.place, self.newest)
    }

    /// Ids of what lies beyond the place and is dealt with all the same.
    pub(crate) fn ahead(&self) -> impl Iterator<Item = &String> {
        self.pages.iter().flat_map(|page| &page.done)
    }

    /// The letters of a page, after which the journal goes on at `next`. Those of these ids are dealt with already.
    pub(crate) fn add(
        &mut self,
        mut letters: Vec<(Lane, Letter)>,
        known: &mut HashSet<String>,
        next: Position,
        newest: Timestamp,
    ) {
        let done = letters.extract_if(.., |(_, letter)| known.remove(&letter.id));
        let done = done.map(|(_, letter)| letter.id).collect();
        let page = self.first_page + self.pages.len() as u64;
        self.pages.push_back(Pending {
            left: letters.len(),
            done,
            next,
            newest,
        });
        for (lane, letter) in letters {
            self.push(lane, letter, Some(page));
        }
        self.advance();
    }

    /// A dead letter that is tried again.
    pub(crate) fn add_again(&mut self, lane: Lane, letter: Letter) {
        self.push(lane, letter, None);
    }

    fn push(&mut self, lane: Lane, letter: Letter, page: Option<u64>) {
        self.numbers += 1;
        self.count += 1;
        let item = Item {
            letter,
            failures: 0,
            page,
            number: self.numbers,
            due: Duration::ZERO,
        };
        self.waiting.entry(lane).or_default().push_back(item);
    }

    /// The oldest parcel that is due, of at most so many letters.
    pub(crate) fn take(&mut self, now: Duration, at_once: usize) -> Option<Parcel> {
        let due = self.free().filter(|(_, front)| front.due <= now);
        let lane = due.min_by_key(|(_, front)| front.number)?.0.clone();
        Some(self.take_of(lane, at_once))
    }

    /// The parcel to try while nothing gets through, due or not: the one that was tried least, so that one letter which
    /// the receiver can not stand does not keep all others away.
    pub(crate) fn take_probe(&mut self, at_once: usize) -> Option<Parcel> {
        let lane = self
            .free()
            .min_by_key(|(_, front)| (front.failures, front.number))?
            .0
            .clone();
        Some(self.take_of(lane, at_once))
    }

    fn free(&self) -> impl Iterator<Item = (&Lane, &Item)> {
        let free = self.waiting.iter().filter(|(lane, _)| !self.busy.contains(*lane));
        free.filter_map(|(lane, items)| Some((lane, items.front()?)))
    }

    fn take_of(&mut self, lane: Lane, at_once: usize) -> Parcel {
        let items = self.waiting.get_mut(&lane).map_or_else(Vec::new, |items| {
            let count = items.len().min(at_once.max(1));
            items.drain(..count).collect()
        });
        if self.waiting.get(&lane).is_some_and(VecDeque::is_empty) {
            self.waiting.remove(&lane);
        }
        self.busy.insert(lane.clone());
        Parcel { lane, items }
    }

    /// When the next parcel of a lane that is free becomes due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.free().map(|(_, front)| front.due).min()
    }

    /// A parcel was dealt with: delivered, or buried.
    pub(crate) fn done(&mut self, parcel: &Parcel) {
        self.busy.remove(&parcel.lane);
        for item in &parcel.items {
            self.count -= 1;
            let page = item.page.and_then(|page| page.checked_sub(self.first_page));
            let pending = page.and_then(|page| self.pages.get_mut(usize::try_from(page).ok()?));
            if let Some(pending) = pending {
                pending.left -= 1;
                pending.done.push(item.letter.id.clone());
            }
        }
        self.advance();
    }

    /// A parcel came back. It leads its lane again, and is due at `due`.
    pub(crate) fn put_back(&mut self, parcel: Parcel, due: Duration, failed: bool) {
        self.busy.remove(&parcel.lane);
        let lane = self.waiting.entry(parcel.lane).or_default();
        for mut item in parcel.items.into_iter().rev() {
            item.failures += u32::from(failed);
            item.due = due;
            lane.push_front(item);
        }
    }

    /// Everything is due now: the receiver is back.
    pub(crate) fn hurry(&mut self) {
        self.waiting
            .values_mut()
            .flatten()
            .for_each(|item| item.due = Duration::ZERO);
    }

    fn advance(&mut self) {
        while self.pages.front().is_some_and(|page| page.left == 0) {
            let Some(page) = self.pages.pop_front() else {
                return;
            };
            self.first_page += 1;
            self.place = page.next;
            self.newest = self.newest.max(page.newest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_audit::EventJson;
    use proptest::prelude::*;

    fn letter(id: u64) -> Letter {
        Letter {
            id: id.to_string(),
            r#type: String::new(),
            event: EventJson::default(),
        }
    }

    fn lane(number: u8) -> Lane {
        (number > 0).then(|| format!("user-{number}").parse().unwrap())
    }

    fn at(number: u64) -> Position {
        number.to_string().parse().unwrap()
    }

    #[derive(Clone, Debug)]
    enum Step {
        Page(Vec<u8>),
        Take { probe: bool, at_once: usize },
        Done(prop::sample::Index),
        Fail(prop::sample::Index),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            prop::collection::vec(0_u8..4, 0..5).prop_map(Step::Page),
            (any::<bool>(), 1_usize..3).prop_map(|(probe, at_once)| Step::Take { probe, at_once }),
            any::<prop::sample::Index>().prop_map(Step::Done),
            any::<prop::sample::Index>().prop_map(Step::Fail),
        ];
        prop::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn every_letter_leaves_in_the_order_of_its_lane_and_the_place_passes_none(steps in steps()) {
            let mut lanes = Lanes::new(at(0), Timestamp::default());
            let (mut pages, mut written, mut out) = (0_u64, 0_u64, Vec::<Parcel>::new());
            let mut done: HashMap<Lane, Vec<u64>> = HashMap::new();
            let mut of_page: Vec<Vec<u64>> = Vec::new();
            for step in steps {
                match step {
                    Step::Page(of) => {
                        let letters: Vec<_> = of.iter().map(|number| { written += 1; (lane(*number), letter(written)) }).collect();
                        pages += 1;
                        of_page.push(letters.iter().map(|(_, letter)| letter.id.parse().unwrap()).collect());
                        lanes.add(letters, &mut HashSet::new(), at(pages), Timestamp::from_millis(pages));
                    }
                    Step::Take { probe, at_once } => {
                        let parcel = if probe { lanes.take_probe(at_once) } else { lanes.take(Duration::ZERO, at_once) };
                        if let Some(parcel) = parcel {
                            prop_assert!(!parcel.items.is_empty() && out.iter().all(|other| other.lane != parcel.lane));
                            out.push(parcel);
                        }
                    }
                    Step::Done(which) if !out.is_empty() => {
                        let parcel = out.remove(which.index(out.len()));
                        lanes.done(&parcel);
                        let ids = parcel.items.iter().map(|item| item.letter.id.parse::<u64>().unwrap());
                        done.entry(parcel.lane.clone()).or_default().extend(ids);
                    }
                    Step::Fail(which) if !out.is_empty() => {
                        let parcel = out.remove(which.index(out.len()));
                        lanes.put_back(parcel, Duration::ZERO, true);
                    }
                    Step::Done(_) | Step::Fail(_) => {}
                }
                for ids in done.values() {
                    prop_assert!(ids.is_sorted(), "{ids:?}");
                }
                let dealt: HashSet<u64> = done.values().flatten().copied().collect();
                let whole = of_page.iter().take_while(|page| page.iter().all(|id| dealt.contains(id))).count();
                prop_assert_eq!(lanes.place().0, &at(whole as u64));
                let ahead: HashSet<u64> = lanes.ahead().map(|id| id.parse().unwrap()).collect();
                let beyond = of_page.iter().skip(whole).flatten().filter(|id| dealt.contains(id)).copied();
                prop_assert_eq!(ahead, beyond.collect::<HashSet<u64>>());
                prop_assert_eq!(lanes.len(), usize::try_from(written).unwrap() - dealt.len());
            }
        }
    }

    #[test]
    fn one_letter_that_always_fails_holds_up_its_own_lane_and_no_other() {
        let mut lanes = Lanes::new(at(0), Timestamp::default());
        let letters = [(1, 1), (1, 2), (2, 3), (0, 4)];
        let letters = letters.map(|(of, id)| (lane(of), letter(id)));
        lanes.add(letters.to_vec(), &mut HashSet::new(), at(1), Timestamp::default());
        let first = lanes.take(Duration::ZERO, 1).unwrap();
        assert_eq!(first.items[0].letter.id, "1");
        lanes.put_back(first, Duration::from_secs(9), true);
        for id in ["3", "4"] {
            let parcel = lanes.take(Duration::ZERO, 1).unwrap();
            assert_eq!(parcel.items[0].letter.id, id);
            lanes.done(&parcel);
        }
        assert!(lanes.take(Duration::from_secs(8), 1).is_none());
        assert_eq!(lanes.next_due(), Some(Duration::from_secs(9)));
        assert_eq!((lanes.len(), lanes.place().0), (2, &at(0)));
        lanes.hurry();
        assert_eq!(lanes.take(Duration::ZERO, 9).unwrap().items.len(), 2);
    }

    #[test]
    fn a_probe_tries_what_was_tried_least() {
        let mut lanes = Lanes::new(at(0), Timestamp::default());
        lanes.add(
            vec![(lane(1), letter(1)), (lane(2), letter(2))],
            &mut HashSet::new(),
            at(1),
            Timestamp::default(),
        );
        for id in ["1", "2", "1", "2"] {
            let parcel = lanes.take_probe(1).unwrap();
            assert_eq!(parcel.items[0].letter.id, id);
            lanes.put_back(parcel, Duration::from_mins(1), true);
        }
    }
}
