//! Prints what a real Moodle would refuse or lose of an archive; exit code 1 when anything, 2 when it cannot be opened.

use clap::Parser;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::{RULES, validate};
use std::path::PathBuf;
use std::process::ExitCode;

/// Checks a course archive against what Moodle's restore needs.
#[derive(Parser)]
struct Arguments {
    /// The archive.
    #[arg(required_unless_present = "rules")]
    file: Option<PathBuf>,
    /// Print the rules and what each is for.
    #[arg(long)]
    rules: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.rules {
        for rule in RULES {
            println!("{:<24}{} [{}]", rule.id, rule.demand, rule.source);
        }
    }
    let Some(file) = arguments.file else {
        return ExitCode::SUCCESS;
    };
    let archive = match Unpacked::open(&file) {
        Ok(archive) => archive,
        Err(e) => {
            eprintln!("validate-archive: {}: {e}", file.display());
            return ExitCode::from(2);
        }
    };
    let findings = validate(&archive);
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} findings", findings.len());
    ExitCode::from(u8::from(!findings.is_empty()))
}
