//! The file itself: made with tight permissions, and still the one that was opened.

use crate::errors::{Fault, OpenError, Outcome};
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
        let file = private_file().open(&path).map_err(failed(&path))?;
        let identity = file
            .metadata()
            .as_ref()
            .map(identity)
            .map_err(|_| io::ErrorKind::Other.into());
        let identity = identity.map_err(failed(&path))?;
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

fn private_folder() -> DirBuilder {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
}

fn private_file() -> OpenOptions {
    let mut file = OpenOptions::new();
    file.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file
}
