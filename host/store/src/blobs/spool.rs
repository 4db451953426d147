//! Content under way: a temporary file, with both digests computed as it grows. Dropped, the file is deleted.

mod digests;

use super::{BlobRow, CHUNK, Shared, blocking};
use crate::api::{BlobRef, BlobWriter, BlockingBlobWriter, Result, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use digests::Digests;
use provost_space::Meter;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Contents up to this size, in bytes, are recorded together with others.
const SMALL: u64 = 1 << 20;

/// A file that grows.
pub struct Spool {
    file: tempfile::NamedTempFile,
    digests: Digests,
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
        Ok(Self { file, digests: Digests::new(), size: 0, meter })
    }

    /// Appends. Errors: `NoSpace`.
    pub fn add(&mut self, bytes: Bytes) -> Result<()> {
        self.meter.before(bytes.len() as u64)?;
        self.size += bytes.len() as u64;
        self.file.write_all(&bytes).map_err(|e| StoreError::io(format!("write {}", self.file.path().display()), e))?;
        self.digests.update(bytes)
    }

    /// The finished file and its row.
    pub fn complete(self) -> Result<(tempfile::TempPath, BlobRow)> {
        let (sha1, sha256) = self.digests.finish()?;
        let row = BlobRow { sha1: hex::encode(sha1), sha256, size: self.size };
        Ok((self.file.into_temp_path(), row))
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
            for mut bytes in pending {
                while bytes.len() > CHUNK {
                    spool.add(bytes.split_to(CHUNK))?;
                }
                spool.add(bytes)?;
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
        let (file, row) = blocking(move || spool.complete()).await?;
        shared.keep(file, row).await
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
        // A new buffer where there will be more: what was handed over may not be hashed yet.
        let next = if self.buffer.len() < CHUNK { Vec::new() } else { Vec::with_capacity(CHUNK) };
        self.spool.add(std::mem::replace(&mut self.buffer, next).into())
    }
}

impl Write for BlockingSpool {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
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
        let (file, row) = spool.complete()?;
        let runtime = shared.runtime.clone();
        match row.size {
            0..=SMALL => runtime.block_on(shared.keep_soon(file, row)),
            _ => runtime.block_on(shared.keep(file, row)),
        }
    }
}
