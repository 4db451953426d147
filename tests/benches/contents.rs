//! Whether two archives hold the same.

use anyhow::{Context, Result, bail};
use provost_archive::{Limits, Reader};
use provost_tests::tree::{self, Element};
use sha1::{Digest, Sha1};
use std::fs::File;
use std::path::Path;

/// The one entry that differs between two backups of a course: it names the archive, the moment and the job.
const MASTER: &str = "moodle_backup.xml";

struct Contents {
    /// Path, size, hash; in order.
    entries: Vec<(String, u64, [u8; 20])>,
    master: Vec<u8>,
}

fn read(archive: &Path, scratch: &Path) -> Result<Contents> {
    let mut reader = Reader::open(File::open(archive)?, scratch, Limits::default())?;
    let mut contents = Contents { entries: Vec::new(), master: Vec::new() };
    let mut buffer = vec![0; 256 << 10];
    while let Some(entry) = reader.next_entry()? {
        let mut hash = Sha1::new();
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            if entry.path == MASTER {
                contents.master.extend_from_slice(&buffer[..count]);
            }
        }
        contents.entries.push((entry.path, entry.size, hash.finalize().into()));
    }
    Ok(contents)
}

/// An error unless both have the same entries in the same order with the same bytes, but for what a backup says of itself.
/// Returns how many entries there are.
pub fn check_same(left: &Path, right: &Path, scratch: &Path) -> Result<usize> {
    let what = |path: &Path| path.display().to_string();
    let (l, r) = (read(left, scratch).with_context(|| what(left))?, read(right, scratch).with_context(|| what(right))?);
    for (a, b) in l.entries.iter().zip(&r.entries) {
        if a != b && !(a.0 == MASTER && b.0 == MASTER) {
            bail!("{} and {} differ: {} and {}", what(left), what(right), a.0, b.0);
        }
    }
    if l.entries.len() != r.entries.len() {
        bail!("{} has {} entries, {} has {}", what(left), l.entries.len(), what(right), r.entries.len());
    }
    if own_left_out(&l.master)? != own_left_out(&r.master)? {
        bail!("{} and {} differ in {MASTER}", what(left), what(right));
    }
    Ok(l.entries.len())
}

/// The master file as a tree, without what a backup says of itself: its file name, moment and id.
fn own_left_out(master: &[u8]) -> Result<Element> {
    let mut root = tree::parse(master).context(MASTER)?;
    let information = root.children.iter_mut().find(|c| c.name == "information").context("no information")?;
    for child in &mut information.children {
        match child.name.as_str() {
            "name" | "backup_date" => child.text.clear(),
            "details" => child.children.iter_mut().for_each(|detail| detail.attributes.clear()),
            "settings" => child.children.retain(|s| s.child("name").is_none_or(|name| name.text != "filename")),
            _ => {}
        }
    }
    Ok(root)
}
