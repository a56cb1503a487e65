//! One HTTP request to a receiver: to an address that was checked, within one time limit, following nothing.

use crate::guard::{Guard, Refused};
use crate::target::{Place, Target};
use crate::text;
use crate::tls::Trust;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// For everything: name, connection, handshake, request, answer.
const WHOLE: Duration = Duration::from_secs(15);
/// For one of several addresses, so that a dead one leaves time for the next.
const CONNECT: Duration = Duration::from_secs(5);
/// How many addresses of one name are tried.
const ADDRESSES: usize = 4;
/// What of an answer is read: headers, and the beginning of the body, for the log.
const HEADER_BYTES: usize = 16 * 1024;
const HEADERS: usize = 100;
const BODY_BYTES: usize = 4 * 1024;
const SHOWN: usize = 200;

/// Turns names into addresses.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name.
    async fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// As the operating system resolves.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0))
            .await?
            .map(|address| address.ip())
            .collect())
    }
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// How long it asks to be left alone (RFC 9110 §10.2.3).
    pub retry_after: Option<Duration>,
    /// The beginning of the body, on one line.
    pub body: String,
    /// Which address it came from.
    pub from: SocketAddr,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The name means nothing.
    #[error("the name can not be resolved: {0}")]
    Name(#[source] std::io::Error),
    /// None of its addresses may be called.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Plain HTTP to where it is not allowed.
    #[error("http:// is for receivers in outbound.allow_networks, and {0} is in none; use https://")]
    Plain(IpAddr),
    /// Nobody is there.
    #[error("no connection to {0}: {1}")]
    Connect(SocketAddr, #[source] std::io::Error),
    /// Its certificate is not good, or it does not speak TLS.
    #[error("TLS: {0}")]
    Tls(#[source] std::io::Error),
    /// It does not speak HTTP, or stopped in the middle.
    #[error("no HTTP answer: {0}")]
    Http(#[from] hyper::Error),
    /// The request can not be made.
    #[error("the request can not be made: {0}")]
    Request(#[from] http::Error),
    /// It took too long.
    #[error("no answer within {} s", WHOLE.as_secs())]
    Slow,
}

/// Sends a body with these headers, and waits for the answer.
pub(crate) async fn send(
    method: Method,
    target: &Target,
    headers: &[(&'static str, String)],
    body: Bytes,
    guard: &Guard,
    trust: &Trust,
    resolver: &dyn Resolve,
) -> Result<Answered, PostError> {
    let sent = async {
        let (stream, from) = connect(target, guard, resolver).await?;
        let request = request(method, target, headers, body)?;
        if !target.is_https() {
            return exchange(stream, request, from).await;
        }
        let name = match target.place() {
            Place::Address(address) => ServerName::from(address),
            Place::Name(name) => {
                ServerName::try_from(name).map_err(|error| PostError::Tls(std::io::Error::other(error)))?
            }
        };
        let connector = TlsConnector::from(trust.client.clone());
        let stream = connector.connect(name, stream).await.map_err(PostError::Tls)?;
        exchange(stream, request, from).await
    };
    tokio::time::timeout(WHOLE, sent)
        .await
        .map_err(|_| PostError::Slow)?
}

/// A connection to one of the addresses that may be called. The address that was checked is the one that is called: no
/// second resolution comes between.
async fn connect(
    target: &Target,
    guard: &Guard,
    resolver: &dyn Resolve,
) -> Result<(TcpStream, SocketAddr), PostError> {
    let addresses = match target.place() {
        Place::Address(address) => vec![address],
        Place::Name(name) => resolver.resolve(&name).await.map_err(PostError::Name)?,
    };
    let mut last = PostError::Name(std::io::Error::other("it has no address"));
    for address in addresses.into_iter().take(ADDRESSES) {
        if let Err(refused) = guard.check(address) {
            last = refused.into();
            continue;
        }
        if !target.is_https() && !guard.names(address) {
            last = PostError::Plain(address);
            continue;
        }
        let address = SocketAddr::new(address, target.port());
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Ok(Err(error)) => last = PostError::Connect(address, error),
            Err(_) => last = PostError::Connect(address, std::io::ErrorKind::TimedOut.into()),
        }
    }
    Err(last)
}

fn request(
    method: Method,
    target: &Target,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(target.path())
        .header(HOST, target.authority())
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("cloakroom/", env!("CARGO_PKG_VERSION")));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(Full::new(body))
}

async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    from: SocketAddr,
) -> Result<Answered, PostError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    let mut connection = std::pin::pin!(connection);
    let answer = async {
        let response = sender.send_request(request).await?;
        Ok(read(response, from).await)
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answered = &mut answer => answered,
        // The connection is what moves the bytes. When it is done there may still be an answer to take.
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => answer.await.map_err(|_: PostError| error.into()),
        },
    }
}

/// The status counts. Of the body the beginning is read, for a moment, and the rest is thrown away with the connection.
async fn read(response: Response<Incoming>, from: SocketAddr) -> Answered {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = response.into_body();
    let mut begun = Vec::new();
    let reading = async {
        while begun.len() < BODY_BYTES {
            let Some(Ok(frame)) = body.frame().await else {
                return;
            };
            if let Ok(data) = frame.into_data() {
                let room = BODY_BYTES - begun.len();
                begun.extend_from_slice(&data[..data.len().min(room)]);
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), reading).await;
    let body = text::line(String::from_utf8_lossy(&begun).trim(), SHOWN);
    Answered {
        status,
        retry_after,
        body,
        from,
    }
}

/// In seconds. A date is left alone: it would be compared with another machine's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
