//! Writing an archive into a sink that cannot be wound back, compressing on all cores.

mod deflate;
mod pipeline;
mod targz;
mod zip;

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::PathBuf;

use crate::Format;
use crate::error::{ArchiveError, Result};
use crate::path::{MetPaths, check_written_path};
pub use pipeline::Sink;

/// Contents up to this size are read completely before any of them is written, so that a bad source leaves the archive as it was.
const SMALL: u64 = deflate::BLOCK as u64;

/// How an archive is to be written.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// Threads that compress; 0 (the default) means one per core.
    pub threads: usize,
    /// 1 (fast) to 9 (small); 6 by default, which is what Moodle uses.
    pub level: u8,
    /// Time given to all entries, in seconds since 1970-01-01 UTC. Default: 1356998400 (2013-01-01), which Moodle gives to entries
    /// without a time (mbz-format.md 1.1).
    pub mtime: u64,
    /// Where a tar.gz's entry of unknown length is kept until its length is known, if it exceeds 4 MiB. Default: the system's directory
    /// for temporary files.
    pub spool_dir: Option<PathBuf>,
    /// Bytes that stay free on the file system of `spool_dir`. Default: 64 MiB.
    pub min_free_bytes: u64,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            level: 6,
            mtime: 1_356_998_400,
            spool_dir: None,
            min_free_bytes: provost_space::DEFAULT_RESERVE,
        }
    }
}

enum Form {
    Zip(zip::ZipWriter),
    TarGz(targz::TarGzWriter),
}

/// Writes an archive. Entries appear in the order in which they are added.
///
/// * Contents of up to 512 KiB of a zip are compressed whole, several at a time; larger ones, and a tar.gz throughout, in blocks that together
///   make one stream. Memory is bounded by a few MiB per thread.
/// * What does not compress is stored (zip) or put into stored blocks (tar.gz), judged by samples.
/// * The same entries with the same options give the same bytes, whatever the number of threads.
/// * Work goes on behind the calls: an error can show at a later call than the one that caused it, at the latest at
///   [`finish`](Self::finish). Once an error other than `InvalidPath`, `Misuse` or that of a small source has occurred, every call returns it.
/// * Dropping a writer before `finish` abandons the archive; the sink then holds a part of it.
pub struct Writer {
    form: Form,
    met: MetPaths,
    /// Whether an entry was begun and not ended.
    in_entry: bool,
}

impl Writer {
    /// Starts an archive and the threads that write it.
    ///
    /// # Errors
    /// `Io` when threads cannot be started.
    pub fn create(sink: Sink, format: Format, options: WriterOptions) -> Result<Self> {
        let mut options = options;
        if options.threads == 0 {
            options.threads = std::thread::available_parallelism().map_or(1, usize::from);
        }
        let form = match format {
            Format::Zip => Form::Zip(zip::ZipWriter::create(sink, &options)?),
            Format::TarGz => Form::TarGz(targz::TarGzWriter::create(sink, &options)?),
        };
        Ok(Self { form, met: MetPaths::new(), in_entry: false })
    }

    /// The form being written.
    pub fn format(&self) -> Format {
        match &self.form {
            Form::Zip(_) => Format::Zip,
            Form::TarGz(_) => Format::TarGz,
        }
    }

    /// Adds an entry from memory.
    ///
    /// # Errors
    /// `InvalidPath` (also for a path that was added before): the archive is as it was. Else what went wrong so far.
    pub fn add_bytes(&mut self, path: &str, content: Vec<u8>) -> Result<()> {
        self.admit(path)?;
        self.add_whole(path, content)
    }

    fn add_whole(&mut self, path: &str, content: Vec<u8>) -> Result<()> {
        match &mut self.form {
            Form::Zip(zip) => zip.add_whole(path, content),
            Form::TarGz(targz) => targz.add_whole(path, &content),
        }
    }

    /// Adds an entry of `size` bytes from a reader, which is read to its end within this call.
    ///
    /// # Errors
    /// As `add_bytes`; `SizeMismatch` when the reader has fewer or more bytes, `Io` when it fails. If `size` is at most 512 KiB the archive is
    /// then as it was, else it is lost and the writer returns the error from now on.
    pub fn add_reader(&mut self, path: &str, mut reader: Box<dyn Read + Send>, size: u64) -> Result<()> {
        self.admit(path)?;
        if size <= SMALL {
            return match read_whole(path, &mut *reader, size) {
                Ok(content) => self.add_whole(path, content),
                Err(error) => {
                    self.met.forget(path);
                    Err(error)
                }
            };
        }
        let mut source = ExactSource::new(path, &mut *reader, size);
        let result = match &mut self.form {
            Form::Zip(zip) => zip.add_stream(path, &mut source),
            Form::TarGz(targz) => targz.add_stream(path, &mut source, size),
        };
        if let Err(error) = &result {
            match &self.form {
                Form::Zip(zip) => zip.fail(error.clone()),
                Form::TarGz(targz) => targz.fail(error.clone()),
            }
        }
        result
    }

