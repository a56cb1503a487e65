//! The `SQLite` file: making it, migrating it, and the few statements on it. Everything here blocks.

use std::fs::{DirBuilder, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Params, TransactionBehavior};

use super::error::UserError;
use super::name::UserName;

/// Each brings a file from one version to the next; the version is how many have run.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE users (
        name                TEXT PRIMARY KEY,
        hash                TEXT NOT NULL,              -- argon2 in PHC form, or bcrypt
        roles               TEXT NOT NULL DEFAULT '',   -- separated by commas
        disabled            INTEGER NOT NULL DEFAULT 0,
        created_at          INTEGER NOT NULL,           -- milliseconds since 1970
        password_changed_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "ALTER TABLE users ADD COLUMN email TEXT",
];

/// The version of a file that is up to date.
#[expect(clippy::cast_possible_wrap, reason = "there will never be so many")]
const NEWEST: i64 = MIGRATIONS.len() as i64;

const COLUMNS: &str = "name, hash, roles, disabled, created_at, password_changed_at, email";

/// One user as kept. No `Debug`: it holds the hash.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) roles: String,
    pub(super) disabled: bool,
    pub(super) created_at: i64,
    pub(super) password_changed_at: i64,
    pub(super) email: Option<String>,
}

/// An open file.
pub(super) struct Database {
    path: PathBuf,
    /// Apart from `write`, so that nobody's log-in waits for a write that waits for another process.
    read: Mutex<Connection>,
    write: Mutex<Connection>,
}

impl Database {
    /// Opens the file at `path`, making it and its folder where they are missing, for their owner alone.
    pub(super) fn open(path: &Path, busy_timeout: Duration) -> Result<Self, UserError> {
        create(path).map_err(|error| UserError::io(path, &error))?;
        let mut write = connect(path, busy_timeout)?;
        migrate(&mut write, path)?;
        let read = connect(path, busy_timeout)?;
        Ok(Self {
            path: path.to_owned(),
            read: Mutex::new(read),
            write: Mutex::new(write),
        })
    }

    /// The user of that name, exactly as spelt.
    pub(super) fn find(&self, name: &str) -> Result<Option<Row>, UserError> {
        let read = lock(&self.read);
        let find = || {
            let mut statement =
                read.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE name = ?1"))?;
            statement.query_row([name], row).optional()
        };
        find().map_err(|error| UserError::database(&self.path, error))
    }

    /// All users by name.
    pub(super) fn list(&self) -> Result<Vec<Row>, UserError> {
        let read = lock(&self.read);
        let list = || {
            let mut statement = read.prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY name"))?;
            statement.query_map([], row)?.collect::<rusqlite::Result<_>>()
        };
        list().map_err(|error| UserError::database(&self.path, error))
    }

    /// Adds a user, unless there is one of that name.
    pub(super) fn insert(&self, name: &UserName, hash: &str, roles: &str, now: i64) -> Result<(), UserError> {
        let added = self.change(
            "INSERT INTO users (name, hash, roles, created_at, password_changed_at) VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (name) DO NOTHING",
            (name.as_str(), hash, roles, now),
        )?;
        if added {
            Ok(())
        } else {
            Err(UserError::exists(name))
        }
    }

    /// Sets the hash of a new password.
    pub(super) fn set_password(&self, name: &UserName, hash: &str, now: i64) -> Result<(), UserError> {
        let sql = "UPDATE users SET hash = ?2, password_changed_at = ?3 WHERE name = ?1";
        found(name, self.change(sql, (name.as_str(), hash, now))?)
    }

    /// Sets another hash of the same password, unless the password was changed meanwhile.
    pub(super) fn replace_hash(&self, name: &str, old: &str, new: &str) -> Result<(), UserError> {
        self.change(
            "UPDATE users SET hash = ?3 WHERE name = ?1 AND hash = ?2",
            (name, old, new),
        )
        .map(drop)
    }

    /// Sets the roles.
    pub(super) fn set_roles(&self, name: &UserName, roles: &str) -> Result<(), UserError> {
        found(
            name,
            self.change(
                "UPDATE users SET roles = ?2 WHERE name = ?1",
                (name.as_str(), roles),
            )?,
        )
    }

    /// Sets the mail address, or takes it away.
    pub(super) fn set_email(&self, name: &UserName, email: Option<&str>) -> Result<(), UserError> {
        found(
            name,
            self.change(
                "UPDATE users SET email = ?2 WHERE name = ?1",
                (name.as_str(), email),
            )?,
        )
    }

    /// Disables or enables.
    pub(super) fn set_disabled(&self, name: &UserName, disabled: bool) -> Result<(), UserError> {
        found(
            name,
            self.change(
                "UPDATE users SET disabled = ?2 WHERE name = ?1",
                (name.as_str(), disabled),
            )?,
        )
    }

    /// Runs one statement, which is one transaction; whether it changed a row.
    fn change(&self, sql: &str, params: impl Params) -> Result<bool, UserError> {
        let write = lock(&self.write);
        let changed = write
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params));
        Ok(changed.map_err(|error| UserError::database(&self.path, error))? > 0)
    }
}

