//! What the layer costs a request, beside the same handler without it.
//!
//! Each line is one request through an axum router, in process: no network, and a store in memory, so that what is left
//! is the layer, the engine and the cookie. Times are those of the thread on the CPU.

#![allow(missing_docs, clippy::unwrap_used)]

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use cloakroom_core::{MemoryStore, Sessions};
use cloakroom_http::{Field, LogIn, Session, SessionLayer, User};
use cloakroom_testkit::{HandClock, SeededRandom};
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::{Either, Full};
use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tower::ServiceExt as _;

const NOTE: Field<String> = Field::new("note");
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn routes() -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/me", get(async |user: User| user.subject().to_string()))
        .route(
            "/note",
            get(async |session: Session| session.get(NOTE).ok().flatten().unwrap_or_default()),
        )
}

/// A logged-in session with a value in it, and its cookie.
async fn logged_in(sessions: &Sessions) -> String {
    let client = cloakroom_core::Client::default().with_user_agent(AGENT);
    let log_in = LogIn::of("alice".parse().unwrap());
    let active = sessions.log_in(log_in, &client, None).await.unwrap();
    let mut changes = cloakroom_core::Changes::none();
    changes.set(NOTE, &"a note".to_owned()).unwrap();
    let active = sessions.commit(&active, &changes, &client).await.unwrap();
    format!(
        "theme=dark; _ga=GA1.1.1234567890.1234567890; __Host-sid={}",
        *active.token().expose()
    )
}

fn request(path: &str, cookie: Option<&str>) -> Request<Body> {
    let mut request = Request::builder()
        .uri(path)
        .header("user-agent", AGENT)
        .header("accept-language", "en");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.body(Body::empty()).unwrap()
}

/// How long this thread has run, so that a busy machine does not count; where that is not told, the time of day.
fn on_cpu() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    // The count is brought up to date when the thread gives way.
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn a_request(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Arc::new(MemoryStore::new());
    let sessions = Sessions::new(
        store,
        cloakroom_core::Policy::default(),
        HandClock::new(),
        SeededRandom::new(1),
    );
    let cookie = runtime.block_on(logged_in(&sessions));
    let bare = routes();
    // What axum itself asks for any layer: one more boxed service, one more boxed body.
    let idle = routes().layer(tower::layer::layer_fn(|inner| {
        tower::ServiceBuilder::new()
            .map_response(|response: http::Response<Body>| response.map(Either::Left::<_, Full<Bytes>>))
            .service(inner)
    }));
    let app = routes().layer(SessionLayer::new(sessions));
    let cases: [(&str, &Router, &str, Option<&str>); 6] = [
        ("no layer", &bare, "/", None),
        ("a layer that does nothing", &idle, "/", None),
        ("layer, no cookie", &app, "/", None),
        ("layer, cookie, session not asked for", &app, "/", Some(&cookie)),
        ("layer, cookie, user", &app, "/me", Some(&cookie)),
        ("layer, cookie, one value", &app, "/note", Some(&cookie)),
    ];
    for (name, app, path, cookie) in cases {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let before = on_cpu();
                runtime.block_on(async {
                    for _ in 0..times {
                        black_box(app.clone().oneshot(request(path, cookie)).await.unwrap());
                    }
                });
                on_cpu().saturating_sub(before).max(Duration::from_nanos(1))
            });
        });
    }
}

criterion_group!(benches, a_request);
criterion_main!(benches);
