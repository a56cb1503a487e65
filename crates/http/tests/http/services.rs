//! The layer on services that are not axum's: any tower service, with its own body and error.

use crate::shop::VISITS;
use crate::world::World;
use bytes::Bytes;
use cloakroom_http::{Problem, Session};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use std::convert::Infallible;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

async fn count<B>(request: Request<B>) -> Result<String, Problem> {
    let session = Session::of(request.extensions()).await?;
    session.update(VISITS, |visits| *visits += 1)?;
    Ok(session.get(VISITS)?.unwrap_or_default().to_string())
}

async fn plain<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match count(request).await {
        Ok(text) => Response::new(Full::from(text)),
        Err(problem) => problem.response(),
    })
}

#[tokio::test]
async fn a_plain_tower_service() {
    let world = World::new();
    let service = ServiceBuilder::new()
        .layer(world.layer())
        .service(service_fn(plain::<Empty<Bytes>>));
    let response = service.clone().oneshot(Request::new(Empty::new())).await.unwrap();
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "1");
    let again = Request::builder()
        .header("cookie", cookie)
        .body(Empty::new())
        .unwrap();
    let response = service.oneshot(again).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "2");
}

/// As tonic's: not `Clone`, boxed body that is not `Sync`, an error of its own.
struct Rpc(u32);

#[derive(Debug, thiserror::Error)]
#[error("broken")]
struct Broken;

impl Service<Request<UnsyncBoxBody<Bytes, Broken>>> for Rpc {
    type Response = Response<UnsyncBoxBody<Bytes, Broken>>;
    type Error = Broken;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Broken>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.0 += 1;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<UnsyncBoxBody<Bytes, Broken>>) -> Self::Future {
        assert_eq!(
            self.0, 1,
            "the service that is called is the one that was polled ready"
        );
        self.0 = 0;
        // A handle is taken before the body, which is not `Sync`, goes its own way.
        let session = Session::of(request.extensions());
        Box::pin(async move {
            let session = session.await.map_err(|_| Broken)?;
            session.set(VISITS, &1).map_err(|_| Broken)?;
            Ok(Response::new(UnsyncBoxBody::new(
                Full::from("rpc").map_err(|never| match never {}),
            )))
        })
    }
}

#[tokio::test]
async fn a_service_like_tonics() {
    let world = World::new();
    let mut service = ServiceBuilder::new().layer(world.layer()).service(Rpc(0));
    for _ in 0..2 {
        let body = UnsyncBoxBody::new(Empty::new().map_err(|never| match never {}));
        let ready = service.ready().await.ok().unwrap();
        let response = ready.call(Request::new(body)).await.ok().unwrap();
        assert!(response.headers().contains_key("set-cookie"));
        let body = response.into_body().collect().await.ok().unwrap();
        assert_eq!(body.to_bytes(), "rpc");
    }
}

#[tokio::test]
async fn over_a_real_connection() {
    let world = World::new();
    let service = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(axum::body::Body::new))
        .layer(world.layer())
        .service(service_fn(plain::<axum::body::Body>));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(listener, tower::make::Shared::new(service));
    let server = tokio::spawn(server.into_future());
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let asking =
        "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nCookie: __Host-sid=é\r\nConnection: close\r\n\r\n";
    connection.write_all(asking.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("set-cookie: __Host-sid="), "{answer}");
    server.abort();
}
