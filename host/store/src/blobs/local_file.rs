//! Contents that are local files: opening, reading a range, renaming into place.

use super::{CHUNK, not_found};
use crate::api::{Result, StoreError};
use bytes::Bytes;
use sha1::{Digest, Sha1};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

fn failed(what: &str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::io(format!("{what} {}", path.display()), source)
}

/// Opens a content for reading.
pub fn open(path: &Path, sha1: &str) -> Result<File> {
    File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => not_found(sha1),
        _ => failed("open", path, e),
    })
}

/// Checks that a file is what its name says. Errors: `Corrupt`.
pub fn verify(file: &mut File, sha1: &str) -> Result<()> {
    let failed = |e| failed_blob(sha1, e);
    let mut digest = Sha1::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match file.read(&mut buffer) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.map_err(failed)?,
        };
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
    }
    check(digest, sha1)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(())
}

/// Checks that bytes are what a name says. Errors: `Corrupt`.
pub fn verify_bytes(bytes: &[u8], sha1: &str) -> Result<()> {
    check(Sha1::new_with_prefix(bytes), sha1)
}

fn check(digest: Sha1, sha1: &str) -> Result<()> {
    let found = hex::encode(digest.finalize());
    if found == sha1 {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("blob {sha1} is damaged in the store: what is there has the SHA-1 {found}")))
}

fn failed_blob(sha1: &str, source: std::io::Error) -> StoreError {
    StoreError::io(format!("read blob {sha1}"), source)
}

/// Up to `limit` bytes from `offset` on; nothing beyond the end.
pub fn read(path: &Path, sha1: &str, offset: u64, limit: u64) -> Result<Bytes> {
    let mut file = open(path, sha1)?;
    let size = file.metadata().map_err(|e| failed("size of", path, e))?.len();
    let length = size.saturating_sub(offset).min(limit);
    if length == 0 {
        return Ok(Bytes::new());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.seek(SeekFrom::Start(offset)).map_err(|e| failed("seek in", path, e))?;
    file.take(length).read_to_end(&mut bytes).map_err(|e| failed("read", path, e))?;
    Ok(bytes.into())
}

/// Renames a complete spool file to its name. A file under that name is replaced: it may be what a failing disk left of the
/// content, and to rename costs no more than to compare names. It keeps its time then, by which copies of the store are made.
pub fn place(mut spool: tempfile::TempPath, path: &Path, size: u64) -> Result<()> {
    if let Some(time) = path.metadata().ok().filter(|m| m.len() == size).and_then(|m| m.modified().ok()) {
        // Without it the copy is made once more.
        let _ = File::options().write(true).open(&spool).and_then(|file| file.set_modified(time));
    }
    let failed_to_rename = |e: tempfile::PathPersistError| failed("rename into", path, e.error);
    match spool.persist(path) {
        Ok(()) => return Ok(()),
        // The first content whose name begins like this.
        Err(e) if e.error.kind() == std::io::ErrorKind::NotFound => spool = e.path,
        Err(e) => return Err(failed_to_rename(e)),
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| failed("create", dir, e))?;
    }
    spool.persist(path).map_err(failed_to_rename)
}
