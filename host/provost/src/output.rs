//! What commands print: text for people, or JSON for scripts.

use anyhow::Result;
use serde::Serialize;
use std::io::Write;

/// Prints a value as JSON on standard output.
pub fn json<T: Serialize>(value: &T) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a line on standard output.
pub fn line(text: impl std::fmt::Display) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints a table with aligned columns.
pub fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> Result<()> {
    let mut width = head.map(|h| h.chars().count());
    for row in &rows {
        for (width, cell) in width.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = std::io::stdout().lock();
    let mut write = |cells: &[String]| -> Result<()> {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(width) {
            line.push_str(&format!("{cell:width$}  "));
        }
        writeln!(out, "{}", line.trim_end())?;
        Ok(())
    };
    write(&head.map(str::to_owned))?;
    for row in rows {
        write(&row)?;
    }
    Ok(())
}

/// A time for people, in the local time zone.
pub fn time(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) if seconds != 0 => {
            time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        _ => "-".into(),
    }
}

/// A size for people.
pub fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
