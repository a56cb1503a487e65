//! Carrying bytes from a door to the server behind it, as the rules of the two members' link say.

use super::peer::Connection;
use super::{Flow, Member, Network, Rules};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// So many pieces may be on their way in one direction; then who sends has to wait, as with a full window.
const UNDER_WAY: usize = 256;
const PIECE: usize = 16 * 1024;

/// Bytes, and when they were sent; none at the end of the stream.
type Piece = (Instant, Vec<u8>);

/// Serves a door for as long as the runtime lives.
pub async fn serve(network: Arc<Network>, listener: TcpListener, member: Member, real: u16) {
    loop {
        // Running out of sockets is a moment's matter.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let door = stream.local_addr().map(|address| address.port());
        let network = Arc::clone(&network);
        tokio::spawn(async move {
            let connection = Connection {
                from: peer.port(),
                to: door?,
            };
            let asked = Arc::clone(&network);
            let who = tokio::task::spawn_blocking(move || asked.who(connection)).await;
            relay(&network, stream, (who.map_err(io::Error::other)?, member), real).await
        });
    }
}

async fn relay(
    network: &Network,
    stream: TcpStream,
    (from, to): (Member, Member),
    real: u16,
) -> io::Result<()> {
    let mut rules = network.rules.subscribe();
    if rules.borrow().refused.contains(&super::pair(from, to)) {
        return Ok(());
    }
    let before = rules.borrow().severed(from, to);
    let severed = rules.wait_for(|rules| rules.severed(from, to) != before);
    let carry = async {
        // A handshake takes both directions.
        let (there, back) = (network.rules.subscribe(), network.rules.subscribe());
        passable(there.clone(), (from, to), Instant::now()).await;
        passable(back.clone(), (to, from), Instant::now()).await;
        let server = TcpStream::connect(("127.0.0.1", real)).await?;
        stream.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (client_in, client_out) = stream.into_split();
        let (server_in, server_out) = server.into_split();
        tokio::try_join!(
            pump(client_in, server_out, there, (from, to)),
            pump(server_in, client_out, back, (to, from)),
        )?;
        Ok(())
    };
    tokio::select! {
        done = carry => done,
        _ = severed => Ok(()),
    }
}

/// One direction. What is read waits its time and is written in order; the end of the stream takes its time, too.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    rules: watch::Receiver<Rules>,
    link: (Member, Member),
) -> io::Result<()> {
    let (send, mut receive) = mpsc::channel::<Piece>(UNDER_WAY);
    let read = async move {
        loop {
            let mut piece = vec![0; PIECE];
            let length = from.read(&mut piece).await.unwrap_or(0);
            piece.truncate(length);
            if send.send((Instant::now(), piece)).await.is_err() || length == 0 {
                return Ok::<_, io::Error>(());
            }
        }
    };
    let write = async move {
        while let Some((sent, piece)) = receive.recv().await {
            passable(rules.clone(), link, sent).await;
            if piece.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&piece).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(drop)
}

/// Waits until what was sent at this moment may arrive.
async fn passable(mut rules: watch::Receiver<Rules>, (from, to): (Member, Member), sent: Instant) {
    loop {
        let flow = rules.borrow_and_update().flow(from, to);
        let due = match flow {
            Flow::Passes => return,
            Flow::Held => None,
            Flow::Slow(span) => Some(sent + span),
        };
        if due.is_some_and(|due| due <= Instant::now()) {
            return;
        }
        let changed = rules.changed();
        match due {
            Some(due) => tokio::select! {
                () = sleep_until(due) => return,
                // Should the network be gone, nothing is said any more.
                gone = changed => if gone.is_err() { return },
            },
            None if changed.await.is_err() => return,
            None => {}
        }
    }
}
