//! Wakes those who follow the journal: at once after a commit of this process, and soon after one of another.

use crate::connection;
use crate::errors::OpenError;
use crate::file::Place;
use crate::options::Options;
use crate::threads;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the file is asked whether another process has written; a few microseconds each, and only while somebody
/// follows.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Dropping it ends the watching thread.
pub(crate) struct News(Arc<Board>);

struct Board {
    commits: watch::Sender<u64>,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    followers: usize,
    stopped: bool,
}

/// While it lives, commits of other processes are looked for.
pub(crate) struct Follower<'a> {
    board: &'a Board,
    pub(crate) commits: watch::Receiver<u64>,
}

impl News {
    pub(crate) fn start(place: &Place, options: &Options) -> Result<Self, OpenError> {
        let board = Board {
            commits: watch::Sender::new(0),
            state: Mutex::default(),
            bell: Condvar::new(),
        };
        let news = Self(Arc::new(board));
        let failed = |source| OpenError::Sqlite {
            path: place.path.clone(),
            source,
        };
        let connection = connection::reader(&place.path, options).map_err(failed)?;
        // Known before anybody follows, so that no commit falls between.
        let known = version(&connection).map_err(failed)?;
        let board = Arc::clone(&news.0);
        threads::start("cloakroom-watch", &place.path, move || {
            board.watch(&connection, known);
        })?;
        Ok(news)
    }

    /// Something was committed.
    pub(crate) fn announce(&self) {
        self.0.announce();
    }

    /// To be called before the first look at the journal: what is written after that look is news.
    pub(crate) fn follow(&self) -> Follower<'_> {
        self.0.state.lock().followers += 1;
        self.0.bell.notify_one();
        Follower {
            board: &self.0,
            commits: self.0.commits.subscribe(),
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.0.state.lock().stopped = true;
        self.0.bell.notify_one();
    }
}

impl Board {
    fn announce(&self) {
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn watch(&self, connection: &Connection, mut known: i64) {
        while self.is_wanted() {
            // What can not be read now is tried again; whoever waits reads for themselves and finds out why.
            if let Ok(present) = version(connection)
                && present != known
            {
                known = present;
                self.announce();
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Sleeps while nobody follows; false at the end.
    fn is_wanted(&self) -> bool {
        let mut state = self.state.lock();
        while state.followers == 0 && !state.stopped {
            self.bell.wait(&mut state);
        }
        !state.stopped
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.board.state.lock().followers -= 1;
    }
}

/// A number that changes when another connection commits.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}
