//! Any `.mbz` opened with plain library readers into paths and bytes, with the facts of its container.
//!
//! File contents of the pool (`files/…`) are hashed as they pass and not kept, so a course with gigabytes of files is
//! judged in little memory; the XML documents are kept whole.

use flate2::bufread::GzDecoder;
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use thiserror::Error;

/// Why an archive could not be opened.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// Neither gzip nor zip.
    #[error("not an archive: begins with neither gzip's nor zip's magic number")]
    NotAnArchive,
    /// The file could not be opened or read.
    #[error("reading {what}: {source}")]
    Read {
        /// The file, or the entry within it.
        what: String,
        /// The system's or the decompressor's reason.
        source: io::Error,
    },
    /// The zip structure is broken.
    #[error("zip entry {what}: {source}")]
    Zip {
        /// The entry's name or number, or the directory.
        what: String,
        /// The zip reader's reason.
        source: zip::result::ZipError,
    },
}

/// The two wrappings (mbz-format.md 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// tar in gzip.
    TarGz,
    /// zip.
    Zip,
}

/// What a member of the archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// An ordinary file.
    File,
    /// A directory.
    Directory,
    /// A hard or symbolic link.
    Link,
    /// A device, pipe or anything else.
    Other,
}

/// One member as the container lists it, in order.
#[derive(Debug, Clone)]
pub struct Member {
    /// Name as written, without a directory's closing slash.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// Unpacked size in bytes.
    pub size: u64,
    /// Modification time in Unix seconds (tar only).
    pub mtime: Option<u64>,
    /// What is unlike Moodle's own writer in this member's header, in words.
    pub oddities: Vec<String>,
}

/// A file of the pool: what its bytes really are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolFile {
    /// SHA-1 of the content, 40 hex digits.
    pub sha1: String,
    /// Size in bytes.
    pub size: u64,
}

/// An opened archive.
#[derive(Debug, Clone)]
pub struct Unpacked {
    /// Its wrapping.
    pub container: Container,
    /// Every member, in order.
    pub members: Vec<Member>,
    /// Everything outside the pool: path to bytes. Of a path that occurs twice, the last.
    pub documents: BTreeMap<String, Vec<u8>>,
    /// The pool: path to what lies there.
    pub pool: BTreeMap<String, PoolFile>,
    /// What is unlike Moodle's own writer in the container as a whole, in words.
    pub oddities: Vec<String>,
}

impl Unpacked {
    /// Opens a file.
    ///
    /// # Errors
    /// [`UnpackError`] when it cannot be read or is no archive.
    pub fn open(path: &Path) -> Result<Self, UnpackError> {
        let file = File::open(path).map_err(|source| UnpackError::Read { what: path.display().to_string(), source })?;
        Self::read(file)
    }

    /// Reads an archive; the first bytes decide what it is (mbz-format.md 1).
    ///
    /// # Errors
    /// [`UnpackError`] when it cannot be read or is no archive.
    pub fn read<R: Read + Seek>(mut input: R) -> Result<Self, UnpackError> {
        let failed = |source| UnpackError::Read { what: "the archive's start".to_owned(), source };
        let mut magic = [0_u8; 4];
        let mut got = 0;
        while got < magic.len() {
            match input.read(&mut magic[got..]).map_err(failed)? {
                0 => break,
                n => got += n,
            }
        }
        input.seek(SeekFrom::Start(0)).map_err(failed)?;
        if magic.starts_with(&[0x1f, 0x8b]) {
            read_tar_gz(input)
        } else if magic.starts_with(b"PK") {
            read_zip(input)
        } else {
            Err(UnpackError::NotAnArchive)
        }
    }

    fn empty(container: Container) -> Self {
        Self { container, members: Vec::new(), documents: BTreeMap::new(), pool: BTreeMap::new(), oddities: Vec::new() }
    }

    /// Takes in the content of one file member.
    fn keep(&mut self, name: &str, mut content: impl Read) -> Result<(), UnpackError> {
        let failed = |source| UnpackError::Read { what: name.to_owned(), source };
        let path = name.trim_start_matches("./");
        if path.starts_with("files/") {
            let mut hash = Sha1::new();
            let mut size = 0_u64;
            let mut buffer = vec![0_u8; 64 * 1024];
            loop {
                let n = content.read(&mut buffer).map_err(failed)?;
                if n == 0 {
                    break;
                }
                hash.update(&buffer[..n]);
                size += n as u64;
            }
            let sha1 = hex::encode(hash.finalize());
            self.pool.insert(path.to_owned(), PoolFile { sha1, size });
        } else {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(failed)?;
            self.documents.insert(path.to_owned(), bytes);
        }
        Ok(())
    }
}

