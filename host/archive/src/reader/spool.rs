//! One nameless file that holds all entries of a tar.gz that were put aside, with an index in memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{ArchiveError, Result};
use crate::path::PathMap;
use provost_space::{Meter, Space};

/// Where an entry lies in the spool file.
#[derive(Clone, Copy)]
struct Stretch {
    offset: u64,
    length: u64,
}

/// The spool file, made when it is first needed.
pub(super) struct Spool {
    directory: PathBuf,
    file: Option<File>,
    /// Bytes of complete entries. An entry that failed half-way is overwritten by the next.
    length: u64,
    index: PathMap<Stretch>,
    meter: Meter,
}

impl Spool {
    /// A spool in a directory on whose file system `min_free` bytes are to stay free.
    pub(super) fn new(directory: &Path, min_free: u64) -> Self {
        let meter = Space::new(directory, min_free).meter();
        Self { directory: directory.to_owned(), file: None, length: 0, index: PathMap::new(), meter }
    }

    /// Bytes of all entries put aside.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Puts the spool file's cursor where a new entry begins.
    pub(super) fn begin(&mut self, path: &str) -> Result<()> {
        let io = |error| ArchiveError::io(format!("putting `{path}` aside"), error);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.directory).map_err(io)?),
        };
        file.seek(SeekFrom::Start(self.length)).map_err(io)?;
        Ok(())
    }

    /// Appends to the entry begun.
    pub(super) fn write(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let full = |error| ArchiveError::io(format!("putting `{path}` aside"), error);
        self.meter.before(bytes.len() as u64).map_err(|error| full(error.into()))?;
        match &mut self.file {
            Some(file) => file.write_all(bytes).map_err(full),
            None => Err(ArchiveError::Misuse("no entry is being put aside")),
        }
    }

    /// Makes the entry begun readable.
    pub(super) fn end(&mut self, path: &str, length: u64) {
        let stretch = Stretch { offset: self.length, length };
        self.length += length;
        self.index.insert(path, stretch);
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.index.get(path).is_some()
    }

    pub(super) fn read(&mut self, path: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let (Some(stretch), Some(file)) = (self.index.get(path), &mut self.file) else {
            return Err(ArchiveError::NotFound { path: path.to_owned() });
        };
        let left = stretch.length.saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if wanted == 0 {
            return Ok(0);
        }
        let io = |error| ArchiveError::io(format!("`{path}`, put aside"), error);
        file.seek(SeekFrom::Start(stretch.offset + offset)).map_err(io)?;
        file.read_exact(&mut buf[..wanted]).map_err(io)?;
        Ok(wanted)
    }
}
