//! Files and what goes wrong with them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A trail can not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no key.
    #[error("{}: this is no signing key; restore it, or remove it and begin a new trail in another folder", .0.display())]
    Key(PathBuf),
    /// The trail was begun with another key.
    #[error("{}: this trail is signed with another key, {found}; restore that key or begin a new trail in another folder", path.display())]
    OtherKey {
        /// Its newest segment.
        path: PathBuf,
        /// The key that it names.
        found: String,
    },
    /// Somebody else writes there.
    #[error("{}: another server writes here", .0.display())]
    Busy(PathBuf),
    /// There is nothing to read.
    #[error("{}: there is no audit trail", .0.display())]
    Nothing(PathBuf),
    /// The random source failed, so no salt was made.
    #[error("the random source failed")]
    Random,
}

/// Says with which file it went wrong.
pub(crate) trait IoAt<T> {
    fn at(self, path: &Path) -> Result<T, Error>;
}

impl<T> IoAt<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            path: path.into(),
            source,
        })
    }
}

/// A folder for its owner alone, made if it is not there.
pub(crate) fn folder(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.at(path)
}

/// The folder that a file is in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Opens to write, for its owner alone.
pub(crate) fn writable(path: &Path, create: bool) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o600);
    options.open(path).at(path)
}

/// Puts a file there whole or not at all, and has it on the disk.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let whole = path.with_file_name(name);
    let mut file = writable(&whole, true)?;
    file.set_len(0).at(&whole)?;
    file.write_all(bytes).at(&whole)?;
    file.sync_all().at(&whole)?;
    fs::rename(&whole, path).at(path)?;
    sync_folder(parent(path))
}

/// Has a folder's names on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|folder| folder.sync_all()).at(path)
}

/// The file's bytes; nothing if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).at(path),
    }
}
