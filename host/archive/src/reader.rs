//! Reading an archive from front to back, whichever of the two forms it has.

mod compressed;
mod spool;
mod tar_headers;
mod targz;
mod zip;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::Format;
use crate::error::{ArchiveError, Result};
use crate::limits::Limits;
use crate::path::{MetPaths, SkipReason};

/// How many skipped entries are remembered with their paths; the rest is only counted.
const MAX_SKIPPED_KEPT: usize = 1000;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative, with `/` between segments, none of which is empty, `.` or `..`.
    pub path: String,
    /// Unpacked size in bytes, as the archive says. Reading ends with an error if that is not the truth.
    pub size: u64,
}

/// An entry that was passed over (directories are not counted among them).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name as in the archive, for a message only.
    pub name: String,
    /// Why.
    pub reason: SkipReason,
}

/// Entries passed over and paths met: what both forms keep track of in the same way.
struct Ledger {
    limits: Limits,
    entries: u64,
    unpacked: u64,
    met: MetPaths,
    skipped: Vec<Skipped>,
    skipped_count: u64,
}

impl Ledger {
    fn new(limits: Limits) -> Self {
        Self { limits, entries: 0, unpacked: 0, met: MetPaths::new(), skipped: Vec::new(), skipped_count: 0 }
    }

    /// Counts an entry of any kind.
    fn count_entry(&mut self) -> Result<()> {
        self.entries += 1;
        self.limits.check_entries(self.entries)
    }

    fn check_name(&self, raw: &[u8]) -> Result<()> {
        let max = self.limits.max_path_bytes;
        if raw.len() > max {
            let start = String::from_utf8_lossy(raw.get(..80).unwrap_or(raw)).into_owned();
            return Err(ArchiveError::limit(format!("{start}…"), format!("a path of more than {max} bytes")));
        }
        Ok(())
    }

    fn skip(&mut self, raw: &[u8], reason: SkipReason) {
        self.skipped_count += 1;
        if self.skipped.len() < MAX_SKIPPED_KEPT {
            self.skipped.push(Skipped { name: String::from_utf8_lossy(raw).into_owned(), reason });
        }
    }

    /// Takes a file's path into the list of those met. Two entries of one path are refused: which of them a program unpacks differs, so
    /// that what was checked may not be what is used.
    fn meet(&mut self, path: &str) -> Result<()> {
        if self.met.add(path) {
            Ok(())
        } else {
            Err(ArchiveError::corrupt(path, "the archive has two entries of this path"))
        }
    }

    /// Counts bytes unpacked of the entry `path`.
    fn count_unpacked(&mut self, path: &str, new: usize, of_entry: u64, compressed: u64) -> Result<()> {
        self.unpacked = self.unpacked.saturating_add(new as u64);
        self.limits.check_unpacked(path, of_entry, compressed, self.unpacked)
    }
}

enum Form {
    Zip(Box<zip::ZipReader>),
    TarGz(Box<targz::TarGzReader>),
}

/// Goes through an archive from front to back: a zip in the order of its central directory, a tar.gz as it comes.
///
/// * A leading `./` is dropped. Directories are passed over. So are links, devices, and names that lead outside or are no text; these are
///   listed in [`skipped`](Self::skipped).
/// * Two entries of one path make the archive corrupt.
/// * A checksum is verified where the reading of its data ends: of a zip's entry when `read` returns 0, of a tar.gz as a whole when
///   [`next_entry`](Self::next_entry) returns `None`. Who stops before has not been told whether the archive is sound.
/// * `.ARCHIVE_INDEX` is an entry like any other, and never believed.
pub struct Reader {
    form: Form,
}

