//! `archive`: native readers and writers in a plugin's hands.
//!
//! The native side blocks; it runs in `block_in_place`, which costs nothing on the threads that run jobs.

use super::course_types::{blob_in, blob_out};
use super::{Answer, MAX_READ, answered, attempt};
use crate::bindings::provost::plugin::archive as wit;
use crate::bindings::provost::plugin::types::{BlobRef, Error, ErrorKind};
use crate::imports::course_store::SnapshotHandle;
use crate::state::{CallState, error};
use provost_archive::{ArchiveError, Format, Reader, Writer, WriterOptions};
use provost_store::api::{BlockingBlobWriter, Facets, StoreError};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use tokio::task::block_in_place;
use wasmtime::component::Resource;

const INTERFACE: &str = "archive";
/// How much of a part is read at a time.
const PART_CHUNK: u32 = 256 << 10;
const MAX_SKIPPED: usize = 100;
const COPY_CHUNK: usize = 256 << 10;

/// A reader in a plugin's hands.
pub struct ReaderHandle {
    reader: Reader,
    /// What is read goes through here: one buffer for thousands of small documents.
    buffer: Vec<u8>,
}

impl ReaderHandle {
    /// The reader and a buffer of so many bytes.
    fn with_buffer(&mut self, length: usize) -> (&mut Reader, &mut [u8]) {
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        (&mut self.reader, &mut self.buffer[..length])
    }
}

/// A writer in a plugin's hands; none once finished. The sink is reached through its slot when all is written.
pub struct WriterHandle {
    writer: Option<Writer>,
    sink: SinkSlot,
}

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

impl From<ArchiveError> for Error {
    fn from(failure: ArchiveError) -> Self {
        let kind = match &failure {
            ArchiveError::Corrupt { .. } | ArchiveError::Unsupported { .. } => ErrorKind::Corrupt,
            ArchiveError::Limit { .. } | ArchiveError::NoSpace { .. } => ErrorKind::Limit,
            ArchiveError::NotFound { .. } => ErrorKind::NotFound,
            ArchiveError::InvalidPath { .. } | ArchiveError::Misuse(_) => ErrorKind::Invalid,
            _ => ErrorKind::Failed,
        };
        let code = match &failure {
            ArchiveError::NotFound { .. } => "entry",
            ArchiveError::NoSpace { .. } => "space",
            _ => "archive",
        };
        error(kind, code, failure.to_string())
    }
}

fn format_out(format: Format) -> wit::Format {
    match format {
        Format::Zip => wit::Format::Zip,
        Format::TarGz => wit::Format::TarGz,
    }
}

impl wit::Host for CallState {}

impl CallState {
    fn reader(&mut self, this: &Resource<ReaderHandle>) -> wasmtime::Result<Result<&mut ReaderHandle, Error>> {
        if let Err(refused) = self.enter(INTERFACE) {
            return Ok(Err(refused));
        }
        Ok(Ok(self.table.get_mut(this)?))
    }

    fn writer(&mut self, this: &Resource<WriterHandle>) -> wasmtime::Result<Result<&mut Writer, Error>> {
        if let Err(refused) = self.enter(INTERFACE) {
            return Ok(Err(refused));
        }
        let handle = self.table.get_mut(this)?;
        Ok(handle.writer.as_mut().ok_or_else(|| error(ErrorKind::Invalid, "archive", "the archive is finished".into())))
    }
}

impl wit::HostReader for CallState {
    async fn open(&mut self, blob: BlobRef) -> Answer<Resource<ReaderHandle>> {
        attempt!(self.enter(INTERFACE));
        let file = attempt!(self.host.blobs.open_file(&blob.sha1).await);
        let host = &self.host;
        let reader = block_in_place(|| Reader::open(file, &host.scratch, host.archive_limits.clone()));
        let reader = attempt!(reader);
        // What an archive says of its size is no more than that, but refusing at once spares the work.
        attempt!(host.space.require(reader.unpacked_size_hint()).map_err(StoreError::from));
        Ok(Ok(self.table.push(ReaderHandle { reader, buffer: Vec::new() })?))
    }

