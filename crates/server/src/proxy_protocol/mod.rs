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
mod tests {
    use super::header::{Arrived, MOST, NoHeader, belonging, read};

    fn v2(command: u8, family: u8, length: u16, rest: &[u8]) -> Vec<u8> {
        let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
        bytes.extend([command, family]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    const IPV4: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xbb];

    fn told(bytes: &[u8]) -> Result<Arrived, NoHeader> {
        read(&bytes[..belonging(bytes)])
    }

    #[test]
    fn headers_of_both_versions_are_read_in_whatever_pieces_they_come() {
        let whole = |ip: &str| Arrived::Whole(Some(ip.parse().unwrap()));
        let mut v6 = vec![0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        v6.extend([0; 20]);
        let extra = [&IPV4[..], &[0x04, 0, 3, 1, 2, 3]].concat();
        for (bytes, expected) in [
            (
                b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n".to_vec(),
                whole("192.0.2.1"),
            ),
            (
                b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n".to_vec(),
                whole("2001:db8::1"),
            ),
            (
                b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n".to_vec(),
                whole("192.0.2.1"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), Arrived::Whole(None)),
            (
                b"PROXY UNKNOWN ff::1 ff::2 1 2\r\n".to_vec(),
                Arrived::Whole(None),
            ),
            (v2(0x21, 0x11, 12, &IPV4), whole("192.0.2.1")),
            (v2(0x21, 0x11, 18, &extra), whole("192.0.2.1")),
            (v2(0x21, 0x21, 36, &v6), whole("2001:db8::1")),
            (v2(0x20, 0x00, 0, &[]), Arrived::Whole(None)),
            (v2(0x20, 0x11, 12, &IPV4), Arrived::Whole(None)),
            (v2(0x21, 0x00, 0, &[]), Arrived::Whole(None)),
            (v2(0x21, 0x31, 216, &[7; 216]), Arrived::Whole(None)),
        ] {
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(told(&bytes), Ok(expected), "{shown}");
            for end in 1..bytes.len() {
                assert_eq!(told(&bytes[..end]), Ok(Arrived::Part), "{shown}, {end} bytes");
            }
            let with_more = [&bytes[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
            assert_eq!(belonging(&with_more), bytes.len(), "{shown}");
        }
    }

    #[test]
    fn what_is_no_header_is_known_for_it_before_much_was_read() {
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            b"POST / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::1 ::1 4711 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 99999\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\n\n".to_vec(),
            [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat(),
            b"\r\n\r\n\0\r\nQUIT\nxxxxxxxxxxxxxx".to_vec(),
            v2(0x31, 0x11, 12, &IPV4),
            v2(0x22, 0x11, 12, &IPV4),
            v2(0x21, 0x11, 4, &[192, 0, 2, 1]),
            v2(0x21, 0x21, 12, &IPV4),
            v2(0x21, 0x13, 12, &IPV4),
            v2(0x21, 0x11, u16::MAX, &[0; MOST]),
        ] {
            let mut bytes = bytes;
            bytes.truncate(MOST);
            assert_eq!(told(&bytes), Err(NoHeader), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
