//! The Lua scripts: one file for each step, put together from shared pieces when the crate is built.
//!
//! A script that is not marked `allow-oom` is refused by a full server before it starts, so nothing is ever half done.
//! Those that end sessions are marked: logging out has to work when memory is full.

use redis::Cmd;
use std::sync::LazyLock;

/// A script and its name on the server.
pub(crate) struct Script {
    pub(crate) source: &'static str,
    digest: LazyLock<String>,
}

impl Script {
    /// SHA-1 in hexadecimal, by which the server knows it.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// A call with all its source, which no server needs to be taught beforehand: for pipelines. So many keys come first.
    pub(crate) fn with_source(&self, keys: u8) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.source).arg(keys);
        command
    }
}

macro_rules! script {
    ($name:ident, $flags:literal, $($file:literal)+) => {
        pub(crate) static $name: Script = {
            const SOURCE: &str =
                concat!("#!lua", $flags, "\n", $(include_str!(concat!("../lua/", $file)), "\n"),+);
            Script { source: SOURCE, digest: LazyLock::new(|| redis::Script::new(SOURCE).get_hash().to_owned()) }
        };
    };
}

script!(OPEN, "", "still.lua" "common.lua" "record.lua" "index.lua" "wheel.lua" "journal.lua" "ending.lua" "open.lua");
script!(WRITE, "", "still.lua" "common.lua" "record.lua" "index.lua" "wheel.lua" "journal.lua" "write.lua");
script!(TOUCH, " flags=allow-oom", "still.lua" "touch.lua");
script!(CLOSE, " flags=allow-oom", "still.lua" "common.lua" "record.lua" "index.lua" "journal.lua" "ending.lua" "close.lua");
script!(
    CLOSE_SUBJECT, " flags=allow-oom",
    "still.lua" "common.lua" "record.lua" "index.lua" "journal.lua" "ending.lua" "close_subject.lua"
);
script!(
    SWEEP, " flags=allow-oom",
    "still.lua" "common.lua" "record.lua" "index.lua" "wheel.lua" "journal.lua" "ending.lua" "sweep.lua"
);
script!(CONFIRM, " flags=allow-oom", "history.lua" "extent.lua" "confirm.lua");
script!(END, " flags=no-writes", "history.lua" "extent.lua" "end.lua");
script!(THERE, " flags=no-writes", "history.lua" "there.lua");
script!(WHICH, " flags=no-writes", "history.lua" "which.lua");
script!(LEASE, " flags=allow-oom", "lease.lua");
script!(MEMO, "", "still.lua" "memo.lua");
script!(SPEND, " flags=allow-oom", "still.lua" "spend.lua");
script!(LIST, " flags=no-writes", "still.lua" "common.lua" "record.lua" "index.lua" "list.lua");
script!(SCAN, " flags=no-writes", "still.lua" "scan.lua");
