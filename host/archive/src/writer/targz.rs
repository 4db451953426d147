//! Writing a tar.gz: one gzip member, its tar cut into blocks that are compressed in parallel.

use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use provost_space::{Meter, Space};
use tar::{EntryType, Header};
use tempfile::SpooledTempFile;

use super::deflate::{BLOCK, END_OF_STREAM, WINDOW};
use super::pipeline::{Buffers, Made, Pipeline, Queue, Sink};
use super::{ExactSource, WriterOptions};
use crate::error::{ArchiveError, Result};

/// Gzip header as Moodle's (moodle-observed.md 4): deflate, no flags, no time, no extra flags, OS 3 (Unix).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// Size of a tar block in bytes.
const TAR_BLOCK: usize = 512;

/// The largest size that fits a ustar header (11 octal digits).
const MAX_USTAR_SIZE: u64 = (8 << 30) - 1;

/// An entry of unknown length is kept in memory up to this size, then in a file.
const MAX_KEPT: usize = 4 << 20;
const MAX_KEPT_BYTES: u64 = MAX_KEPT as u64;

/// A compressed block, with what the end of the stream says of its content.
struct Packed {
    deflated: Vec<u8>,
    crc: crc32fast::Hasher,
    length: u64,
}

enum Message {
    Block(Made<Packed>),
    Finish,
}

/// An entry whose length is not known yet.
struct Kept {
    path: String,
    content: SpooledTempFile,
    length: u64,
    meter: Meter,
}

pub(super) struct TarGzWriter {
    pipeline: Pipeline<Message>,
    buffers: Buffers,
    /// The block being filled, and how far it is.
    block: Vec<u8>,
    filled: usize,
    /// The end of the block before.
    before: Vec<u8>,
    mtime: u64,
    spool_dir: Option<PathBuf>,
    space: Space,
    kept: Option<Kept>,
}

impl TarGzWriter {
    pub(super) fn create(sink: Sink, options: &WriterOptions) -> Result<Self> {
        let pipeline = Pipeline::start(options.threads, options.level, sink, commit)?;
        let buffers = pipeline.buffers();
        Ok(Self {
            block: buffers.take(),
            buffers,
            pipeline,
            filled: 0,
            before: Vec::new(),
            mtime: options.mtime,
            space: Space::new(&options.spool_dir.clone().unwrap_or_else(std::env::temp_dir), options.min_free_bytes),
            spool_dir: options.spool_dir.clone(),
            kept: None,
        })
    }

    pub(super) fn check(&self) -> Result<()> {
        self.pipeline.check()
    }

    pub(super) fn fail(&self, error: ArchiveError) {
        self.pipeline.fail(error);
    }

    pub(super) fn add_whole(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.put_header(path, content.len() as u64)?;
        self.put(content)?;
        self.put_padding(content.len() as u64)
    }

    pub(super) fn add_stream(&mut self, path: &str, source: &mut ExactSource<'_>, size: u64) -> Result<()> {
        self.put_header(path, size)?;
        loop {
            let got = source.read(&mut self.block[self.filled..])?;
            if got == 0 {
                break;
            }
            self.filled += got;
            if self.filled == BLOCK {
                self.send_block()?;
            }
        }
        self.put_padding(size)
    }

    pub(super) fn begin(&mut self, path: &str) -> Result<()> {
        self.kept = Some(Kept {
            path: path.to_owned(),
            content: match &self.spool_dir {
                Some(directory) => tempfile::spooled_tempfile_in(MAX_KEPT, directory),
                None => tempfile::spooled_tempfile(MAX_KEPT),
            },
            length: 0,
            meter: self.space.meter(),
        });
        Ok(())
    }

    pub(super) fn write(&mut self, content: &[u8]) -> Result<()> {
        let Some(kept) = &mut self.kept else {
            return Err(ArchiveError::Misuse("no entry was begun"));
        };
        kept.length += content.len() as u64;
        let room = match kept.length {
            // What is kept in memory needs none.
            0..=MAX_KEPT_BYTES => Ok(()),
            _ => kept.meter.before(content.len() as u64),
        };
        let result = room
            .map_err(std::io::Error::from)
            .and_then(|()| kept.content.write_all(content))
            .map_err(|error| ArchiveError::io(&kept.path, error));
        self.lost_on_error(result)
    }

    pub(super) fn end(&mut self) -> Result<()> {
        let Some(mut kept) = self.kept.take() else {
            return Err(ArchiveError::Misuse("no entry was begun"));
        };
        let result = kept.content.rewind().map_err(|error| ArchiveError::io(&kept.path, error)).and_then(|()| {
            let content: &mut dyn Read = &mut kept.content;
            let mut source = ExactSource::new(&kept.path, content, kept.length);
            self.add_stream(&kept.path, &mut source, kept.length)
        });
        self.lost_on_error(result)
    }

