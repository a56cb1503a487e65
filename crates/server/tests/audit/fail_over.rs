//! The trail on a store whose primaries are replaced.

use crate::common::{Cluster, Watched, password_of, until};
use crate::{everything, journal, sealed};
use serde_json::Value;
use std::collections::BTreeMap;

/// What happened to each, and when, in order. A cluster has a log for each of its parts, and what happened in two of them
/// comes in any order; and there an event's id begins with the primary that it was read from.
fn by_subject(events: &[Value]) -> BTreeMap<&str, Vec<[&Value; 3]>> {
    let mut all: BTreeMap<&str, Vec<[&Value; 3]>> = BTreeMap::new();
    for event in events {
        if let Some(subject) = event["subject"].as_str() {
            let what = ["kind", "at", "session"].map(|name| &event[name]);
            all.entry(subject).or_default().push(what);
        }
    }
    all
}

fn the_trail_goes_on(store: &str, replace_a_primary: impl FnOnce()) {
    let server = everything().set("store", &format!("{store}?replicas=1")).start();
    let names: Vec<String> = (0..6).map(|_| server.user(&[])).collect();
    let agrees = |count: usize| {
        until("the trail has what the journal has, exactly once", || {
            let (trail, journal) = (sealed(&server), journal(&server));
            let trail = by_subject(&trail);
            trail == by_subject(&journal) && trail.values().map(Vec::len).sum::<usize>() >= count
        });
    };
    names.iter().for_each(|name| drop(server.logged_in(name)));
    agrees(names.len());
    replace_a_primary();
    for name in &names {
        // While a primary is replaced, log-ins are refused.
        until("they log in again", || {
            server.browser().try_log_in(name, &password_of(name)).status == 200
        });
    }
    agrees(2 * names.len());
    server.do_run(&["audit", "verify"]);
}

#[test]
fn the_trail_goes_on_when_a_primary_is_replaced_sentinel() {
    let watched = Watched::start();
    the_trail_goes_on(&watched.url(), || {
        let before = watched.primary();
        watched.fail_over();
        until("another one is the primary", || watched.primary() != before);
    });
}

#[test]
fn the_trail_goes_on_when_a_primary_is_replaced_cluster() {
    let cluster = Cluster::start(1);
    the_trail_goes_on(&cluster.url(), || {
        let says = |at: usize, role: &str| cluster.ask(at, &["INFO", "replication"]).contains(role);
        let replica = (0..6).find(|at| says(*at, "role:slave")).unwrap();
        cluster.ask(replica, &["CLUSTER", "FAILOVER"]);
        cluster.until("it is a primary", |_| says(replica, "role:master"));
    });
}
