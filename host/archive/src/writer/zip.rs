//! Writing a zip: small entries compressed whole, several at a time; large ones in blocks.

use std::io::{BufWriter, Write};

use rawzip::path::EntryPath;
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, DataDescriptorOutput, ZipArchiveWriter, ZipFileBuilder};

use super::deflate::{BLOCK, END_OF_STREAM, Probe, WINDOW};
use super::pipeline::{Buffers, Made, Pipeline, Queue, Sink};
use super::{ExactSource, WriterOptions};
use crate::error::{ArchiveError, Result};

/// Small entries go to a worker together until they have this many bytes, or are this many.
const BATCH_BYTES: usize = 256 * 1024;
const BATCH_ENTRIES: usize = 64;

/// Buffer before the sink, for the many short headers of a zip.
const SINK_BUFFER: usize = 64 * 1024;

/// A whole entry, compressed or not, whichever is shorter.
struct Packed {
    path: String,
    method: CompressionMethod,
    data: Vec<u8>,
    crc: u32,
    size: u64,
}

/// A block of a large entry.
struct PackedBlock {
    data: BlockData,
    crc: crc32fast::Hasher,
}

enum BlockData {
    Deflated(Vec<u8>),
    /// The input buffer itself, filled up to a length.
    Stored(Vec<u8>, usize),
}

enum Message {
    Batch(Made<Vec<Packed>>),
    Begin(String, CompressionMethod),
    Block(Made<PackedBlock>),
    End,
    Finish,
}

/// The entry that is being written in blocks, or may become one.
struct Stream {
    path: String,
    block: Vec<u8>,
    filled: usize,
    before: Vec<u8>,
    /// Decided when the first block is full.
    method: Option<CompressionMethod>,
}

pub(super) struct ZipWriter {
    pipeline: Pipeline<Message>,
    buffers: Buffers,
    probe: Probe,
    batch: Vec<(String, Vec<u8>)>,
    batch_bytes: usize,
    stream: Option<Stream>,
}

/// Says what of a valid path the zip library would not write as it is.
pub(super) fn check_name(path: &str) -> std::result::Result<(), &'static str> {
    if !path.is_ascii() && path.contains(':') {
        return Err("a zip cannot have it, for its colon among non-ASCII characters");
    }
    Ok(())
}

impl ZipWriter {
    pub(super) fn create(sink: Sink, options: &WriterOptions) -> Result<Self> {
        let mtime = options.mtime;
        let pipeline = Pipeline::start(options.threads, options.level, sink, move |queue, buffers, sink| {
            commit(&queue, &buffers, sink, mtime)
        })?;
        Ok(Self {
            buffers: pipeline.buffers(),
            pipeline,
            probe: Probe::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            stream: None,
        })
    }

    pub(super) fn check(&self) -> Result<()> {
        self.pipeline.check()
    }

    pub(super) fn fail(&self, error: ArchiveError) {
        self.pipeline.fail(error);
    }

    pub(super) fn add_whole(&mut self, path: &str, content: Vec<u8>) -> Result<()> {
        if content.len() > BLOCK {
            self.begin(path)?;
            self.write(&content)?;
            return self.end();
        }
        self.batch_bytes += content.len();
        self.batch.push((path.to_owned(), content));
        if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_ENTRIES {
            self.send_batch()?;
        }
        Ok(())
    }

    pub(super) fn add_stream(&mut self, path: &str, source: &mut ExactSource<'_>) -> Result<()> {
        self.begin(path)?;
        loop {
            let Some(stream) = &mut self.stream else {
                return Err(ArchiveError::Misuse("no entry was begun"));
            };
            let got = source.read(&mut stream.block[stream.filled..])?;
            if got == 0 {
                return self.end();
            }
            stream.filled += got;
            if stream.filled == BLOCK {
                self.send_block()?;
            }
        }
    }

    pub(super) fn begin(&mut self, path: &str) -> Result<()> {
        self.stream = Some(Stream {
            path: path.to_owned(),
            block: self.buffers.take(),
            filled: 0,
            before: Vec::new(),
            method: None,
        });
        Ok(())
    }

    pub(super) fn write(&mut self, mut content: &[u8]) -> Result<()> {
        while !content.is_empty() {
            let Some(stream) = &mut self.stream else {
                return Err(ArchiveError::Misuse("no entry was begun"));
            };
            let step = content.len().min(BLOCK - stream.filled);
            let (now, later) = content.split_at(step);
            stream.block[stream.filled..stream.filled + step].copy_from_slice(now);
            stream.filled += step;
            content = later;
            if stream.filled == BLOCK {
                self.send_block()?;
            }
        }
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result<()> {
        let Some(stream) = &mut self.stream else {
            return Err(ArchiveError::Misuse("no entry was begun"));
        };
        if stream.method.is_some() {
            self.send_block()?;
            self.stream = None;
            return self.pipeline.send(Message::End);
        }
        // It has turned out small.
        let content = stream.block[..stream.filled].to_vec();
        let path = std::mem::take(&mut stream.path);
        if let Some(stream) = self.stream.take() {
            self.buffers.give_back(stream.block);
        }
        self.add_whole(&path, content)
    }

    pub(super) fn finish(mut self) -> Result<Sink> {
        self.check()?;
        self.send_batch()?;
        self.pipeline.send(Message::Finish)?;
        self.pipeline.finish()
    }

    fn send_batch(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let made = self.pipeline.make(move |compressors| {
            batch
                .into_iter()
                .map(|(path, content)| {
                    let crc = crc32fast::hash(&content);
                    let size = content.len() as u64;
                    let (method, data) = match compressors.whole(&content) {
                        Some(deflated) => (CompressionMethod::DEFLATE, deflated),
                        None => (CompressionMethod::STORE, content),
                    };
                    Packed { path, method, data, crc, size }
                })
                .collect()
        });
        self.pipeline.send(Message::Batch(made))
    }

    /// Hands the block of the entry in progress to a worker, the first one with the decision how the entry is compressed.
    fn send_block(&mut self) -> Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        if stream.filled == 0 {
            return Ok(());
        }
        let filled = std::mem::take(&mut stream.filled);
        let block = std::mem::replace(&mut stream.block, self.buffers.take());
        let next_before = block[filled.saturating_sub(WINDOW)..filled].to_vec();
        let before = std::mem::replace(&mut stream.before, next_before);
        let (method, first) = match stream.method {
            Some(method) => (method, None),
            None if self.probe.any_worthwhile(&block[..filled]) => {
                (CompressionMethod::DEFLATE, Some(stream.path.clone()))
            }
            None => (CompressionMethod::STORE, Some(stream.path.clone())),
        };
        stream.method = Some(method);
        if let Some(path) = first {
            self.send_batch()?;
            self.pipeline.send(Message::Begin(path, method))?;
        }
        let buffers = self.buffers.clone();
        let made = self.pipeline.make(move |compressors| {
            let content = &block[..filled];
            let mut crc = crc32fast::Hasher::new();
            crc.update(content);
            let data = if method == CompressionMethod::STORE {
                BlockData::Stored(block, filled)
            } else {
                let deflated = compressors.block(&before, content);
                buffers.give_back(block);
                BlockData::Deflated(deflated)
            };
            PackedBlock { data, crc }
        });
        self.pipeline.send(Message::Block(made))
    }
}

