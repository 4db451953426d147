//! `blobs` in memory.

use super::{enter, enter_changing, slice, with};
use crate::Result;

pub use crate::bindings::imports::provost::plugin::blobs::BlobRef;

const INTERFACE: &str = "blobs";

/// See `blobs.put` in the contract.
pub fn put(content: &[u8]) -> Result<BlobRef> {
    enter_changing(INTERFACE)?;
    Ok(with(|host| host.put_blob(content.to_vec())))
}

/// See `blobs.read`.
pub fn read(sha1: &str, offset: u64, limit: u32) -> Result<Vec<u8>> {
    enter(INTERFACE)?;
    let content = with(|host| host.blob(sha1))?;
    Ok(slice(&content, offset, limit))
}

/// See `blobs.exists`.
pub fn exists(sha1: &str) -> Result<bool> {
    enter(INTERFACE)?;
    Ok(with(|host| host.blobs.contains_key(sha1)))
}
