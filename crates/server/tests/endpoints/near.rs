//! How the near cache is doing, and how one does without.

use crate::common::{ADMIN_KEY, Browser, Server, Setup, until};
use serde_json::{Value, json};

fn stats(server: &Server) -> Value {
    server.admin("GET", "/admin/v1/stats").send().is(200).json()["cache"].clone()
}

fn console(server: &Server) -> String {
    let operator = Browser::new(server.admin, &format!("http://{}", server.admin));
    operator.submit("/console/login", &[("key", ADMIN_KEY)]).is(303);
    operator.visit("/console").is(200).body
}

#[test]
fn repeated_checks_are_hits_and_operators_see_it() {
    let server = Setup::default().start();
    let metric = |name: &str| server.metric(&format!("cloakroom_cache_{name}"));
    assert!(!console(&server).contains("from memory"), "no check yet");
    assert_eq!((metric("hits_total"), metric("entries")), (Some(0.0), Some(0.0)));
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    server.hold(&browser);
    let before = metric("hits_total").unwrap();
    for path in ["/auth/whoami", "/authz/forward-auth", "/authz/auth-request"] {
        (0..20).for_each(|_| drop(browser.get(path).is(200)));
    }
    // A slow machine may have let the lease run out once or twice.
    assert!(metric("hits_total").unwrap() >= before + 30.0);
    // The first check was not answered from memory, for the one reason or the other.
    assert!(metric("misses_total").unwrap() + metric("stand_asides_total").unwrap() >= 1.0);
    assert_eq!(metric("entries"), Some(1.0));
    assert_eq!(metric("lease_seconds"), Some(1.0));
    assert!(metric("lease_age_seconds").unwrap() < 10.0);
    assert!(metric("journal_entries_total").unwrap() >= 1.0);
    assert!((0.0..10.0).contains(&metric("journal_lag_seconds").unwrap()));
    for counter in ["stand_asides_total", "refused_fills_total", "gaps_total"] {
        assert!(metric(counter).is_some(), "{counter}");
    }
    let stats = stats(&server);
    assert!(stats["hits"].as_u64().unwrap() >= 30, "{stats}");
    assert_eq!(
        (&stats["entries"], &stats["lease_seconds"]),
        (&json!(1), &json!(1.0))
    );
    assert!(console(&server).contains("&nbsp;% of checks answered from memory"));
    browser.post("/auth/logout", &json!({})).is(204);
    until("nothing is held", || metric("entries") == Some(0.0));
}

#[test]
fn a_lease_or_a_size_of_zero_is_no_near_cache() {
    for (key, value) in [("cache.lease", "0s"), ("cache.entries", "0")] {
        let server = Setup::default().set(key, value).start();
        let name = server.user(&[]);
        let browser = server.logged_in(&name);
        (0..3).for_each(|_| assert!(browser.is_logged_in()));
        assert_eq!(
            server.metric("cloakroom_cache_hits_total"),
            None,
            "{key} = {value}"
        );
        assert_eq!(stats(&server), Value::Null);
        assert!(!console(&server).contains("from memory"));
        // Another process ends it, and not a moment passes.
        server.do_run(&["session", "revoke", &browser.session_id()]);
        assert!(!browser.is_logged_in(), "{key} = {value}");
    }
}
