//! The conformance suite: what every store has to do, one property per test, one theme per file.
//!
//! [`conformance!`](crate::conformance!) makes a `#[test]` of each. [`run`] runs them all in one go.

mod basics;
mod scene;

use crate::fixture::Fixture;
use futures_util::future::BoxFuture;
use scene::Scene;
use std::time::Duration;

/// How long a property may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

type Property = fn(Scene) -> BoxFuture<'static, ()>;

/// Lists the properties by theme, and declares the macro that makes a test of each.
macro_rules! properties {
    ($d:tt $($theme:ident: $($name:ident)+;)+) => {
        const PROPERTIES: &[(&str, Property)] =
            &[$($((stringify!($name), |scene| Box::pin($theme::$name(scene))),)+)+];

        /// Makes one `#[test]` per property of the conformance suite.
        ///
        /// The argument is a function (or a closure) that takes nothing and makes the [`Fixture`](crate::Fixture) for
        /// one test: `async fn() -> impl Fixture`.
        #[macro_export]
        macro_rules! conformance {
            ($d make:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        $crate::conformance::check($d make, stringify!($name));
                    }
                )+)+
            };
        }
    };
}

properties! { $
    basics:
        a_fresh_store_is_empty
        an_opened_session_is_found_by_key_id_subject_and_scan
        swap_writes_the_next_version
        swap_from_an_older_revision_is_a_conflict_and_changes_nothing
        swap_under_an_unknown_key_is_gone
        close_ends_a_session_once;
}

/// The names of all properties.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|(name, _)| *name)
}

/// Checks one property, by its name, on a runtime of its own.
///
/// Panics if the property does not hold.
pub fn check<F: Fixture>(make: impl AsyncFnOnce() -> F, name: &str) {
    let (_, property) = PROPERTIES
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a property of this name");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let scene = Scene::new(Box::new(make().await)).await;
        // Spawned, so that the runtime's other threads have a hand in it, too.
        let running = tokio::spawn(property(scene));
        match tokio::time::timeout(PATIENCE, running).await {
            Ok(Ok(())) => {}
            Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => panic!("{name} is still not done after {PATIENCE:?}"),
        }
    });
}

/// Checks every property, each on a fixture of its own.
pub fn run<F: Fixture>(make: impl AsyncFn() -> F) {
    for name in names() {
        check(&make, name);
    }
}
