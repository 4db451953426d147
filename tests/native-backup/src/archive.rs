//! `archive` of the contract: writing, with the options the host gives.

use crate::course_store::Snapshot;
use crate::host::{host, store_error, wait};
use crate::{BlobRef, Error, ErrorKind, Result};
use provost_archive::{ArchiveError, WriterOptions};
use provost_store::api::{BlockingBlobWriter, Facets};
pub use sdk::archive::Format;
use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// How much of a part is read at a time, as in the host.
const PART_CHUNK: u32 = 256 << 10;

/// Where the writing thread finds the blob that the archive becomes.
#[derive(Clone)]
struct SinkSlot(Arc<Mutex<Option<Box<dyn BlockingBlobWriter>>>>);

impl SinkSlot {
    fn with<R>(&self, f: impl FnOnce(&mut dyn BlockingBlobWriter) -> io::Result<R>) -> io::Result<R> {
        let mut slot = self.0.lock().map_err(|_| io::Error::other("a writer thread panicked"))?;
        match slot.as_mut() {
            Some(sink) => f(sink.as_mut()),
            None => Err(io::Error::other("the archive is finished")),
        }
    }
}

impl Write for SinkSlot {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|sink| sink.write(bytes))
    }
    fn flush(&mut self) -> io::Result<()> {
        self.with(|sink| sink.flush())
    }
}

fn archive_error(failure: ArchiveError) -> Error {
    Error::new(ErrorKind::Failed, "archive", failure.to_string())
}

/// Writes an archive.
pub struct Writer {
    writer: RefCell<Option<provost_archive::Writer>>,
    sink: SinkSlot,
}

impl Writer {
    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn create(format: Format) -> Result<Self> {
        let host = host()?;
        let sink = SinkSlot(Arc::new(Mutex::new(Some(wait(host.blobs.blocking_writer())?))));
        let format = match format {
            Format::Zip => provost_archive::Format::Zip,
            Format::TarGz => provost_archive::Format::TarGz,
        };
        let options = WriterOptions { spool_dir: Some(host.scratch.clone()), ..WriterOptions::default() };
        let writer = provost_archive::Writer::create(Box::new(sink.clone()), format, options);
        Ok(Self { writer: RefCell::new(Some(writer.map_err(archive_error)?)), sink })
    }

    fn with(&self, f: impl FnOnce(&mut provost_archive::Writer) -> provost_archive::Result<()>) -> Result<()> {
        match self.writer.borrow_mut().as_mut() {
            Some(writer) => f(writer).map_err(archive_error),
            None => Err(Error::new(ErrorKind::Invalid, "archive", "the archive is finished")),
        }
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn add_bytes(&self, path: &str, content: &[u8]) -> Result<()> {
        self.with(|writer| writer.add_bytes(path, content.to_vec()))
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn begin_entry(&self, path: &str) -> Result<()> {
        self.with(|writer| writer.begin(path))
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn write(&self, content: &[u8]) -> Result<()> {
        self.with(|writer| writer.write(content))
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn end_entry(&self) -> Result<()> {
        self.with(provost_archive::Writer::end)
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn add_part(&self, path: &str, source: &Snapshot, part: u64, facets: &[String]) -> Result<u64> {
        let facets = Facets::new(facets.to_vec());
        let mut snapshot = source.0.borrow_mut();
        let first = wait(snapshot.read_part(part, &facets, 0, PART_CHUNK))?;
        if first.is_empty() {
            return Ok(0);
        }
        let mut total = first.len() as u64;
        let mut chunk = wait(snapshot.read_part(part, &facets, total, PART_CHUNK))?;
        if chunk.is_empty() {
            self.with(|writer| writer.add_bytes(path, first))?;
            return Ok(total);
        }
        self.with(|writer| writer.begin(path).and_then(|()| writer.write(&first)))?;
        while !chunk.is_empty() {
            total += chunk.len() as u64;
            self.with(|writer| writer.write(&chunk))?;
            chunk = wait(snapshot.read_part(part, &facets, total, PART_CHUNK))?;
        }
        self.end_entry()?;
        Ok(total)
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn add_blob(&self, path: &str, blob: &BlobRef) -> Result<()> {
        let (reader, size) = wait(host()?.blobs.open_reader(&blob.sha1))?;
        self.with(|writer| writer.add_reader(path, reader, size))
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn finish(&self) -> Result<BlobRef> {
        let Some(writer) = self.writer.borrow_mut().take() else {
            return Err(Error::new(ErrorKind::Invalid, "archive", "the archive is finished"));
        };
        writer.finish().map_err(archive_error)?;
        let sink = self.sink.0.lock().ok().and_then(|mut slot| slot.take());
        let blob = sink.ok_or_else(|| Error::failed("the archive's sink is gone"))?.finish().map_err(store_error)?;
        Ok(BlobRef { sha1: blob.sha1, size: blob.size })
    }
}
