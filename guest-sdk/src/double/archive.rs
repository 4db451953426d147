//! `archive` on blobs in memory, read and written by the host's own code.

use super::{MAX_READ, enter, enter_changing, with};
use crate::{Error, ErrorKind, Result};
use provost_archive::{ArchiveError, Limits, SkipReason, WriterOptions};
use std::cell::RefCell;
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex, PoisonError};

pub use super::course_store::Snapshot;
pub use crate::bindings::imports::provost::plugin::archive::{BlobRef, Entry, Facet, Format};

const INTERFACE: &str = "archive";
/// How many skipped entries are named.
const MAX_SKIPPED: usize = 100;

impl From<ArchiveError> for Error {
    fn from(failure: ArchiveError) -> Self {
        let kind = match &failure {
            ArchiveError::Corrupt { .. } | ArchiveError::Unsupported { .. } => ErrorKind::Corrupt,
            ArchiveError::Limit { .. } => ErrorKind::Limit,
            ArchiveError::NotFound { .. } => ErrorKind::NotFound,
            _ => ErrorKind::Failed,
        };
        let code = if kind == ErrorKind::NotFound { "entry" } else { "archive" };
        Error::new(kind, code, failure.to_string())
    }
}

fn temporary(error: std::io::Error) -> Error {
    Error::failed(format!("a temporary file: {error}"))
}

fn open(blob: &BlobRef) -> Result<provost_archive::Reader> {
    let content = with(|host| host.blob(&blob.sha1))?;
    let mut file = tempfile::tempfile().map_err(temporary)?;
    file.write_all(&content).map_err(temporary)?;
    Ok(provost_archive::Reader::open(file, &std::env::temp_dir(), Limits::default())?)
}

/// What is left of the current entry.
fn rest(reader: &mut provost_archive::Reader) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut buffer = vec![0; MAX_READ as usize];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(content);
        }
        content.extend_from_slice(&buffer[..count]);
    }
}

/// Reads an archive from front to back.
pub struct Reader(RefCell<provost_archive::Reader>);

impl Reader {
    /// See `reader.open` in the contract.
    pub fn open(blob: &BlobRef) -> Result<Reader> {
        enter(INTERFACE)?;
        Ok(Reader(RefCell::new(open(blob)?)))
    }
    /// See `reader.format`.
    pub fn format(&self) -> Format {
        match self.0.borrow().format() {
            provost_archive::Format::Zip => Format::Zip,
            provost_archive::Format::TarGz => Format::TarGz,
        }
    }
    /// See `reader.next-entry`.
    pub fn next_entry(&self) -> Result<Option<Entry>> {
        enter(INTERFACE)?;
        let entry = self.0.borrow_mut().next_entry()?;
        Ok(entry.map(|e| Entry { path: e.path, size: e.size }))
    }
    /// See `reader.read`.
    pub fn read(&self, limit: u32) -> Result<Vec<u8>> {
        enter(INTERFACE)?;
        let mut buffer = buffer(limit);
        let count = self.0.borrow_mut().read(&mut buffer)?;
        buffer.truncate(count);
        Ok(buffer)
    }
    /// See `reader.copy-entry-to-blob`.
    pub fn copy_entry_to_blob(&self) -> Result<BlobRef> {
        enter(INTERFACE)?;
        let content = rest(&mut self.0.borrow_mut())?;
        Ok(with(|host| host.put_blob(content)))
    }
    /// See `reader.spool-entry`.
    pub fn spool_entry(&self) -> Result<u64> {
        enter(INTERFACE)?;
        Ok(self.0.borrow_mut().spool_entry()?)
    }
    /// See `reader.read-spooled`.
    pub fn read_spooled(&self, path: &str, offset: u64, limit: u32) -> Result<Vec<u8>> {
        enter(INTERFACE)?;
        let mut buffer = buffer(limit);
        let count = self.0.borrow_mut().read_spooled(path, offset, &mut buffer)?;
        buffer.truncate(count);
        Ok(buffer)
    }
    /// See `reader.skipped`.
    pub fn skipped(&self) -> Vec<String> {
        let reader = self.0.borrow();
        reader.skipped().iter().take(MAX_SKIPPED).map(|s| format!("{}: {}", s.name, reason(s.reason))).collect()
    }
    /// See `reader.position`.
    pub fn position(&self) -> (u64, u64) {
        self.0.borrow().position()
    }
}

fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::LeadsOutside => "its path leads outside",
        SkipReason::Link => "it is a link",
        SkipReason::Special => "it is not a file",
        SkipReason::UnreadableName => "its name cannot be read",
        _ => "it is not read",
    }
}

fn buffer(limit: u32) -> Vec<u8> {
    vec![0; limit.clamp(1, with(|host| host.read_limit).min(MAX_READ)) as usize]
}

/// Where the writer's bytes go until it is finished.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn writer(format: Format, sink: &Sink) -> Result<provost_archive::Writer> {
    let format = match format {
        Format::Zip => provost_archive::Format::Zip,
        Format::TarGz => provost_archive::Format::TarGz,
    };
    let options = WriterOptions { threads: 1, ..WriterOptions::default() };
    Ok(provost_archive::Writer::create(Box::new(sink.clone()), format, options)?)
}

/// Writes an archive.
pub struct Writer {
    writer: RefCell<Option<provost_archive::Writer>>,
    sink: Sink,
}

impl Writer {
    fn write_with<R>(&self, f: impl FnOnce(&mut provost_archive::Writer) -> Result<R>) -> Result<R> {
        enter(INTERFACE)?;
        match self.writer.borrow_mut().as_mut() {
            Some(writer) => f(writer),
            None => Err(finished()),
        }
    }

    /// See `writer.create` in the contract.
    pub fn create(format: Format) -> Result<Writer> {
        enter_changing(INTERFACE)?;
        let sink = Sink::default();
        let writer = writer(format, &sink)?;
        Ok(Writer { writer: RefCell::new(Some(writer)), sink })
    }
    /// See `writer.add-bytes`.
    pub fn add_bytes(&self, path: &str, content: &[u8]) -> Result<()> {
        self.write_with(|writer| Ok(writer.add_bytes(path, content.to_vec())?))
    }
    /// See `writer.begin-entry`.
    pub fn begin_entry(&self, path: &str) -> Result<()> {
        self.write_with(|writer| Ok(writer.begin(path)?))
    }
    /// See `writer.write`.
    pub fn write(&self, content: &[u8]) -> Result<()> {
        self.write_with(|writer| Ok(writer.write(content)?))
    }
    /// See `writer.end-entry`.
    pub fn end_entry(&self) -> Result<()> {
        self.write_with(|writer| Ok(writer.end()?))
    }
    /// See `writer.add-part`.
    pub fn add_part(&self, path: &str, source: &Snapshot, part: u64, facets: &[Facet]) -> Result<u64> {
        self.write_with(|writer| {
            let content = source.0.part_bytes(part, facets)?;
            let size = content.len() as u64;
            if size > 0 {
                writer.add_bytes(path, content)?;
            }
            Ok(size)
        })
    }
    /// See `writer.add-blob`.
    pub fn add_blob(&self, path: &str, blob: &BlobRef) -> Result<()> {
        self.write_with(|writer| {
            let content = with(|host| host.blob(&blob.sha1))?;
            let size = content.len() as u64;
            Ok(writer.add_reader(path, Box::new(Cursor::new(content)), size)?)
        })
    }
    /// See `writer.finish`.
    pub fn finish(&self) -> Result<BlobRef> {
        enter(INTERFACE)?;
        let writer = self.writer.borrow_mut().take().ok_or_else(finished)?;
        writer.finish()?;
        let content = self.sink.take();
        Ok(with(|host| host.put_blob(content)))
    }
}

fn finished() -> Error {
    Error::new(ErrorKind::Invalid, "archive", "the archive is finished")
}

/// The entries of a written archive, for a test to look at.
pub(crate) fn unpack(blob: &BlobRef) -> Result<Vec<(String, Vec<u8>)>> {
    let mut reader = open(blob)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        entries.push((entry.path, rest(&mut reader)?));
    }
    Ok(entries)
}

/// An archive with these entries, as bytes.
pub(crate) fn pack<'a>(format: Format, entries: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>> {
    let sink = Sink::default();
    let mut writer = writer(format, &sink)?;
    for (path, content) in entries {
        writer.add_bytes(path, content.to_vec())?;
    }
    writer.finish()?;
    Ok(sink.take())
}
