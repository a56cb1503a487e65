//! Labelled histories: what a journal holds of ordinary people for weeks, and of attacks among them.
//!
//! All of it comes from a seed. Ordinary behaviour is drawn for each person from their own parameters (where they live and
//! work, which devices they have, how they travel, how often they forget a password); attacks are drawn with an intensity
//! that reaches from the loud to what no rule can tell from a slow day. Neither knows of any rule's bounds.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "chances and times are drawn as fractions, and far within what each type holds"
)]

mod atlas;
mod attacks;
mod devices;
mod dice;
mod ledger;
mod life;
mod people;

pub use atlas::{Atlas, countries};
pub use attacks::{Attack, Method};

use cloakroom_core::Entry;
use dice::Dice;
use ipnet::IpNet;
use ledger::Ledger;
use people::{Person, World};

/// What a history is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Everything else follows from it.
    pub seed: u64,
    /// How many people.
    pub people: usize,
    /// For how many days.
    pub days: u64,
    /// How many attacks of each [`Method`]. They begin after the first third of the time.
    pub attacks: usize,
    /// How complete the operator's lists of carriers, VPNs and aircraft are, 0 to 1.
    pub listed: f64,
}

/// A journal, and what is true about it.
#[derive(Clone, Debug)]
pub struct History {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// What attacks there are among them. Whatever else is in there is ordinary.
    pub attacks: Vec<Attack>,
    /// The networks of carriers, VPNs and aircraft that are on the operator's lists.
    pub listed: Vec<IpNet>,
    /// How many people for how many days.
    pub user_days: u64,
}

/// Draws a history.
#[must_use]
pub fn draw(plan: Plan, atlas: &Atlas) -> History {
    let mut dice = Dice::for_part(plan.seed, 0, 0);
    let world = World::draw(atlas, plan.listed, &mut dice);
    let mut ledger = Ledger::new(plan.seed);
    let people: Vec<Person> = (0..plan.people)
        .map(|number| {
            Person::draw(
                number,
                atlas,
                &world,
                &mut Dice::for_part(plan.seed, 1, number as u64),
            )
        })
        .collect();
    for (number, person) in people.iter().enumerate() {
        let mut dice = Dice::for_part(plan.seed, 2, number as u64);
        life::live(person, plan.days, atlas, &world, &mut ledger, &mut dice);
    }
    let attacks = attacks::all(plan, atlas, &people, &mut ledger);
    History {
        attacks,
        listed: world.listed.clone(),
        user_days: plan.people as u64 * plan.days,
        entries: ledger.entries(),
    }
}
