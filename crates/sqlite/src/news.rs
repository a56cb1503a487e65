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

pub(crate) struct News {
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
    news: &'a News,
    pub(crate) commits: watch::Receiver<u64>,
}

impl News {
    pub(crate) fn start(place: &Place, options: &Options) -> Result<Arc<Self>, OpenError> {
        let news = Arc::new(Self {
            commits: watch::Sender::new(0),
            state: Mutex::default(),
            bell: Condvar::new(),
        });
        let failed = |source| OpenError::Sqlite {
            path: place.path.clone(),
            source,
        };
        let connection = connection::reader(&place.path, options).map_err(failed)?;
        // Known before anybody follows, so that no commit falls between.
        let known = version(&connection).map_err(failed)?;
        let watcher = Arc::clone(&news);
        threads::start("cloakroom-watch", &place.path, move || {
            watcher.watch(&connection, known);
        })?;
        Ok(news)
    }

    /// Something was committed.
    pub(crate) fn announce(&self) {
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// To be called before the first look at the journal: what is written after that look is news.
    pub(crate) fn follow(&self) -> Follower<'_> {
        self.state.lock().followers += 1;
        self.bell.notify_one();
        Follower {
            news: self,
            commits: self.commits.subscribe(),
        }
    }

    /// Ends the watching thread.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.bell.notify_one();
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
        self.news.state.lock().followers -= 1;
    }
}

/// A number that changes when another connection commits.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}
