//! Reading a tar.gz, which can only be read from front to back.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::compressed::Unpacked;
use super::spool::Spool;
use super::tar_headers::{self, BLOCK, Extension, Kind, TarHeader};
use super::{Entry, Ledger};
use crate::error::{ArchiveError, Result};
use crate::limits::Limits;
use crate::path::{ReadPath, SkipReason, read_path};

/// Unpacked bytes kept ready, so that headers and small entries do not each cost a call of the decoder. Larger reads pass it by.
const UNPACKED_BUFFER: usize = 64 * 1024;

/// Bytes of PAX records or a long name that are put up with. Other attributes of a file can be among them.
const MAX_EXTENSION: u64 = 1 << 20;

/// The file being read.
struct Current {
    path: String,
    size: u64,
    read: u64,
    /// Where it begins in the compressed file.
    compressed_start: u64,
}

pub(super) struct TarGzReader {
    unpacked: BufReader<Unpacked>,
    length: u64,
    current: Option<Current>,
    /// Bytes that fill up the last block of the current file.
    padding: u64,
    at_end: bool,
    spool: Spool,
    pub(super) ledger: Ledger,
}

impl TarGzReader {
    pub(super) fn open(file: File, length: u64, spool_dir: &Path, limits: Limits) -> Result<Self> {
        let unpacked = Unpacked::new(file).map_err(|error| ArchiveError::io("starting a thread", error))?;
        let mut reader = Self {
            unpacked: BufReader::with_capacity(UNPACKED_BUFFER, unpacked),
            length,
            current: None,
            padding: 0,
            at_end: false,
            spool: Spool::new(spool_dir, limits.min_free_bytes),
            ledger: Ledger::new(limits),
        };
        // A gzip of something else is found out here rather than at the first entry.
        let start = reader.unpacked.fill_buf().map_err(|error| ArchiveError::decoding("archive", error))?;
        if start.is_empty() {
            return Err(ArchiveError::corrupt("archive", "not an archive: nothing is in the gzip stream"));
        }
        Ok(reader)
    }

    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>> {
        if self.at_end {
            return Ok(None);
        }
        self.pass_over_rest()?;
        let mut extension = Extension::default();
        loop {
            let Some(header) = self.next_header()? else {
                if extension != Extension::default() {
                    return Err(ArchiveError::corrupt("tar header", "the archive ends before the entry it belongs to"));
                }
                self.finish()?;
                return Ok(None);
            };
            match header.kind {
                Kind::Pax => {
                    let records = self.read_extension(header.size)?;
                    extension.take_pax(&records)?;
                }
                Kind::LongName => {
                    let name = self.read_extension(header.size)?;
                    extension.take_long_name(name);
                }
                Kind::Ignored => self.pass_over_content("tar header", header.size)?,
                _ => {
                    if let Some(entry) = self.take_entry(header, std::mem::take(&mut extension))? {
                        return Ok(Some(entry));
                    }
                }
            }
        }
    }

    /// The next header, `None` at the end mark (a block of zeros) or where the stream ends at the border of an entry.
    fn next_header(&mut self) -> Result<Option<TarHeader>> {
        let mut block = [0; BLOCK];
        let got = self.fill(&mut block)?;
        if got == 0 {
            return Ok(None);
        }
        if got < BLOCK {
            let reason = if self.ledger.entries == 0 {
                "not an archive: there is no tar in the gzip stream"
            } else {
                "the archive is cut short within a tar header"
            };
            return Err(ArchiveError::corrupt("archive", reason));
        }
        if block.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        let Some(header) = tar_headers::parse(&block)? else {
            let reason = if self.ledger.entries == 0 {
                "not an archive: there is no tar in the gzip stream".to_owned()
            } else {
                format!("what follows entry {} is no tar header", self.ledger.entries)
            };
            return Err(ArchiveError::corrupt("archive", reason));
        };
        self.ledger.count_entry()?;
        Ok(Some(header))
    }

    /// Makes a file's header the current entry; passes over everything else.
    fn take_entry(&mut self, header: TarHeader, extension: Extension) -> Result<Option<Entry>> {
        let name = extension.name.unwrap_or(header.name);
        self.ledger.check_name(&name)?;
        let size = extension.size.unwrap_or(header.size);
        let shown = || String::from_utf8_lossy(&name).into_owned();
        if size > i64::MAX.cast_unsigned() {
            return Err(ArchiveError::corrupt(shown(), "its tar header has an impossible size"));
        }
        let skipped = match header.kind {
            Kind::Directory => return Ok(None),
            Kind::Link => {
                self.ledger.skip(&name, SkipReason::Link);
                return Ok(None);
            }
            Kind::Sparse => Err("a sparse file, which is not read here"),
            Kind::File if extension.sparse => Err("a sparse file, which is not read here"),
            Kind::Special => Ok(Some(SkipReason::Special)),
            _ => match read_path(&name) {
                ReadPath::File(path) => {
                    self.ledger.limits.check_entry_size(&path, size)?;
                    self.ledger.meet(&path)?;
                    self.padding = padding(size);
                    self.current =
                        Some(Current { path: path.clone(), size, read: 0, compressed_start: self.consumed() });
                    return Ok(Some(Entry { path, size }));
                }
                ReadPath::Directory => Ok(None),
                ReadPath::Skip(reason) => Ok(Some(reason)),
            },
        };
        let skipped = skipped.map_err(|reason| ArchiveError::unsupported(shown(), reason))?;
        if let Some(reason) = skipped {
            self.ledger.skip(&name, reason);
        }
        let place = shown();
        self.pass_over_content(&place, size)?;
        Ok(None)
    }

