//! The renumberer against whole archives and against documents of its own.

mod archives;
mod documents;

use std::collections::BTreeMap;

use super::*;
use crate::layout::{PartName, Place, parse};

/// The part at a path.
fn part(path: &str) -> PartName {
    match parse(path) {
        Place::Part(part) => part,
        other => panic!("{path} is {other:?}"),
    }
}

/// The claims of all documents of an archive, the master file left out.
fn claims(archive: &BTreeMap<String, Vec<u8>>) -> Claims {
    let mut claims = Claims::new();
    for (path, document) in parts(archive) {
        claims.scan_all(&part(path), document).unwrap();
    }
    claims
}

/// The documents that the renumberer is for.
fn parts(archive: &BTreeMap<String, Vec<u8>>) -> impl Iterator<Item = (&str, &[u8])> {
    let wanted = |path: &str| path != "moodle_backup.xml" && matches!(parse(path), Place::Part(_));
    archive.iter().filter(move |(path, _)| wanted(path)).map(|(path, document)| (path.as_str(), document.as_slice()))
}