impl Reader {
    /// Opens an archive; its form is found by its first two bytes (mbz-format.md 1). Entries put aside go to a nameless file in `spool_dir`.
    ///
    /// # Errors
    /// `Corrupt` when it is no archive, `Limit` for a zip with too many entries, `Io`.
    pub fn open(mut file: File, spool_dir: &Path, limits: Limits) -> Result<Self> {
        let place = "archive";
        let io = |error| ArchiveError::io(place, error);
        let length = file.seek(SeekFrom::End(0)).map_err(io)?;
        file.rewind().map_err(io)?;
        let mut head = Vec::with_capacity(512);
        (&mut file).take(512).read_to_end(&mut head).map_err(io)?;
        file.rewind().map_err(io)?;

        if head.is_empty() {
            return Err(ArchiveError::corrupt(place, "not an archive: the file is empty"));
        }
        if head.starts_with(&[0x1f, 0x8b]) {
            let reader = targz::TarGzReader::open(file, length, spool_dir, limits)?;
            return Ok(Self { form: Form::TarGz(Box::new(reader)) });
        }
        if head.get(257..262) == Some(b"ustar") {
            return Err(ArchiveError::corrupt(place, "a tar file that is not compressed; expected tar.gz or zip"));
        }
        let starts_as_zip = head.starts_with(b"PK");
        let reader = zip::ZipReader::open(file, length, starts_as_zip, limits)?;
        Ok(Self { form: Form::Zip(Box::new(reader)) })
    }

    /// The form the archive has.
    pub fn format(&self) -> Format {
        match &self.form {
            Form::Zip(_) => Format::Zip,
            Form::TarGz(_) => Format::TarGz,
        }
    }

    /// Goes on to the next file, `None` after the last. What was not read of the one before is skipped.
    ///
    /// # Errors
    /// `Corrupt`, `Limit`, `Unsupported` (an entry whose content cannot be given), `Io`. After an error the reader is of no more use.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        match &mut self.form {
            Form::Zip(zip) => zip.next_entry(),
            Form::TarGz(targz) => targz.next_entry(),
        }
    }

    /// Reads on in the current entry; 0 is its end, at which its checksum (zip) has been found right.
    ///
    /// # Errors
    /// `Corrupt`, `Limit`, `Unsupported`, `Io`; `Misuse` when there is no current entry.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        match &mut self.form {
            Form::Zip(zip) => zip.read(buf),
            Form::TarGz(targz) => targz.read(buf),
        }
    }

    /// Puts the current entry aside, to be read with [`read_spooled`](Self::read_spooled) in any order later. Returns its size in bytes.
    /// The content of a tar.gz's entry is copied; that of a zip stays where it is, and is verified when it is read.
    ///
    /// # Errors
    /// As `read`, and `NoSpace`; `Misuse` when the entry has been read from already.
    pub fn spool_entry(&mut self) -> Result<u64> {
        match &mut self.form {
            Form::Zip(zip) => zip.spool_entry(),
            Form::TarGz(targz) => targz.spool_entry(),
        }
    }

    /// Reads from an entry that was put aside, from `offset` on; 0 is its end.
    ///
    /// # Errors
    /// `NotFound` when no entry of this path was put aside; else as `read`.
    pub fn read_spooled(&mut self, path: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        match &mut self.form {
            Form::Zip(zip) => zip.read_spooled(path, offset, buf),
            Form::TarGz(targz) => targz.read_spooled(path, offset, buf),
        }
    }

    /// Whether an entry of this path was put aside.
    pub fn has_spooled(&self, path: &str) -> bool {
        match &self.form {
            Form::Zip(zip) => zip.has_spooled(path),
            Form::TarGz(targz) => targz.has_spooled(path),
        }
    }

    /// Compressed bytes used so far, and the size of the archive. The first never falls and never exceeds the second.
    pub fn position(&self) -> (u64, u64) {
        match &self.form {
            Form::Zip(zip) => zip.position(),
            Form::TarGz(targz) => targz.position(),
        }
    }

    /// Bytes that all files unpack to, as far as the archive says so at its beginning: a zip does, a tar.gz does not, whose own size is
    /// given as the least there is to expect.
    pub fn unpacked_size_hint(&self) -> u64 {
        match &self.form {
            Form::Zip(zip) => zip.unpacked_size(),
            Form::TarGz(targz) => targz.position().1,
        }
    }

    /// The entries passed over so far; of very many only the first thousand.
    pub fn skipped(&self) -> &[Skipped] {
        &self.ledger().skipped
    }

    /// How many entries were passed over so far.
    pub fn skipped_count(&self) -> u64 {
        self.ledger().skipped_count
    }

    fn ledger(&self) -> &Ledger {
        match &self.form {
            Form::Zip(zip) => &zip.ledger,
            Form::TarGz(targz) => &targz.ledger,
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("format", &self.format())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
