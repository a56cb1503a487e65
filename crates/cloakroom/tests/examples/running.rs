//! An example as a program of its own, on a free port, with its data in a folder that goes away.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub struct Example {
    name: &'static str,
    settings: Vec<(String, String)>,
    folder: TempDir,
    program: Child,
    pub address: String,
}

impl Example {
    pub fn start(name: &'static str, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = settings
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let (program, address) = run(name, &settings, &folder);
        Self {
            name,
            settings,
            folder,
            program,
            address,
        }
    }

    pub fn restart(&mut self) {
        self.stop();
        (self.program, self.address) = run(self.name, &self.settings, &self.folder);
    }

    fn stop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the program and waits until it says where it listens.
fn run(name: &str, settings: &[(String, String)], folder: &TempDir) -> (Child, String) {
    let mut program = Command::new(binary(name))
        .current_dir(folder)
        .env("PORT", "0")
        .env_remove("STORE")
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .expect("the example says where it listens");
    (program, address.to_owned())
}

/// Cargo builds examples with the tests, unless it is told to build this test alone.
fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let profile = here.ancestors().nth(2).unwrap();
    let binary = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.exists(),
        "build it first: cargo build -p cloakroom --examples"
    );
    binary
}