    fn read_extension(&mut self, size: u64) -> Result<Vec<u8>> {
        if size > MAX_EXTENSION {
            return Err(ArchiveError::limit(
                "tar header",
                format!("an extended header of more than {MAX_EXTENSION} bytes"),
            ));
        }
        let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
        if self.fill(&mut content)? < content.len() {
            return Err(ArchiveError::corrupt("archive", "the archive is cut short within a tar header"));
        }
        self.pass_over("tar header", padding(size))?;
        Ok(content)
    }

    /// Fills `buf` as far as the stream goes.
    fn fill(&mut self, buf: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            let got =
                self.unpacked.read(&mut buf[filled..]).map_err(|error| ArchiveError::decoding("archive", error))?;
            if got == 0 {
                break;
            }
            filled += got;
        }
        Ok(filled)
    }

    /// Compressed bytes used so far (as far as the decoder has come, which is a little ahead of what was handed out).
    fn consumed(&self) -> u64 {
        self.unpacked.get_ref().consumed()
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let Some(current) = &mut self.current else {
            return Err(ArchiveError::Misuse("there is no current entry"));
        };
        let left = usize::try_from(current.size - current.read).unwrap_or(usize::MAX);
        let wanted = left.min(buf.len());
        if wanted == 0 {
            return Ok(0);
        }
        let got =
            self.unpacked.read(&mut buf[..wanted]).map_err(|error| ArchiveError::decoding(&current.path, error))?;
        if got == 0 {
            return Err(cut_short(&current.path, current.size - current.read));
        }
        current.read += got as u64;
        let compressed = self.unpacked.get_ref().consumed() - current.compressed_start;
        self.ledger.count_unpacked(&current.path, got, current.read, compressed)?;
        Ok(got)
    }

    pub(super) fn spool_entry(&mut self) -> Result<u64> {
        let Some(current) = &self.current else {
            return Err(ArchiveError::Misuse("there is no current entry"));
        };
        if current.read > 0 {
            return Err(ArchiveError::Misuse("an entry that was read from cannot be put aside"));
        }
        let (path, size) = (current.path.clone(), current.size);
        let limits = &self.ledger.limits;
        if size > limits.max_spooled_entry_bytes {
            return Err(ArchiveError::limit(path, format!("too large to be put aside ({size} bytes)")));
        }
        if size > limits.max_spooled_bytes.saturating_sub(self.spool.length()) {
            let max = limits.max_spooled_bytes;
            return Err(ArchiveError::limit(path, format!("more than {max} bytes put aside")));
        }
        self.spool.begin(&path)?;
        let mut buffer = vec![0; usize::try_from(size).unwrap_or(usize::MAX).min(UNPACKED_BUFFER)];
        loop {
            let got = self.read(&mut buffer)?;
            if got == 0 {
                break;
            }
            self.spool.write(&path, &buffer[..got])?;
        }
        self.spool.end(&path, size);
        Ok(size)
    }

    pub(super) fn read_spooled(&mut self, path: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.spool.read(path, offset, buf)
    }

    pub(super) fn has_spooled(&self, path: &str) -> bool {
        self.spool.has(path)
    }

    pub(super) fn position(&self) -> (u64, u64) {
        let used = if self.at_end { self.length } else { self.consumed() };
        (used.min(self.length), self.length)
    }

    /// Passes over what was not read of the current file.
    fn pass_over_rest(&mut self) -> Result<()> {
        if let Some(current) = self.current.take() {
            self.pass_over_from(&current.path, current.size - current.read, current.compressed_start)?;
            let padding = std::mem::take(&mut self.padding);
            self.pass_over(&current.path, padding)?;
        }
        Ok(())
    }

    fn pass_over_content(&mut self, place: &str, size: u64) -> Result<()> {
        self.pass_over(place, size)?;
        self.pass_over(place, padding(size))
    }

    fn pass_over(&mut self, place: &str, size: u64) -> Result<()> {
        self.pass_over_from(place, size, self.consumed())
    }

    fn pass_over_from(&mut self, place: &str, size: u64, compressed_start: u64) -> Result<()> {
        let mut left = size;
        while left > 0 {
            let available = self.unpacked.fill_buf().map_err(|error| ArchiveError::decoding(place, error))?.len();
            if available == 0 {
                return Err(cut_short(place, left));
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(available);
            self.unpacked.consume(step);
            left -= step as u64;
            let compressed = self.consumed() - compressed_start;
            self.ledger.count_unpacked(place, step, size - left, compressed)?;
        }
        Ok(())
    }

    /// Reads what follows the end mark (zeros, usually), so that the checksum at the very end gets verified.
    fn finish(&mut self) -> Result<()> {
        let start = self.consumed();
        let mut passed = 0;
        loop {
            let available =
                self.unpacked.fill_buf().map_err(|error| ArchiveError::decoding("end of the archive", error))?.len();
            if available == 0 {
                break;
            }
            self.unpacked.consume(available);
            passed += available as u64;
            let compressed = self.consumed() - start;
            self.ledger.count_unpacked("end of the archive", available, passed, compressed)?;
        }
        self.at_end = true;
        Ok(())
    }
}

fn cut_short(place: &str, missing: u64) -> ArchiveError {
    ArchiveError::corrupt(place, format!("the archive is cut short: {missing} bytes are missing here"))
}

/// Bytes between the end of a content and the next block.
fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}
