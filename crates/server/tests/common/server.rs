//! Starting, asking, stopping the server, and running its other commands beside it.

use super::browser::Browser;
use super::http::{Answer, Ask};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_cloakroom");
pub const ORIGIN: &str = "https://app.example.com";
pub const ADMIN_KEY: &str = "the key of an operator in tests";

/// A password that follows from the name, so that nobody has to carry it around.
pub fn password_of(name: &str) -> String {
    format!("pass phrase of {name}")
}

/// Somebody who wants to know a process before it does anything.
#[derive(Clone)]
struct Told(Arc<dyn Fn(u32) + Send + Sync>);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

/// What a server is started with: keys of the configuration, given through the environment.
#[derive(Clone, Debug)]
pub struct Setup {
    keys: Vec<(String, String)>,
    flags: Vec<String>,
    data: Option<Arc<TempDir>>,
    told: Option<Told>,
}

impl Default for Setup {
    /// Public over HTTPS, behind a proxy on this machine.
    fn default() -> Self {
        let hash = Sha256::digest(ADMIN_KEY.as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            keys: Vec::new(),
            flags: Vec::new(),
            data: None,
            told: None,
        }
        .set("public_url", ORIGIN)
        .set("trusted_proxies", "127.0.0.0/8")
        .set("admin.keys", &hash)
    }
}

impl Setup {
    /// Nothing but what is set afterwards.
    pub fn bare() -> Self {
        Self {
            keys: Vec::new(),
            flags: Vec::new(),
            data: None,
            told: None,
        }
    }

    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.keys.retain(|(other, _)| other != key);
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }

    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Tells this one the process's id as soon as there is one, at each start.
    pub fn telling(mut self, whom: impl Fn(u32) + Send + Sync + 'static) -> Self {
        self.told = Some(Told(Arc::new(whom)));
        self
    }

    /// In the folder that another server has, too.
    pub fn in_folder_of(mut self, server: &Server) -> Self {
        self.data = Some(server.data.clone());
        self
    }

    pub fn start(&self) -> Server {
        let data = self
            .data
            .clone()
            .unwrap_or_else(|| Arc::new(tempfile::tempdir().unwrap()));
        Server::start(self.clone(), data)
    }

    /// A command of the binary with these settings.
    pub fn command(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.env_clear().current_dir(data).args(arguments);
        for (key, value) in &self.keys {
            let name = format!("CLOAKROOM_{}", key.replace('.', "__").to_ascii_uppercase());
            command.env(name, value);
        }
        command
    }
}

/// A running server. It is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub setup: Setup,
    data: Arc<TempDir>,
    pub public: SocketAddr,
    pub admin: SocketAddr,
    log: Arc<Mutex<String>>,
    out: Arc<Mutex<String>>,
}

