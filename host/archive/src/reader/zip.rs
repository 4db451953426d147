//! Reading a zip, in the order of its central directory.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use rawzip::{CompressionMethod, FileReader, RangeReader, ZipArchive, ZipArchiveEntryWayfinder};

use super::{Entry, Ledger};
use crate::error::{ArchiveError, Result};
use crate::limits::Limits;
use crate::path::{PathMap, ReadPath, SkipReason, read_path};

/// Size of the end record and of the longest comment after it: how far from the end the record can lie.
const END_SEARCH: u64 = 22 + 65_535;

/// Compressed bytes read at a time.
const READ_SIZE: u64 = 64 * 1024;

/// Bytes a central directory takes per entry at least.
const MIN_DIRECTORY_RECORD: u64 = 46;

/// What the central directory says of a file.
#[derive(Clone, Copy)]
struct Record {
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    crc: u32,
    encrypted: bool,
    /// Where its path begins in [`ZipReader::paths`]; it ends where the next begins.
    path_start: usize,
}

/// The content of a file while it is read, verified at its end.
struct Content {
    path: String,
    decoder: Box<dyn Read + Send>,
    crc: crc32fast::Hasher,
    read: u64,
    size: u64,
    stated_crc: u32,
    compressed: u64,
}

pub(super) struct ZipReader {
    archive: ZipArchive<Arc<FileReader>>,
    length: u64,
    records: Vec<Record>,
    paths: String,
    /// Index of the record after the current one.
    next: usize,
    /// The current entry; its content is opened when it is first read.
    current: Option<usize>,
    content: Option<Content>,
    /// Compressed bytes of the entries done.
    done: u64,
    spooled: PathMap<usize>,
    /// The spooled entry that is being read, and its record.
    spooled_content: Option<(usize, Content)>,
    pub(super) ledger: Ledger,
}

impl ZipReader {
    pub(super) fn open(file: File, length: u64, starts_as_zip: bool, limits: Limits) -> Result<Self> {
        let reader = Arc::new(FileReader::from(file));
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::with_max_search_space(END_SEARCH)
            .locate_in_reader(reader, &mut buffer, length)
            .map_err(|(_, error)| match error.kind() {
                rawzip::ErrorKind::MissingEndOfCentralDirectory if starts_as_zip => {
                    ArchiveError::corrupt("archive", "a zip that is cut short: its directory is missing")
                }
                rawzip::ErrorKind::MissingEndOfCentralDirectory => {
                    ArchiveError::corrupt("archive", "not an archive: neither tar.gz nor zip")
                }
                _ => ArchiveError::zip("zip directory", error),
            })?;

        let mut zip = Self {
            archive,
            length,
            records: Vec::new(),
            paths: String::new(),
            next: 0,
            current: None,
            content: None,
            done: 0,
            spooled: PathMap::new(),
            spooled_content: None,
            ledger: Ledger::new(limits),
        };
        zip.read_directory(starts_as_zip)?;
        Ok(zip)
    }

