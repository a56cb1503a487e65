//! Starting, freezing, killing and restarting a server.
//!
//! The tests of other crates that want a Redis include this file.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The server's program: Redis, or whatever else speaks its language, such as `valkey-server`.
fn program() -> String {
    std::env::var("CLOAKROOM_TEST_REDIS").unwrap_or_else(|_| "redis-server".to_owned())
}

/// What a server is started with.
#[derive(Clone, Default)]
pub struct Settings {
    /// Arguments, `--name value`.
    pub arguments: Vec<String>,
    /// Whether the port speaks TLS, with `server.crt` and `server.key` of this directory.
    pub tls: Option<std::path::PathBuf>,
}

/// A running server. It stops when dropped.
pub struct Server {
    child: Child,
    port: u16,
    data: TempDir,
    settings: Settings,
}

impl Server {
    /// As a careful operator would set it up: append-only file, nothing evicted.
    pub fn start() -> Self {
        Self::with(Settings::default())
    }

    /// With more arguments.
    pub fn with_arguments(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
        Self::with(Settings { arguments, tls: None })
    }

    pub fn with(settings: Settings) -> Self {
        let refused = || panic!("{0} does not start; see what it says: {0} --port 0", program());
        Self::try_with(settings).unwrap_or_else(refused)
    }

    /// Nothing if it does not start.
    pub fn try_with(settings: Settings) -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        // A port may be taken between being found and being used; then another is tried.
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0))
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            if let Some(child) = spawn(port, data.path(), &settings) {
                return Some(Self {
                    child,
                    port,
                    data,
                    settings,
                });
            }
        }
        None
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Where its data are.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// All that it keeps, as it lies on the disk.
    pub fn dump(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for folder in [self.data().to_owned(), self.data().join("appendonlydir")] {
            for file in std::fs::read_dir(folder).unwrap().flatten() {
                all.extend(std::fs::read(file.path()).unwrap_or_default());
            }
        }
        all
    }

    /// Stops it in the middle of everything; connections stay open.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Ends it without a chance to say goodbye.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port and data.
    pub fn restart(&mut self) {
        self.child = spawn(self.port, self.data.path(), &self.settings).expect("the port is still free");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let done = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server on this port and waits until it answers. Nothing if it gave up, as it does when somebody else has the
/// port already.
fn spawn(port: u16, data: &Path, settings: &Settings) -> Option<Child> {
    let mut child = match command(port, data, settings).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{0} is missing: apt-get install {0}", program())
        }
        Err(error) => panic!("{}: {error}", program()),
    };
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end && child.try_wait().unwrap().is_none() {
        if answers(data) {
            return Some(child);
        }
        sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// A door that only this server can open: whoever answers on the port may be another one that was faster to take it.
fn door(data: &Path) -> PathBuf {
    data.join("door")
}

/// Whether the server answers at its own door: it does when it has its port, and gives up if it can not have it.
fn answers(data: &Path) -> bool {
    let ask = || {
        let mut stream = UnixStream::connect(door(data))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    // One that wants a password says so when it is ready; one that is still reading its data says `-LOADING`.
    ask().is_ok_and(|answer| [*b"+PONG\r\n", *b"-NOAUTH"].contains(&answer))
}

fn command(port: u16, data: &Path, settings: &Settings) -> Command {
    let mut command = Command::new(program());
    command.args([
        "--bind",
        "127.0.0.1",
        "--appendonly",
        "yes",
        // A busy disk must not stall the tests; what is written outlives the process all the same.
        "--appendfsync",
        "no",
        "--save",
        "",
        "--loglevel",
        "warning",
        // Or its title overwrites the environment by which a test run finds what it has left behind.
        "--set-proc-title",
        "no",
    ]);
    command.arg("--dir").arg(data).arg("--unixsocket").arg(door(data));
    let port_text = port.to_string();
    match &settings.tls {
        None => command.args(["--port", &port_text]),
        Some(files) => {
            command.args([
                "--port",
                "0",
                "--tls-port",
                &port_text,
                "--tls-auth-clients",
                "no",
            ]);
            command.arg("--tls-cert-file").arg(files.join("server.crt"));
            command.arg("--tls-key-file").arg(files.join("server.key"));
            command.arg("--tls-ca-cert-file").arg(files.join("ca.crt"))
        }
    };
    command
        .args(&settings.arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
