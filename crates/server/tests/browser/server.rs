//! The real binary, as a newcomer starts it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// From the start of the process to the first page, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(3);

/// `cloakroom serve --dev`. It stops when dropped.
pub struct Server {
    child: Child,
    printed: HashMap<String, String>,
    data: TempDir,
    settings: Vec<(String, String)>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With settings as environment variables.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let settings = settings
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let data = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let (child, printed) = spawn("127.0.0.1:0", data.path(), &settings);
        let server = Self {
            child,
            printed,
            data,
            settings,
        };
        server.serves(started);
        server
    }

    /// Where browsers go: `http://127.0.0.1:PORT` and the path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.printed["open"])
    }

    pub fn user(&self) -> &str {
        &self.printed["user"]
    }

    pub fn password(&self) -> &str {
        &self.printed["password"]
    }

    pub fn admin_key(&self) -> &str {
        &self.printed["admin key"]
    }

    pub fn console(&self) -> &str {
        &self.printed["console"]
    }

    /// Ends it without a chance to say goodbye, and starts it on the same address and data.
    pub fn kill_and_start_again(&mut self) {
        let address = self.address().to_string();
        self.stop();
        let started = Instant::now();
        (self.child, self.printed) = spawn(&address, self.data.path(), &self.settings);
        self.serves(started);
    }

    /// Logs the demo user in from a device with this name in its `User-Agent`, at this address.
    pub fn log_in_from(&self, ip: &str, user_agent: &str) {
        let body = format!(
            r#"{{"username":"{}","password":"{}"}}"#,
            self.user(),
            self.password()
        );
        let address = self.address();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /auth/login HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {user_agent}\r\nX-Forwarded-For: {ip}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// One more user, whose password is given.
    pub fn add_user(&self, name: &str, password: &str) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cloakroom"))
            .args(["user", "add", name, "--password-stdin", "--data-dir"])
            .arg(self.data.path())
            .current_dir(self.data.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(password.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// How many requests of other sites it has refused.
    pub fn refused(&self) -> u64 {
        let console = url::Url::parse(self.console()).unwrap();
        let address = console.socket_addrs(|| None).unwrap()[0];
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            self.admin_key()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix("cloakroom_csrf_rejected_total "));
        line.unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
    }

    fn address(&self) -> SocketAddr {
        self.printed["open"]
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Checked once there is a `Server`, which is stopped whatever this finds.
    fn serves(&self, started: Instant) {
        first_page(&self.address().to_string());
        let took = started.elapsed();
        assert!(took < SOON, "{took:?} until the first page");
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts it and reads what `--dev` prints: one name and one value to the line.
fn spawn(listen: &str, data: &Path, settings: &Vec<(String, String)>) -> (Child, HashMap<String, String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command
        .args([
            "serve",
            "--dev",
            "--listen",
            listen,
            "--admin-listen",
            "127.0.0.1:0",
        ])
        .arg("--data-dir")
        .arg(data)
        .current_dir(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // A setting of whoever runs the tests is none of theirs.
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("CLOAKROOM_") {
            command.env_remove(key);
        }
    }
    command.env("CLOAKROOM_LOG", "error");
    for (key, value) in settings {
        command.env(key, value);
    }
    let mut child = command.spawn().unwrap();
    let mut printed = HashMap::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !printed.contains_key("admin key") {
        let line = lines.next().expect("the server ended at its start").unwrap();
        if let Some((name, value)) = line.trim().split_once("  ") {
            printed.insert(name.to_owned(), value.trim().to_owned());
        }
    }
    // Nobody may find the pipe full or shut.
    std::thread::spawn(move || lines.for_each(drop));
    (child, printed)
}

fn first_page(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(
        stream,
        "GET /auth/login HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
