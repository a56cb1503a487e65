//! One server process: started, frozen, killed, started again on the same port and data.

use crate::common::signal;
use crate::network::{Member, Network};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a process is and how it is started.
pub struct Plan {
    /// `redis-server` or `redis-sentinel`; the Debian package has the same name.
    pub program: &'static str,
    pub name: String,
    pub member: Member,
    pub folder: PathBuf,
    /// The port on which it listens.
    pub real: u16,
    /// The port that everybody is told, our door to it.
    pub shown: u16,
    /// Its configuration file, which it may rewrite.
    pub configuration: String,
}

/// A running server. It is killed when dropped.
pub struct Process {
    plan: Plan,
    network: Arc<Network>,
    child: Child,
}

impl Process {
    pub fn start(plan: Plan, network: &Arc<Network>) -> Self {
        std::fs::create_dir_all(&plan.folder).unwrap();
        std::fs::write(file(&plan.folder), &plan.configuration).unwrap();
        let child = spawn(&plan);
        let process = Self {
            plan,
            network: Arc::clone(network),
            child,
        };
        process.settle_in();
        process
    }

    pub fn member(&self) -> Member {
        self.plan.member
    }

    pub fn shown(&self) -> u16 {
        self.plan.shown
    }

    /// What it answers to a command; nothing if it does not answer within two seconds.
    pub fn ask(&self, command: &[&str]) -> Option<String> {
        ask(self.plan.real, command)
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, with whatever it wrote down about itself.
    pub fn restart(&mut self) {
        self.child = spawn(&self.plan);
        self.settle_in();
    }

    pub fn freeze(&self) {
        signal(self.child.id(), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.child.id(), "CONT");
    }

    /// Waits until it answers: then its port is its own.
    fn settle_in(&self) {
        self.network.introduce(self.child.id(), self.plan.member);
        let asked = Instant::now();
        while self.ask(&["PING"]).as_deref() != Some("PONG") {
            assert!(
                asked.elapsed() < Duration::from_secs(20),
                "{} does not start: {}",
                self.plan.name,
                std::fs::read_to_string(self.plan.folder.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fails with the package's name where a program is missing.
pub fn need(program: &str) {
    match Command::new(program).arg("--version").output() {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let package = if program == "redis-cli" {
                "redis-tools"
            } else {
                program
            };
            panic!("{program} is missing: apt-get install {package}")
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

fn spawn(plan: &Plan) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(plan.folder.join("log"))
        .unwrap();
    Command::new(plan.program)
        .arg(file(&plan.folder))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("conf")
}

/// What the server on a port answers.
pub fn ask(port: u16, command: &[&str]) -> Option<String> {
    let done = Command::new("timeout")
        .args(["2", "redis-cli", "-e", "-h", "127.0.0.1", "-p", &port.to_string()])
        .args(command)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    done.status.success().then_some(text)
}
