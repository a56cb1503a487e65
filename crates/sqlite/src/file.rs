//! The file itself: made with tight permissions, and still the one that was opened.

use crate::errors::{Fault, OpenError, Outcome};
use parking_lot::Mutex;
use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Where the file is, and which one it was when it was opened.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    identity: Identity,
}

type Identity = (u64, u64);

impl Place {
    /// Makes the folder (0700) and the file (0600) where they are missing; SQLite gives the files beside it the same
    /// permissions.
    pub(crate) fn prepare(path: &Path) -> Result<Self, OpenError> {
        let failed = |at: &Path| {
            let path = at.to_owned();
            move |source| OpenError::Io { path, source }
        };
        // An absolute path is never one of SQLite's special names, such as ":memory:".
        let path = std::path::absolute(path).map_err(failed(path))?;
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            private_folder().create(folder).map_err(failed(folder))?;
        }
        make(&path).map_err(failed(&path))?;
        let identity = fs::metadata(&path)
            .map(|file| identity(&file))
            .map_err(failed(&path))?;
        Ok(Self { path, identity })
    }

    /// Fails if the file was removed or replaced: what is written to the open one would be lost with it.
    pub(crate) fn check(&self) -> Outcome<()> {
        match fs::metadata(&self.path) {
            Ok(present) if identity(&present) == self.identity => Ok(()),
            Ok(_) => Err(Fault::Unavailable(
                "the file was replaced by another: restart to use that one",
            )),
            Err(_) => Err(Fault::Unavailable(
                "the file was removed, or its folder can not be read",
            )),
        }
    }
}

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

/// Makes the file, if it is not there.
///
/// A file that is there is never opened here: closing it again would drop all locks that SQLite holds on it elsewhere in
/// this process (POSIX has it so), and other processes would take it for free. The mutex keeps others in this process
/// from opening the new one before it is closed here.
fn make(path: &Path) -> io::Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    match private_file().open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn private_folder() -> DirBuilder {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
}

fn private_file() -> OpenOptions {
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file
}
