//! What is sent, and what operators see of it.

use crate::common::{ADMIN_KEY, Browser, kind};
use crate::receiver::{Act, Receiver};
use crate::{about, sending_to, state, within};
use serde_json::json;

#[test]
fn what_happens_is_sent_as_the_events_api_tells_it() {
    let receiver = Receiver::good();
    let server = sending_to(&receiver.url()).start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    browser.post("/auth/logout", &json!({})).is(204);
    within(10, "opened and closed", || about(&receiver, &name).len() == 2);
    let events = server.events(&name);
    let sent: Vec<_> = receiver
        .all()
        .iter()
        .map(|it| it.json()["data"].clone())
        .collect();
    assert_eq!(sent, events);
    assert_eq!(
        events.iter().map(kind).collect::<Vec<_>>(),
        ["opened", "closed:logout"]
    );
    within(5, "noted", || state(&server)["sent"] == 2);
    let state = state(&server);
    assert_eq!(
        (state["name"].as_str(), state["state"].as_str()),
        (Some("ops"), Some("sending"))
    );
    assert_eq!(
        (
            state["behind"].as_u64(),
            state["dead_letters"].as_array().unwrap().len()
        ),
        (Some(0), 0)
    );
    assert_eq!(
        server.metric("cloakroom_deliveries_total{channel=\"webhook.ops\"}"),
        Some(2.0)
    );
    assert_eq!(
        server.metric("cloakroom_delivers{channel=\"webhook.ops\"}"),
        Some(1.0)
    );
    assert!(!server.log().contains("whsec_"));
}

#[test]
fn dead_letters_are_listed_with_the_reason_and_sent_again_on_request() {
    let receiver = Receiver::start(|_, before| {
        if before < 4 {
            Act::Status(500)
        } else {
            Act::Status(200)
        }
    });
    let server = sending_to(&receiver.url())
        .set("webhook.ops.kinds", "login-failed")
        .start();
    let name = server.user(&[]);
    let wrong = json!({ "username": name, "password": "not the one" });
    server.browser().post("/auth/login", &wrong).is(401);
    within(10, "given up", || state(&server)["dead_letters"][0].is_object());
    let dead = state(&server)["dead_letters"][0].clone();
    assert_eq!(dead["event"], server.events(&name)[0]["id"]);
    assert_eq!(dead["type"], "login.failed");
    assert!(dead["why"].as_str().unwrap().contains("500"), "{dead}");
    assert_eq!(
        server.metric("cloakroom_dead_letters_total{channel=\"webhook.ops\"}"),
        Some(1.0)
    );
    let answer = server
        .admin("POST", "/admin/v1/webhooks/ops/retry")
        .send()
        .is(202);
    assert_eq!(answer.json(), json!({ "retried": 1 }));
    within(10, "taken", || receiver.all().len() == 5);
    within(5, "off the list", || state(&server)["dead_letters"] == json!([]));
    assert!(
        receiver
            .all()
            .iter()
            .all(|it| it.id() == dead["id"].as_str().unwrap())
    );
    server
        .admin("POST", "/admin/v1/webhooks/nobody/retry")
        .send()
        .problem(404, "NOT_FOUND");
    server.browser().get("/admin/v1/webhooks").is(404);
    server
        .admin("GET", "/admin/v1/webhooks")
        .without("Authorization")
        .send()
        .is(401);
    assert!(
        server
            .events("")
            .iter()
            .any(|event| event["detail"] == "retried webhook.ops")
    );
}

#[test]
fn an_operator_sees_on_the_console_what_was_given_up_and_has_it_tried_again() {
    let receiver = Receiver::start(|_, before| Act::Status(if before < 4 { 500 } else { 200 }));
    let server = sending_to(&receiver.url())
        .set("webhook.ops.kinds", "login-failed")
        .start();
    let name = server.user(&[]);
    let wrong = json!({ "username": name, "password": "not the one" });
    server.browser().post("/auth/login", &wrong).is(401);
    within(10, "given up", || state(&server)["dead_letters"][0].is_object());
    let operator = Browser::new(server.admin, &format!("http://{}", server.admin));
    operator.submit("/console/login", &[("key", ADMIN_KEY)]).is(303);
    let page = operator.visit("/console").is(200).body;
    assert!(
        page.contains("Webhooks and mail") && page.contains("Try again"),
        "{page}"
    );
    let to = operator.submit("/console/webhooks/ops/retry", &[]);
    let page = operator.visit(to.see_other()).is(200).body;
    assert!(page.contains("What had been given up is tried again."), "{page}");
    within(10, "taken", || receiver.all().len() == 5);
    within(5, "off the list", || state(&server)["dead_letters"] == json!([]));
    let page = operator.visit("/console").is(200).body;
    assert!(!page.contains("Try again"), "{page}");
    operator.submit("/console/webhooks/nobody/retry", &[]).is(404);
}

#[test]
fn a_receiver_inside_is_not_called_unless_its_network_is_named() {
    let receiver = Receiver::good();
    let url = format!("https://localhost:{}/", receiver.address.port());
    let server = sending_to(&url).set("outbound.allow_networks", "").start();
    let name = server.user(&[]);
    server.logged_in(&name);
    within(10, "given up", || state(&server)["dead_letters"][0].is_object());
    let why = state(&server)["dead_letters"][0]["why"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(why.contains("outbound.allow_networks"), "{why}");
    assert_eq!(receiver.connections.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn what_happened_while_the_server_was_down_is_sent_when_it_is_back() {
    let receiver = Receiver::good();
    let server = sending_to(&receiver.url()).start();
    let name = server.user(&[]);
    server.logged_in(&name);
    within(10, "the first", || about(&receiver, &name).len() == 1);
    server.signal("TERM");
    let mut server = server;
    assert!(server.ended().success());
    server.do_run(&["user", "disable", &name]);
    let server = server.restart();
    within(10, "what the command did", || about(&receiver, &name).len() == 2);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(receiver.all().len(), 2, "none twice");
    let ids: Vec<_> = server
        .events(&name)
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(about(&receiver, &name), ids);
}
