//! Reading the archive from front to back: file contents go to the blob store, documents are put aside.

use provost_guest::archive::Reader;
use provost_guest::{BlobRef, Error, JobContext, Result};
use provost_moodle_archive::layout::{self, PartName, Place};
use provost_moodle_archive::xml::XmlError;
use provost_plugin_draft_parts::damaged;
use std::collections::HashMap;

/// How much of a document is read at a time.
const CHUNK: u32 = 256 << 10;
/// Documents that are read whole have at most this size in bytes: what is made of one has room in the plugin's memory beside it.
const WHOLE_LIMIT: u64 = 32 << 20;
/// Warnings of one kind that are given in full; the rest is counted.
pub const NAMED_WARNINGS: usize = 20;
const MASTER: &str = "moodle_backup.xml";

/// An archive whose contents are in the blob store and whose documents can be read in any order.
pub struct Intake {
    reader: Reader,
    documents: Documents,
    /// File contents that are in the archive: SHA-1 and size in bytes.
    pool: HashMap<[u8; 20], u64>,
    /// Paths that nothing of the format has, those that are named, and how many there are.
    strange: (Vec<String>, usize),
}

/// The documents put aside. An archive may have a million of them, so each costs little more than its path.
#[derive(Default)]
struct Documents {
    /// Their paths, one after the other in the archive's order.
    paths: String,
    /// Where each path ends, and the document's size in bytes.
    list: Vec<(usize, u64)>,
    /// Numbers in `list`, ordered by path; complete after [`Documents::sort`].
    sorted: Vec<u32>,
}

impl Documents {
    fn add(&mut self, path: &str, size: u64) {
        self.paths.push_str(path);
        self.list.push((self.paths.len(), size));
    }

    fn path(&self, number: usize) -> &str {
        let from = number.checked_sub(1).and_then(|before| self.list.get(before)).map_or(0, |(end, _)| *end);
        let to = self.list.get(number).map_or(from, |(end, _)| *end);
        self.paths.get(from..to).unwrap_or_default()
    }

    fn sort(&mut self) {
        let mut sorted: Vec<u32> = (0..).take(self.list.len()).collect();
        sorted.sort_unstable_by(|a, b| self.path(*a as usize).cmp(self.path(*b as usize)));
        self.sorted = sorted;
    }

    fn size(&self, path: &str) -> Option<u64> {
        let at = self.sorted.binary_search_by(|number| self.path(*number as usize).cmp(path)).ok()?;
        self.list.get(*self.sorted.get(at)? as usize).map(|(_, size)| *size)
    }
}

