//! Invariant 4: a token is in the cookie, and nowhere else.

use crate::shop::shop;
use crate::world::{Answer, CHROME, SID, World, request};
use axum::http::Request;
use cloakroom_core::{LogIn, Token};
use parking_lot::Mutex;
use std::io::Write;
use std::sync::Arc;
use tracing_subscriber::fmt::MakeWriter;

/// All that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The spellings in which a token might slip out.
fn spellings(token: &str) -> Vec<String> {
    let key = Token::parse(token).unwrap().key();
    let bytes: Vec<u8> = token.bytes().collect();
    vec![
        token.to_owned(),
        token.replace('-', "+").replace('_', "/"),
        token.replace('-', "%2D").replace('_', "%5F"),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        format!("{bytes:?}"),
        token[..20].to_owned(),
        token[24..].to_owned(),
        // The key opens nothing, but has no place in an answer either.
        format!("{key:?}"),
    ]
}

fn outside_of_the_cookie(answer: &Answer) -> String {
    let mut text = answer.body.clone();
    for (name, value) in &answer.headers {
        if name != "set-cookie" {
            text += &format!("\n{name}: {value:?}");
        }
    }
    text
}

#[tokio::test]
async fn no_answer_and_no_log_holds_a_token_but_the_cookie() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let world = World::new();
    let mut browser = world.browser(shop());
    let mut tokens = Vec::new();
    let mut said = String::new();
    let acts = [
        "POST /visits",
        "POST /login/alice",
        "GET /me",
        "POST /step-up",
        "POST /roles/admin",
        "GET /admin",
        "POST /pay",
        "POST /password",
        "POST /rotate",
        "GET /sessions",
        "GET /id",
        "POST /note/x",
        "POST /logout-others",
        "POST /end/x",
        "GET /nowhere",
        "STORE down",
        "GET /me",
        "POST /note/y",
        "STORE up",
        "TIME",
        "GET /me",
        "CHROME",
        "GET /me",
        "POST /rotate",
        "POST /step-up",
        "TWICE",
        "POST /logout-everywhere",
        "POST /login/alice",
        "POST /logout",
    ];
    for act in acts {
        match act.split_once(' ') {
            Some(("STORE", "down")) => world.store.fail(&["load", "swap", "append"]),
            Some(("STORE", _)) => world.store.fail(&[]),
            Some((method, path)) => {
                let answer = browser.send(method.parse().unwrap(), path).await;
                said += &outside_of_the_cookie(&answer);
            }
            None if act == "TIME" => world.wind(1799),
            None if act == "CHROME" => browser.user_agent = CHROME,
            None => {
                let twice = format!("{0}; {0}", browser.cookie.as_ref().unwrap());
                said +=
                    &outside_of_the_cookie(&browser.raw(request("GET", "/me", &[("cookie", &twice)])).await);
            }
        }
        if browser.cookie.is_some() {
            tokens.push(browser.token());
        }
    }
    drop(guard);

    let logged = String::from_utf8(log.0.lock().clone()).unwrap();
    assert!(
        logged.contains("could not be read or written"),
        "the log is being captured"
    );
    assert!(logged.contains("several session cookies"), "{logged}");
    tokens.dedup();
    assert!(tokens.len() >= 8, "{}", tokens.len());
    for token in &tokens {
        for spelling in spellings(token) {
            assert!(!said.contains(&spelling), "an answer holds a token");
        }
        for spelling in &spellings(token)[..7] {
            assert!(!logged.contains(spelling), "the log holds a token");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_printed_by_a_handler_does_not_show_the_session() {
    let world = World::new();
    let handler = async |request: Request<axum::body::Body>| format!("{:?}", request.extensions());
    let mut browser = world.browser(shop().route("/print", axum::routing::get(handler)));
    browser.post("/login/alice").await.is(200, "");
    let printed = browser.get("/print").await.body;
    assert!(!printed.contains(&browser.token()));
}

#[tokio::test]
async fn what_the_layer_hands_out_is_what_the_engine_made() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    assert!(browser.cookie.as_ref().unwrap().starts_with(&format!("{SID}=")));
    let client = cloakroom_core::Client::default();
    let other = world
        .sessions
        .log_in(LogIn::of("alice".parse().unwrap()), &client, None)
        .await
        .unwrap();
    assert_eq!(other.token().expose().len(), browser.token().len());
}