    /// Reads the central directory into `records` and `paths`.
    fn read_directory(&mut self, starts_as_zip: bool) -> Result<()> {
        let hint = self.archive.entries_hint();
        self.ledger.limits.check_entries(hint)?;
        if hint > self.length / MIN_DIRECTORY_RECORD {
            return Err(ArchiveError::corrupt("zip directory", "it is cut short"));
        }
        let mut first_offset = None;
        let mut compressed: u64 = 0;
        // Large enough for any record: three fields of up to 64 KiB.
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let mut entries = self.archive.entries(&mut buffer);
        while let Some(header) = entries.next_entry().map_err(|error| ArchiveError::zip("zip directory", error))? {
            self.ledger.count_entry()?;
            let offset = header.local_header_offset();
            first_offset = Some(first_offset.map_or(offset, |first: u64| first.min(offset)));
            compressed = compressed.saturating_add(header.compressed_size_hint());
            let name = header.file_path();
            let name = name.as_bytes();
            self.ledger.check_name(name)?;
            let path = match read_path(name) {
                ReadPath::Directory => continue,
                ReadPath::Skip(reason) => {
                    self.ledger.skip(name, reason);
                    continue;
                }
                ReadPath::File(_) if header.mode().is_symlink() => {
                    self.ledger.skip(name, SkipReason::Link);
                    continue;
                }
                ReadPath::File(path) => path,
            };
            let size = header.uncompressed_size_hint();
            self.ledger.limits.check_entry_size(&path, size)?;
            self.ledger.meet(&path)?;
            self.records.push(Record {
                wayfinder: header.wayfinder(),
                method: header.compression_method(),
                crc: header.crc32(),
                encrypted: header.flags().is_encrypted(),
                path_start: self.paths.len(),
            });
            self.paths.push_str(&path);
        }
        if self.ledger.entries < hint {
            return Err(ArchiveError::corrupt(
                "zip directory",
                format!("it has {} of {hint} entries", self.ledger.entries),
            ));
        }
        // Entries that share their data are a way to make a small file unpack to a huge one.
        if compressed > self.length {
            return Err(ArchiveError::corrupt("zip directory", "its entries overlap"));
        }
        // A zip that was cut short can end in a complete zip that was stored in it, whose directory must not be taken for its own.
        if starts_as_zip && first_offset.is_some_and(|first| first > 0) {
            return Err(ArchiveError::corrupt(
                "zip directory",
                "it does not belong to the beginning of the file, which seems to be cut short",
            ));
        }
        Ok(())
    }

    fn path(&self, index: usize) -> &str {
        let start = self.records.get(index).map_or(0, |r| r.path_start);
        let end = self.records.get(index + 1).map_or(self.paths.len(), |r| r.path_start);
        self.paths.get(start..end).unwrap_or_default()
    }

    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>> {
        self.content = None;
        if let Some(done) = self.current.take()
            && let Some(record) = self.records.get(done)
        {
            self.done = self.done.saturating_add(record.wayfinder.compressed_size_hint());
        }
        let Some(record) = self.records.get(self.next) else {
            return Ok(None);
        };
        let entry = Entry { path: self.path(self.next).to_owned(), size: record.wayfinder.uncompressed_size_hint() };
        self.current = Some(self.next);
        self.next += 1;
        Ok(Some(entry))
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let Some(index) = self.current else {
            return Err(ArchiveError::Misuse("there is no current entry"));
        };
        if self.content.is_none() {
            self.content = Some(self.open_content(index)?);
        }
        match &mut self.content {
            Some(content) => content.read(buf, &mut self.ledger),
            None => Ok(0),
        }
    }

