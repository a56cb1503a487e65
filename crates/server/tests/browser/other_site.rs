//! A page of somebody else, who wants the visitor's browser to do things at the cloakroom.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Serves one page for ever; the thread ends with the tests.
pub struct OtherSite {
    port: u16,
}

impl OtherSite {
    pub fn with(page: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let page = page.clone();
                // A browser opens connections ahead, and leaves them idle.
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 8192]);
                    let _ = write!(
                        stream,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
                         Connection: close\r\n\r\n{page}",
                        page.len()
                    );
                });
            }
        });
        Self { port }
    }

    /// Another site than 127.0.0.1: `SameSite` cookies stay at home.
    pub fn elsewhere(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// On a host of that name, which the browser takes for this machine if it ends in `.localhost`.
    pub fn on(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }

    /// Another origin, but the same site: the cookies go along, and only the server can tell.
    pub fn next_door(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}
