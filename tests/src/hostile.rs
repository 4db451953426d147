//! Archives as nobody should send them: broken, contradictory, or made to do harm. Each comes with what has to become of it.
//!
//! They are made of the sample course by code, byte by byte where a library would refuse to write such a thing.

mod containers;
mod documents;
mod ids;
mod large;
pub mod raw;

use crate::{pack, sample};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};

/// Path to bytes.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// What has to become of an archive.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Refused, with all of this in the message: what is wrong and where.
    Refused(&'static [&'static str]),
    /// Imported, with a warning for each of these that has it all, and no other warning.
    Imported(&'static [&'static str]),
}

/// Writes an archive into a file.
pub type Make = Box<dyn Fn(File) -> io::Result<()>>;

/// An archive and its fate.
pub struct Case {
    /// What it is, unique.
    pub name: &'static str,
    /// Makes it.
    pub make: Make,
    /// Whether it is imported with `--keep-going`.
    pub keep_going: bool,
    /// What has to become of it.
    pub expected: Expected,
}

impl Case {
    fn new(name: &'static str, make: impl Fn(File) -> io::Result<()> + 'static, expected: Expected) -> Self {
        Self { name, make: Box::new(make), keep_going: false, expected }
    }

    fn bytes(name: &'static str, bytes: Vec<u8>, expected: Expected) -> Self {
        Self::new(name, move |mut file| file.write_all(&bytes), expected)
    }

    fn keep_going(self) -> Self {
        Self { keep_going: true, ..self }
    }
}

/// The sample course, changed.
fn course(name: &'static str, change: impl FnOnce(&mut Tree), expected: Expected) -> Case {
    let mut tree = sample::tree();
    change(&mut tree);
    Case::bytes(name, tar_gz(&tree), expected)
}

/// Those that are small: each takes a moment.
pub fn small() -> Vec<Case> {
    let mut all = containers::cases();
    all.extend(documents::cases());
    all.extend(ids::cases());
    all
}

/// Bombs and archives of a million entries: each takes seconds.
pub fn large() -> Vec<Case> {
    large::cases()
}

/// The sample course with one bit flipped, each at another place: `count` times in the packed tar.gz, in the zip, and twice as
/// often in a document before it is packed. With what was done.
pub fn flipped(seed: u64, count: usize) -> impl Iterator<Item = (String, Vec<u8>)> {
    let tree = sample::tree();
    let (tgz, zipped) = (tar_gz(&tree), zip(&tree));
    let documents: Vec<String> = tree.keys().filter(|p| p.ends_with(".xml") && !tree[*p].is_empty()).cloned().collect();
    let mut random = StdRng::seed_from_u64(seed);
    (0..count * 4).map(move |number| {
        let document = &documents[random.random_range(0..documents.len())];
        let mut flip = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = random.random_range(0..bytes.len());
            bytes[at] ^= 1 << random.random_range(0..8);
            (at, bytes)
        };
        let (place, at, bytes) = match number % 4 {
            0 => {
                let (at, bytes) = flip(&tgz);
                ("tar.gz", at, bytes)
            }
            1 => {
                let (at, bytes) = flip(&zipped);
                ("zip", at, bytes)
            }
            kind => {
                // The master file more often than any.
                let path = if kind == 3 && number % 16 == 3 { "moodle_backup.xml" } else { document.as_str() };
                let (at, bytes) = flip(&tree[path]);
                let mut tree = tree.clone();
                tree.insert(path.to_owned(), bytes);
                (path, at, tar_gz(&tree))
            }
        };
        (format!("seed {seed}, {place}, byte {at}"), bytes)
    })
}

/// A tree as tar.gz, as Moodle packs it.
pub fn tar_gz(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = pack::tree_tar_gz(tree, sample::MADE, &mut bytes) {
        panic!("the archive cannot be written: {error}");
    }
    bytes
}

/// A tree as zip.
pub fn zip(tree: &Tree) -> Vec<u8> {
    let mut bytes = io::Cursor::new(Vec::new());
    if let Err(error) = pack::tree_zip(tree, &mut bytes) {
        panic!("the archive cannot be written: {error}");
    }
    bytes.into_inner()
}

/// Replaces the first `from` of a document, which must be there.
fn replace(tree: &mut Tree, path: &str, from: &str, to: &str) {
    let document = text(tree, path);
    assert!(document.contains(from), "{path} has no {from:?}");
    tree.insert(path.to_owned(), document.replacen(from, to, 1).into_bytes());
}

/// Replaces every `from` of a document.
fn replace_all(tree: &mut Tree, path: &str, from: &str, to: &str) {
    let document = text(tree, path);
    assert!(document.contains(from), "{path} has no {from:?}");
    tree.insert(path.to_owned(), document.replace(from, to).into_bytes());
}

/// A document of the tree as text.
fn text(tree: &Tree, path: &str) -> String {
    let bytes = tree.get(path).unwrap_or_else(|| panic!("the sample course has no {path}"));
    String::from_utf8_lossy(bytes).into_owned()
}
