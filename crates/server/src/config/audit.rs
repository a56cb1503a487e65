//! `[audit]`: where what happened is written down.

use super::build::parse;
use super::setting::{Raw, Settings, boolean, number, path, text, within};
use super::size::Size;
use super::span::Span;
use super::{Audit, policy};
use std::path::Path;

const LEAST: Size = Size(1_000);
const MOST: Size = Size(1_000_000_000_000);

/// Reads the section and notes what is out of bounds.
pub(super) fn read(settings: &mut Settings, data_dir: &Path) -> Audit {
    let sealed = settings.read("audit.sealed", path);
    Audit {
        log: settings.read("audit.log", boolean).unwrap_or(false),
        file: settings.read("audit.file", path).unwrap_or_default(),
        sealed: sealed.unwrap_or_else(|| Some(data_dir.join("audit"))),
        rotate: settings.read("audit.rotate", size).unwrap_or(Size(100_000_000)),
        keep: settings
            .read("audit.keep", |raw| number(raw, 1, 10_000))
            .unwrap_or(10),
        retain: settings
            .read("audit.retain", retain)
            .unwrap_or_else(|| Some(Span::from_days(400))),
    }
}

fn size(raw: &Raw) -> Result<Size, String> {
    within(parse(text(raw)?)?, LEAST, MOST)
}

fn retain(raw: &Raw) -> Result<Option<Span>, String> {
    if text(raw) == Ok("off") {
        return Ok(None);
    }
    policy::span(raw, Span::from_secs(1), Span::from_days(36_500))
        .map(Some)
        .map_err(|bound| format!("{bound}, or off for ever"))
}
