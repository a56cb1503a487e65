//! Too many wrong passwords.

use crate::common::{Browser, Redis, Server, Setup, at_once, kind, password_of};
use serde_json::json;

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
    // On a slow machine the budget has grown by a try or two since.
    let submit = || person.submit("/auth/login", &[("username", &name), ("password", "wrong")]);
    let page = (0..5).map(|_| submit()).find(|page| page.status == 429);
    let page = page.expect("a name that nobody tried, from an address that tried too many");
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

/// Fails until it is refused; answers after how many.
fn exhaust(server: &Server, name: &str, fresh: impl Fn() -> Browser) -> usize {
    let tries = (0..200).position(|_| fresh().try_log_in(name, "wrong wrong").status == 429);
    tries.unwrap_or_else(|| panic!("200 wrong passwords for {name}, and no end: {}", server.log()))
}

/// A browser in which its user has logged in.
fn at_home(server: &Server, name: &str) -> Browser {
    let browser = server.browser();
    let fields = [("username", name), ("password", &password_of(name))];
    browser.submit("/auth/login", &fields).is(303);
    browser
}

#[test]
fn req_26_whoever_guesses_at_an_account_does_not_lock_its_owner_out() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let owner = at_home(&server, &name);
    // From many networks: no one source fails often.
    let tries = exhaust(&server, &name, || server.browser());
    assert!(
        (50..60).contains(&tries),
        "five times what one network may, and a few in time: {tries}"
    );
    server.browser().log_in(&name).problem(429, "RATE_LIMITED");
    owner.post("/auth/logout", &json!({})).is(204);
    owner.log_in(&name).is(200);
    // What a known browser may is bounded, too, and costs nobody else anything.
    let tries = exhaust(&server, &name, || owner.copy());
    assert!((10..12).contains(&tries), "{tries}");
    let other = server.user(&[]);
    server.browser().log_in(&other).is(200);
    owner.copy().log_in(&other).is(200);
}

#[test]
fn an_owner_behind_the_address_of_a_guesser_gets_in() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let owner = at_home(&server, &name);
    let neighbour = || {
        let mut browser = server.browser();
        browser.ip.clone_from(&owner.ip);
        browser
    };
    let tries = exhaust(&server, &name, neighbour);
    assert!((10..12).contains(&tries), "{tries}");
    neighbour().log_in(&name).problem(429, "RATE_LIMITED");
    owner.log_in(&name).is(200);
    let page = owner.submit("/auth/login", &[("username", &name), ("password", "wrong wrong")]);
    page.is(401);
}

#[test]
fn a_step_up_is_guessed_at_for_a_while_and_new_passwords_are_not_free() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let thief = server.logged_in(&name);
    let guess = || {
        thief
            .post("/auth/step-up", &json!({ "password": "wrong wrong" }))
            .status
    };
    let tries = (0..50).position(|_| guess() == 429);
    assert!(tries.is_some_and(|tries| (10..12).contains(&tries)), "{tries:?}");
    // In another session of the same user, and at log-in, nobody is held up by that.
    let other = server.logged_in(&name);
    other.step_up(&name).is(200);
    let change = |n: usize| {
        other.post(
            "/auth/password",
            &json!({ "new": format!("another good password {n}") }),
        )
    };
    let tries = (0..50).position(|n| change(n).status == 429);
    assert!(tries.is_some_and(|tries| (10..12).contains(&tries)), "{tries:?}");
}

#[test]
fn two_servers_count_together_where_they_are_told_to() {
    let redis = Redis::start();
    let setup = Setup::default()
        .set("store", &redis.url())
        .set("throttle.across_nodes", "true")
        .set("throttle.account", "4/1h");
    let first = setup.start();
    let second = setup.clone().in_folder_of(&first).start();
    let name = first.user(&[]);
    let mut guesser = first.browser();
    for n in 0..4 {
        guesser.to = if n % 2 == 0 { first.public } else { second.public };
        guesser
            .try_log_in(&name, "wrong wrong")
            .problem(401, "INVALID_CREDENTIALS");
    }
    for server in [&first, &second] {
        guesser.to = server.public;
        guesser.log_in(&name).problem(429, "RATE_LIMITED");
    }
}

#[test]
fn tokens_that_open_nothing_are_told_and_held_up_while_valid_users_behind_the_same_address_go_on() {
    let server = Setup::default().set("throttle.tokens", "5/1m").start();
    let name = server.user(&[]);
    let inside = server.logged_in(&name);
    let guess = |number: u8| {
        let mut browser = server.browser();
        browser.ip.clone_from(&inside.ip);
        let letter = char::from(b'A' + number);
        browser.set_cookie("__Host-sid", &letter.to_string().repeat(44));
        browser.get("/authz/auth-request")
    };
    for number in 0..5 {
        guess(number).problem(401, "NO_SESSION");
    }
    assert!(
        guess(5)
            .problem(429, "RATE_LIMITED")
            .header("retry-after")
            .is_some()
    );
    assert!(inside.is_logged_in());
    // Logging in is no guess at a token, whatever the browser still carries.
    let mut returning = server.browser();
    returning.ip.clone_from(&inside.ip);
    returning.set_cookie("__Host-sid", &"Z".repeat(44));
    returning.log_in(&name).is(200);
    let events = server.admin("GET", "/admin/v1/events?limit=1000").send().json();
    let kinds = events["events"].as_array().unwrap().iter().map(kind);
    assert_eq!(kinds.filter(|kind| kind == "guess").count(), 7);
}

#[test]
fn who_was_logged_out_and_has_not_heard_is_no_guesser() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let (gone, other) = (server.logged_in(&name), server.logged_in(&name));
    other.post("/auth/logout-others", &json!({})).is(200);
    for _ in 0..3 {
        gone.get("/auth/whoami").problem(401, "NO_SESSION");
    }
    let events = server.admin("GET", "/admin/v1/events?limit=1000").send().json();
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(kind).collect();
    assert!(!kinds.contains(&"guess".to_owned()), "{kinds:?}");
}
