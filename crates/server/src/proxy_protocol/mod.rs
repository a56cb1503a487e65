//! Connections that come through a proxy which passes them on as they are, and says in a header of its own ahead of them
//! where they come from (PROXY protocol 1 and 2, as HAProxy, nginx and load balancers speak it).
//!
//! Only `trusted_proxies` are believed, and from them it is required: the standard forbids to guess whether there is a
//! header. What anybody else sends is taken as the request that it should be.

mod header;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use cloakroom::{PeerAddress, TrustedProxies};
use header::{Arrived, MOST, NoHeader};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::Layer as _;

/// How long the header may take. A proxy sends it together with the first bytes.
const SLOW: Duration = Duration::from_secs(5);

/// Takes connections in, behind their headers if `proxies` are named.
#[derive(Clone, Debug)]
pub struct Acceptor {
    proxies: Option<Arc<TrustedProxies>>,
}

impl Acceptor {
    /// For connections that come as they are.
    #[must_use]
    pub fn plain() -> Self {
        Self { proxies: None }
    }

    /// For connections that these proxies pass on.
    #[must_use]
    pub fn behind(proxies: TrustedProxies) -> Self {
        Self {
            proxies: Some(Arc::new(proxies)),
        }
    }
}

/// Who is at the other end stands in the extensions of each request.
impl<S: Send + 'static> Accept<TcpStream, S> for Acceptor {
    type Stream = TcpStream;
    type Service = AddExtension<S, PeerAddress>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, mut stream: TcpStream, service: S) -> Self::Future {
        let proxies = self.proxies.clone();
        Box::pin(async move {
            let peer = stream.peer_addr()?.ip();
            let told = match proxies {
                Some(proxies) if proxies.contains(peer) => told(&mut stream, peer).await?,
                _ => None,
            };
            let service = Extension(PeerAddress(told.unwrap_or(peer))).layer(service);
            Ok((stream, service))
        })
    }
}

/// The address that a proxy tells. An error closes the connection without an answer: whom it would be for is not known.
async fn told(stream: &mut TcpStream, proxy: IpAddr) -> io::Result<Option<IpAddr>> {
    let read = timeout(SLOW, receive(stream)).await;
    read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .inspect_err(|error| tracing::warn!(%error, %proxy, "a proxy's connection begins without a PROXY protocol header"))
}

/// Takes exactly the header from the stream. What follows it stays there for the request's reader.
async fn receive(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut bytes = [0; MOST];
    let mut taken = 0;
    loop {
        let seen = taken + stream.peek(&mut bytes[taken..]).await?;
        if seen == taken {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let ours = header::belonging(&bytes[..seen]);
        stream.read_exact(&mut bytes[taken..ours]).await?;
        taken = ours;
        match header::read(&bytes[..taken]) {
            Ok(Arrived::Whole(address)) => return Ok(address),
            Ok(Arrived::Part) => {}
            Err(error @ NoHeader) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}

#[cfg(test)]
mod tests;
