//! Archives of any bytes: the reader ends with a typed error or with entries that are what it said they are.
//!
//! An input is one byte that says what the rest is, one that varies how the archive is read, and the rest:
//!
//! | first byte | the rest |
//! | --- | --- |
//! | `t` | a tar that is put into a sound gzip stream, its header checksums made right |
//! | `g` | the same, its checksums left as they are |
//! | any other | the archive itself, of either form |

use std::collections::BTreeSet;
use std::io::Write;

use provost_archive::{ArchiveError, Entry, Format, Limits, Reader};

use crate::chance::Chance;

const BLOCK: usize = 512;

/// What comes out of an archive: entries with as much of their content as was read, and how it ended.
struct Read {
    entries: Vec<(Entry, Content)>,
    end: Result<(), ArchiveError>,
}

/// How much is known of an entry's content.
struct Content {
    bytes: Vec<u8>,
    /// Whether these are all bytes, found right.
    whole: bool,
}

/// Bounds that inputs of a few kilobytes can reach.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_entries = 100;
    limits.max_path_bytes = 300;
    limits.max_entry_bytes = 1 << 20;
    limits.max_total_bytes = 3 << 20;
    limits.free_expansion_bytes = 64 << 10;
    limits.max_expansion = 100;
    limits.max_spooled_entry_bytes = 256 << 10;
    limits.max_spooled_bytes = 1 << 20;
    limits
}

/// Reads `data` in two ways and compares what came out.
///
/// # Panics
/// When an invariant does not hold.
pub fn archive_reader(data: &[u8]) {
    let [kind, plan, rest @ ..] = data else {
        return;
    };
    let bytes = match kind {
        b't' => gzip(&with_checksums(rest)),
        b'g' => gzip(rest),
        _ => rest.to_vec(),
    };
    let mut file = match tempfile::NamedTempFile::new() {
        Ok(file) => file,
        Err(error) => panic!("no temporary file: {error}"),
    };
    if let Err(error) = file.write_all(&bytes) {
        panic!("the temporary file cannot be written: {error}");
    }
    let length = bytes.len() as u64;

    let plain = match open(&file) {
        Ok(reader) => read_plainly(reader, length),
        Err(error) => {
            check_error(&error);
            return;
        }
    };
    let Ok(reader) = open(&file) else {
        panic!("an archive opened once does not open again");
    };
    let varied = read_varied(reader, length, *plan);
    compare(&plain, &varied);
}

/// Opens the file anew: a reader that reads ahead shares no position with the next one.
fn open(file: &tempfile::NamedTempFile) -> Result<Reader, ArchiveError> {
    let Ok(file) = file.reopen() else {
        panic!("the temporary file cannot be opened again");
    };
    Reader::open(file, &std::env::temp_dir(), limits())
}

/// An archive's content can only make errors that are its own fault.
fn check_error(error: &ArchiveError) {
    assert!(
        matches!(error, ArchiveError::Corrupt { .. } | ArchiveError::Limit { .. } | ArchiveError::Unsupported { .. }),
        "blamed on something else than the archive: {error:?}"
    );
    assert!(!error.to_string().is_empty());
}

/// Watches what must hold between any two calls.
struct Watched {
    reader: Reader,
    length: u64,
    at: u64,
    paths: BTreeSet<String>,
}

impl Watched {
    fn new(reader: Reader, length: u64) -> Self {
        Self { reader, length, at: 0, paths: BTreeSet::new() }
    }

    fn check(&mut self) {
        let (at, length) = self.reader.position();
        assert_eq!(length, self.length);
        assert!(self.at <= at && at <= length, "position went from {} to {at} of {length}", self.at);
        self.at = at;
        let (kept, count) = (self.reader.skipped().len() as u64, self.reader.skipped_count());
        assert!(kept <= count && count <= limits().max_entries + 1);
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let entry = self.reader.next_entry();
        self.check();
        if let Ok(Some(entry)) = &entry {
            let path = &entry.path;
            assert!(path.len() <= limits().max_path_bytes && !path.contains('\0'), "{path:?}");
            assert!(path.split('/').all(|s| !s.is_empty() && s != "." && s != ".."), "{path:?}");
            assert!(entry.size <= limits().max_entry_bytes);
            assert!(self.paths.insert(path.clone()), "{path:?} came twice");
            assert!(self.paths.len() as u64 <= limits().max_entries);
        }
        entry
    }

    /// Reads on until `most` bytes came or the entry ended; whether it ended.
    fn read(&mut self, into: &mut Vec<u8>, most: usize, step: usize, size: u64) -> Result<bool, ArchiveError> {
        let mut buffer = vec![0; step];
        while into.len() < most {
            let got = self.reader.read(&mut buffer)?;
            self.check();
            if got == 0 {
                assert_eq!(into.len() as u64, size, "ended before its size");
                // The end stays the end.
                assert_eq!(self.reader.read(&mut buffer)?, 0);
                return Ok(true);
            }
            into.extend_from_slice(&buffer[..got]);
            assert!(into.len() as u64 <= size, "more bytes than its size");
        }
        Ok(false)
    }
}

