//! Reading the archive from front to back: file contents go to the blob store, documents are put aside.

use crate::convert::damaged;
use provost_guest::archive::Reader;
use provost_guest::{BlobRef, Error, JobContext, Result};
use provost_moodle_archive::layout::{self, PartName, Place};
use provost_moodle_archive::xml::XmlError;
use std::collections::HashMap;

/// How much of a document is read at a time.
const CHUNK: u32 = 256 << 10;
/// Documents that are read whole have at most this size.
const WHOLE_LIMIT: usize = 64 << 20;
/// Warnings of one kind that are given in full; the rest is counted.
pub const NAMED_WARNINGS: usize = 20;
const MASTER: &str = "moodle_backup.xml";

/// An archive whose contents are in the blob store and whose documents can be read in any order.
pub struct Intake {
    reader: Reader,
    /// Documents by path, in the archive's order, with their sizes.
    documents: Vec<(PartName, u64)>,
    index: HashMap<String, usize>,
    /// File contents that are in the archive.
    pool: HashMap<String, u64>,
    /// Paths that nothing of the format has.
    strange: Vec<String>,
}

impl Intake {
    /// Reads the whole archive. `keep_going` leaves out damaged file contents with a warning.
    pub fn read(job: &JobContext, blob: &BlobRef, keep_going: bool, share: f64) -> Result<Self> {
        let reader = Reader::open(blob)?;
        let mut intake =
            Self { reader, documents: Vec::new(), index: HashMap::new(), pool: HashMap::new(), strange: Vec::new() };
        let mut count = 0u64;
        while let Some(entry) = intake.reader.next_entry()? {
            match layout::parse(&entry.path) {
                Place::Pool(sha1) => intake.take_content(job, &entry.path, sha1, keep_going)?,
                Place::Part(part) => intake.put_aside(part)?,
                // What no reader of this format knows of is left in the archive, except what writers put there for
                // people to read.
                Place::Unknown => {
                    if !matches!(entry.path.trim_start_matches("./"), ".ARCHIVE_INDEX" | "moodle_backup.log") {
                        intake.strange.push(entry.path);
                    }
                }
            }
            count += 1;
            if count.is_multiple_of(16) {
                let (done, all) = intake.reader.position();
                job.progress(share * done as f64 / all.max(1) as f64)?;
            }
        }
        for skipped in intake.reader.skipped().iter().take(NAMED_WARNINGS) {
            job.warn(&format!("left out of the archive: {skipped}"))?;
        }
        for path in intake.strange.iter().take(NAMED_WARNINGS) {
            job.warn(&format!("left out of the course: {path}: no course archive has such a file"))?;
        }
        if intake.strange.len() > NAMED_WARNINGS {
            let more = intake.strange.len() - NAMED_WARNINGS;
            job.warn(&format!("{more} more files that no course archive has are left out"))?;
        }
        if !intake.index.contains_key(MASTER) {
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
            self.pool.insert(sha1, blob.size);
            return Ok(());
        }
        let damage = format!("{path}: the content has SHA-1 {}, not the one in its name", blob.sha1);
        if !keep_going {
            return Err(Error::corrupt(damage));
        }
        job.warn(&format!("left out: {damage}"))
    }

    fn put_aside(&mut self, part: PartName) -> Result<()> {
        let size = self.reader.spool_entry()?;
        self.index.insert(part.path(), self.documents.len());
        self.documents.push((part, size));
        Ok(())
    }

    /// Whether there is a document.
    pub fn has(&self, path: &str) -> bool {
        self.index.contains_key(path)
    }

    /// The documents in the archive's order.
    pub fn documents(&self) -> impl Iterator<Item = (&PartName, u64)> {
        self.documents.iter().map(|(part, size)| (part, *size))
    }

    /// The size of a file's content, if the archive has it.
    pub fn content(&self, sha1: &str) -> Option<BlobRef> {
        self.pool.get(sha1).map(|&size| BlobRef { sha1: sha1.to_owned(), size })
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
        if !self.has(path) {
            return Err(Error::corrupt(format!("{path} is missing from the archive")));
        }
        let mut document = Vec::new();
        self.stream(path, |chunk| {
            document.extend_from_slice(chunk);
            if document.len() > WHOLE_LIMIT {
                return Err(Error::new(
                    provost_guest::ErrorKind::Limit,
                    "size",
                    format!("{path} is larger than {WHOLE_LIMIT} bytes"),
                ));
            }
            Ok(())
        })?;
        Ok(document)
    }

    /// A whole document read by a function of the archive library.
    pub fn parsed<T>(&self, path: &str, parse: impl FnOnce(&[u8]) -> Result<T, XmlError>) -> Result<T> {
        parse(&self.whole(path)?).map_err(damaged(path))
    }
}