    fn open_content(&self, index: usize) -> Result<Content> {
        let path = self.path(index).to_owned();
        let Some(record) = self.records.get(index) else {
            return Err(ArchiveError::Misuse("there is no such entry"));
        };
        if record.encrypted {
            return Err(ArchiveError::unsupported(path, "the entry is encrypted"));
        }
        let entry = self.archive.get_entry(record.wayfinder).map_err(|error| ArchiveError::zip(&path, error))?;
        let (start, end) = entry.compressed_data_range();
        if end > self.length {
            return Err(ArchiveError::corrupt(path, "the archive is cut short within this entry"));
        }
        let range = RangeReader::new(Arc::clone(self.archive.get_ref()), start..end);
        // What the directory admits of a bomb need not be unpacked to be known.
        self.ledger.limits.check_unpacked(&path, record.wayfinder.uncompressed_size_hint(), end - start, 0)?;
        let capacity = usize::try_from((end - start).clamp(1, READ_SIZE)).unwrap_or(1);
        let decoder: Box<dyn Read + Send> = match record.method {
            CompressionMethod::STORE => Box::new(range),
            CompressionMethod::DEFLATE => {
                Box::new(flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(capacity, range)))
            }
            CompressionMethod::BZIP2 => {
                Box::new(bzip2::bufread::BzDecoder::new(BufReader::with_capacity(capacity, range)))
            }
            other => {
                return Err(ArchiveError::unsupported(
                    path,
                    format!("the entry is compressed with method {other}; stored, deflate and bzip2 are read"),
                ));
            }
        };
        Ok(Content {
            path,
            decoder,
            crc: crc32fast::Hasher::new(),
            read: 0,
            size: record.wayfinder.uncompressed_size_hint(),
            stated_crc: record.crc,
            compressed: end - start,
        })
    }

    pub(super) fn spool_entry(&mut self) -> Result<u64> {
        let Some(index) = self.current else {
            return Err(ArchiveError::Misuse("there is no current entry"));
        };
        if self.content.is_some() {
            return Err(ArchiveError::Misuse("an entry that was read from cannot be put aside"));
        }
        // That the content can be read at all is found out now, as it is with a tar.gz.
        let mut content = self.open_content(index)?;
        let size = content.size;
        if size > self.ledger.limits.max_spooled_entry_bytes {
            return Err(ArchiveError::limit(content.path, format!("too large to be put aside ({size} bytes)")));
        }
        content.decoder = Box::new(std::io::empty());
        content.read = size;
        content.crc = crc32fast::Hasher::new_with_initial(content.stated_crc);
        self.spooled.insert(&content.path, index);
        self.content = Some(content);
        Ok(size)
    }

    pub(super) fn read_spooled(&mut self, path: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let Some(&index) = self.spooled.get(path) else {
            return Err(ArchiveError::NotFound { path: path.to_owned() });
        };
        // The last content is kept open, so that reading on does not unpack from the start again.
        let mut content = match self.spooled_content.take() {
            Some((open, content)) if open == index && content.read <= offset => content,
            _ => self.open_content(index)?,
        };
        if offset >= content.size && !buf.is_empty() && content.read < content.size {
            return Ok(0);
        }
        while content.read < offset {
            let mut passed = [0; 8192];
            let step = usize::try_from(offset - content.read).unwrap_or(usize::MAX).min(passed.len());
            if content.read(&mut passed[..step], &mut self.ledger)? == 0 {
                return Ok(0);
            }
        }
        let got = content.read(buf, &mut self.ledger)?;
        self.spooled_content = Some((index, content));
        Ok(got)
    }

    /// What the directory says all files unpack to.
    pub(super) fn unpacked_size(&self) -> u64 {
        self.records.iter().fold(0, |sum: u64, r| sum.saturating_add(r.wayfinder.uncompressed_size_hint()))
    }

    pub(super) fn has_spooled(&self, path: &str) -> bool {
        self.spooled.get(path).is_some()
    }

    pub(super) fn position(&self) -> (u64, u64) {
        if self.current.is_none() && self.next == self.records.len() && self.next > 0 {
            return (self.length, self.length);
        }
        // Within an entry its share is taken, since the decoder reads ahead.
        let within = self.content.as_ref().map_or(0, |content| {
            let share = u128::from(content.compressed) * u128::from(content.read) / u128::from(content.size.max(1));
            u64::try_from(share).unwrap_or(content.compressed).min(content.compressed)
        });
        (self.done.saturating_add(within).min(self.length), self.length)
    }
}

impl Content {
    /// Reads on; at the end compares size and checksum with what the directory states.
    fn read(&mut self, buf: &mut [u8], ledger: &mut Ledger) -> Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let got = loop {
            match self.decoder.read(buf) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => break result.map_err(|error| ArchiveError::decoding(&self.path, error))?,
            }
        };
        self.crc.update(&buf[..got]);
        self.read += got as u64;
        if self.read > self.size || (got == 0 && self.read < self.size) {
            return Err(ArchiveError::corrupt(
                &self.path,
                format!("unpacks to {} bytes instead of {}", if got == 0 { "fewer" } else { "more" }, self.size),
            ));
        }
        if got == 0 && self.crc.clone().finalize() != self.stated_crc {
            return Err(ArchiveError::corrupt(&self.path, "its checksum is wrong"));
        }
        // At the end nothing was unpacked: of an entry put aside nothing at all yet, whatever size it claims.
        if got > 0 {
            ledger.count_unpacked(&self.path, got, self.read, self.compressed)?;
        }
        Ok(got)
    }
}