/// Reads everything in order.
fn read_plainly(reader: Reader, length: u64) -> Read {
    let mut reader = Watched::new(reader, length);
    let mut read = Read { entries: Vec::new(), end: Ok(()) };
    read.end = plainly(&mut reader, &mut read.entries);
    if let Err(error) = &read.end {
        check_error(error);
    }
    let total: u64 = read.entries.iter().map(|(_, content)| content.bytes.len() as u64).sum();
    assert!(total <= limits().max_total_bytes, "{total} bytes came out");
    read
}

fn plainly(reader: &mut Watched, entries: &mut Vec<(Entry, Content)>) -> Result<(), ArchiveError> {
    while let Some(entry) = reader.next_entry()? {
        let size = entry.size;
        entries.push((entry, Content { bytes: Vec::new(), whole: false }));
        if let Some((_, content)) = entries.last_mut() {
            content.whole = reader.read(&mut content.bytes, usize::MAX, 8192, size)?;
        }
    }
    assert!(reader.next_entry()?.is_none(), "an entry after the last");
    if reader.reader.format() == Format::TarGz || !entries.is_empty() {
        assert_eq!(reader.at, reader.length, "at the end, but not all was used");
    }
    Ok(())
}

/// Passes over some entries, reads some in part, puts some aside, reads those at the end.
fn read_varied(reader: Reader, length: u64, plan: u8) -> Read {
    let mut reader = Watched::new(reader, length);
    let mut read = Read { entries: Vec::new(), end: Ok(()) };
    let mut aside = Vec::new();
    let mut chance = Chance::new(plan.into());
    read.end = varied(&mut reader, &mut read.entries, &mut aside, &mut chance);
    if read.end.is_ok() {
        read.end = spooled(&mut reader, &mut read.entries, &aside, &mut chance);
    }
    if let Err(error) = &read.end {
        check_error(error);
    }
    read
}

fn varied(
    reader: &mut Watched,
    entries: &mut Vec<(Entry, Content)>,
    aside: &mut Vec<usize>,
    chance: &mut Chance,
) -> Result<(), ArchiveError> {
    while let Some(entry) = reader.next_entry()? {
        let (path, size) = (entry.path.clone(), entry.size);
        let index = entries.len();
        entries.push((entry, Content { bytes: Vec::new(), whole: false }));
        let content = &mut entries[index].1;
        match chance.below(4) {
            0 => {}
            1 => {
                let (most, step) = (chance.below(2000), 1 + chance.below(700));
                content.whole = reader.read(&mut content.bytes, most, step, size)?;
            }
            2 => {
                let step = 1 + chance.below(3000);
                content.whole = reader.read(&mut content.bytes, usize::MAX, step, size)?;
            }
            _ => {
                assert!(!reader.reader.has_spooled(&path));
                assert_eq!(reader.reader.spool_entry()?, size);
                assert!(reader.reader.has_spooled(&path));
                assert!(reader.reader.read(&mut [0; 10]).is_ok_and(|got| got == 0), "left to read of one put aside");
                aside.push(index);
            }
        }
    }
    Ok(())
}

/// Reads what was put aside: each entry whole, and a piece from the middle of it.
fn spooled(
    reader: &mut Watched,
    entries: &mut [(Entry, Content)],
    aside: &[usize],
    chance: &mut Chance,
) -> Result<(), ArchiveError> {
    for &index in aside.iter().rev() {
        let (entry, content) = &mut entries[index];
        let mut buffer = vec![0; 1 + chance.below(5000)];
        loop {
            let got = reader.reader.read_spooled(&entry.path, content.bytes.len() as u64, &mut buffer)?;
            if got == 0 {
                break;
            }
            content.bytes.extend_from_slice(&buffer[..got]);
        }
        assert_eq!(content.bytes.len() as u64, entry.size);
        content.whole = true;
        let from = chance.below(content.bytes.len() + 3);
        let got = reader.reader.read_spooled(&entry.path, from as u64, &mut buffer)?;
        let expected = content.bytes.get(from..).unwrap_or_default();
        assert!(got > 0 || expected.is_empty());
        assert_eq!(&buffer[..got], &expected[..got]);
    }
    Ok(())
}

/// However an archive is read, it has the same entries with the same content.
fn compare(plain: &Read, varied: &Read) {
    for ((entry, content), (other, part)) in plain.entries.iter().zip(&varied.entries) {
        assert_eq!(entry, other);
        let common = content.bytes.len().min(part.bytes.len());
        assert_eq!(content.bytes[..common], part.bytes[..common], "{}", entry.path);
        assert!(!(content.whole && part.whole) || content.bytes.len() == part.bytes.len());
    }
    if plain.end.is_ok() {
        match &varied.end {
            Ok(()) => assert_eq!(plain.entries.len(), varied.entries.len()),
            // What is put aside has limits of its own, and reading some of it twice counts twice.
            Err(error) => assert!(matches!(error, ArchiveError::Limit { .. }), "read once, but then {error:?}"),
        }
    }
}

/// Makes the checksum of every block right that is marked as a tar header.
fn with_checksums(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    for block in tar.chunks_exact_mut(BLOCK).filter(|block| block[257..].starts_with(b"ustar")) {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    tar
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    match gz.write_all(bytes).and_then(|()| gz.finish()) {
        Ok(bytes) => bytes,
        Err(error) => panic!("gzip into memory failed: {error}"),
    }
}
