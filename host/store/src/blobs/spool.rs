//! Content under way: a temporary file, with both digests computed as it grows. Dropped, the file is deleted.

use super::{BlobRow, CHUNK, Shared, blocking};
use crate::api::{BlobRef, BlobWriter, BlockingBlobWriter, Result, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use provost_space::Meter;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A file that grows.
pub struct Spool {
    file: tempfile::NamedTempFile,
    sha1: Sha1,
    sha256: Sha256,
    size: u64,
    meter: Meter,
}

impl Spool {
    /// An empty one.
    pub fn create(dir: &Path, meter: Meter) -> Result<Self> {
        let file = tempfile::Builder::new()
            .prefix("blob-")
            .tempfile_in(dir)
            .map_err(|e| StoreError::io(format!("create a file in {}", dir.display()), e))?;
        Ok(Self { file, sha1: Sha1::new(), sha256: Sha256::new(), size: 0, meter })
    }

    /// Appends. Errors: `NoSpace`.
    pub fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.meter.before(bytes.len() as u64)?;
        self.file.write_all(bytes).map_err(|e| StoreError::io(format!("write {}", self.file.path().display()), e))?;
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// The finished file and its row.
    pub fn complete(self) -> Result<(tempfile::NamedTempFile, BlobRow)> {
        let row = BlobRow {
            sha1: hex::encode(self.sha1.finalize()),
            sha256: self.sha256.finalize().to_vec(),
            size: self.size,
        };
        Ok((self.file, row))
    }
}

/// Spools from async code; the work itself is done on blocking threads, a chunk at a time.
pub struct AsyncSpool {
    shared: Arc<Shared>,
    /// None after a failure.
    spool: Option<Spool>,
    pending: Vec<Bytes>,
    pending_size: usize,
}

impl AsyncSpool {
    pub fn new(shared: Arc<Shared>, spool: Spool) -> Self {
        Self { shared, spool: Some(spool), pending: Vec::new(), pending_size: 0 }
    }

    async fn flush(&mut self) -> Result<()> {
        let mut spool =
            self.spool.take().ok_or_else(|| StoreError::Invalid("content whose writing has failed".into()))?;
        let pending = std::mem::take(&mut self.pending);
        self.pending_size = 0;
        let spool = blocking(move || {
            for bytes in pending {
                for chunk in bytes.chunks(CHUNK) {
                    spool.add(chunk)?;
                }
            }
            Ok(spool)
        })
        .await?;
        self.spool = Some(spool);
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for AsyncSpool {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.pending_size += bytes.len();
        self.pending.push(bytes);
        if self.pending_size >= CHUNK { self.flush().await } else { Ok(()) }
    }

    async fn finish(mut self: Box<Self>) -> Result<BlobRef> {
        self.flush().await?;
        let Self { shared, spool, .. } = *self;
        let spool = spool.ok_or_else(|| StoreError::Invalid("content whose writing has failed".into()))?;
        shared.keep(spool).await
    }
}

/// Spools on the caller's own thread.
pub struct BlockingSpool {
    shared: Arc<Shared>,
    spool: Spool,
    buffer: Vec<u8>,
}

impl BlockingSpool {
    pub fn new(shared: Arc<Shared>, spool: Spool) -> Self {
        Self { shared, spool, buffer: Vec::new() }
    }

    fn drain(&mut self) -> Result<()> {
        let result = self.spool.add(&self.buffer);
        self.buffer.clear();
        result
    }
}

impl Write for BlockingSpool {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.buffer.is_empty() && bytes.len() >= CHUNK {
            self.spool.add(&bytes[..CHUNK]).map_err(std::io::Error::from)?;
            return Ok(CHUNK);
        }
        let n = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..n]);
        if self.buffer.len() >= CHUNK {
            self.drain().map_err(std::io::Error::from)?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl BlockingBlobWriter for BlockingSpool {
    fn finish(mut self: Box<Self>) -> Result<BlobRef> {
        self.drain()?;
        let Self { shared, spool, .. } = *self;
        let runtime = shared.runtime.clone();
        runtime.block_on(shared.keep(spool))
    }
}
