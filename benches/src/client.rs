//! A client that logs in, then asks for the same page over and over on a few connections, each time as one of those who are
//! logged in, and checks that each answer is a 200.

use crate::visitor::{AGENT, LANGUAGE};
use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// As many requests are under way at a time.
pub const CONNECTIONS: usize = 16;
/// What all answers end with.
const BODY: &[u8] = b"ok\n";

/// Logs a user in. Answers the header line that carries the cookie which the server set, or nothing if it set none.
pub async fn log_in(port: u16, user: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = request("POST", &format!("/login/{user}"), "Content-Length: 0\r\n");
    let mut buffer = vec![0; 4096];
    let answer = ask(&mut stream, request.as_bytes(), &mut buffer).await?;
    let answer = std::str::from_utf8(answer)?;
    let cookie = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    });
    let Some(cookie) = cookie else {
        return Ok(String::new());
    };
    let pair = cookie.split(';').next().context("an empty cookie")?;
    Ok(format!("Cookie: {pair}\r\n"))
}

/// Sends `requests` in all over a few connections, one at a time on each. The cookies (header lines, or empty) are dealt
/// out among them, and each connection goes through its own over and over.
pub async fn load(port: u16, cookies: &[String], requests: usize) -> Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let own = cookies.iter().skip(connection).step_by(CONNECTIONS);
        let own: Vec<_> = own.map(|cookie| request("GET", "/", cookie)).collect();
        ensure!(!own.is_empty(), "fewer cookies than connections");
        tasks.spawn(one(port, own, requests / CONNECTIONS));
    }
    let all = async {
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    };
    tokio::select! {
        done = all => done,
        () = staying_awake() => Ok(()),
    }
}

/// Keeps this process from sleeping, so that no server pays for waking it: whoever asks in production is another machine.
/// Else a slower server would pay more often, since it is waited for.
async fn staying_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

async fn one(port: u16, requests: Vec<String>, count: usize) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    for request in requests.iter().cycle().take(count) {
        ask(&mut stream, request.as_bytes(), &mut buffer).await?;
    }
    Ok(())
}

/// A request of an ordinary browser, with one header line more.
fn request(method: &str, path: &str, line: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\nAccept-Language: {LANGUAGE}\r\n{line}\r\n"
    )
}

async fn ask<'a>(stream: &mut TcpStream, request: &[u8], buffer: &'a mut [u8]) -> Result<&'a [u8]> {
    stream.write_all(request).await?;
    let mut filled = 0;
    while !buffer[..filled].ends_with(BODY) {
        let read = stream.read(&mut buffer[filled..]).await?;
        filled += read;
        if read == 0 || filled == buffer.len() {
            bail!(
                "unexpected answer: {}",
                String::from_utf8_lossy(&buffer[..filled])
            );
        }
    }
    let answer = &buffer[..filled];
    if !answer.starts_with(b"HTTP/1.1 200") {
        bail!("unexpected answer: {}", String::from_utf8_lossy(answer));
    }
    Ok(answer)
}
