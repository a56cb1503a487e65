//! Invariant 4: no secret is anywhere but where it has to be.

use crate::common::{ADMIN_KEY, Browser, Redis, Server, Setup};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

/// Uses everything that handles a secret. Answers the secrets.
fn use_everything(server: &Server) -> Vec<String> {
    let name = server.user(&["admin"]);
    let (first, second) = (
        "pass phrase of ".to_owned() + &name,
        "Ünother pass/phrase+&=".to_owned(),
    );
    let mut secrets = vec![
        first.clone(),
        second.clone(),
        ADMIN_KEY.to_owned(),
        "a wrong pass phrase".to_owned(),
    ];
    let browser = server.browser();
    let mut keep = |browser: &Browser| secrets.extend(browser.token());
    browser.log_in(&name).is(200);
    keep(&browser);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    browser.get("/auth/whoami?token=x").is(200);
    keep(&browser);
    browser.visit("/account").is(200);
    browser.get("/authz/forward-auth").is(200);
    browser.get("/authz/auth-request").is(200);
    browser.step_up(&name).is(200);
    keep(&browser);
    browser.post("/auth/password", &json!({ "new": second })).is(204);
    keep(&browser);
    browser
        .post("/auth/step-up", &json!({ "password": "a wrong pass phrase" }))
        .is(401);
    browser.submit(
        "/auth/login",
        &[("username", &name), ("password", "a wrong pass phrase")],
    );
    // Type and value are wrong: errors must not repeat them.
    browser.post(
        "/auth/login",
        &json!({ "username": name, "password": [second], "remember": second }),
    );
    browser
        .ask("POST", "/auth/login")
        .text("application/json", &format!("{{\"password\": \"{second}\""))
        .send();
    let ask = browser
        .ask("POST", "/auth/logout")
        .without("Origin")
        .without("Sec-Fetch-Site");
    ask.send().is(403);
    let mut other = browser.copy();
    "curl/8".clone_into(&mut other.agent);
    other.get("/auth/whoami").is(401);
    let token = browser.token().unwrap();
    server
        .admin("POST", "/admin/v1/introspect")
        .json(&json!({ "token": token }))
        .send()
        .is(200);
    let opened = server
        .admin("POST", "/admin/v1/sessions")
        .json(
            &json!({ "subject": name, "auth": ["password"], "data": { "note": "sealed application data" } }),
        )
        .send()
        .is(201);
    secrets.push(opened.json()["token"].as_str().unwrap().to_owned());
    secrets.push("sealed application data".to_owned());
    let operator = Browser::new(server.admin, &format!("http://{}", server.admin));
    operator.submit("/console/login", &[("key", ADMIN_KEY)]).is(303);
    operator
        .submit("/console/login", &[("key", "a wrong pass phrase")])
        .is(401);
    browser.go(&browser.ask("POST", "/auth/logout")).is(204);
    browser.set_cookie("__Host-sid", &token);
    browser.get("/auth/whoami").is(401);
    assert!(secrets.len() >= 9);
    secrets
}

/// The ways in which a secret may be written down.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<String> = Vec::new();
    let mut forms = vec![secret.as_bytes().to_vec()];
    forms.extend(
        URL_SAFE_NO_PAD
            .decode(secret)
            .ok()
            .filter(|bytes| bytes.len() >= 16),
    );
    for bytes in &forms {
        all.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        all.push(bytes.iter().map(|byte| format!("{byte:02X}")).collect());
        all.push(STANDARD.encode(bytes));
        all.push(STANDARD_NO_PAD.encode(bytes));
        all.push(URL_SAFE.encode(bytes));
        all.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    }
    all.push(serde_urlencoded::to_string([("", secret)]).unwrap()[1..].to_owned());
    all.push(percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string());
    all.push(
        serde_json::to_string(secret)
            .unwrap()
            .trim_matches('"')
            .to_owned(),
    );
    let mut all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    // The raw bytes, and a good piece of the text: half a secret is one, too.
    all.extend(forms);
    all.push(secret.as_bytes()[..secret.floor_char_boundary(secret.len() * 2 / 3)].to_vec());
    all
}

#[track_caller]
fn holds_none(what: &str, haystack: &[u8], secrets: &[String]) {
    assert!(haystack.len() > 1000, "{what} holds something at all");
    for secret in secrets {
        for spelling in spellings(secret) {
            let found = haystack
                .windows(spelling.len())
                .position(|window| window == spelling);
            if let Some(at) = found {
                let around = &haystack[at.saturating_sub(300)..(at + 200).min(haystack.len())];
                panic!("{what} holds {secret:?}: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.extend(std::fs::read(entry.path()).unwrap());
        }
    }
    all
}

#[test]
fn inv4_logs_at_the_finest_level_and_files_hold_no_secret() {
    let server = Setup::default()
        .set("log", "trace")
        .set("policy.renew_after", "1s")
        .start();
    let secrets = use_everything(&server);
    let log = server.log();
    assert!(log.contains("TRACE"), "the finest level is on");
    holds_none("the log", log.as_bytes(), &secrets);
    holds_none("the data folder", &files(server.data()), &secrets);
    let events = server.admin("GET", "/admin/v1/events?limit=1000").send().is(200);
    holds_none("the journal", events.body.as_bytes(), &secrets);
    holds_none(
        "the metrics",
        server.admin("GET", "/metrics").send().body.as_bytes(),
        &secrets,
    );
}

#[test]
fn inv4_redis_holds_no_secret() {
    let redis = Redis::start();
    let server = Setup::default()
        .set("store", &redis.url())
        .set("log", "trace")
        .set("policy.renew_after", "1s")
        .start();
    let secrets = use_everything(&server);
    holds_none("the log", server.log().as_bytes(), &secrets);
    holds_none("Redis", &redis.dump(), &secrets);
}

#[test]
fn req_3_what_the_store_holds_can_not_be_replayed() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let database = rusqlite::Connection::open(server.database()).unwrap();
    let key: Vec<u8> = database
        .query_row("SELECT key FROM sessions WHERE subject = ?1", [&name], |row| {
            row.get(0)
        })
        .unwrap();
    let mut padded = vec![0; 33_usize.saturating_sub(key.len())];
    padded.extend(&key);
    for bytes in [&key, &padded] {
        let thief = server.browser();
        thief.set_cookie("__Host-sid", &URL_SAFE_NO_PAD.encode(bytes));
        thief.get("/auth/whoami").problem(401, "NO_SESSION");
    }
    assert!(browser.is_logged_in());
}
