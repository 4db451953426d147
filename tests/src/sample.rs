//! The project's own sample course: "Introduction to Beekeeping", small, invented, and rich in module types.
//!
//! It is written here as outlines, kept readable as XML under `tests/fixtures/sample-course/`, and packed in
//! `tests/fixtures/sample-course.mbz`, which demos import. A test keeps the three equal; after a change run
//! `cargo run -p provost-tests --bin pack-sample`.

mod activities;
pub(crate) mod assembly;
mod collaboration;
mod course;
mod quiz;

use crate::pack;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The time everything is counted from: 2025-03-03 09:00 UTC, the course's start.
pub const START: u64 = 1_740_992_400;

/// When the sample's backup was made: 60 days later.
pub const MADE: u64 = START + 60 * 86_400;

/// The name Moodle would have given the archive.
pub const ARCHIVE_NAME: &str = "backup-moodle2-course-21-bees101-20250502-0900.mbz";

/// Every file of the archive: path to bytes.
pub fn tree() -> BTreeMap<String, Vec<u8>> {
    assembly::assemble()
}

/// The files kept readable under [`tree_directory`]: all but empty ones, which say nothing (and `*.log` is often not versioned).
pub fn readable_tree() -> BTreeMap<String, Vec<u8>> {
    let mut tree = tree();
    tree.retain(|_, bytes| !bytes.is_empty());
    tree
}

/// Packs the course; always the same bytes.
///
/// # Errors
/// Those of writing.
pub fn pack(out: impl Write) -> io::Result<()> {
    pack::tree_tar_gz(&tree(), MADE, out)
}

/// Where the project keeps the readable tree.
pub fn tree_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sample-course")
}

/// Where the project keeps the packed course.
pub fn packed_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sample-course.mbz")
}

/// Replaces `§N` by the time N hours after [`START`].
pub(crate) fn times(outline: &str) -> String {
    let mut out = String::with_capacity(outline.len() * 2);
    let mut pieces = outline.split('§');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let hours: u64 = piece[..end].parse().unwrap_or(0);
        out.push_str(&(START + hours * 3600).to_string());
        out.push_str(&piece[end..]);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::unpacked::Unpacked;
    use crate::validate::{validate, validate_file_name};
    use std::fs;

    #[test]
    fn the_committed_files_are_what_is_generated() {
        let mut packed = Vec::new();
        pack(&mut packed).unwrap();
        let same = fs::read(packed_file()).unwrap() == packed;
        assert!(same, "run pack-sample and commit fixtures/sample-course.mbz");
        for (path, bytes) in readable_tree() {
            let same = fs::read(tree_directory().join(&path)).unwrap() == bytes;
            assert!(same, "{path}: run pack-sample and commit fixtures/sample-course");
        }
        assert!(packed.len() < 120 * 1024, "{} bytes", packed.len());
    }

    #[test]
    fn the_validator_finds_nothing() {
        let archive = Unpacked::open(&packed_file()).unwrap();
        assert_eq!(validate(&archive), []);
        assert_eq!(validate_file_name(ARCHIVE_NAME), []);
    }
}
