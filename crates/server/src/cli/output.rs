//! Printing data: a table for people, JSON for programs.

use serde_json::Value;

/// Prints rows under a heading, each column as wide as it needs to be.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let mut widths = heading.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    line(&heading.map(str::to_owned), &widths);
    for row in rows {
        line(row, &widths);
    }
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"))
        .collect();
    println!("{}", padded.join("  ").trim_end());
}

/// Prints a JSON document.
pub fn json(value: &Value) {
    println!("{value:#}");
}
