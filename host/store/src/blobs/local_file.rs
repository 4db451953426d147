//! Contents that are local files: opening, reading a range, renaming into place.

use super::not_found;
use crate::api::{Result, StoreError};
use bytes::Bytes;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

fn failed(what: &str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io { what: format!("{what} {}", path.display()), source }
}

/// Opens a content for reading.
pub fn open(path: &Path, sha1: &str) -> Result<File> {
    File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => not_found(sha1),
        _ => failed("open", path, e),
    })
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

/// Renames a complete spool file to its name, unless the content is there. A file of another size under that name is
/// what a failing disk left, and is replaced.
pub fn place(mut spool: tempfile::TempPath, path: &Path, size: u64) -> Result<()> {
    if path.metadata().is_ok_and(|m| m.len() == size) {
        return Ok(());
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
