//! What the measurements share: how to sum up figures, print them as a table, and say what machine they are of.

use std::fmt::Write as _;

/// The middle of some figures; of an even number, the mean of the two in the middle. NaN of none.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => figures[middle],
        _ => (figures[middle - 1] + figures[middle]) / 2.0,
    }
}

/// Columns of text under a heading each: the first aligned to the left, the others to the right.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(str::to_owned).to_vec()] }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints it in Markdown, so that it can be put into a document as it is.
    pub fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::from("|");
            for (column, width) in widths.iter().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                // Writing to a string cannot fail.
                let _ = match column {
                    0 => write!(line, " {cell:<width$} |"),
                    _ => write!(line, " {cell:>width$} |"),
                };
            }
            println!("{line}");
            if number == 0 {
                let rule: Vec<String> = widths
                    .iter()
                    .enumerate()
                    .map(|(column, width)| format!("{}{}", "-".repeat(width - 1), if column == 0 { '-' } else { ':' }))
                    .collect();
                println!("| {} |", rule.join(" | "));
            }
        }
        println!();
    }
}

/// One line on the machine and the build, without which no figure means anything.
pub fn circumstances() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processor = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            Some(text.lines().find_map(|l| l.strip_prefix("model name"))?.split_once(':')?.1.trim().into())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let load = std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next().map(|load| format!(", load {load} before")))
        .unwrap_or_default();
    let build = if cfg!(debug_assertions) { "dev" } else { "release" };
    format!("{cores} cores ({processor}, {}){load}; {build} build of Provost", std::env::consts::OS)
}
