//! Each story of `examples/`, told to the program itself over HTTP.

#![cfg(all(feature = "axum", feature = "sqlite"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod running;

use browser::Browser;
use running::Example;
use std::time::Duration;

#[test]
fn story_1_log_in_see_yourself_log_out() {
    let example = Example::start("1_log_in", &[]);
    let mut alice = Browser::new(&example);
    alice.get("/me").refused(401, "NO_SESSION");
    alice
        .post("/login", "user=alice&password=wrong")
        .refused(401, "INVALID_CREDENTIALS");
    assert_eq!(alice.cookie, None);

    let answer = alice.post("/login", "user=alice&password=umbrella");
    answer.is("welcome, alice\n");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("sid=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/"),
        "{cookie}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let me = alice.get("/me").json();
    assert_eq!(me["subject"], "alice");
    assert_eq!(me["session"].as_str().unwrap().len(), 22);

    let mut copy = alice.clone();
    alice.post("/logout", "").is("");
    assert_eq!(alice.cookie, None);
    copy.get("/me").refused(401, "NO_SESSION");
}

#[test]
fn story_1_survives_a_restart() {
    let mut example = Example::start("1_log_in", &[]);
    let mut alice = Browser::new(&example);
    alice
        .post("/login", "user=alice&password=umbrella")
        .is("welcome, alice\n");
    example.restart();
    alice.follow(&example);
    assert_eq!(alice.get("/me").json()["subject"], "alice");
}

#[test]
fn story_2_paying_wants_a_recent_authentication() {
    let example = Example::start("2_step_up", &[("FRESH_FOR", "2")]);
    let mut alice = Browser::new(&example);
    alice.post("/pay", "").refused(401, "NO_SESSION");
    alice
        .post("/step-up", "password=umbrella")
        .refused(401, "NO_SESSION");
    alice.post("/login", "user=alice&password=umbrella").is("");
    alice.post("/pay", "").is("paid by alice\n");

    std::thread::sleep(Duration::from_millis(2_100));
    let refused = alice.post("/pay", "");
    refused.refused(401, "STEP_UP_REQUIRED");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_user_authentication\""),
        "{challenge}"
    );
    assert!(challenge.ends_with("max_age=2"), "{challenge}");
    alice.get("/me").is("alice\n");

    alice
        .post("/step-up", "password=wrong")
        .refused(401, "INVALID_CREDENTIALS");
    alice.post("/pay", "").refused(401, "STEP_UP_REQUIRED");
    let mut old = alice.clone();
    alice.post("/step-up", "password=umbrella").is("");
    alice.post("/pay", "").is("paid by alice\n");
    old.get("/me").refused(401, "NO_SESSION");
}

#[test]
fn story_3_one_device_all_devices_and_the_sixth() {
    let example = Example::start("3_devices", &[]);
    let device = |name: &'static str, user: &str| {
        let mut device = Browser::new(&example);
        device.user_agent = name;
        device.post("/login", &format!("user={user}")).is("");
        device
    };
    let mut phone = device("phone/1", "alice");
    let mut laptop = device("laptop/1", "alice");
    let mut bob = device("phone/1", "bob");

    let listed = laptop.get("/devices").json();
    let find = |name: &str| {
        listed
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["user_agent"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        (&find("laptop/1")["current"], &find("phone/1")["current"]),
        (&true.into(), &false.into())
    );

    let path = format!("/devices/{}", find("phone/1")["id"].as_str().unwrap());
    bob.delete(&path).refused(404, "NOT_FOUND");
    bob.delete("/devices/nonsense").refused(404, "NOT_FOUND");
    phone.get("/devices").ok();
    laptop.delete(&path).is("");
    laptop.delete(&path).refused(404, "NOT_FOUND");
    phone.get("/devices").refused(401, "NO_SESSION");

    let mut others: Vec<Browser> = ["a/1", "b/1", "c/1", "d/1", "e/1"]
        .into_iter()
        .map(|name| {
            // Who was used least recently is told in milliseconds.
            std::thread::sleep(Duration::from_millis(5));
            device(name, "alice")
        })
        .collect();
    laptop.get("/devices").refused(401, "NO_SESSION");
    assert_eq!(others[0].get("/devices").json().as_array().unwrap().len(), 5);

    others[0].post("/logout-others", "").is("4 sessions ended\n");
    others[1].get("/devices").refused(401, "NO_SESSION");
    let mut again = device("f/1", "alice");
    others[0].post("/logout-everywhere", "").is("2 sessions ended\n");
    again.get("/devices").refused(401, "NO_SESSION");
    bob.get("/devices").ok();
}

#[test]
fn story_4_a_new_token_with_a_role_and_with_a_password() {
    let example = Example::start("4_change_of_privilege", &[]);
    let mut alice = Browser::new(&example);
    let mut elsewhere = Browser::new(&example);
    for browser in [&mut alice, &mut elsewhere] {
        browser.post("/login", "user=alice&password=umbrella").is("");
    }
    alice.get("/admin").refused(403, "FORBIDDEN");
    let mut before = alice.clone();
    alice.post("/become-admin", "").is("");
    assert_ne!(alice.cookie, before.cookie);
    alice.get("/admin").is("hello, alice\n");
    before.get("/me").refused(401, "NO_SESSION");
    elsewhere.get("/admin").refused(403, "FORBIDDEN");

    let mut before = alice.clone();
    alice
        .post("/password", "new=parasol")
        .is("password changed, 1 other sessions ended\n");
    assert_ne!(alice.cookie, before.cookie);
    for dead in [&mut before, &mut elsewhere] {
        dead.get("/me").refused(401, "NO_SESSION");
    }
    alice.get("/admin").is("hello, alice\n");
    elsewhere
        .post("/login", "user=alice&password=umbrella")
        .refused(401, "INVALID_CREDENTIALS");
    elsewhere.post("/login", "user=alice&password=parasol").is("");
}

#[test]
fn story_5_the_cart_survives_log_in_and_nothing_else_does() {
    let example = Example::start("5_cart", &[]);
    let mut visitor = Browser::new(&example);
    visitor.get("/").is("visitor, cart: , theme: light\n");
    assert_eq!(visitor.cookie, None, "nothing to keep, no cookie");
    visitor.post("/cart", "item=umbrella").is("");
    visitor.post("/cart", "item=hat").is("");
    visitor.post("/theme", "theme=dark").is("");
    visitor.get("/").is("visitor, cart: umbrella hat, theme: dark\n");

    let mut before = visitor.clone();
    visitor.post("/login", "user=alice").is("");
    visitor.get("/").is("alice, cart: umbrella hat, theme: light\n");
    before.get("/").is("visitor, cart: , theme: light\n");

    visitor.post("/login", "user=bob").is("");
    visitor.get("/").is("bob, cart: , theme: light\n");
}
