//! A receiver of webhooks on a real socket, as well or badly behaved as a test wants.

#![allow(dead_code, unreachable_pub, clippy::similar_names)] // each test binary uses its own part
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::must_use_candidate,
    missing_docs
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with this status.
    Status(u16),
    /// Sends exactly this.
    Raw(String),
    /// Says nothing, and keeps the connection open.
    Hang,
    /// 200, and a body that never ends, a byte at a time.
    Endless,
    /// 200, and a gigabyte as fast as it goes.
    Huge,
    /// Headers that never end.
    EndlessHeaders,
    /// Hangs up.
    Close,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub head: String,
    pub body: String,
    pub at: Instant,
}

impl Received {
    pub fn header(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        found
            .next()
            .unwrap_or_else(|| panic!("no {name} in {}", self.head))
            .1
            .trim()
            .to_owned()
    }

    pub fn id(&self) -> String {
        self.header("webhook-id")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// `type subject`
    pub fn what(&self) -> String {
        let json = self.json();
        format!(
            "{} {}",
            json["type"].as_str().unwrap(),
            json["data"]["subject"].as_str().unwrap_or("-")
        )
    }
}

type Decide = dyn Fn(&Received, usize) -> Act + Send + Sync;
pub trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}
pub type Dress = dyn Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync;

/// It stops when dropped.
pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// Bytes of bodies that were sent.
    pub written: Arc<AtomicU64>,
    pub connections: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

impl Receiver {
    /// Decides by the request, and how many came before it.
    pub fn start(decide: impl Fn(&Received, usize) -> Act + Send + Sync + 'static) -> Self {
        Self::dressed(decide, |stream| Some(Box::new(stream)))
    }

    /// With something between the socket and the request, such as TLS.
    pub fn dressed(
        decide: impl Fn(&Received, usize) -> Act + Send + Sync + 'static,
        dress: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            written: Arc::default(),
            connections: Arc::default(),
            stopped: Arc::default(),
        };
        let (decide, dress): (Arc<Decide>, Arc<Dress>) = (Arc::new(decide), Arc::new(dress));
        let (received, written) = (receiver.received.clone(), receiver.written.clone());
        let (stopped, connections) = (receiver.stopped.clone(), receiver.connections.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                connections.fetch_add(1, Ordering::SeqCst);
                let (decide, dress, received) = (decide.clone(), dress.clone(), received.clone());
                let (written, stopped) = (written.clone(), stopped.clone());
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                    if let Some(stream) = dress(stream) {
                        let _ = serve(stream, &*decide, &received, &written, &stopped);
                    }
                });
            }
        });
        receiver
    }

    pub fn good() -> Self {
        Self::start(|_, _| Act::Status(204))
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// All requests so far.
    pub fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn whats(&self) -> Vec<String> {
        self.all().iter().map(Received::what).collect()
    }

    /// What came, without doubles, in the order in which it came first.
    pub fn first_seen(&self) -> Vec<Received> {
        let mut seen = std::collections::HashSet::new();
        let all = self.all();
        all.into_iter()
            .filter(|received| seen.insert(received.id()))
            .collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: Box<dyn Stream>,
    decide: &Decide,
    received: &Mutex<Vec<Received>>,
    written: &AtomicU64,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    let Some(request) = read(&mut *stream)? else {
        return Ok(());
    };
    let act = {
        // Decided and noted in one step, so that a test sees them in the order of the decisions.
        let mut all = received.lock().unwrap();
        let act = decide(&request, all.len());
        all.push(request);
        act
    };
    let mut send = |bytes: &[u8]| {
        stream.write_all(bytes)?;
        stream.flush()?;
        written.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Ok::<_, std::io::Error>(())
    };
    match act {
        Act::Status(status) => send(format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n").as_bytes()),
        Act::Raw(text) => send(text.as_bytes()),
        Act::Close => Ok(()),
        Act::Hang => {
            while !stopped.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
        Act::Endless => {
            send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")?;
            while !stopped.load(Ordering::SeqCst) {
                send(b"x")?;
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
        Act::EndlessHeaders => {
            send(b"HTTP/1.1 200 OK\r\n")?;
            while !stopped.load(Ordering::SeqCst) {
                send(&[b"X-More: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat())?;
            }
            Ok(())
        }
        Act::Huge => {
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")?;
            for _ in 0..1000 {
                send(&vec![b'x'; 1_000_000])?;
            }
            Ok(())
        }
    }
}

fn read(stream: &mut dyn Stream) -> std::io::Result<Option<Received>> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            });
            let body = &bytes[end + 4..];
            if body.len() >= length.unwrap_or(0) {
                let body = String::from_utf8(body.to_vec()).unwrap();
                return Ok(Some(Received {
                    head,
                    body,
                    at: Instant::now(),
                }));
            }
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}
