//! The model-based test: random steps on a store and on a plain list side by side, and no difference allowed.
//!
//! A difference is shrunk to the shortest list of steps that still shows it.

mod drive;
mod plain;
mod shorten;
mod step;
mod survey;

use crate::fixture::Fixture;
use drive::Driver;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use shorten::shorten;
use std::time::Duration;
use step::Step;

/// How long one list of steps may take before the store counts as hung.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether store and model agree, and where not.
type Checked<T = ()> = Result<T, TestCaseError>;

/// Tries so many random lists of steps, each on a fixture of its own.
///
/// `TEST_TIMES=50` in the environment tries fifty times as many.
///
/// Panics with the shortest list of steps on which store and model disagree.
pub fn run<F: Fixture>(make: impl AsyncFn() -> F, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let agree = |steps: &[Step]| {
        runtime.block_on(async {
            let case = one(Box::new(make().await), steps);
            tokio::time::timeout(PATIENCE, case)
                .await
                .unwrap_or_else(|_| Err(TestCaseError::fail("it hangs")))
        })
    };
    let times: u32 = std::env::var("TEST_TIMES").map_or(1, |times| times.parse().unwrap());
    let config = Config {
        cases: cases.saturating_mul(times),
        failure_persistence: None,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    match TestRunner::new(config).run(&step::lists(), |steps| agree(&steps)) {
        Ok(()) => {}
        Err(TestError::Fail(reason, steps)) => {
            let differ = |steps: &[Step]| agree(steps).err().map(|error| error.to_string());
            let (reason, steps) = shorten(reason.to_string(), steps, differ);
            panic!("{reason}\nafter these steps: {steps:#?}");
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

async fn one(fixture: Box<dyn Fixture>, steps: &[Step]) -> Checked {
    let mut driver = Driver::new(&*fixture).await;
    for step in steps {
        driver.take(step).await?;
    }
    driver.survey().await?;
    driver.outlive().await
}
