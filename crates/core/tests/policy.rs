//! The policy: bounds, contradictions, and defaults that give way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Binding, Policy, PolicyBuilder, WhenFull};
use std::time::Duration;
use support::{hours, ms, secs};

const DAYS_400: Duration = Duration::from_hours(400 * 24);

fn refused(builder: PolicyBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

type Set = fn(PolicyBuilder, Duration) -> PolicyBuilder;

#[test]
fn every_span_has_bounds_and_the_error_names_field_value_and_bound() {
    let table: &[(&str, Set, Duration, Duration, &str)] = &[
        (
            "idle_timeout",
            |b, s| b.idle_timeout(s),
            secs(1),
            DAYS_400,
            "must be 1s to 400d",
        ),
        (
            "absolute_timeout",
            |b, s| b.absolute_timeout(s),
            secs(1),
            DAYS_400,
            "must be 1s to 400d",
        ),
        (
            "remember.idle_timeout",
            |b, s| b.remember(s, DAYS_400),
            secs(1),
            DAYS_400,
            "must be 1s to 400d",
        ),
        (
            "remember.absolute_timeout",
            |b, s| b.remember(secs(1), s),
            secs(1),
            DAYS_400,
            "must be 1s to 400d",
        ),
        (
            "touch_every",
            |b, s| b.idle_timeout(hours(2)).touch_every(s),
            ms(100),
            hours(1),
            "must be 100ms to 1h",
        ),
        (
            "renew_after",
            |b, s| b.renew_after(Some(s)),
            secs(1),
            DAYS_400,
            "must be 1s to 400d",
        ),
        (
            "renew_overlap",
            |b, s| b.renew_overlap(s),
            ms(0),
            secs(30),
            "must be 0ms to 30s",
        ),
        (
            "step_up_within",
            |b, s| b.step_up_within(s),
            secs(1),
            DAYS_400,
            "must be 1s to 400d",
        ),
    ];
    for (field, set, least, most, bound) in table {
        for good in [*least, *most] {
            assert!(set(Policy::builder(), good).build().is_ok(), "{field} = {good:?}");
        }
        for bad in [least.checked_sub(ms(1)), Some(*most + ms(1)), Some(Duration::MAX)]
            .into_iter()
            .flatten()
        {
            let error = set(Policy::builder(), bad).build().unwrap_err();
            assert_eq!(error.field, *field);
            assert_eq!(error.bound, *bound, "{field} = {bad:?}");
            assert_eq!(
                error.to_string(),
                format!("policy.{field} = {}: {bound}", error.value)
            );
        }
    }
}

#[test]
fn the_texts_of_the_errors_are_these() {
    let b = Policy::builder;
    for (builder, text) in [
        (
            b().idle_timeout(ms(999)),
            "policy.idle_timeout = 999ms: must be 1s to 400d",
        ),
        (
            b().idle_timeout(hours(9601)),
            "policy.idle_timeout = 9601h: must be 1s to 400d",
        ),
        (
            b().touch_every(ms(99)),
            "policy.touch_every = 99ms: must be 100ms to 1h",
        ),
        (
            b().renew_overlap(secs(31)),
            "policy.renew_overlap = 31s: must be 0ms to 30s",
        ),
        (
            b().max_sessions(10_001),
            "policy.max_sessions = 10001: must be 0 (no limit) to 10000",
        ),
        (
            b().idle_timeout(hours(2)).absolute_timeout(hours(1)),
            "policy.idle_timeout = 2h: must not be longer than absolute_timeout, which is 1h",
        ),
        (
            b().remember(hours(48), hours(24)),
            "policy.remember.idle_timeout = 2d: must not be longer than remember.absolute_timeout, which is 1d",
        ),
        (
            b().idle_timeout(secs(60)).touch_every(secs(60)),
            "policy.touch_every = 60s: must be shorter than idle_timeout, which is 60s",
        ),
        (
            b().renew_after(Some(secs(5))).renew_overlap(secs(5)),
            "policy.renew_overlap = 5s: must be shorter than renew_after, which is 5s",
        ),
        (
            b().binding(Binding {
                ip_prefix_v4: 33,
                ..Binding::default()
            }),
            "policy.binding.ip_prefix_v4 = 33: must be 0 to 32",
        ),
        (
            b().binding(Binding {
                ip_prefix_v6: 129,
                ..Binding::default()
            }),
            "policy.binding.ip_prefix_v6 = 129: must be 0 to 128",
        ),
    ] {
        assert_eq!(refused(builder), text);
    }
}

#[test]
fn what_touches_at_most_so_often_must_be_shorter_than_every_idle_timeout_that_was_set() {
    let remembered = Policy::builder()
        .touch_every(secs(60))
        .remember(secs(60), hours(1));
    assert_eq!(
        refused(remembered),
        "policy.touch_every = 60s: must be shorter than remember.idle_timeout, which is 60s"
    );
    let absolute = Policy::builder().touch_every(secs(60)).absolute_timeout(secs(60));
    assert_eq!(
        refused(absolute),
        "policy.touch_every = 60s: must be shorter than absolute_timeout, which is 60s"
    );
}

#[test]
fn req_58_the_limit_has_bounds() {
    for most in [0, 1, 10_000] {
        assert_eq!(
            Policy::builder()
                .max_sessions(most)
                .build()
                .unwrap()
                .max_sessions(),
            most
        );
    }
    assert!(Policy::builder().max_sessions(u32::MAX).build().is_err());
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let policy = Policy::default();
    assert_eq!(Policy::builder().build(), Ok(policy.clone()));
    assert_eq!(
        (policy.ordinary().idle(), policy.ordinary().absolute()),
        (secs(1800), hours(8))
    );
    assert_eq!(
        (policy.remembered().idle(), policy.remembered().absolute()),
        (hours(720), hours(720))
    );
    assert_eq!(policy.lifetime(false), policy.ordinary());
    assert_eq!(policy.lifetime(true), policy.remembered());
    assert_eq!(policy.touch_every(), secs(60));
    assert_eq!(policy.renew_after(), Some(hours(1)));
    assert_eq!(policy.renew_overlap(), secs(10));
    assert_eq!(
        (policy.max_sessions(), policy.when_full()),
        (5, WhenFull::EvictOldest)
    );
    assert_eq!(policy.step_up_within(), secs(300));
    assert_eq!(policy.binding(), &Binding::default());
}

#[test]
fn a_short_idle_timeout_alone_brings_a_shorter_touch_with_it() {
    let policy = Policy::builder().idle_timeout(secs(2)).build().unwrap();
    assert_eq!(policy.ordinary().idle(), secs(2));
    assert!(policy.touch_every() < secs(2), "{:?}", policy.touch_every());
}

#[test]
fn a_long_idle_timeout_alone_lifts_the_absolute_one() {
    let policy = Policy::builder().idle_timeout(hours(10)).build().unwrap();
    assert_eq!(
        (policy.ordinary().idle(), policy.ordinary().absolute()),
        (hours(10), hours(10))
    );
}

#[test]
fn a_short_absolute_timeout_alone_shortens_the_idle_one() {
    let policy = Policy::builder().absolute_timeout(secs(60)).build().unwrap();
    assert_eq!(
        (policy.ordinary().idle(), policy.ordinary().absolute()),
        (secs(60), secs(60))
    );
    assert!(policy.touch_every() < secs(60));
}

#[test]
fn a_short_renewal_alone_shortens_the_overlap() {
    let policy = Policy::builder().renew_after(Some(secs(1))).build().unwrap();
    assert!(policy.renew_overlap() <= secs(1));
    let never = Policy::builder().renew_after(None).build().unwrap();
    assert_eq!(never.renew_after(), None);
}

/// Whatever is accepted makes sense: no session can die between two touches of a busy user.
#[test]
fn whatever_is_built_is_coherent() {
    let spans = [
        ms(100),
        ms(999),
        secs(1),
        secs(2),
        secs(59),
        secs(60),
        secs(61),
        hours(1),
        hours(9),
        DAYS_400,
    ];
    for idle in spans {
        for other in spans {
            for builder in [
                Policy::builder().idle_timeout(idle).absolute_timeout(other),
                Policy::builder().idle_timeout(idle).touch_every(other),
                Policy::builder().absolute_timeout(idle).touch_every(other),
                Policy::builder().remember(idle, other),
                Policy::builder().remember(idle, DAYS_400).touch_every(other),
                Policy::builder().renew_after(Some(idle)).renew_overlap(other),
            ] {
                let Ok(policy) = builder.build() else { continue };
                for lifetime in [policy.ordinary(), policy.remembered()] {
                    assert!(lifetime.idle() <= lifetime.absolute());
                    assert!(policy.touch_every() < lifetime.idle(), "{policy:?}");
                }
                assert!(
                    policy
                        .renew_after()
                        .is_none_or(|after| policy.renew_overlap() <= after)
                );
            }
        }
    }
}

#[test]
fn one_timeout_of_those_who_are_remembered_brings_the_other_with_it() {
    let days = |days: u64| hours(24 * days);
    let b = Policy::builder;
    for (builder, idle, absolute) in [
        (b().remember_idle_timeout(days(60)), 60, 60),
        (b().remember_idle_timeout(days(7)), 7, 30),
        (b().remember_absolute_timeout(days(7)), 7, 7),
        (b().remember_absolute_timeout(days(60)), 30, 60),
        (b().remember(days(7), days(60)), 7, 60),
    ] {
        let remembered = builder.build().unwrap().remembered();
        assert_eq!(
            (remembered.idle(), remembered.absolute()),
            (days(idle), days(absolute))
        );
    }
}
