//! A Redis of one's own.

use super::server::signal;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running Redis. It is killed when dropped.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    data: TempDir,
    arguments: Vec<String>,
}

impl Redis {
    /// As a careful operator would set it up: append-only file, nothing evicted.
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        // A port may be taken between being found and being used; then another is tried.
        for _ in 0..5 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            if let Some(child) = spawn(port, &data, &arguments) {
                return Self {
                    child,
                    port,
                    data,
                    arguments,
                };
            }
        }
        panic!("redis-server does not start; see what it says: redis-server --port 0");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Connections stay open, nothing is answered.
    pub fn freeze(&self) {
        signal(self.child.id(), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.child.id(), "CONT");
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same port and data again.
    pub fn restart(&mut self) {
        self.child = spawn(self.port, &self.data, &self.arguments).expect("the port is still free");
    }

    /// All that it keeps, as it lies on the disk.
    pub fn dump(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for folder in [
            self.data.path().to_owned(),
            self.data.path().join("appendonlydir"),
        ] {
            for file in std::fs::read_dir(folder).unwrap().flatten() {
                all.extend(std::fs::read(file.path()).unwrap_or_default());
            }
        }
        all
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, data: &TempDir, arguments: &[String]) -> Option<Child> {
    let mut child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(arguments)
        .current_dir(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(10) {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        if answers(port) {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut pong = [0; 7];
    stream.write_all(b"PING\r\n").is_ok() && stream.read_exact(&mut pong).is_ok() && &pong == b"+PONG\r\n"
}
