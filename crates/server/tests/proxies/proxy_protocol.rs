//! Connections behind a header of the PROXY protocol.

use super::{BOTH, CLIENT, LIES, haproxy, is_not_fooled, nginx, seen, server};

#[test]
fn haproxy_tells_the_client_in_version_1_and_2() {
    let server = server(BOTH).set("proxy_protocol", "true").start();
    for header in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id",
        "send-proxy-v2 check inter 100ms",
    ] {
        is_not_fooled(&server, haproxy::sending(header, server.public).address);
    }
}

#[test]
fn nginx_tells_the_client_too() {
    let server = server(BOTH).set("proxy_protocol", "true").start();
    is_not_fooled(&server, nginx::stream(server.public).address);
}

/// Whom the header names is the peer: if that is a trusted proxy, its own headers count.
#[test]
fn a_proxy_behind_a_proxy_that_passes_connections_on_is_heard() {
    let server = server(BOTH).set("proxy_protocol", "true").start();
    let inner = haproxy::sending("send-proxy-v2", server.public);
    is_not_fooled(&server, nginx::x_forwarded_for(inner.address).address);
}

#[test]
fn without_the_setting_a_header_is_no_request() {
    let server = server(BOTH).start();
    let proxy = haproxy::sending("send-proxy", server.public);
    let answer = super::Ask::new(proxy.address, "GET", "/healthz").send();
    assert_eq!(answer.status, 400);
}

#[test]
fn others_come_as_they_are() {
    let server = server(BOTH).set("proxy_protocol", "true").start();
    assert_eq!(seen(&server, server.public, &LIES), CLIENT);
}
