//! Printing data: a table for people, JSON for programs.

use serde_json::Value;
use std::io::Write as _;

/// Prints a line. A reader who has gone away (`| head`) is no reason to fail, as it would be to `println!`.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::output::line(format_args!($($text)*)) };
}
pub(super) use say;

/// What [`say!`] does.
pub fn line(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// `1 session`, `2 sessions`.
pub fn sessions(count: usize) -> String {
    format!("{count} session{}", if count == 1 { "" } else { "s" })
}

/// Prints rows under a heading, each column as wide as it needs to be.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let mut widths = heading.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    row(&heading.map(str::to_owned), &widths);
    for row in rows {
        self::row(row, &widths);
    }
}

fn row<const N: usize>(cells: &[String; N], widths: &[usize; N]) {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"))
        .collect();
    say!("{}", padded.join("  ").trim_end());
}

/// Prints a JSON document.
pub fn json(value: &Value) {
    say!("{value:#}");
}
