//! A client that logs in, then sends the same request over and over on a few connections, and checks that each answer is
//! a 200.

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HEADERS: &str = "Host: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\n";
/// What all answers end with.
const BODY: &[u8] = b"ok\n";

/// Logs a user in. Answers the header line that carries the cookie which the server set, or nothing if it set none.
pub async fn log_in(port: u16, user: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("POST /login/{user} HTTP/1.1\r\n{HEADERS}Content-Length: 0\r\n\r\n");
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

/// Sends `requests` in all over as many connections as there are cookies (header lines, or empty), one at a time on each.
pub async fn load(port: u16, cookies: &[String], requests: usize) -> Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for cookie in cookies {
        let request = format!("GET / HTTP/1.1\r\n{HEADERS}{cookie}\r\n");
        tasks.spawn(one(port, request, requests / cookies.len()));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn one(port: u16, request: String, requests: usize) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    for _ in 0..requests {
        ask(&mut stream, request.as_bytes(), &mut buffer).await?;
    }
    Ok(())
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
