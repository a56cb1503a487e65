//! A real SMTP server (Debian's python3-aiosmtpd) with TLS and authentication, that prints what it takes.

#![allow(dead_code, unreachable_pub)] // each test binary uses its own part
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::must_use_candidate,
    missing_docs
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SCRIPT: &str = r#"
import json, socket, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

folder, mode, refusals = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Handler:
    async def handle_DATA(self, server, session, envelope):
        global refusals
        if refusals > 0:
            refusals -= 1
            print(json.dumps({"refused": True}), flush=True)
            return "451 not now"
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None or mode == "smtps",
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "text": envelope.content.decode("utf-8", "replace"),
        }), flush=True)
        return "250 taken"

def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"ops@example.com" and data.password == b"hunter2 of ops"
    return AuthResult(success=good, handled=False, auth_data=data)

context = ssl.SSLContext(ssl.PROTOCOL_TLS)
context.load_cert_chain(folder + "/server.crt", folder + "/server.key")

class Front(Controller):
    def factory(self):
        extra = {} if mode == "smtps" else {"tls_context": context, "require_starttls": True}
        return SMTP(self.handler, hostname="localhost", authenticator=authenticate, auth_required=True,
                    auth_require_tls=mode != "smtps", **extra)

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
front = Front(Handler(), hostname="127.0.0.1", port=port, ready_timeout=20, ssl_context=context if mode == "smtps" else None)
front.start()
print(json.dumps({"port": port}), flush=True)
sys.stdin.read()
"#;

pub const PASSWORD: &str = "hunter2 of ops";

/// It ends when dropped.
pub struct Smtp {
    child: Child,
    pub port: u16,
    taken: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Smtp {
    /// With a certificate of `folder` (`certificates::make`); `mode` is `smtps` or `starttls`. The first mails are refused.
    pub fn start(folder: &Path, mode: &str, refusals: u32) -> Self {
        // Debian's modules are those of Debian's own interpreter.
        let mut child = Command::new("/usr/bin/python3")
            .args([
                "-c",
                SCRIPT,
                folder.to_str().unwrap(),
                mode,
                &refusals.to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python3 is missing: apt-get install python3-aiosmtpd");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else {
            let mut why = String::new();
            let _ = std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut why);
            panic!("aiosmtpd does not start (apt-get install python3-aiosmtpd): {why}");
        };
        let first: serde_json::Value = serde_json::from_str(&first).unwrap();
        let taken: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
        let into = taken.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                into.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        let port = first["port"].as_u64().unwrap().try_into().unwrap();
        Self { child, port, taken }
    }

    /// Everything so far, refusals too.
    pub fn all(&self) -> Vec<serde_json::Value> {
        self.taken.lock().unwrap().clone()
    }

    /// The mails that were taken, once there are so many.
    pub fn mails(&self, count: usize) -> Vec<serde_json::Value> {
        let asked = Instant::now();
        loop {
            let mails: Vec<_> = self
                .all()
                .into_iter()
                .filter(|it| it["refused"].is_null())
                .collect();
            if mails.len() >= count {
                return mails;
            }
            assert!(
                asked.elapsed() < Duration::from_secs(20),
                "not {count} mails: {:#?}",
                self.all()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
