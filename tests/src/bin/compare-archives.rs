//! Prints where two archives differ and what both hold; exit code 1 when they differ, 2 when one cannot be opened.

use clap::Parser;
use provost_tests::compare::{Ignore, compare};
use provost_tests::unpacked::Unpacked;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compares two course archives element by element.
#[derive(Parser)]
struct Arguments {
    /// First archive.
    left: PathBuf,
    /// Second archive.
    right: PathBuf,
    /// Leave out files of this path; `*` stands for any text. May be given several times.
    #[arg(long, value_name = "PATH")]
    ignore: Vec<String>,
    /// Leave out a place, written `PATH:PLACE` as the differences are printed; `*` stands for any text.
    #[arg(long, value_name = "PATH:PLACE")]
    ignore_place: Vec<String>,
    /// Leave out which site and release wrote the archive.
    #[arg(long)]
    ignore_origin: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(e) => {
            eprintln!("compare-archives: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    use anyhow::Context;
    let mut ignore = Ignore::nothing();
    for path in &arguments.ignore {
        ignore = ignore.file(path);
    }
    for rule in &arguments.ignore_place {
        let (path, place) = rule.split_once(':').with_context(|| format!("{rule}: not of the form PATH:PLACE"))?;
        ignore = ignore.place(path, place.trim());
    }
    if arguments.ignore_origin {
        ignore = ignore.origin_site().writer_release();
    }
    let open = |p: &PathBuf| Unpacked::open(p).with_context(|| p.display().to_string());
    let found = compare(&open(&arguments.left)?, &open(&arguments.right)?, &ignore);
    println!("{found}");
    Ok(found.differences.is_empty())
}