fn found(name: &UserName, found: bool) -> Result<(), UserError> {
    if found {
        Ok(())
    } else {
        Err(UserError::not_found(name))
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        name: row.get(0)?,
        hash: row.get(1)?,
        roles: row.get(2)?,
        disabled: row.get(3)?,
        created_at: row.get(4)?,
        password_changed_at: row.get(5)?,
        email: row.get(6)?,
    })
}

/// A statement that panicked left its connection as `SQLite` rolled it back, which is fit for the next.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes an empty file, which is an empty database, before `SQLite` would make one that others may read.
fn create(path: &Path) -> std::io::Result<()> {
    let mut folder = DirBuilder::new();
    let mut file = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.recursive(true).create(parent)?;
    }
    file.append(true).create(true).open(path).map(drop)
}

fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection, UserError> {
    let connect = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(busy_timeout)?;
        write_ahead(&connection, busy_timeout)?;
        // A password change that was acknowledged survives a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    };
    connect().map_err(|error| UserError::database(path, error))
}

/// Turns the write-ahead log on. Two processes that do it at the same moment are told so at once, without the wait of
/// `busy_timeout`, so it is waited for here.
fn write_ahead(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let result = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        match result {
            Err(error) if is_busy(&error) && waited < busy_timeout => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            other => return other,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Brings the file to the newest version; one process does, the others wait for it.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), UserError> {
    let failed = |error| UserError::database(path, error);
    if steps(version(connection).map_err(failed)?)?.is_empty() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    for step in steps(version(&transaction).map_err(failed)?)? {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction
        .pragma_update(None, "user_version", NEWEST)
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The migrations that a file of this version still needs.
fn steps(version: i64) -> Result<&'static [&'static str], UserError> {
    let done = usize::try_from(version).ok();
    let left = done.and_then(|done| MIGRATIONS.get(done..));
    left.ok_or(UserError::TooNew {
        found: version,
        known: NEWEST,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    fn open(folder: &tempfile::TempDir) -> Result<Database, UserError> {
        Database::open(&folder.path().join("deep").join("users.db"), SHORT)
    }

    #[test]
    #[cfg(unix)]
    fn a_new_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).unwrap();
        database.insert(&"ada".parse().unwrap(), "h", "", 0).unwrap();
        for (path, mode) in [
            ("deep", 0o700),
            ("deep/users.db", 0o600),
            ("deep/users.db-wal", 0o600),
        ] {
            let permissions = std::fs::metadata(folder.path().join(path)).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode, "{path}");
        }
    }

    #[test]
    fn a_full_disk_changes_nothing_and_reads_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).unwrap();
        let ada = "ada".parse().unwrap();
        database.insert(&ada, "hash", "", 0).unwrap();
        lock(&database.write)
            .pragma_update(None, "max_page_count", 2)
            .unwrap();
        let long = "x".repeat(100_000);
        assert!(matches!(
            database.set_password(&ada, &long, 1),
            Err(UserError::DiskFull(_))
        ));
        assert_eq!(database.find("ada").unwrap().unwrap().hash, "hash");
    }

    #[test]
    fn a_write_waits_for_another_process_only_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let (database, other) = (open(&folder).unwrap(), open(&folder).unwrap());
        let ada = "ada".parse().unwrap();
        lock(&other.write).execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(matches!(
            database.insert(&ada, "hash", "", 0),
            Err(UserError::Locked(_))
        ));
        assert!(database.find("ada").unwrap().is_none());
        lock(&other.write).execute_batch("COMMIT").unwrap();
        database.insert(&ada, "hash", "", 0).unwrap();
        assert!(other.find("ada").unwrap().is_some());
    }

    #[test]
    fn many_openers_at_once_make_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        std::thread::scope(|scope| {
            for i in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let database = Database::open(path, Duration::from_secs(10)).unwrap();
                    database
                        .insert(&format!("user{i}").parse().unwrap(), "hash", "", 0)
                        .unwrap();
                });
            }
        });
        assert_eq!(Database::open(&path, SHORT).unwrap().list().unwrap().len(), 8);
    }

    #[test]
    fn a_file_of_the_first_version_keeps_its_users() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "INSERT INTO users (name, hash, created_at, password_changed_at) VALUES ('ada', 'hash', 7, 7); \
             PRAGMA user_version = 1",
        )
        .unwrap();
        drop(old);
        let database = Database::open(&path, SHORT).unwrap();
        let ada = database.find("ada").unwrap().unwrap();
        assert_eq!((ada.created_at, ada.email), (7, None));
        database
            .set_email(&"ada".parse().unwrap(), Some("ada@example.com"))
            .unwrap();
        let again = Database::open(&path, SHORT)
            .unwrap()
            .find("ada")
            .unwrap()
            .unwrap();
        assert_eq!(again.email.as_deref(), Some("ada@example.com"));
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        std::fs::write(&path, "no database, but long enough for a page".repeat(200)).unwrap();
        assert!(matches!(Database::open(&path, SHORT), Err(UserError::Corrupt(_))));
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let error = Database::open(&path, SHORT).err().unwrap();
        assert!(
            matches!(
                error,
                UserError::TooNew {
                    found: 99,
                    known: NEWEST
                }
            ),
            "{error}"
        );
        let beneath_a_file = path.join("users.db");
        assert!(matches!(
            Database::open(&beneath_a_file, SHORT),
            Err(UserError::Inaccessible { .. })
        ));
    }
}
