//! What both suites are made of: a list of properties, and the runner that checks them by name.

use crate::fixture::Fixture;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// How long a property may take before it counts as hung.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a property takes: made on a fixture, for it alone.
pub(crate) trait Stage: Sized + Send + 'static {
    fn set(fixture: Box<dyn Fixture>) -> impl Future<Output = Self>;
}

/// The name of a property and what checks it.
pub(crate) type Property<S> = (&'static str, fn(S) -> BoxFuture<'static, ()>);

/// Lists the properties of a suite by theme, as `PROPERTIES`, and declares the macro that makes a test of each.
///
/// Takes a `$`, the macro with its documentation, the module that is in and the [`Stage`] of its properties; then the
/// themes, each a module of that one, with its properties.
macro_rules! properties {
    (
        $d:tt $(#[$doc:meta])* $suite:ident! of $module:ident on $stage:ty;
        $($theme:ident: $($name:ident)+;)+
    ) => {
        const PROPERTIES: &[$crate::suite::Property<$stage>] =
            &[$($((stringify!($name), |stage| Box::pin($theme::$name(stage))),)+)+];

        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            ($d make:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        $crate::$module::check($d make, stringify!($name));
                    }
                )+)+
            };
        }
    };
}
pub(crate) use properties;

pub(crate) fn names<S>(properties: &'static [Property<S>]) -> impl Iterator<Item = &'static str> {
    properties.iter().map(|(name, _)| *name)
}

/// Checks one property, by its name, on a runtime of its own. Panics if it does not hold.
pub(crate) fn check<S: Stage, F: Fixture>(
    properties: &[Property<S>],
    make: impl AsyncFnOnce() -> F,
    name: &str,
) {
    let (_, property) = properties
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a property of this name");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stage = S::set(Box::new(make().await)).await;
        // Spawned, so that the runtime's other threads have a hand in it, too.
        let running = tokio::spawn(property(stage));
        match tokio::time::timeout(PATIENCE, running).await {
            Ok(Ok(())) => {}
            Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
            Err(tokio::time::error::Elapsed { .. }) => panic!("{name} is still not done after {PATIENCE:?}"),
        }
    });
}

/// Checks every property, each on a fixture of its own.
pub(crate) fn run<S: Stage, F: Fixture>(properties: &'static [Property<S>], make: impl AsyncFn() -> F) {
    for name in names(properties) {
        check(properties, &make, name);
    }
}