type Zip = ZipArchiveWriter<BufWriter<Sink>>;

/// Writes entries in order.
fn commit(queue: &Queue<Message>, buffers: &Buffers, sink: Sink, mtime: u64) -> Result<Sink> {
    let mtime = UtcDateTime::from_unix(i64::try_from(mtime).unwrap_or(0));
    let mut zip = ZipArchiveWriter::new(BufWriter::with_capacity(SINK_BUFFER, sink));
    while let Some(message) = queue.next() {
        match message {
            Message::Batch(made) => {
                for packed in made.wait()? {
                    write_packed(&mut zip, &packed, mtime)?;
                }
            }
            Message::Begin(path, method) => write_stream(&mut zip, queue, buffers, &path, method, mtime)?,
            Message::Block(_) | Message::End => {
                return Err(ArchiveError::Misuse("a block outside of an entry"));
            }
            Message::Finish => {
                let place = "writing the archive";
                let buffered = zip.finish().map_err(|error| zip_error(place, error))?;
                let mut sink = buffered.into_inner().map_err(|error| ArchiveError::io(place, error.into_error()))?;
                sink.flush().map_err(|error| ArchiveError::io(place, error))?;
                return Ok(sink);
            }
        }
    }
    Err(ArchiveError::Misuse("the archive was abandoned"))
}

fn write_packed(zip: &mut Zip, packed: &Packed, mtime: UtcDateTime) -> Result<()> {
    let place = packed.path.as_str();
    let (mut entry, _) = new_file(zip, place, packed.method, mtime).start().map_err(|error| zip_error(place, error))?;
    entry.write_all(&packed.data).map_err(|error| ArchiveError::io(place, error))?;
    entry.finish(DataDescriptorOutput::new(packed.crc, packed.size)).map_err(|error| zip_error(place, error))?;
    Ok(())
}

/// Writes a large entry from its blocks, up to the message that ends it.
fn write_stream(
    zip: &mut Zip,
    queue: &Queue<Message>,
    buffers: &Buffers,
    path: &str,
    method: CompressionMethod,
    mtime: UtcDateTime,
) -> Result<()> {
    let io = |error| ArchiveError::io(path, error);
    let (mut entry, _) = new_file(zip, path, method, mtime).start().map_err(|error| zip_error(path, error))?;
    let mut crc = crc32fast::Hasher::new();
    let mut size: u64 = 0;
    while let Some(message) = queue.next() {
        match message {
            Message::Block(made) => {
                let block = made.wait()?;
                match block.data {
                    BlockData::Deflated(deflated) => entry.write_all(&deflated).map_err(io)?,
                    BlockData::Stored(buffer, filled) => {
                        entry.write_all(&buffer[..filled]).map_err(io)?;
                        buffers.give_back(buffer);
                    }
                }
                size += block.crc.total_len();
                crc.combine(&block.crc);
            }
            Message::End => {
                if method == CompressionMethod::DEFLATE {
                    entry.write_all(&END_OF_STREAM).map_err(io)?;
                }
                entry
                    .finish(DataDescriptorOutput::new(crc.finalize(), size))
                    .map_err(|error| zip_error(path, error))?;
                return Ok(());
            }
            _ => return Err(ArchiveError::Misuse("another entry within an entry")),
        }
    }
    Err(ArchiveError::Misuse("the archive was abandoned"))
}

fn new_file<'z, 'p>(
    zip: &'z mut Zip,
    path: &'p str,
    method: CompressionMethod,
    mtime: UtcDateTime,
) -> ZipFileBuilder<'z, 'p, BufWriter<Sink>> {
    // The library takes a colon for the end of a drive's name; an ASCII path, which needs no UTF-8 flag, can be given to it as it is.
    let name = if path.is_ascii() { EntryPath::verbatim(path.as_bytes()) } else { EntryPath::conformant(path) };
    zip.new_file(name).compression_method(method).last_modified(mtime).unix_permissions(0o100_644)
}

fn zip_error(place: &str, error: rawzip::Error) -> ArchiveError {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => ArchiveError::io(place, error),
        kind => ArchiveError::unsupported(place, kind.to_string()),
    }
}
