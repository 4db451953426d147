//! Writes a course archive of a given size.

use anyhow::Context;
use clap::Parser;
use provost_tests::generate::{SampleSize, generate};
use std::fs::File;
use std::path::PathBuf;

/// Makes a course archive; the same arguments always give the same bytes.
#[derive(Parser)]
struct Arguments {
    /// Number of activities.
    #[arg(long, default_value_t = 20)]
    activities: u32,
    /// Number of people, the first of whom teaches.
    #[arg(long, default_value_t = 20)]
    people: u32,
    /// Number of log rows.
    #[arg(long, default_value_t = 1000)]
    logs: u32,
    /// Number of files.
    #[arg(long, default_value_t = 20)]
    files: u32,
    /// Bytes of each file.
    #[arg(long, default_value_t = 100_000)]
    file_bytes: u64,
    /// Part of each file that is text, 0 to 1; the rest is noise.
    #[arg(long, default_value_t = 0.5)]
    compressible: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the archive.
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let a = Arguments::parse();
    let size = SampleSize {
        activities: a.activities,
        people: a.people,
        log_rows: a.logs,
        files: a.files,
        file_bytes: a.file_bytes,
        compressible_share: a.compressible,
    };
    let what = || a.out.display().to_string();
    let file = File::create(&a.out).with_context(what)?;
    generate(&size, a.seed, file).with_context(what)
}
