//! Starting threads.

use crate::errors::OpenError;
use std::path::Path;
use std::thread;

/// Starts a thread that nobody waits for: it ends when its queue is stopped.
pub(crate) fn start(name: &str, path: &Path, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|source| OpenError::Io {
        path: path.to_owned(),
        source,
    })
}
