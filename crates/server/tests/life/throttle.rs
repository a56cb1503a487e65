//! Too many wrong passwords.

use crate::common::{Setup, at_once};

#[test]
fn contract_ten_are_not_throttled_and_hundreds_are() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let inside = server.logged_in(&name);
    let guess = |number: usize| {
        let mut browser = server.browser();
        browser.ip.clone_from(&inside.ip);
        browser.try_log_in(&format!("{name}{}", number % 4), "wrong wrong")
    };
    for number in 0..10 {
        guess(number).problem(401, "INVALID_CREDENTIALS");
    }
    let answers: Vec<_> = at_once(4, |thread| {
        (0..60).map(|n| guess(thread * 60 + n)).collect::<Vec<_>>()
    });
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(limited.len() > 100, "{} of {}", limited.len(), answers.len());
    limited[0].clone().problem(429, "RATE_LIMITED");
    // Who is logged in behind the same address goes on.
    assert!(inside.is_logged_in());
    inside.get("/authz/forward-auth").is(200);
    // Elsewhere nobody is held up.
    server.browser().log_in(&name).is(200);
    // A person is told so on the page.
    let mut person = server.browser();
    person.ip.clone_from(&inside.ip);
    let page = person
        .submit("/auth/login", &[("username", &name), ("password", "wrong")])
        .is(429);
    assert!(page.header("retry-after").is_some());
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let metrics = server.admin("GET", "/metrics").send().body;
    assert!(!metrics.contains("cloakroom_rate_limited_total 0"), "{metrics}");
}

#[test]
fn who_succeeds_is_not_charged() {
    let server = Setup::default().set("policy.max_sessions", "0").start();
    let name = server.user(&[]);
    let browser = server.browser();
    for _ in 0..70 {
        browser.log_in(&name).is(200);
    }
}
