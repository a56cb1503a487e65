//! The directory itself: the file, the hashing pool, and the rules that join them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::database::{Database, Row};
use super::email::Email;
use super::error::UserError;
use super::hash::{self, ImportedHash};
use super::name::UserName;
use super::options::Options;
use super::password::{NewPassword, Password};
use super::pool::Pool;
use super::role::{self, Roles};

/// A user, without the password hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name: the subject of the user's sessions.
    pub name: UserName,
    /// The roles.
    pub roles: Roles,
    /// Whether log-ins are refused.
    pub disabled: bool,
    /// When the user was added, in milliseconds since 1970-01-01T00:00:00Z.
    pub created_at: u64,
    /// When the password was last set, in the same unit.
    pub password_changed_at: u64,
    /// Where the user is written to, if anywhere.
    pub email: Option<String>,
}

/// What became of a name and a password. Outside, everything but `Ok` must look the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// They belong together.
    Ok(User),
    /// They do not, or there is no such user.
    Wrong,
    /// They do, but the user is disabled: for the journal, not for the answer.
    Disabled(User),
}

/// The users of one file. Cheap to clone; clones share the file and the pool.
#[derive(Clone)]
pub struct UserDirectory(Arc<Inner>);

struct Inner {
    database: Database,
    pool: Pool,
    options: Options,
    /// A hash of nobody's password, which unknown users are checked against so that they take as long as known ones.
    dummy: String,
}

impl UserDirectory {
    /// Opens the file at `path`. Makes it, and its folder, where missing, readable by their owner alone.
    pub async fn open(path: impl Into<PathBuf>, options: Options) -> Result<Self, UserError> {
        let path = path.into();
        let open = spawn_blocking(move || Inner::open(&path, options).map(|inner| Self(Arc::new(inner))));
        open.await.map_err(|_| UserError::Stopped)?
    }

    /// Adds a user. [`UserError::Exists`] if there is one of that name.
    pub async fn add(&self, name: UserName, password: NewPassword, roles: Roles) -> Result<User, UserError> {
        self.hashing(move |inner| {
            let hash = inner.hash(&password.into_password())?;
            inner.insert(&name, &hash, &roles)
        })
        .await
    }

    /// Adds a user with a hash from another system, which the first log-in replaces where it is not good enough.
    pub async fn import(&self, name: UserName, hash: ImportedHash, roles: Roles) -> Result<User, UserError> {
        self.blocking(move |inner| inner.insert(&name, hash.expose(), &roles))
            .await
    }

    /// Sets a password. The caller ends the user's sessions.
    pub async fn set_password(&self, name: UserName, password: NewPassword) -> Result<(), UserError> {
        self.hashing(move |inner| {
            let hash = inner.hash(&password.into_password())?;
            inner.database.set_password(&name, &hash, inner.options.now())
        })
        .await
    }

    /// Sets the roles, instead of those that the user had.
    pub async fn set_roles(&self, name: UserName, roles: Roles) -> Result<(), UserError> {
        self.blocking(move |inner| inner.database.set_roles(&name, &role::join(&roles)))
            .await
    }

    /// Sets the mail address, or takes it away.
    pub async fn set_email(&self, name: UserName, email: Option<Email>) -> Result<(), UserError> {
        self.blocking(move |inner| {
            let email = email.as_ref().map(Email::as_str);
            inner.database.set_email(&name, email)
        })
        .await
    }

    /// Refuses the user's log-ins from now on. The caller ends the sessions.
    pub async fn disable(&self, name: UserName) -> Result<(), UserError> {
        self.blocking(move |inner| inner.database.set_disabled(&name, true))
            .await
    }

    /// Lets the user log in again.
    pub async fn enable(&self, name: UserName) -> Result<(), UserError> {
        self.blocking(move |inner| inner.database.set_disabled(&name, false))
            .await
    }

    /// The user of that name, if there is one.
    pub async fn get(&self, name: UserName) -> Result<Option<User>, UserError> {
        self.blocking(move |inner| {
            inner
                .database
                .find(name.as_str())?
                .map(|row| user(&row))
                .transpose()
        })
        .await
    }

    /// All users, by name in the order of its bytes.
    pub async fn list(&self) -> Result<Vec<User>, UserError> {
        self.blocking(|inner| inner.database.list()?.iter().map(user).collect())
            .await
    }

