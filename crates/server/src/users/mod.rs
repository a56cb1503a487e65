//! The user directory: names, password hashes and roles, in one `SQLite` file of their own.
//!
//! Any number of processes may have the file open. Passwords are kept as argon2id; bcrypt hashes and weaker argon2 ones
//! that come from elsewhere work and are replaced at the next log-in. Randomness and time are handed in.
//!
//! ```
//! # use std::sync::Arc;
//! use cloakroom_server::users::{NewPassword, Options, Password, UserDirectory, Verification};
//!
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("users.db");
//! # let random = |bytes: &mut [u8]| { bytes.fill(7); Ok(()) };
//! # let now = || 1_700_000_000_000;
//! # runtime.block_on(async {
//! let users = UserDirectory::open(&path, Options::new(random, now)).await?;
//! users.add("ada".parse()?, NewPassword::new("correct horse")?, ["admin".parse()?].into()).await?;
//!
//! let verified = users.verify("ada", Password::new("correct horse")?).await?;
//! assert!(matches!(verified, Verification::Ok(user) if user.name.as_str() == "ada"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod database;
mod directory;
mod email;
mod error;
mod hash;
mod name;
mod options;
mod password;
mod pool;
mod role;
#[cfg(test)]
mod tests;

pub use directory::{User, UserDirectory, Verification};
pub use email::{BadEmail, Email};
pub use error::UserError;
pub use hash::{BadHash, ImportedHash};
pub use name::{BadName, UserName};
pub use options::{Options, RandomFailed};
pub use password::{BadPassword, NewPassword, Password};
pub use role::{BadRole, Role, Roles};