/// The 20 bytes of a SHA-1 in hexadecimal.
fn digest(sha1: &str) -> Option<[u8; 20]> {
    let mut bytes = [0; 20];
    if sha1.len() != 40 {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(sha1.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl Intake {
    /// Reads the whole archive. `keep_going` leaves out damaged file contents with a warning.
    pub fn read(job: &JobContext, blob: &BlobRef, keep_going: bool, share: f64) -> Result<Self> {
        let reader = Reader::open(blob)?;
        let mut intake =
            Self { reader, documents: Documents::default(), pool: HashMap::new(), strange: (Vec::new(), 0) };
        let mut count = 0u64;
        while let Some(entry) = intake.reader.next_entry()? {
            match layout::parse(&entry.path) {
                Place::Pool(sha1) => intake.take_content(job, &entry.path, sha1, keep_going)?,
                Place::Part(part) => intake.put_aside(&part)?,
                // What no reader of this format knows of is left in the archive, except what writers put there for
                // people to read.
                Place::Unknown => {
                    if !matches!(entry.path.trim_start_matches("./"), ".ARCHIVE_INDEX" | "moodle_backup.log") {
                        intake.strange.1 += 1;
                        if intake.strange.1 <= NAMED_WARNINGS {
                            intake.strange.0.push(entry.path);
                        }
                    }
                }
            }
            count += 1;
            if count.is_multiple_of(16) {
                let (done, all) = intake.reader.position();
                job.progress(share * done as f64 / all.max(1) as f64)?;
            }
        }
        let skipped = intake.reader.skipped();
        for skipped in skipped.iter().take(NAMED_WARNINGS) {
            job.warn(&format!("left out of the archive: {skipped}"))?;
        }
        if skipped.len() > NAMED_WARNINGS {
            let more = skipped.len() - NAMED_WARNINGS;
            // The host names a hundred at most.
            let least = if skipped.len() >= 100 { "at least " } else { "" };
            job.warn(&format!("left out of the archive: {least}{more} more entries, links, devices and the like"))?;
        }
        let (named, strange) = &intake.strange;
        for path in named {
            job.warn(&format!("left out of the course: {path}: no course archive has such a file"))?;
        }
        if *strange > named.len() {
            job.warn(&format!("{} more files that no course archive has are left out", strange - named.len()))?;
        }
        intake.documents.sort();
        if !intake.has(MASTER) {
            return Err(Error::new(
                provost_guest::ErrorKind::Corrupt,
                "missing_moodle_backup_xml_file",
                "the archive has no moodle_backup.xml at its top level: it is no Moodle backup",
            ));
        }
        Ok(intake)
    }

    fn take_content(&mut self, job: &JobContext, path: &str, sha1: String, keep_going: bool) -> Result<()> {
        let blob = self.reader.copy_entry_to_blob()?;
        if blob.sha1 == sha1 {
            self.pool.extend(digest(&sha1).map(|digest| (digest, blob.size)));
            return Ok(());
        }
        let damage = format!("{path}: the content has SHA-1 {}, not the one in its name", blob.sha1);
        if !keep_going {
            return Err(Error::corrupt(damage));
        }
        job.warn(&format!("left out: {damage}"))
    }

    fn put_aside(&mut self, part: &PartName) -> Result<()> {
        let size = self.reader.spool_entry()?;
        self.documents.add(&part.path(), size);
        Ok(())
    }

    /// Whether there is a document.
    pub fn has(&self, path: &str) -> bool {
        self.documents.size(path).is_some()
    }

    /// The documents in the archive's order.
    pub fn documents(&self) -> impl Iterator<Item = (PartName, u64)> {
        self.documents.list.iter().enumerate().filter_map(|(number, (_, size))| {
            match layout::parse(self.documents.path(number)) {
                Place::Part(part) => Some((part, *size)),
                Place::Pool(_) | Place::Unknown => None,
            }
        })
    }

    /// Bytes of all documents together.
    pub fn document_bytes(&self) -> u64 {
        self.documents.list.iter().map(|(_, size)| size).sum()
    }

    /// The size of a file's content, if the archive has it.
    pub fn content(&self, sha1: &str) -> Option<BlobRef> {
        self.pool.get(&digest(sha1)?).map(|&size| BlobRef { sha1: sha1.to_owned(), size })
    }

    /// Reads a document piece by piece.
    pub fn stream(&self, path: &str, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut offset = 0;
        loop {
            let chunk = self.reader.read_spooled(path, offset, CHUNK)?;
            if chunk.is_empty() {
                return Ok(());
            }
            offset += chunk.len() as u64;
            take(&chunk)?;
        }
    }

    /// The beginning of a document.
    pub fn head(&self, path: &str) -> Result<Vec<u8>> {
        self.reader.read_spooled(path, 0, 64 << 10)
    }

    /// A whole document; an error names one that is not there.
    pub fn whole(&self, path: &str) -> Result<Vec<u8>> {
        let Some(size) = self.documents.size(path) else {
            return Err(Error::corrupt(format!("{path} is missing from the archive")));
        };
        if size > WHOLE_LIMIT {
            return Err(Error::new(
                provost_guest::ErrorKind::Limit,
                "size",
                format!(
                    "{path} has {size} bytes and is larger than the {WHOLE_LIMIT} that are read of such a document"
                ),
            ));
        }
        let mut document = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        self.stream(path, |chunk| {
            document.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(document)
    }

    /// A whole document read by a function of the archive library.
    pub fn parsed<T>(&self, path: &str, parse: impl FnOnce(&[u8]) -> Result<T, XmlError>) -> Result<T> {
        parse(&self.whole(path)?).map_err(damaged(path))
    }
}