    /// Whether this password is that user's. Any name may be asked for, and an impossible one takes as long as any.
    ///
    /// The answer is as old as the check is long, some 20 ms and the wait in the queue: whoever opens a session on it
    /// notes the subject's epoch before asking, so that a password change or a disabling in between wins.
    ///
    /// A user whose hash comes from elsewhere (bcrypt, other parameters) takes as long as that hash does until the
    /// first successful log-in replaces it.
    pub async fn verify(&self, name: &str, password: Password) -> Result<Verification, UserError> {
        let name: Option<UserName> = name.parse().ok();
        self.hashing(move |inner| inner.verify(name.as_ref(), &password))
            .await
    }

    /// Runs what hashes a password, when the pool has room.
    async fn hashing<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Inner) -> Result<T, UserError> + Send + 'static,
    ) -> Result<T, UserError> {
        let inner = Arc::clone(&self.0);
        self.0.pool.run(move || job(&inner)).await
    }

    /// Runs what only waits for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Inner) -> Result<T, UserError> + Send + 'static,
    ) -> Result<T, UserError> {
        let inner = Arc::clone(&self.0);
        spawn_blocking(move || job(&inner))
            .await
            .map_err(|_| UserError::Stopped)?
    }
}

impl Inner {
    fn open(path: &Path, options: Options) -> Result<Self, UserError> {
        let nobodys: [u8; 32] = options.random()?;
        let nobodys = Password::new(nobodys).map_err(|_| UserError::Hash)?;
        let dummy = hash::new(&nobodys, options.random()?)?;
        let database = Database::open(path, options.busy_timeout)?;
        let pool = Pool::new(options.workers, options.queue);
        Ok(Self {
            database,
            pool,
            options,
            dummy,
        })
    }

    fn hash(&self, password: &Password) -> Result<String, UserError> {
        hash::new(password, self.options.random()?)
    }

    fn insert(&self, name: &UserName, hash: &str, roles: &Roles) -> Result<User, UserError> {
        let now = self.options.now();
        self.database.insert(name, hash, &role::join(roles), now)?;
        let (name, roles) = (name.clone(), roles.clone());
        Ok(User {
            name,
            roles,
            disabled: false,
            created_at: millis(now),
            password_changed_at: millis(now),
            email: None,
        })
    }

    fn verify(&self, name: Option<&UserName>, password: &Password) -> Result<Verification, UserError> {
        // No user has the empty name.
        let Some(row) = self.database.find(name.map_or("", UserName::as_str))? else {
            let _ = hash::check(password, &self.dummy)?;
            return Ok(Verification::Wrong);
        };
        let Some(checked) = hash::check(password, &row.hash)? else {
            let _ = hash::check(password, &self.dummy)?;
            return Err(damaged(&row, "password hash"));
        };
        if !checked.right {
            return Ok(Verification::Wrong);
        }
        let user = user(&row)?;
        if user.disabled {
            return Ok(Verification::Disabled(user));
        }
        if checked.stale {
            self.upgrade(&row, password);
        }
        Ok(Verification::Ok(user))
    }

    /// Replaces a hash that is not good enough. A failure keeps nobody out: the next log-in tries again.
    fn upgrade(&self, row: &Row, password: &Password) {
        let replaced = self
            .hash(password)
            .and_then(|hash| self.database.replace_hash(&row.name, &row.hash, &hash));
        if let Err(error) = replaced {
            tracing::warn!(user = row.name, %error, "an old password hash could not be replaced");
        }
    }
}

/// The user of a row.
fn user(row: &Row) -> Result<User, UserError> {
    Ok(User {
        name: row.name.parse().map_err(|_| damaged(row, "name"))?,
        roles: role::split(&row.roles).map_err(|_| damaged(row, "roles"))?,
        disabled: row.disabled,
        created_at: millis(row.created_at),
        password_changed_at: millis(row.password_changed_at),
        email: row.email.clone(),
    })
}

fn damaged(row: &Row, what: &str) -> UserError {
    UserError::Corrupt(format!("the {what} of {:?} cannot be read", row.name))
}

/// A moment of the file; one before 1970 is none that we wrote.
fn millis(moment: i64) -> u64 {
    u64::try_from(moment).unwrap_or_default()
}

impl std::fmt::Debug for UserDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UserDirectory").field(&self.0.options).finish()
    }
}
