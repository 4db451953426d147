//! Runs the inputs kept in `tests/fuzz` through the checks of their targets: what was found once stays found.

// A failed `unwrap` is how a test fails.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use provost_invariants::TARGETS;

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind)
}

/// The files of a folder in order of their names; none if it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs all inputs of a kind; returns how many there were of each target.
fn replay(kind: &str) -> Vec<usize> {
    let mut failed = Vec::new();
    let mut counts = Vec::new();
    for target in TARGETS {
        let files = files(&folder(kind).join(target.name));
        for file in &files {
            let input = fs::read(file).unwrap();
            if catch_unwind(AssertUnwindSafe(|| (target.check)(&input))).is_err() {
                failed.push(file.display().to_string());
            }
        }
        counts.push(files.len());
    }
    assert!(failed.is_empty(), "these inputs break an invariant:\n{}", failed.join("\n"));
    counts
}

#[test]
fn seeds_hold() {
    let counts = replay("seeds");
    assert!(counts.iter().all(|count| *count > 0), "a target without seeds: {counts:?}");
}

#[test]
fn findings_hold() {
    replay("findings");
}

/// A folder that belongs to no target would never be run.
#[test]
fn every_folder_has_its_target() {
    for kind in ["seeds", "findings"] {
        for path in files(&folder(kind)) {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(TARGETS.iter().any(|target| target.name == name), "{}", path.display());
        }
    }
}
