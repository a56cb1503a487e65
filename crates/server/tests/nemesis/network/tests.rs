//! The network does what the faults rely on.

use super::{Flow, Member, Network};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const HERE: Member = Member(0);
const THERE: Member = Member(1);
const SOON: Duration = Duration::from_millis(150);

/// Somebody who says everything again, behind a door.
struct Echo {
    _runtime: Runtime,
    network: Arc<Network>,
    door: u16,
}

impl Echo {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let real = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut back = stream.try_clone().unwrap();
                std::thread::spawn(move || std::io::copy(&mut &stream, &mut back));
            }
        });
        let runtime = Runtime::new().unwrap();
        let network = Network::new(runtime.handle().clone());
        network.introduce(std::process::id(), HERE);
        Self {
            door: network.door(THERE, real),
            _runtime: runtime,
            network,
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.door)).unwrap()
    }
}

/// What comes back within a while: a byte, the end, or nothing.
fn heard(stream: &mut TcpStream, within: Duration) -> Option<usize> {
    stream.set_read_timeout(Some(within)).unwrap();
    match stream.read(&mut [0]) {
        Ok(length) => Some(length),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(_) => Some(0),
    }
}

#[test]
fn what_is_sent_through_a_cut_arrives_when_it_heals() {
    let echo = Echo::new();
    for cut in [(HERE, THERE), (THERE, HERE)] {
        let mut stream = echo.connect();
        stream.write_all(b"a").unwrap();
        assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
        echo.network.set(cut.0, cut.1, Flow::Held);
        echo.network.set(cut.0, cut.1, Flow::Slow(SOON / 10));
        stream.write_all(b"b").unwrap();
        assert_eq!(heard(&mut stream, SOON), None);
        // A handshake takes both directions.
        let mut new = echo.connect();
        new.write_all(b"c").unwrap();
        assert_eq!(heard(&mut new, SOON), None);
        echo.network.mend(HERE, THERE);
        assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
        assert_eq!(heard(&mut new, 10 * SOON), Some(1));
    }
}

#[test]
fn nobody_else_feels_it() {
    let echo = Echo::new();
    echo.network.cut(Member(2), THERE);
    let mut stream = echo.connect();
    stream.write_all(b"a").unwrap();
    assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
}

#[test]
fn a_slow_link_is_slow_both_ways_and_loses_nothing() {
    let echo = Echo::new();
    let mut stream = echo.connect();
    stream.write_all(b"a").unwrap();
    assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
    echo.network.set(HERE, THERE, Flow::Slow(SOON));
    echo.network.set(THERE, HERE, Flow::Slow(SOON));
    let sent = Instant::now();
    stream.write_all(b"b").unwrap();
    assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
    assert!(sent.elapsed() >= 2 * SOON, "{:?}", sent.elapsed());
}

#[test]
fn who_is_refused_loses_its_connections_and_gets_no_new_ones() {
    let echo = Echo::new();
    let mut stream = echo.connect();
    stream.write_all(b"a").unwrap();
    assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
    echo.network.refuse(HERE, THERE);
    assert_eq!(heard(&mut stream, 10 * SOON), Some(0));
    assert_eq!(heard(&mut echo.connect(), 10 * SOON), Some(0));
    echo.network.mend(HERE, THERE);
    let mut stream = echo.connect();
    stream.write_all(b"b").unwrap();
    assert_eq!(heard(&mut stream, 10 * SOON), Some(1));
}
