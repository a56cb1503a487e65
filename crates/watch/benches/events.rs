//! How many events a second the rules take in, on one core: a realistic mix over a hundred thousand subjects.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../examples/corpus/atlas.rs"]
mod atlas;

use cloakroom_testkit::histories::{Plan, draw};
use cloakroom_watch::{Exempt, Places, Rules, Watch};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn events(criterion: &mut Criterion) {
    let plan = Plan {
        seed: 1,
        people: 100_000,
        days: 1,
        attacks: 0,
        listed: 0.98,
    };
    let history = draw(plan, &atlas::atlas());
    let watch = || {
        let places = Places::none().with_countries(&atlas::database()).unwrap();
        let exempt = Exempt::new(history.listed.iter().copied(), []);
        Watch::new(Rules::default(), places.except(exempt)).unwrap()
    };
    let mut group = criterion.benchmark_group("watch");
    group.sample_size(10);
    group.throughput(Throughput::Elements(history.entries.len() as u64));
    group.bench_function("a day of 100,000 subjects", |bencher| {
        bencher.iter_batched_ref(
            watch,
            |watch| {
                history
                    .entries
                    .iter()
                    .map(|entry| watch.see(entry).len())
                    .sum::<usize>()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