    /// After an error in the middle of an entry the archive cannot be completed.
    fn lost_on_error(&self, result: Result<()>) -> Result<()> {
        if let Err(error) = &result {
            self.fail(error.clone());
        }
        result
    }

    pub(super) fn finish(mut self) -> Result<Sink> {
        self.check()?;
        self.put(&[0; 2 * TAR_BLOCK])?;
        self.send_block()?;
        self.pipeline.send(Message::Finish)?;
        self.pipeline.finish()
    }

    fn put_header(&mut self, path: &str, size: u64) -> Result<()> {
        let mut header = ustar_header(size, self.mtime, EntryType::Regular);
        let mut records = Vec::new();
        if header.set_path(path).is_err() {
            push_pax(&mut records, "path", path);
            set_cut_name(&mut header, path);
        }
        if size > MAX_USTAR_SIZE {
            // The header has the size in the base-256 form as well, for readers that know only that.
            push_pax(&mut records, "size", &size.to_string());
        }
        if !records.is_empty() {
            let length = records.len() as u64;
            let mut extension = ustar_header(length, self.mtime, EntryType::XHeader);
            let base = path.rsplit('/').next().unwrap_or(path);
            set_cut_name(&mut extension, &format!("PaxHeaders/{base}"));
            extension.set_cksum();
            self.put(extension.as_bytes())?;
            self.put(&records)?;
            self.put_padding(length)?;
        }
        header.set_cksum();
        self.put(header.as_bytes())
    }

    fn put_padding(&mut self, size: u64) -> Result<()> {
        let over = usize::try_from(size % TAR_BLOCK as u64).unwrap_or(0);
        self.put(&[0; TAR_BLOCK][..(TAR_BLOCK - over) % TAR_BLOCK])
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let step = bytes.len().min(BLOCK - self.filled);
            let (now, later) = bytes.split_at(step);
            self.block[self.filled..self.filled + step].copy_from_slice(now);
            self.filled += step;
            bytes = later;
            if self.filled == BLOCK {
                self.send_block()?;
            }
        }
        Ok(())
    }

    /// Hands the block to a worker and begins another.
    fn send_block(&mut self) -> Result<()> {
        if self.filled == 0 {
            return Ok(());
        }
        let block = std::mem::replace(&mut self.block, self.buffers.take());
        let filled = std::mem::take(&mut self.filled);
        let next_before = block[filled.saturating_sub(WINDOW)..filled].to_vec();
        let before = std::mem::replace(&mut self.before, next_before);
        let buffers = self.buffers.clone();
        let made = self.pipeline.make(move |compressors| {
            let content = &block[..filled];
            let mut crc = crc32fast::Hasher::new();
            crc.update(content);
            let deflated = compressors.block(&before, content);
            buffers.give_back(block);
            Packed { deflated, crc, length: filled as u64 }
        });
        self.pipeline.send(Message::Block(made))
    }
}

/// A header as Moodle writes it (mbz-format.md 1.1), still without name and checksum.
fn ustar_header(size: u64, mtime: u64, kind: EntryType) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(mtime);
    header.set_size(size);
    header
}

/// Sets a name for readers that do not know PAX: as much as fits, without a slash at its end, which would make it a directory's.
fn set_cut_name(header: &mut Header, name: &str) {
    // An attempt to set the whole path may have left a part of it there.
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.prefix.fill(0);
    }
    let field = &mut header.as_old_mut().name;
    let name = name[..name.floor_char_boundary(field.len())].trim_end_matches('/');
    field.fill(0);
    field[..name.len()].copy_from_slice(name.as_bytes());
}

/// Appends a PAX record, whose length counts itself.
fn push_pax(records: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
}

/// Writes the gzip member from blocks in order.
fn commit(queue: Queue<Message>, _buffers: Buffers, mut sink: Sink) -> Result<Sink> {
    let io = |error| ArchiveError::io("writing the archive", error);
    let mut crc = crc32fast::Hasher::new();
    let mut length: u64 = 0;
    sink.write_all(&GZIP_HEADER).map_err(io)?;
    while let Some(message) = queue.next() {
        match message {
            Message::Block(made) => {
                let packed = made.wait()?;
                sink.write_all(&packed.deflated).map_err(io)?;
                crc.combine(&packed.crc);
                length = length.wrapping_add(packed.length);
            }
            Message::Finish => {
                sink.write_all(&END_OF_STREAM).map_err(io)?;
                sink.write_all(&crc.finalize().to_le_bytes()).map_err(io)?;
                // Modulo 2^32, as the format has it.
                let [a, b, c, d, ..] = length.to_le_bytes();
                sink.write_all(&[a, b, c, d]).map_err(io)?;
                sink.flush().map_err(io)?;
                return Ok(sink);
            }
        }
    }
    Err(ArchiveError::Misuse("the archive was abandoned"))
}