    /// Begins an entry of unknown length, to be followed by [`write`](Self::write) and [`end`](Self::end).
    ///
    /// # Errors
    /// As `add_bytes`.
    pub fn begin(&mut self, path: &str) -> Result<()> {
        self.admit(path)?;
        self.in_entry = true;
        match &mut self.form {
            Form::Zip(zip) => zip.begin(path),
            Form::TarGz(targz) => targz.begin(path),
        }
    }

    /// Adds to the entry begun.
    ///
    /// # Errors
    /// `Misuse` when no entry was begun; else what went wrong so far.
    pub fn write(&mut self, content: &[u8]) -> Result<()> {
        if !self.in_entry {
            return Err(ArchiveError::Misuse("no entry was begun"));
        }
        self.check()?;
        match &mut self.form {
            Form::Zip(zip) => zip.write(content),
            Form::TarGz(targz) => targz.write(content),
        }
    }

    /// Ends the entry begun.
    ///
    /// # Errors
    /// As `write`.
    pub fn end(&mut self) -> Result<()> {
        if !self.in_entry {
            return Err(ArchiveError::Misuse("no entry was begun"));
        }
        self.check()?;
        self.in_entry = false;
        match &mut self.form {
            Form::Zip(zip) => zip.end(),
            Form::TarGz(targz) => targz.end(),
        }
    }

    /// Completes the archive, waits until it is written and flushed, and returns the sink.
    ///
    /// # Errors
    /// Whatever went wrong with the archive; the sink is then dropped.
    pub fn finish(self) -> Result<Sink> {
        if self.in_entry {
            return Err(ArchiveError::Misuse("an entry was begun and not ended"));
        }
        match self.form {
            Form::Zip(zip) => zip.finish(),
            Form::TarGz(targz) => targz.finish(),
        }
    }

    fn check(&self) -> Result<()> {
        match &self.form {
            Form::Zip(zip) => zip.check(),
            Form::TarGz(targz) => targz.check(),
        }
    }

    /// Whether an entry of this path can be added now.
    fn admit(&mut self, path: &str) -> Result<()> {
        self.check()?;
        if self.in_entry {
            return Err(ArchiveError::Misuse("an entry was begun and not ended"));
        }
        let invalid = |reason| ArchiveError::InvalidPath { path: path.to_owned(), reason };
        check_written_path(path).map_err(invalid)?;
        if let Form::Zip(_) = &self.form {
            zip::check_name(path).map_err(invalid)?;
        }
        if !self.met.add(path) {
            return Err(invalid("an entry of this path was added before"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("format", &self.format())
            .field("in_entry", &self.in_entry)
            .finish_non_exhaustive()
    }
}

/// Reads a small source, which must have exactly `size` bytes.
fn read_whole(path: &str, reader: &mut dyn Read, size: u64) -> Result<Vec<u8>> {
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    reader.take(size).read_to_end(&mut content).map_err(|error| ArchiveError::io(path, error))?;
    let mut source = ExactSource::new(path, reader, size);
    source.given = content.len() as u64;
    if source.given == size {
        source.expect_end()?;
        return Ok(content);
    }
    Err(source.mismatch(false))
}

/// A source that must have exactly the bytes announced.
struct ExactSource<'a> {
    path: &'a str,
    reader: &'a mut dyn Read,
    announced: u64,
    given: u64,
}

impl<'a> ExactSource<'a> {
    fn new(path: &'a str, reader: &'a mut dyn Read, announced: u64) -> Self {
        Self { path, reader, announced, given: 0 }
    }

    fn mismatch(&self, more: bool) -> ArchiveError {
        ArchiveError::SizeMismatch { path: self.path.to_owned(), announced: self.announced, given: self.given, more }
    }

    fn read_some(&mut self, buf: &mut [u8]) -> Result<usize> {
        loop {
            match self.reader.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(|error| ArchiveError::io(self.path, error)),
            }
        }
    }

    /// Reads into `buf`; 0 when all that was announced has been read and nothing more is there.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.announced - self.given).unwrap_or(usize::MAX);
        if left == 0 {
            self.expect_end()?;
            return Ok(0);
        }
        let wanted = left.min(buf.len());
        let got = self.read_some(&mut buf[..wanted])?;
        if got == 0 && wanted > 0 {
            return Err(self.mismatch(false));
        }
        self.given += got as u64;
        Ok(got)
    }

    fn expect_end(&mut self) -> Result<()> {
        if self.read_some(&mut [0])? > 0 {
            return Err(self.mismatch(true));
        }
        Ok(())
    }
}
