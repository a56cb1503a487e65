//! HAProxy, which comes from 127.0.0.3.

use super::process::Process;
use std::net::SocketAddr;

pub fn x_forwarded_for(next: SocketAddr) -> Process {
    start(
        "mode http\n option forwardfor",
        &format!("server next {next} source 127.0.0.3"),
    )
}

/// In one line: of a header that is there twice, nginx before 1.23 hands on the first line alone, the client's.
pub fn forwarded(next: SocketAddr) -> Process {
    start(
        "mode http\n http-request set-header Forwarded %[req.fhdr(Forwarded)],for=%[src];proto=http",
        &format!("server next {next} source 127.0.0.3"),
    )
}

/// Connections as they are, each behind a header: `send-proxy` for version 1, `send-proxy-v2` for version 2.
pub fn sending(header: &str, next: SocketAddr) -> Process {
    start(
        "mode tcp",
        &format!("server next {next} source 127.0.0.3 {header}"),
    )
}

fn start(mode: &str, server: &str) -> Process {
    let configuration = move |address: SocketAddr, _: &std::path::Path| {
        format!(
            "global\n maxconn 100\n\
             defaults\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n\
             listen here\n bind {address}\n {mode}\n {server}\n"
        )
    };
    Process::start("haproxy", configuration, |file| {
        ["-db", "-f", &file.display().to_string()]
            .map(str::to_owned)
            .to_vec()
    })
}
