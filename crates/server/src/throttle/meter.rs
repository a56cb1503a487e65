//! How much of each budget is spent: counted in this process, and in the store too where all nodes are to count together.
//!
//! A store that is down does not open the gate: what this process has counted holds on. (The libraries' limiters test and
//! charge in one step; here one looks before an attempt and charges only those that fail.)

use super::budgets::Budget;
use cloakroom::{Label, Spend, Store, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// More budgets than this are not remembered in the process: some 20 MB.
const MOST: usize = 100_000;
/// How many are looked at to find one that can best be forgotten.
const LOOKED_AT: usize = 32;

/// Counts failures.
pub struct Meter {
    here: Mutex<HashMap<String, Timestamp>>,
    store: Option<Arc<dyn Store>>,
}

impl Meter {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(store: Option<Arc<dyn Store>>) -> Self {
        Self {
            here: Mutex::default(),
            store,
        }
    }

    /// How long to wait until all of these budgets have room for one more; nothing if they have.
    pub async fn wait(&self, budgets: &[Budget], now: Timestamp) -> Option<Duration> {
        let here = budgets
            .iter()
            .filter_map(|budget| self.spend_here(budget, Spend::Look, now))
            .max();
        here.max(self.spend_there(budgets, Spend::Look, now).await)
    }

    /// Charges one failure to each.
    pub async fn charge(&self, budgets: &[Budget], now: Timestamp) {
        for budget in budgets {
            self.charge_here(budget, now);
        }
        self.spend_there(budgets, Spend::Take, now).await;
    }

    /// Charges one in this process alone. Answers whether there was room.
    pub fn charge_here(&self, budget: &Budget, now: Timestamp) -> bool {
        self.spend_here(budget, Spend::Take, now).is_none()
    }

    fn spend_here(&self, budget: &Budget, how: Spend, now: Timestamp) -> Option<Duration> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = here.get(&budget.name).copied().unwrap_or_default();
        match budget.rate.take(full_at, now) {
            Ok(full_at) => {
                if how == Spend::Take {
                    make_room(&mut here, &budget.name, now);
                    here.insert(budget.name.clone(), full_at);
                }
                None
            }
            Err(wait) => Some(wait),
        }
    }

    async fn spend_there(&self, budgets: &[Budget], how: Spend, now: Timestamp) -> Option<Duration> {
        let shared = self.store.as_ref()?.shared();
        let mut longest = None;
        for budget in budgets {
            let label = Label::new(&budget.name);
            match shared.spend(&label, budget.rate, how, now).await {
                Ok(wait) => longest = longest.max(wait),
                Err(error) => {
                    tracing::warn!(%error, "limits are counted in this process alone for now");
                    return longest;
                }
            }
        }
        longest
    }
}

/// Forgets what says nothing any more; and if that is not enough, one that would soon be forgotten anyway. So a flood of
/// made-up names costs their sender's own standing first.
fn make_room(here: &mut HashMap<String, Timestamp>, coming: &str, now: Timestamp) {
    if here.len() < MOST || here.contains_key(coming) {
        return;
    }
    here.retain(|_, full_at| *full_at > now);
    if here.len() >= MOST {
        let soonest = here.iter().take(LOOKED_AT).min_by_key(|(_, full_at)| **full_at);
        if let Some(name) = soonest.map(|(name, _)| name.clone()) {
            here.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom::{MemoryStore, Rate};
    use cloakroom_testkit::{Fault, FaultyStore};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn budget(name: &str) -> [Budget; 1] {
        let rate = Rate::new(3, Duration::from_secs(2));
        [Budget {
            name: name.to_owned(),
            rate,
        }]
    }

    #[tokio::test]
    async fn a_burst_then_a_steady_rate_and_others_are_not_affected() {
        let meter = Meter::new(None);
        let (one, other) = (budget("one"), budget("other"));
        for _ in 0..3 {
            assert_eq!(meter.wait(&one, NOW).await, None);
            meter.charge(&one, NOW).await;
        }
        assert_eq!(meter.wait(&one, NOW).await, Some(Duration::from_secs(2)));
        assert_eq!(meter.wait(&other, NOW).await, None);
        let both = [&one[..], &other[..]].concat();
        assert_eq!(
            meter.wait(&both, NOW).await,
            Some(Duration::from_secs(2)),
            "the longest"
        );
        assert_eq!(meter.wait(&one, NOW + Duration::from_secs(2)).await, None);
    }

    #[tokio::test]
    async fn nodes_on_one_store_count_together_and_each_alone_while_it_is_down() {
        let store = FaultyStore::new(MemoryStore::new());
        let node = || Meter::new(Some(store.clone() as Arc<dyn Store>));
        let (a, b) = (node(), node());
        for _ in 0..3 {
            a.charge(&budget("x"), NOW).await;
        }
        assert!(b.wait(&budget("x"), NOW).await.is_some());
        store.fail_all(Fault::Unavailable);
        assert!(
            a.wait(&budget("x"), NOW).await.is_some(),
            "what a counted holds on"
        );
        assert_eq!(b.wait(&budget("x"), NOW).await, None);
        for _ in 0..3 {
            b.charge(&budget("x"), NOW).await;
        }
        assert!(b.wait(&budget("x"), NOW).await.is_some(), "the gate is not open");
    }

    #[test]
    fn a_flood_of_names_does_not_grow_it_beyond_its_bound() {
        let meter = Meter::new(None);
        let victim = budget("victim");
        let slow = Rate::new(3, Duration::from_hours(1));
        let victim = Budget {
            rate: slow,
            ..victim[0].clone()
        };
        for _ in 0..3 {
            meter.charge_here(&victim, NOW);
        }
        for n in 0..MOST + 1000 {
            meter.charge_here(&budget(&n.to_string())[0], NOW);
        }
        assert!(meter.here.lock().unwrap().len() <= MOST);
        assert!(
            meter.spend_here(&victim, Spend::Look, NOW).is_some(),
            "still held up"
        );
    }
}
