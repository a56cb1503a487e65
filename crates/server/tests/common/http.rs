//! HTTP/1.1 by hand: libraries would refuse to send much of what a server must survive.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A request, sent as it stands.
#[derive(Clone, Debug)]
pub struct Ask {
    to: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Ask {
    pub fn new(to: SocketAddr, method: &str, path: &str) -> Self {
        Self {
            to,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// One more header line; the same name may come twice.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Without the lines of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// This line in place of those of its name.
    pub fn replace(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.text("application/x-www-form-urlencoded", &body)
    }

    pub fn text(self, kind: &str, body: &str) -> Self {
        self.header("Content-Type", kind).body(body)
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.to).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it and reads the answer to its end.
    #[track_caller]
    pub fn send(&self) -> Answer {
        match self.attempt() {
            Ok(answer) => answer,
            Err(error) => panic!("{} {}: {error}", self.method, self.path),
        }
    }

    /// The same, where no answer is an answer, too.
    pub fn attempt(&self) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // A server may answer before it has read everything; what counts is whether the answer arrives.
        let _ = stream.write_all(&self.bytes());
        Answer::read(&mut stream)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn read(stream: &mut TcpStream) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let broken = || std::io::Error::other(format!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
        let end = find(&bytes, b"\r\n\r\n").ok_or_else(broken)?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|text| text.parse().ok()).ok_or_else(broken)?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let chunked = headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let rest = &bytes[end + 4..];
        let body = if chunked {
            unchunk(rest).ok_or_else(broken)?
        } else {
            rest.to_vec()
        };
        Ok(Self {
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// Everything that differs between two answers for reasons of its own left out.
    pub fn timeless(&self) -> Self {
        let mut answer = self.clone();
        answer.headers.retain(|(name, _)| name != "date");
        answer
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("no JSON ({error}) in {self:#?}"),
        }
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// A problem as RFC 9457 and the contract want it.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:#?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:#?}");
        let json = self.json();
        assert_eq!(json["status"], status, "{self:#?}");
        assert_eq!(json["code"], code, "{self:#?}");
        for member in ["type", "title", "detail"] {
            assert!(
                json[member].as_str().is_some_and(|text| !text.is_empty()),
                "{member}: {self:#?}"
            );
        }
        if status == 503 || status == 429 {
            let wait = self
                .header("retry-after")
                .and_then(|text| text.parse::<u64>().ok());
            assert!(wait.is_some_and(|seconds| seconds > 0), "{self:#?}");
        }
        if status == 401 {
            assert!(
                self.header("www-authenticate").is_some(),
                "RFC 9110 §15.5.2: {self:#?}"
            );
        }
        self
    }

    /// The redirect's target.
    #[track_caller]
    pub fn see_other(&self) -> &str {
        assert_eq!(self.status, 303, "{self:#?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:#?}");
        self.header("location").expect("a redirect names its target")
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?.trim(), 16).ok()?;
        let rest = &bytes[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        bytes = rest.get(size + 2..)?;
    }
}
