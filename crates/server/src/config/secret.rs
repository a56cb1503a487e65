//! Secrets in files: who else may read them, and what mends it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::Problem;

/// No secret of ours comes near this; a path that points at something else is found out early.
const MAX_BYTES: u64 = 64 * 1024;

/// Who may read a file that holds a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// The owner alone: files that are nothing but the secret.
    Owner,
    /// The owner and the group: a configuration file is often shared with the people who run the service.
    Group,
}

impl Readers {
    /// The permission bits that must not be set.
    const fn forbidden(self) -> u32 {
        match self {
            Self::Owner => 0o077,
            Self::Group => 0o007,
        }
    }

    /// The permissions to mend with.
    const fn mend(self) -> &'static str {
        match self {
            Self::Owner => "600",
            Self::Group => "640",
        }
    }
}

/// Whether a name, as of a query parameter, speaks of a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token", "key"]
        .iter()
        .any(|word| name.contains(word))
}

/// The first line that is neither empty nor a comment in each secret file, and all of them for lists.
pub(super) fn read_lines(path: &Path) -> Result<Vec<String>, Problem> {
    let text = read(path, |file| exposure(file, path, Readers::Owner))?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// The text of a file, after `check` looked at the very file that is read, so that nobody swaps it in between.
pub(super) fn read(path: &Path, check: impl FnOnce(&File) -> Option<Problem>) -> Result<String, Problem> {
    let unreadable = |why: String| Problem::Unreadable {
        path: path.to_owned(),
        why,
    };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    if let Some(problem) = check(&file) {
        return Err(problem);
    }
    let mut text = String::new();
    // Not the error's own text for bad UTF-8: it is short and says less than this.
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| {
        unreadable(match error.kind() {
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            _ => error.to_string(),
        })
    })?;
    if text.len() as u64 > MAX_BYTES {
        return Err(unreadable(format!("it is larger than {} KiB", MAX_BYTES / 1024)));
    }
    Ok(text)
}

/// What is wrong with a file's permissions, if others than `readers` can read or change it.
#[cfg(unix)]
pub(super) fn exposure(file: &File, path: &Path, readers: Readers) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    (mode & readers.forbidden() != 0).then(|| exposed(path, mode, readers))
}

/// Other systems keep permissions elsewhere; nothing is checked there.
#[cfg(not(unix))]
pub(super) fn exposure(_: &File, _: &Path, _: Readers) -> Option<Problem> {
    None
}

fn exposed(path: &Path, mode: u32, readers: Readers) -> Problem {
    let path: PathBuf = path.to_owned();
    Problem::Exposed {
        path,
        mode,
        mend: readers.mend(),
    }
}
