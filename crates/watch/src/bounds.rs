//! Rules that can not be.

use crate::settings::{Limit, Rules};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A setting out of its bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}, and {bound}")]
pub struct RulesError {
    /// Which setting, as `travel.km_per_hour`.
    pub field: &'static str,
    /// What it was.
    pub value: String,
    /// What it must be.
    pub bound: String,
}

fn number(field: &'static str, value: u32, bounds: RangeInclusive<u32>) -> Result<(), RulesError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    let bound = format!("must be {} to {}", bounds.start(), bounds.end());
    Err(RulesError {
        field,
        value: value.to_string(),
        bound,
    })
}

fn span(field: &'static str, value: Duration, least: u64, most: u64) -> Result<(), RulesError> {
    if (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&value) {
        return Ok(());
    }
    let bound = format!("must be {least} to {most} seconds");
    Err(RulesError {
        field,
        value: format!("{value:?}"),
        bound,
    })
}

fn limit(field: &'static str, value: Limit) -> Result<(), RulesError> {
    number(field, value.count, 2..=60)?;
    span(field, value.within, 60, 86_400)
}

impl Rules {
    /// Whether every setting is within its bounds; the first that is not.
    pub fn check(&self) -> Result<(), RulesError> {
        number("travel.km_per_hour", self.travel.km_per_hour, 100..=100_000)?;
        number("travel.least_km", self.travel.least_km, 1..=20_000)?;
        span("travel.slack", self.travel.slack, 0, 3_600)?;
        number("countries.at_once", self.countries.at_once, 2..=10)?;
        span("countries.within", self.countries.within, 60, 86_400)?;
        number("cycles.log_ins", self.cycles.log_ins, 2..=60)?;
        span("cycles.within", self.cycles.within, 60, 86_400)?;
        limit("failures.burst", self.failures.burst)?;
        limit("failures.trickle", self.failures.trickle)?;
        limit("spraying.burst", self.spraying.burst)?;
        limit("spraying.trickle", self.spraying.trickle)?;
        number("spraying.times_successes", self.spraying.times_successes, 1..=100)?;
        number("spraying.overall", self.spraying.overall, 10..=2_000)?;
        number("spraying.times_usual", self.spraying.times_usual, 2..=100)?;
        limit("guessing.burst", self.guessing.burst)?;
        limit("guessing.trickle", self.guessing.trickle)?;
        number("guessing.times_successes", self.guessing.times_successes, 1..=100)?;
        number("guessing.overall", self.guessing.overall, 10..=1_000_000)?;
        number("guessing.times_usual", self.guessing.times_usual, 2..=100)?;
        limit("rise.burst", self.rise.burst)?;
        limit("rise.trickle", self.rise.trickle)?;
        number("rise.times_usual", self.rise.times_usual, 1..=100)?;
        let memory = &self.memory;
        let rooms = [
            ("memory.subjects", memory.subjects),
            ("memory.names", memory.names),
            ("memory.networks", memory.networks),
            ("memory.incidents", memory.incidents),
        ];
        for (field, room) in rooms {
            number(field, u32::try_from(room).unwrap_or(u32::MAX), 100..=100_000_000)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_bounds_and_what_is_not_is_named() {
        assert_eq!(Rules::default().check(), Ok(()));
        let mut rules = Rules::default();
        rules.failures.burst.count = 1;
        let error = rules.check().unwrap_err();
        assert_eq!(error.to_string(), "failures.burst is 1, and must be 2 to 60");
        let mut rules = Rules::default();
        rules.countries.within = Duration::ZERO;
        assert_eq!(rules.check().unwrap_err().field, "countries.within");
        let mut rules = Rules::default();
        rules.memory.names = 0;
        assert_eq!(rules.check().unwrap_err().field, "memory.names");
    }
}