/// Lets bytes through, remembering how many there were and the last 1024.
struct Tail<R> {
    inner: R,
    count: u64,
    last: VecDeque<u8>,
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count += n as u64;
        let fresh = &buffer[..n];
        let fresh = &fresh[n.saturating_sub(1024)..];
        let surplus = (self.last.len() + fresh.len()).saturating_sub(1024);
        self.last.drain(..surplus);
        self.last.extend(fresh);
        Ok(n)
    }
}

fn read_tar_gz<R: Read>(input: R) -> Result<Unpacked, UnpackError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |source| UnpackError::Read { what, source }
    };
    let mut unpacked = Unpacked::empty(Container::TarGz);
    let mut archive = tar::Archive::new(Tail {
        inner: GzDecoder::new(BufReader::with_capacity(256 * 1024, input)),
        count: 0,
        last: VecDeque::new(),
    });
    for entry in archive.entries().map_err(failed("the tar"))? {
        let mut entry = entry.map_err(failed("the next tar header"))?;
        let raw = entry.path_bytes().into_owned();
        let name = String::from_utf8_lossy(&raw).trim_end_matches('/').to_owned();
        let header = entry.header().clone();
        let mut oddities = Vec::new();
        let old = header.as_bytes();
        if &old[257..265] != b"ustar\x0000" {
            oddities.push("its header is not POSIX ustar".to_owned());
        }
        if *header.path_bytes() != *raw {
            oddities.push("its name needs a GNU or PAX record".to_owned());
        }
        if entry.pax_extensions().map_err(failed(&name))?.is_some_and(|mut e| e.next().is_some()) {
            oddities.push("it has a PAX record".to_owned());
        }
        let kind = match header.entry_type() {
            t if t.is_file() => MemberKind::File,
            t if t.is_dir() => MemberKind::Directory,
            t if t.is_symlink() || t.is_hard_link() => MemberKind::Link,
            _ => MemberKind::Other,
        };
        let expected_mode = if kind == MemberKind::Directory { 0o755 } else { 0o644 };
        if header.mode().ok() != Some(expected_mode)
            || header.uid().ok() != Some(0)
            || header.gid().ok() != Some(0)
            || header.username_bytes().is_some_and(|n| !n.is_empty())
            || header.groupname_bytes().is_some_and(|n| !n.is_empty())
        {
            oddities.push(format!("its mode is not {expected_mode:o} or it names an owner"));
        }
        unpacked.members.push(Member {
            name: name.clone(),
            kind,
            size: entry.size(),
            mtime: header.mtime().ok(),
            oddities,
        });
        if kind == MemberKind::File {
            unpacked.keep(&name, &mut entry)?;
        }
    }
    let mut tail = archive.into_inner();
    io::copy(&mut tail, &mut io::sink()).map_err(failed("the end of the tar"))?;
    if tail.count % 512 != 0 || tail.last.len() < 1024 || tail.last.iter().any(|b| *b != 0) {
        unpacked.oddities.push("the tar does not end with two zero blocks".to_owned());
    }
    if tail.inner.header().is_some_and(|h| h.filename().is_some()) {
        unpacked.oddities.push("the gzip header names a file".to_owned());
    }
    let mut rest = tail.inner.into_inner();
    if !rest.fill_buf().map_err(failed("the end of the gzip"))?.is_empty() {
        unpacked.oddities.push("more bytes follow the first gzip member".to_owned());
    }
    Ok(unpacked)
}

fn read_zip<R: Read + Seek>(input: R) -> Result<Unpacked, UnpackError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |source| UnpackError::Zip { what, source }
    };
    let mut unpacked = Unpacked::empty(Container::Zip);
    let mut archive = zip::ZipArchive::new(BufReader::new(input)).map_err(failed("central directory"))?;
    if archive.has_duplicate_names() {
        unpacked.oddities.push("the zip lists a name twice".to_owned());
    }
    for index in 0..archive.len() {
        let label = format!("number {index}");
        let mut entry = archive.by_index(index).map_err(failed(&label))?;
        let written = entry.name().map_err(failed(&label))?.into_owned();
        let name = written.trim_end_matches('/').to_owned();
        let mut oddities = Vec::new();
        use zip::CompressionMethod as Method;
        if !matches!(entry.compression(), Method::Stored | Method::Deflated) {
            oddities.push(format!("it is compressed with {:?}", entry.compression()));
        }
        if entry.encrypted() {
            oddities.push("it is encrypted".to_owned());
        }
        let file_type = entry.unix_mode().map(|m| m & 0o170_000);
        let kind = match file_type {
            Some(0o120_000) => MemberKind::Link,
            _ if written.ends_with('/') => MemberKind::Directory,
            None | Some(0 | 0o100_000) => MemberKind::File,
            Some(_) => MemberKind::Other,
        };
        unpacked.members.push(Member { name: name.clone(), kind, size: entry.size(), mtime: None, oddities });
        if kind == MemberKind::File {
            unpacked.keep(&name, &mut entry)?;
        }
    }
    Ok(unpacked)
}