impl Server {
    fn start(setup: Setup, data: Arc<TempDir>) -> Self {
        let mut command = setup.command(
            data.path(),
            &[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
            ],
        );
        let mut child = command
            .args(&setup.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let Some(Told(whom)) = &setup.told {
            whom(child.id());
        }
        let log = collect(child.stderr.take().unwrap());
        let out = collect(child.stdout.take().unwrap());
        let asked = Instant::now();
        let serving = loop {
            if let Some(line) = entry(&log, "serving") {
                break line;
            }
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && asked.elapsed() < Duration::from_secs(20),
                "the server does not start: {}",
                log.lock().unwrap()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        let address = |name: &str| serving[name].as_str().unwrap().parse().unwrap();
        Self {
            public: address("listen"),
            admin: address("admin_listen"),
            child,
            setup,
            data,
            log,
            out,
        }
    }

    /// Everything the server has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Everything the server has printed so far.
    pub fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The sessions' SQLite file.
    pub fn database(&self) -> PathBuf {
        self.data.path().join("data/cloakroom.db")
    }

    /// The same settings and data again, after this one has gone.
    pub fn restart(mut self) -> Self {
        self.kill();
        Self::start(self.setup.clone(), self.data.clone())
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(asked.elapsed() < Duration::from_secs(15), "it does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Another command of the binary, on the same settings and data.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    pub fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        run(self.setup.command(self.data.path(), arguments), input)
    }

    /// The same; it has to succeed. Answers what it printed.
    #[track_caller]
    pub fn do_run(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// A new user, with a name that nobody else has.
    pub fn user(&self, roles: &[&str]) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("user-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.add(&name, roles);
        name
    }

    #[track_caller]
    pub fn add(&self, name: &str, roles: &[&str]) {
        let mut arguments = vec!["user", "add", name, "--password-stdin"];
        roles.iter().for_each(|role| arguments.extend(["--role", role]));
        let done = self.run_with(&arguments, &password_of(name));
        assert!(done.status.success(), "{done:?}");
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        let origin = self.setup.keys.iter().find(|(key, _)| key == "public_url");
        match origin {
            Some((_, origin)) => Browser::new(self.public, origin),
            None => Browser::new(self.public, &format!("http://{}", self.public)),
        }
    }

    /// A browser in which this user is logged in.
    #[track_caller]
    pub fn logged_in(&self, name: &str) -> Browser {
        let browser = self.browser();
        browser.log_in(name).is(200);
        browser
    }

    /// A request to the admin API, with the key.
    pub fn admin(&self, method: &str, path: &str) -> Ask {
        Ask::new(self.admin, method, path).header("Authorization", format!("Bearer {ADMIN_KEY}"))
    }

    /// The value of a metric, if it is there.
    #[track_caller]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = self.admin("GET", "/metrics").send().is(200).body;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        Some(value.parse().unwrap())
    }

    /// Checks this browser's session until the near cache answers for it.
    #[track_caller]
    pub fn hold(&self, browser: &Browser) {
        let browser = browser.at(self);
        let hits = || self.metric("cloakroom_cache_hits_total").unwrap();
        super::until("the near cache holds the session", || {
            let before = hits();
            browser.get("/auth/whoami").is(200);
            hits() > before
        });
    }

    /// The journal's entries about a subject, oldest first.
    #[track_caller]
    pub fn events(&self, subject: &str) -> Vec<Value> {
        let path = format!("/admin/v1/events?limit=1000&subject={subject}");
        let answer = self.admin("GET", &path).send().is(200);
        answer.json()["events"].as_array().unwrap().clone()
    }

    /// Kinds and reasons of a subject's entries, as `closed:logout`.
    #[track_caller]
    pub fn kinds(&self, subject: &str) -> Vec<String> {
        self.events(subject).iter().map(kind).collect()
    }

    /// How many sessions a subject has.
    #[track_caller]
    pub fn count(&self, subject: &str) -> usize {
        let answer = self
            .admin("GET", &format!("/admin/v1/sessions?subject={subject}"))
            .send()
            .is(200);
        answer.json()["sessions"].as_array().unwrap().len()
    }
}

/// `closed:logout`, `opened`.
pub fn kind(event: &Value) -> String {
    let kind = event["kind"].as_str().unwrap().to_owned();
    match event["reason"].as_str() {
        Some(reason) => format!("{kind}:{reason}"),
        None => kind,
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One server for all tests of a file that need nothing special; it ends with the last of them.
pub fn shared() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(Setup::default().start());
    *shared = Arc::downgrade(&server);
    server
}

/// Runs a command to its end.
pub fn run(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not want it may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn signal(id: u32, name: &str) {
    let done = Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

fn collect(from: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept = Arc::new(Mutex::new(String::new()));
    let into = kept.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            let mut kept = into.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    kept
}

/// The log line with this message.
fn entry(log: &Mutex<String>, message: &str) -> Option<Value> {
    let log = log.lock().unwrap();
    let mut lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["message"] == message)
}
