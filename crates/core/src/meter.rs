//! How much of each budget is spent: counted in this process, and in the store too where all nodes are to count together.
//!
//! A store that is down does not open the gate: what this process has counted holds on. (The libraries' limiters test and
//! charge in one step; here one looks before an attempt and charges only those that fail.)

use crate::rate::Rate;
use crate::shared::{Label, Spend};
use crate::store::Store;
use crate::time::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// More budgets than this are not remembered in the process: some 20 MB.
const MOST: usize = 100_000;
/// How many are looked at to find one that can best be forgotten.
const LOOKED_AT: usize = 32;

/// Something that only so many failures may happen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What: unique among all budgets of a deployment.
    pub name: String,
    /// How many.
    pub rate: Rate,
}

/// Counts failures.
///
/// ```
/// use cloakroom_core::{Budget, Meter, Rate, Timestamp};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let meter = Meter::new(None);
/// let tries = [Budget { name: "ada".to_owned(), rate: Rate::new(2, Duration::from_secs(30)) }];
/// let now = Timestamp::from_millis(1_000_000);
/// for _ in 0..2 {
///     assert_eq!(meter.wait(&tries, now).await, None);
///     meter.charge(&tries, now).await;
/// }
/// assert_eq!(meter.wait(&tries, now).await, Some(Duration::from_secs(30)));
/// # });
/// ```
pub struct Meter {
    here: Mutex<HashMap<String, Timestamp>>,
    store: Option<Arc<dyn Store>>,
}

impl Meter {
    /// Nothing counted yet. With a store, all nodes on it count together.
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
        let mut here = self.here.lock();
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

/// What counts as one source of failures: an IPv4 address, or the /64 that one household has of IPv6.
#[must_use]
pub fn source_name(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let prefix = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
            format!("{prefix}/64")
        }
        Some(IpAddr::V4(address)) => address.to_string(),
        None => "unknown".to_owned(),
    }
}
