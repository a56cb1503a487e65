//! Headers, through one proxy and through two.

use super::{BOTH, CLIENT, LIES, haproxy, is_not_fooled, nginx, seen, server};

#[test]
fn the_client_behind_nginx_is_who_nginx_says() {
    let server = server(BOTH).start();
    is_not_fooled(&server, nginx::x_forwarded_for(server.public).address);
}

#[test]
fn the_client_behind_haproxy_is_who_haproxy_says() {
    let server = server(BOTH).start();
    is_not_fooled(&server, haproxy::x_forwarded_for(server.public).address);
}

#[test]
fn the_client_behind_both_is_found_in_either_order() {
    let server = server(BOTH).start();
    let inner = nginx::x_forwarded_for(server.public);
    let outer = haproxy::x_forwarded_for(inner.address);
    is_not_fooled(&server, outer.address);
    let inner = haproxy::x_forwarded_for(server.public);
    let outer = nginx::x_forwarded_for(inner.address);
    is_not_fooled(&server, outer.address);
}

#[test]
fn the_same_is_true_of_forwarded() {
    let server = server(BOTH).set("forwarded_header", "forwarded").start();
    let alone = [nginx::forwarded(server.public), haproxy::forwarded(server.public)];
    for proxy in &alone {
        is_not_fooled(&server, proxy.address);
    }
    let outer = [
        haproxy::forwarded(alone[0].address),
        nginx::forwarded(alone[1].address),
    ];
    for proxy in &outer {
        is_not_fooled(&server, proxy.address);
    }
}

/// A proxy that writes one header passes the other on as the client sent it.
#[test]
fn a_proxy_that_writes_the_other_header_speaks_for_itself() {
    let reads_one = server(BOTH).start();
    let proxy = nginx::forwarded(reads_one.public);
    assert_eq!(seen(&reads_one, proxy.address, &[LIES[4]]), "127.0.0.2");
    let reads_other = server(BOTH).set("forwarded_header", "forwarded").start();
    let proxy = haproxy::x_forwarded_for(reads_other.public);
    assert_eq!(seen(&reads_other, proxy.address, &[LIES[0]]), "127.0.0.3");
}

#[test]
fn who_is_not_trusted_is_the_client_itself() {
    let server = server("127.0.0.3").start();
    let outside = nginx::x_forwarded_for(server.public);
    assert_eq!(seen(&server, outside.address, &LIES), "127.0.0.2");
    let inside = haproxy::x_forwarded_for(outside.address);
    assert_eq!(seen(&server, inside.address, &LIES), "127.0.0.2");
    for lie in LIES {
        assert_eq!(seen(&server, server.public, &[lie]), CLIENT, "{lie:?}");
    }
}
