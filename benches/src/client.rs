//! A client that sends the same request over and over on a few connections, and checks that each answer is a 200.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends `requests` in all over as many connections as there are cookies (header lines, or empty), one at a time on each.
/// Answers how long it took.
pub async fn load(port: u16, cookies: &[String], requests: usize) -> Result<Duration> {
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for cookie in cookies {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\n\r\n"
        );
        tasks.spawn(one(port, request, requests / cookies.len()));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(started.elapsed())
}

async fn one(port: u16, request: String, requests: usize) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        // The answers are small and end with the body "ok\n".
        while !buffer[..filled].ends_with(b"ok\n") {
            let read = stream.read(&mut buffer[filled..]).await?;
            filled += read;
            if read == 0 || filled == buffer.len() {
                bail!(
                    "unexpected answer: {}",
                    String::from_utf8_lossy(&buffer[..filled])
                );
            }
        }
        if !buffer.starts_with(b"HTTP/1.1 200") {
            bail!(
                "unexpected answer: {}",
                String::from_utf8_lossy(&buffer[..filled])
            );
        }
    }
    Ok(())
}
