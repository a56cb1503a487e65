//! What the web defences cost a request: the check of origins, the comparison of clients and the headers, each alone and
//! all together, beside the same handler without them in one run.
//!
//! Times are those of the thread on the CPU. The last lines print the differences; `0.5 µs` is what they may cost together.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use cloakroom_core::{Binding, MemoryStore, Policy, Sessions};
use cloakroom_http::{
    CsrfToken, CsrfTokens, LogIn, Origins, PeerAddress, SecurityHeaders, SessionLayer, TrustedProxies, User,
};
use cloakroom_testkit::{HandClock, SeededRandom};
use http::Request;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const OWN: &str = "https://app.example.com";
const ROUNDS: usize = 41;
const REQUESTS: u32 = 4000;

fn sessions(binding: Binding) -> Sessions {
    let policy = Policy::builder().binding(binding).build().unwrap();
    let store = Arc::new(MemoryStore::new());
    Sessions::new(store, policy, HandClock::new(), SeededRandom::new(1))
}

fn routes() -> Router {
    Router::new().route(
        "/me",
        get(async |user: User| user.subject().to_string())
            .post(async |user: User| user.subject().to_string()),
    )
}

/// An application, and what its one visitor carries.
struct Case {
    name: &'static str,
    app: Router,
    cookie: String,
    csrf: String,
}

impl Case {
    fn new(
        name: &'static str,
        runtime: &Runtime,
        binding: Binding,
        put_together: impl Fn(Router, SessionLayer) -> Router,
    ) -> Self {
        let sessions = sessions(binding);
        let client = TrustedProxies::default().client(request("/", "", "").headers(), &addressed());
        let active = runtime
            .block_on(sessions.log_in(LogIn::of("alice".parse().unwrap()), &client, None))
            .unwrap();
        let cookie = format!("theme=dark; __Host-sid={}", *active.token().expose());
        let layer = SessionLayer::new(sessions);
        let form = Router::new().route("/csrf", get(async |csrf: CsrfToken| csrf.value().to_owned()));
        let asked = runtime.block_on(form.layer(layer.clone()).oneshot(request("/csrf", &cookie, "")));
        let body = runtime
            .block_on(axum::body::to_bytes(asked.unwrap().into_body(), 100))
            .unwrap();
        Self {
            name,
            // As a server does it once: without, axum would put each request's layers together anew.
            app: put_together(routes(), layer).with_state(()),
            cookie,
            csrf: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The time of one request, in nanoseconds.
    fn run(&self, runtime: &Runtime) -> f64 {
        let before = on_cpu();
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let asking = request("/me", &self.cookie, &self.csrf);
                let answer = self.app.clone().oneshot(asking).await.unwrap();
                assert_eq!(answer.status(), 200);
                black_box(answer);
            }
        });
        let took = on_cpu().saturating_sub(before);
        took.as_secs_f64() * 1e9 / f64::from(REQUESTS)
    }
}

fn addressed() -> http::Extensions {
    let mut extensions = http::Extensions::new();
    extensions.insert(PeerAddress([192, 0, 2, 1].into()));
    extensions
}

fn request(path: &str, cookie: &str, csrf: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header("user-agent", AGENT)
        .header("accept-language", "en")
        .header("origin", OWN)
        .header("sec-fetch-site", "same-origin")
        .header("x-csrf-token", csrf)
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap();
    if path == "/csrf" {
        *request.method_mut() = http::Method::GET;
    }
    *request.extensions_mut() = addressed();
    request
}

/// How long this thread has run, so that a busy machine does not count.
fn on_cpu() -> Duration {
    // The count is brought up to date when the thread gives way.
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

fn main() {
    // `cargo test` only asks whether it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") {
        ROUNDS
    } else {
        1
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let origins = || Origins::own(OWN);
    let headers = || SecurityHeaders::of(OWN);
    let cases = [
        Case::new("a session, no defences", &runtime, Binding::none(), Router::layer),
        Case::new("check of origins", &runtime, Binding::none(), |app, layer| {
            app.layer(layer.same_origin(origins()))
        }),
        Case::new("binding", &runtime, Binding::default(), Router::layer),
        // What axum asks for any layer further out: one more boxed service, one more boxed body.
        Case::new(
            "a layer that does nothing",
            &runtime,
            Binding::none(),
            |app, layer| {
                app.layer(layer).layer(tower::util::MapResponseLayer::new(
                    |response: http::Response<Body>| response,
                ))
            },
        ),
        Case::new("headers", &runtime, Binding::none(), |app, layer| {
            app.layer(layer).layer(headers())
        }),
        Case::new("all three", &runtime, Binding::default(), |app, layer| {
            app.layer(layer.same_origin(origins()).security_headers(headers()))
        }),
        Case::new(
            "all three, the headers in a layer of their own",
            &runtime,
            Binding::default(),
            |app, layer| app.layer(layer.same_origin(origins())).layer(headers()),
        ),
        Case::new(
            "all three, and nonces that nobody asks for",
            &runtime,
            Binding::default(),
            |app, layer| {
                app.layer(layer.same_origin(origins()))
                    .layer(headers().nonces(SeededRandom::new(2)))
            },
        ),
        Case::new(
            "all three, and tokens",
            &runtime,
            Binding::default(),
            |app, layer| {
                app.layer(CsrfTokens::new())
                    .layer(layer.same_origin(origins()))
                    .layer(headers())
            },
        ),
    ];
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        // In turn, so that a machine that wavers wavers for all.
        for (case, times) in cases.iter().zip(&mut times) {
            times.push(case.run(&runtime));
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    for (case, median) in cases.iter().zip(&medians) {
        println!(
            "{:<45} {median:>6.0} ns   {:>+6.0} ns",
            case.name,
            median - medians[0]
        );
    }
}
