//! Which process is at the other end of a connection on this machine.

use std::fs;
use std::path::PathBuf;

/// The two ports of a connection over 127.0.0.1, seen from who opened it.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub from: u16,
    pub to: u16,
}

/// The number by which the kernel knows the socket of who opened the connection.
pub fn inode(connection: Connection) -> Option<u64> {
    let table = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp: these tests need Linux");
    inode_in(&table, connection)
}

fn inode_in(table: &str, connection: Connection) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (fields.next()?, fields.next()?);
        let is_it = port(local) == Some(connection.from) && port(remote) == Some(connection.to);
        // State, queues, timer, retransmits, user, timeout; then the number. One that is closed already has none.
        let inode = fields.nth(6)?.parse().ok()?;
        (is_it && inode != 0).then_some(inode)
    })
}

/// `0100007F:1F90`
fn port(address: &str) -> Option<u16> {
    let (_, port) = address.split_once(':')?;
    u16::from_str_radix(port, 16).ok()
}

/// Whether a process holds the socket of this number.
pub fn has_socket(process: u32, inode: u64) -> bool {
    let wanted = PathBuf::from(format!("socket:[{inode}]"));
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target == wanted))
}

#[test]
fn a_process_is_known_by_its_socket() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().port();
    let stream = std::net::TcpStream::connect(("127.0.0.1", to)).unwrap();
    let from = stream.local_addr().unwrap().port();
    let inode = inode(Connection { from, to }).unwrap();
    assert!(has_socket(std::process::id(), inode));
    let mut other = std::process::Command::new("sleep").arg("30").spawn().unwrap();
    assert!(!has_socket(other.id(), inode));
    other.kill().unwrap();
    other.wait().unwrap();
}