    async fn format(&mut self, this: Resource<ReaderHandle>) -> wasmtime::Result<wit::Format> {
        Ok(format_out(self.table.get(&this)?.reader.format()))
    }

    async fn next_entry(&mut self, this: Resource<ReaderHandle>) -> Answer<Option<wit::Entry>> {
        let reader = attempt!(self.reader(&this)?);
        let entry = attempt!(block_in_place(|| reader.reader.next_entry()));
        if let (Some(job), Some(entry)) = (&self.job, &entry) {
            job.reads(&entry.path);
        }
        Ok(Ok(entry.map(|e| wit::Entry { path: e.path, size: e.size })))
    }

    async fn read(&mut self, this: Resource<ReaderHandle>, limit: u32) -> Answer<Vec<u8>> {
        let handle = attempt!(self.reader(&this)?);
        let (reader, buffer) = handle.with_buffer(limit.clamp(1, MAX_READ) as usize);
        let count = attempt!(block_in_place(|| reader.read(buffer)));
        Ok(Ok(buffer[..count].to_vec()))
    }

    async fn copy_entry_to_blob(&mut self, this: Resource<ReaderHandle>) -> Answer<BlobRef> {
        attempt!(self.enter_changing(INTERFACE));
        let mut writer = attempt!(self.host.blobs.blocking_writer().await);
        let (reader, buffer) = attempt!(self.reader(&this)?).with_buffer(COPY_CHUNK);
        let copied = block_in_place(|| -> Result<BlobRef, Error> {
            loop {
                let count = reader.read(buffer)?;
                if count == 0 {
                    break;
                }
                writer.write_all(&buffer[..count]).map_err(|e| StoreError::io("blob", e))?;
            }
            Ok(blob_out(writer.finish()?))
        });
        Ok(copied)
    }

    async fn spool_entry(&mut self, this: Resource<ReaderHandle>) -> Answer<u64> {
        let reader = attempt!(self.reader(&this)?);
        answered(block_in_place(|| reader.reader.spool_entry()))
    }

    async fn read_spooled(
        &mut self,
        this: Resource<ReaderHandle>,
        path: String,
        offset: u64,
        limit: u32,
    ) -> Answer<Vec<u8>> {
        if let Some(job) = &self.job {
            job.reads(&path);
        }
        let handle = attempt!(self.reader(&this)?);
        let (reader, buffer) = handle.with_buffer(limit.clamp(1, MAX_READ) as usize);
        let count = attempt!(block_in_place(|| reader.read_spooled(&path, offset, buffer)));
        Ok(Ok(buffer[..count].to_vec()))
    }

    async fn skipped(&mut self, this: Resource<ReaderHandle>) -> wasmtime::Result<Vec<String>> {
        let skipped = self.table.get(&this)?.reader.skipped();
        Ok(skipped.iter().take(MAX_SKIPPED).map(|s| format!("{}: {}", s.name, s.reason)).collect())
    }

    async fn position(&mut self, this: Resource<ReaderHandle>) -> wasmtime::Result<(u64, u64)> {
        Ok(self.table.get(&this)?.reader.position())
    }

