//! What a browser adds to its requests, and what it keeps of the answers.

use super::http::{Answer, Ask};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

/// A browser behind an address of its own, with its cookies.
#[derive(Debug)]
pub struct Browser {
    pub to: SocketAddr,
    pub origin: String,
    pub ip: String,
    pub agent: String,
    jar: Mutex<Vec<(String, String)>>,
}

impl Browser {
    pub fn new(to: SocketAddr, origin: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            to,
            origin: origin.to_owned(),
            // A network of its own: what one test does wrong is not charged to another.
            ip: format!("10.{}.{}.7", number / 250, number % 250),
            agent: FIREFOX.to_owned(),
            jar: Mutex::default(),
        }
    }

    /// The same cookies elsewhere.
    pub fn copy(&self) -> Self {
        Self {
            to: self.to,
            origin: self.origin.clone(),
            ip: self.ip.clone(),
            agent: self.agent.clone(),
            jar: Mutex::new(self.jar.lock().unwrap().clone()),
        }
    }

    /// The same cookies at another node.
    pub fn at(&self, server: &super::server::Server) -> Self {
        let mut there = self.copy();
        there.to = server.public;
        there
    }

    /// A request with everything that a browser sends along. What `send` answers is not kept; see [`Self::go`].
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let mut ask = Ask::new(self.to, method, path)
            .header("User-Agent", &self.agent)
            .header("X-Forwarded-For", &self.ip);
        let jar = self.jar.lock().unwrap();
        if !jar.is_empty() {
            let pairs: Vec<String> = jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            ask = ask.header("Cookie", pairs.join("; "));
        }
        if !matches!(method, "GET" | "HEAD" | "OPTIONS") {
            ask = ask
                .header("Origin", &self.origin)
                .header("Sec-Fetch-Site", "same-origin");
        }
        ask
    }

    /// Sends the request and keeps the cookies of the answer.
    #[track_caller]
    pub fn go(&self, ask: &Ask) -> Answer {
        let answer = ask.send();
        self.keep(&answer);
        answer
    }

    pub fn keep(&self, answer: &Answer) {
        let mut jar = self.jar.lock().unwrap();
        for line in answer.all("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            jar.retain(|(other, _)| other != name);
            if !attributes.to_ascii_lowercase().contains("max-age=0") {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.go(&self.ask("GET", path))
    }

    /// A GET as when a person follows a link.
    #[track_caller]
    pub fn visit(&self, path: &str) -> Answer {
        self.go(&self
            .ask("GET", path)
            .header("Accept", "text/html,*/*;q=0.8")
            .header("Sec-Fetch-Mode", "navigate"))
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.go(&self.ask("POST", path).json(body))
    }

    /// A form, sent by a person.
    #[track_caller]
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.go(&self
            .ask("POST", path)
            .header("Accept", "text/html,*/*;q=0.8")
            .header("Sec-Fetch-Mode", "navigate")
            .form(fields))
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.go(&self.ask("DELETE", path))
    }

    #[track_caller]
    pub fn log_in(&self, name: &str) -> Answer {
        self.try_log_in(name, &super::server::password_of(name))
    }

    #[track_caller]
    pub fn try_log_in(&self, name: &str, password: &str) -> Answer {
        self.post("/auth/login", &json!({ "username": name, "password": password }))
    }

    #[track_caller]
    pub fn step_up(&self, name: &str) -> Answer {
        let password = super::server::password_of(name);
        self.post("/auth/step-up", &json!({ "password": password }))
    }

    /// The value of the session cookie.
    pub fn token(&self) -> Option<String> {
        let jar = self.jar.lock().unwrap();
        jar.iter()
            .find(|(name, _)| name.ends_with("sid"))
            .map(|(_, value)| value.clone())
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut jar = self.jar.lock().unwrap();
        jar.retain(|(other, _)| other != name);
        jar.push((name.to_owned(), value.to_owned()));
    }

    pub fn is_logged_in(&self) -> bool {
        self.get("/auth/whoami").status == 200
    }

    /// The id of this browser's session.
    #[track_caller]
    pub fn session_id(&self) -> String {
        let answer = self.get("/auth/whoami").is(200);
        answer.json()["session"]["id"].as_str().unwrap().to_owned()
    }
}
