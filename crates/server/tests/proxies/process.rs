//! A proxy's process: on ports that were free, with its files in a folder of its own, gone when dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct Process {
    child: Child,
    folder: TempDir,
    pub address: SocketAddr,
}

impl Process {
    /// Starts `program` with a configuration that is written for the address to listen on and the folder.
    pub fn start(
        program: &str,
        configuration: impl Fn(SocketAddr, &Path) -> String,
        arguments: impl Fn(&Path) -> Vec<String>,
    ) -> Self {
        // Somebody else may take the port between the look and the start.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let address = free();
            let file = folder.path().join("configuration");
            std::fs::write(&file, configuration(address, folder.path())).unwrap();
            let child = Command::new(program)
                .args(arguments(&file))
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(folder.path().join("errors")).unwrap())
                .spawn()
                .unwrap_or_else(|error| panic!("{program} is needed (apt-get install {program}): {error}"));
            let mut process = Self {
                child,
                folder,
                address,
            };
            if process.listens() {
                return process;
            }
            eprintln!("{program} did not start: {}", process.errors());
        }
        panic!("{program} does not start");
    }

    fn listens(&mut self) -> bool {
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(10) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("errors")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}