    async fn drop(&mut self, this: Resource<ReaderHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::HostWriter for CallState {
    async fn create(&mut self, format: wit::Format) -> Answer<Resource<WriterHandle>> {
        attempt!(self.enter_changing(INTERFACE));
        let sink = SinkSlot(Arc::new(Mutex::new(Some(attempt!(self.host.blobs.blocking_writer().await)))));
        let format = match format {
            wit::Format::Zip => Format::Zip,
            wit::Format::TarGz => Format::TarGz,
        };
        let options = WriterOptions {
            threads: self.host.compression_threads,
            spool_dir: Some(self.host.scratch.clone()),
            min_free_bytes: self.host.archive_limits.min_free_bytes,
            ..WriterOptions::default()
        };
        let writer = Writer::create(Box::new(sink.clone()), format, options);
        Ok(Ok(self.table.push(WriterHandle { writer: Some(attempt!(writer)), sink })?))
    }

    async fn add_bytes(&mut self, this: Resource<WriterHandle>, path: String, content: Vec<u8>) -> Answer<()> {
        let writer = attempt!(self.writer(&this)?);
        answered(block_in_place(|| writer.add_bytes(&path, content)))
    }

    async fn begin_entry(&mut self, this: Resource<WriterHandle>, path: String) -> Answer<()> {
        let writer = attempt!(self.writer(&this)?);
        answered(block_in_place(|| writer.begin(&path)))
    }

    async fn write(&mut self, this: Resource<WriterHandle>, content: Vec<u8>) -> Answer<()> {
        let writer = attempt!(self.writer(&this)?);
        answered(block_in_place(|| writer.write(&content)))
    }

    async fn end_entry(&mut self, this: Resource<WriterHandle>) -> Answer<()> {
        let writer = attempt!(self.writer(&this)?);
        answered(block_in_place(|| writer.end()))
    }

    async fn add_part(
        &mut self,
        this: Resource<WriterHandle>,
        path: String,
        source: Resource<SnapshotHandle>,
        part: u64,
        facets: Vec<String>,
    ) -> Answer<u64> {
        let snapshot = self.table.get(&source)?.0.clone();
        let writer = attempt!(self.writer(&this)?);
        let facets = Facets::new(facets);
        let mut snapshot = snapshot.lock().await;
        let first = attempt!(snapshot.read_part(part, &facets, 0, PART_CHUNK).await);
        if first.is_empty() {
            return Ok(Ok(0));
        }
        let mut total = first.len() as u64;
        let mut chunk = attempt!(snapshot.read_part(part, &facets, total, PART_CHUNK).await);
        if chunk.is_empty() {
            attempt!(block_in_place(|| writer.add_bytes(&path, first)));
            return Ok(Ok(total));
        }
        attempt!(block_in_place(|| writer.begin(&path).and_then(|()| writer.write(&first))));
        while !chunk.is_empty() {
            total += chunk.len() as u64;
            attempt!(block_in_place(|| writer.write(&chunk)));
            chunk = attempt!(snapshot.read_part(part, &facets, total, PART_CHUNK).await);
        }
        attempt!(block_in_place(|| writer.end()));
        Ok(Ok(total))
    }

    async fn add_blob(&mut self, this: Resource<WriterHandle>, path: String, blob: BlobRef) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        let opened = self.host.blobs.open_reader(&blob_in(blob).sha1).await;
        let (reader, size) = attempt!(opened.map_err(|failure| match failure {
            StoreError::Corrupt(damage) => error(ErrorKind::Corrupt, "blob", damage),
            other => other.into(),
        }));
        let reader: Box<dyn Read + Send> = reader;
        let writer = attempt!(self.writer(&this)?);
        answered(block_in_place(|| writer.add_reader(&path, reader, size)))
    }

    async fn finish(&mut self, this: Resource<WriterHandle>) -> Answer<BlobRef> {
        attempt!(self.writer(&this)?);
        let handle = self.table.get_mut(&this)?;
        let Some(writer) = handle.writer.take() else {
            return Ok(Err(error(ErrorKind::Invalid, "archive", "the archive is finished".into())));
        };
        let sink = handle.sink.clone();
        let finished = block_in_place(|| -> Result<BlobRef, Error> {
            writer.finish()?;
            let sink = sink.0.lock().ok().and_then(|mut slot| slot.take());
            let sink = sink.ok_or_else(|| error(ErrorKind::Failed, "archive", "the archive's sink is gone".into()))?;
            Ok(blob_out(sink.finish()?))
        });
        Ok(finished)
    }

    async fn drop(&mut self, this: Resource<WriterHandle>) -> wasmtime::Result<()> {
        let handle = self.table.delete(this)?;
        block_in_place(|| drop(handle));
        Ok(())
    }
}
