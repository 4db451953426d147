//! Writes archives as Moodle's own writer does (moodle-observed.md 4), streaming, and always the same bytes for the same
//! content: the times are given, not taken from the clock.
//!
//! `.ARCHIVE_INDEX` comes first and tells every size, so the content is produced twice: once to measure, once to write.

use flate2::{Compression, GzBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

/// The time Moodle gives directories and the index: 2013-01-01.
const FIXED_TIME: u64 = 1_356_998_400;

/// Takes the members of an archive, in order.
pub trait Members {
    /// A directory, named without closing slash.
    ///
    /// # Errors
    /// Those of writing.
    fn directory(&mut self, path: &str) -> io::Result<()>;

    /// A file whose content `produce` writes. It may be called more than once and must always write the same.
    ///
    /// # Errors
    /// Those of writing.
    fn file(&mut self, path: &str, produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>;

    /// A file whose size in bytes is known without producing it.
    ///
    /// # Errors
    /// Those of writing.
    fn sized_file(
        &mut self,
        path: &str,
        size: u64,
        produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()>;
}

/// Packs what `emit` gives as tar.gz. `emit` runs twice and must give the same both times. `mtime` (Unix seconds) is the time
/// of every file. Memory is constant: the list of members waits in a temporary file.
///
/// # Errors
/// Those of writing, of `emit`, and `InvalidData` when the two runs differ or a path is too long for ustar.
pub fn tar_gz(out: impl Write, mtime: u64, emit: &mut dyn FnMut(&mut dyn Members) -> io::Result<()>) -> io::Result<()> {
    let mut measure = Measure { list: io::BufWriter::new(tempfile::tempfile()?), count: 0, bytes: 0, mtime };
    emit(&mut measure)?;
    let mut list = measure.list.into_inner().map_err(|e| e.into_error())?;
    let head = format!("Moodle archive file index. Count: {}\n", measure.count);

    let gz = GzBuilder::new().operating_system(3).write(out, Compression::default());
    let mut tar = io::BufWriter::with_capacity(256 * 1024, gz);
    let index_size = head.len() as u64 + measure.bytes;
    header(&mut tar, ".ARCHIVE_INDEX", Some(index_size), FIXED_TIME)?;
    tar.write_all(head.as_bytes())?;
    list.seek(SeekFrom::Start(0))?;
    io::copy(&mut list, &mut tar)?;
    pad(&mut tar, index_size)?;

    list.seek(SeekFrom::Start(0))?;
    let mut write = WriteOut { tar, list: BufReader::new(list), mtime };
    emit(&mut write)?;
    let mut tar = write.tar;
    tar.write_all(&[0; 1024])?;
    tar.into_inner().map_err(|e| e.into_error())?.finish()?.flush()
}

/// Packs a tree of paths and bytes as tar.gz, with the directories its paths need. Activities come first and the master file last, as Moodle has it.
///
/// # Errors
/// As [`tar_gz`].
pub fn tree_tar_gz(tree: &BTreeMap<String, Vec<u8>>, mtime: u64, out: impl Write) -> io::Result<()> {
    tar_gz(out, mtime, &mut |members| {
        let mut known = BTreeSet::new();
        let (deep, top): (Vec<_>, Vec<_>) = tree.iter().partition(|(path, _)| path.contains('/'));
        for (path, bytes) in deep.into_iter().chain(top) {
            for (at, _) in path.match_indices('/') {
                if known.insert(&path[..at]) {
                    members.directory(&path[..at])?;
                }
            }
            members.sized_file(path, bytes.len() as u64, &mut |w| w.write_all(bytes))?;
        }
        Ok(())
    })
}

/// Packs a tree as zip, without directory entries.
///
/// # Errors
/// Those of writing.
pub fn tree_zip(tree: &BTreeMap<String, Vec<u8>>, out: impl Write + Seek) -> Result<(), zip::result::ZipError> {
    let mut zip = zip::ZipWriter::new(out);
    for (path, bytes) in tree {
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o644);
        zip.start_file(path.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    zip.finish()?;
    Ok(())
}

/// First run: notes every member as a line of the index.
struct Measure<W: Write> {
    list: W,
    count: u64,
    bytes: u64,
    mtime: u64,
}

impl<W: Write> Measure<W> {
    fn line(&mut self, line: &str) -> io::Result<()> {
        self.count += 1;
        self.bytes += line.len() as u64;
        self.list.write_all(line.as_bytes())
    }
}

impl<W: Write> Members for Measure<W> {
    fn directory(&mut self, path: &str) -> io::Result<()> {
        self.line(&format!("{path}/\td\t0\t?\n"))
    }

    fn file(&mut self, path: &str, produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut counter = Counter { inner: io::sink(), bytes: 0 };
        produce(&mut counter)?;
        self.sized_file(path, counter.bytes, produce)
    }

    fn sized_file(
        &mut self,
        path: &str,
        size: u64,
        _: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mtime = self.mtime;
        self.line(&format!("{path}\tf\t{size}\t{mtime}\n"))
    }
}

/// Second run: writes, reading the sizes back in step.
struct WriteOut<W: Write, L: Read> {
    tar: W,
    list: BufReader<L>,
    mtime: u64,
}

impl<W: Write, L: Read> WriteOut<W, L> {
    /// The size noted for the next member, which must be this one.
    fn noted(&mut self, path: &str) -> io::Result<u64> {
        let mut line = String::new();
        self.list.read_line(&mut line)?;
        let mut fields = line.trim_end().split('\t');
        let name = fields.next();
        let size = fields.nth(1).and_then(|s| s.parse().ok());
        match (name, size) {
            (Some(name), Some(size)) if name == path => Ok(size),
            _ => Err(changed(path)),
        }
    }
}

impl<W: Write, L: Read> Members for WriteOut<W, L> {
    fn directory(&mut self, path: &str) -> io::Result<()> {
        let path = format!("{path}/");
        self.noted(&path)?;
        header(&mut self.tar, &path, None, FIXED_TIME)
    }

    fn file(&mut self, path: &str, produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let size = self.noted(path)?;
        header(&mut self.tar, path, Some(size), self.mtime)?;
        let mut counter = Counter { inner: &mut self.tar, bytes: 0 };
        produce(&mut counter)?;
        if counter.bytes != size {
            return Err(changed(path));
        }
        pad(&mut self.tar, size)
    }

    fn sized_file(
        &mut self,
        path: &str,
        _: u64,
        produce: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.file(path, produce)
    }
}

struct Counter<W> {
    inner: W,
    bytes: u64,
}

impl<W: Write> Write for Counter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn changed(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{path}: not the same in the second run as in the first"))
}

/// A ustar header (moodle-observed.md 4); a directory when there is no size.
fn header(out: &mut impl Write, path: &str, size: Option<u64>, mtime: u64) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path)?;
    header.set_mode(if size.is_some() { 0o644 } else { 0o755 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(mtime);
    header.set_size(size.unwrap_or(0));
    header.set_entry_type(if size.is_some() { tar::EntryType::Regular } else { tar::EntryType::Directory });
    header.set_cksum();
    out.write_all(header.as_bytes())
}

fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    let over = (size % 512) as usize;
    if over > 0 {
        out.write_all(&[0; 512][over..])?;
    }
    Ok(())
}
