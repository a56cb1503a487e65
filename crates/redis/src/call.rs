//! Calls of the scripts that change something: they all begin with the same keys and arguments.

use crate::names::Names;
use crate::options::Options;
use crate::scripts::Script;
use cloakroom_core::{Bucket, Cause, Timestamp};
use redis::{Cmd, ToRedisArgs};
use std::time::Duration;

/// A script, about to be called.
pub(crate) struct Call {
    pub(crate) script: &'static Script,
    pub(crate) bucket: Bucket,
    pub(crate) command: Cmd,
}

impl Call {
    /// A call with the arguments of `common.lua`.
    pub(crate) fn new(
        script: &'static Script,
        names: &Names,
        options: &Options,
        bucket: Bucket,
        now: Timestamp,
        cause: &[u8],
    ) -> Self {
        let mut call = Self::bare(script, bucket, 2);
        call.arg(names.meta(bucket)).arg(names.journal_of(bucket));
        call.arg(names.base(bucket)).arg(&[bucket.0][..]);
        call.arg(options.journal_length).arg(millis(options.grace));
        call.arg(now.as_millis()).arg(cause);
        call
    }

    /// A call with a caused change.
    pub(crate) fn caused(
        script: &'static Script,
        names: &Names,
        options: &Options,
        bucket: Bucket,
        cause: &Cause,
    ) -> Self {
        Self::new(script, names, options, bucket, cause.at, &cause.encode())
    }

    /// A call with nothing in it yet: so many keys come first, all of this bucket.
    pub(crate) fn bare(script: &'static Script, bucket: Bucket, keys: u8) -> Self {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.digest()).arg(keys);
        Self {
            script,
            bucket,
            command,
        }
    }

    pub(crate) fn arg(&mut self, value: impl ToRedisArgs) -> &mut Self {
        self.command.arg(value);
        self
    }
}

/// How long the key stays that is written to see whether a server may write. Nobody reads it; it is there for operators to
/// see.
pub(crate) const ALIVE: Duration = Duration::from_mins(1);

/// Writes that key.
pub(crate) fn sign_of_life(name: &[u8]) -> Cmd {
    let mut command = redis::cmd("SET");
    command.arg(name).arg("1").arg("PX").arg(millis(ALIVE));
    command
}

/// A span in whole milliseconds.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
