//! What the server says, as a [`StoreError`].

use cloakroom_core::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::io;

/// Something that the server answered and that no step of ours asks for.
#[derive(Debug, thiserror::Error)]
#[error("unexpected answer to {0}")]
pub(crate) struct Unexpected(pub(crate) &'static str);

/// A failure with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{hint}")]
struct Hinted {
    hint: &'static str,
    #[source]
    source: RedisError,
}

/// Sorts a failure by what a caller can do about it.
pub(crate) fn sort(error: RedisError) -> StoreError {
    let hinted = |hint, source| Box::new(Hinted { hint, source });
    match (error.kind(), error.code()) {
        (_, Some("OOM")) => StoreError::Full(hinted("the server is at its `maxmemory`; raise it", error)),
        (_, Some("NOAUTH" | "WRONGPASS")) | (ErrorKind::AuthenticationFailed, _) => {
            StoreError::Refused(hinted("user name or password is wrong", error))
        }
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => StoreError::Refused(hinted(
            "the user may not do this; see the crate's page for the rights it needs",
            error,
        )),
        // A replica, or a primary that lost its replicas: a fail-over is under way or needed.
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
            StoreError::Unavailable(hinted("the server is a replica and takes no writes", error))
        }
        (_, Some("NOREPLICAS" | "MISCONF" | "BUSY"))
        | (
            ErrorKind::Io
            | ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain
                // A slot is on the move, or the map of the cluster is not right yet.
                | ServerErrorKind::Ask
                | ServerErrorKind::Moved,
            ),
            _,
        ) => StoreError::Unavailable(Box::new(error)),
        _ if is_on_the_move(&error) => StoreError::Unavailable(Box::new(error)),
        _ => StoreError::Refused(Box::new(error)),
    }
}

/// Whether a script met a slot that is moving from one server to another.
pub(crate) fn is_on_the_move(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.contains("non local key"))
}

/// Whether a server says that it has lost the right to write.
pub(crate) fn is_fenced(error: &RedisError) -> bool {
    error.code() == Some("NOREPLICAS") || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// Whether a server can not write whoever it is: its disk fails, its memory is full, the user may not.
pub(crate) fn is_unfit(error: &RedisError) -> bool {
    matches!(error.code(), Some("MISCONF" | "OOM" | "NOPERM"))
}

/// Why nothing is read from such a server.
pub(crate) fn fenced() -> RedisError {
    redis::make_extension_error(
        "NOREPLICAS".to_owned(),
        Some("the primary has lost its replicas, so another may have taken its place".to_owned()),
    )
}

/// A command that was given up.
pub(crate) fn out_of_time() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time").into()
}

/// Fewer answers than questions.
pub(crate) fn unheard() -> RedisError {
    RedisError::from((ErrorKind::UnexpectedReturnType, "an answer is missing"))
}

/// A server that may not be written to.
pub(crate) fn replica() -> RedisError {
    RedisError::from((
        ErrorKind::Server(ServerErrorKind::ReadOnly),
        "the server is a replica",
    ))
}

/// Nobody serves what was asked for.
pub(crate) fn no_server() -> RedisError {
    RedisError::from((
        ErrorKind::Server(ServerErrorKind::ClusterDown),
        "no server of the cluster serves this",
    ))
}

pub(crate) fn unexpected(step: &'static str) -> StoreError {
    StoreError::Refused(Box::new(Unexpected(step)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::make_extension_error;

    fn said(code: &str) -> StoreError {
        sort(make_extension_error(code.to_owned(), Some("whatever".to_owned())))
    }

    #[test]
    fn failures_are_sorted_by_what_can_be_done() {
        assert!(matches!(said("OOM"), StoreError::Full(_)));
        assert!(matches!(said("NOREPLICAS"), StoreError::Unavailable(_)));
        assert!(matches!(said("MISCONF"), StoreError::Unavailable(_)));
        assert!(matches!(said("WRONGTYPE"), StoreError::Refused(_)));
        assert!(matches!(said("WRONGPASS"), StoreError::Refused(_)));
        let server = |kind| sort(RedisError::from((ErrorKind::Server(kind), "whatever")));
        assert!(matches!(
            server(ServerErrorKind::ReadOnly),
            StoreError::Unavailable(_)
        ));
        assert!(matches!(
            server(ServerErrorKind::BusyLoading),
            StoreError::Unavailable(_)
        ));
        assert!(matches!(
            server(ServerErrorKind::MasterDown),
            StoreError::Unavailable(_)
        ));
        assert!(matches!(server(ServerErrorKind::NoPerm), StoreError::Refused(_)));
    }
}
