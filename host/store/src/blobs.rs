//! Contents through `object_store`: named by SHA-1, checked by SHA-256, each once, written atomically.
//!
//! Content is spooled into a local file while its digests are computed, since its name is not known before its end. Then,
//! under the write lock of the index, the file is renamed into place (local directory) or uploaded under its name
//! (anything else; an upload shows only when complete). The lock keeps sweeps, which delete under it too, from removing
//! what has just been found to be there.
//!
//! Many small contents in a row, as an import brings them, are named together: until then they are kept as spooled, and
//! whatever reads contents or refers to them has them named first ([`ObjectBlobs::settle`]).

mod local_file;
mod spool;
mod spool_dir;

use crate::api::{BlobRef, BlobWriter, Blobs, BlockingBlobWriter, Result, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, path::Path as ObjectPath};
use provost_space::Space;
use spool::{AsyncSpool, BlockingSpool, Spool};
use spool_dir::SpoolDir;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// Bytes hashed and written at a time.
pub(crate) const CHUNK: usize = 256 * 1024;
/// Contents up to this size are read once for being checked and used.
const CHECKED_IN_MEMORY: u64 = 1 << 20;
/// Small contents that are recorded together.
const TOGETHER: usize = 64;
/// Spool files older than this belong to crashed processes.
const SPOOL_AGE: Duration = Duration::from_secs(24 * 3600);

/// An index row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// 40 lowercase hexadecimal digits.
    pub sha1: String,
    /// 32 bytes.
    pub sha256: Vec<u8>,
    /// In bytes.
    pub size: u64,
}

/// Which contents there are. Lives in the database, so that rows can refer to it.
#[async_trait]
pub trait BlobIndex: Send + Sync {
    /// One row.
    async fn find(&self, sha1: &str) -> Result<Option<BlobRow>>;
    /// Adds or touches rows and runs `place`, which makes sure that the objects are there, under the write lock. All or
    /// none. Errors: `Corrupt` for another content of the same SHA-1.
    async fn record(&self, rows: &[BlobRow], place: BoxFuture<'_, Result<()>>) -> Result<()>;
}

/// See the module.
pub struct ObjectBlobs {
    shared: Arc<Shared>,
}

/// What writers need, too.
pub(crate) struct Shared {
    index: Arc<dyn BlobIndex>,
    objects: Arc<dyn ObjectStore>,
    /// Where objects are local files.
    root: Option<PathBuf>,
    /// Where earlier versions had contents under way.
    tmp: PathBuf,
    /// Where contents under way wait, and what goes away with it.
    spool: PathBuf,
    _own: Option<SpoolDir>,
    space: Space,
    runtime: tokio::runtime::Handle,
    /// Contents that are to be recorded together. Held while that is done, so that whoever wants to be sure waits.
    unnamed: tokio::sync::Mutex<Vec<(tempfile::TempPath, BlobRow)>>,
    /// Whether there are any.
    any_unnamed: AtomicBool,
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => not_found(&path),
            other => StoreError::Blob(Box::new(other)),
        }
    }
}

fn not_found(key: &str) -> StoreError {
    StoreError::NotFound { kind: "blob", key: key.to_owned() }
}

/// `ab/abcdef…`. Only digests become paths, whatever a caller passes.
fn object_path(sha1: &str) -> Result<ObjectPath> {
    if sha1.len() != 40 || !sha1.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(not_found(sha1));
    }
    Ok(ObjectPath::from(format!("{}/{sha1}", &sha1[..2])))
}

pub(crate) use local_file::verify_bytes as verify;

/// Runs blocking file work.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| StoreError::Blob(Box::new(e)))?
}

impl ObjectBlobs {
    /// Contents in a local directory. `spool` must be on the same file system, whose room `space` watches. Must be called within a
    /// tokio runtime.
    pub fn local(index: Arc<dyn BlobIndex>, root: &Path, spool: &Path, space: Space) -> Result<Self> {
        let objects = object_store::local::LocalFileSystem::new_with_prefix(root)?;
        let own = SpoolDir::create(spool)?;
        Ok(Self::new(index, Arc::new(objects), Some(root.to_path_buf()), spool, Some(own), space))
    }

    /// Contents in any object store. `spool` is a local directory for content under way, whose room `space` watches.
    pub fn over(index: Arc<dyn BlobIndex>, objects: Arc<dyn ObjectStore>, spool: &Path, space: Space) -> Self {
        Self::new(index, objects, None, spool, None, space)
    }

    fn new(
        index: Arc<dyn BlobIndex>,
        objects: Arc<dyn ObjectStore>,
        root: Option<PathBuf>,
        tmp: &Path,
        own: Option<SpoolDir>,
        space: Space,
    ) -> Self {
        let runtime = tokio::runtime::Handle::current();
        let (unnamed, any_unnamed) = Default::default();
        let spool = own.as_ref().map_or(tmp, SpoolDir::path).to_path_buf();
        let tmp = tmp.to_path_buf();
        let shared = Shared { index, objects, root, tmp, spool, _own: own, space, runtime, unnamed, any_unnamed };
        Self { shared: Arc::new(shared) }
    }

    /// The room of the file system that contents under way are on.
    pub(crate) fn space(&self) -> &Space {
        &self.shared.space
    }

    /// Names what is kept as spooled. To be awaited before a content is read, or a row is written that refers to one.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.shared.settle().await
    }

    /// Deletes an object whose row has been deleted under the write lock that is still held. It may be gone already.
    pub(crate) async fn remove(&self, sha1: &str) -> Result<()> {
        match self.shared.objects.delete(&object_path(sha1)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// The size of the object itself, whatever the index says.
    pub(crate) async fn object_size(&self, sha1: &str) -> Result<Option<u64>> {
        match self.shared.objects.head(&object_path(sha1)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Removes spool files of crashed processes.
    pub(crate) async fn sweep_spool(&self) -> Result<()> {
        let dir = self.shared.tmp.clone();
        blocking(move || {
            let failed = |e| StoreError::io(format!("sweep {}", dir.display()), e);
            for entry in std::fs::read_dir(&dir).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                if !entry.file_name().to_string_lossy().starts_with("blob-") {
                    continue;
                }
                let age = entry.metadata().and_then(|m| m.modified()).map(|t| SystemTime::now().duration_since(t));
                if matches!(age, Ok(Ok(age)) if age > SPOOL_AGE) {
                    // Another process may have swept it at the same time.
                    let _ = std::fs::remove_file(entry.path());
                }
            }
            Ok(())
        })
        .await
    }
}

impl Shared {
    /// Gives spooled content its name.
    pub(crate) async fn keep(&self, file: tempfile::TempPath, row: BlobRow) -> Result<BlobRef> {
        let blob = BlobRef { sha1: row.sha1.clone(), size: row.size };
        self.name(&mut vec![(file, row)]).await?;
        Ok(blob)
    }

    /// Gives spooled content its name soon, together with others.
    pub(crate) async fn keep_soon(&self, file: tempfile::TempPath, row: BlobRow) -> Result<BlobRef> {
        let blob = BlobRef { sha1: row.sha1.clone(), size: row.size };
        let mut unnamed = self.unnamed.lock().await;
        unnamed.push((file, row));
        self.any_unnamed.store(true, Ordering::Release);
        if unnamed.len() >= TOGETHER {
            self.name_all(&mut unnamed).await?;
        }
        Ok(blob)
    }

    async fn settle(&self) -> Result<()> {
        if self.any_unnamed.load(Ordering::Acquire) {
            let mut unnamed = self.unnamed.lock().await;
            self.name_all(&mut unnamed).await?;
        }
        Ok(())
    }

    /// Names all; what cannot be named because the database is busy stays for the next time, what cannot be named at all
    /// is lost, and its users will not find it.
    async fn name_all(&self, unnamed: &mut Vec<(tempfile::TempPath, BlobRow)>) -> Result<()> {
        let mut result = match unnamed.is_empty() {
            true => Ok(()),
            false => self.name(unnamed).await,
        };
        if let Err(error) = &result
            && !matches!(error, StoreError::Busy)
        {
            for one in std::mem::take(unnamed) {
                let mut one = vec![one];
                match self.name(&mut one).await {
                    Err(StoreError::Busy) => unnamed.append(&mut one),
                    Err(error) => result = Err(error),
                    Ok(()) => {}
                }
            }
        }
        self.any_unnamed.store(!unnamed.is_empty(), Ordering::Release);
        result
    }

    /// Names contents, in one transaction; they are taken out of the list unless the database is busy.
    async fn name(&self, contents: &mut Vec<(tempfile::TempPath, BlobRow)>) -> Result<()> {
        let rows: Vec<BlobRow> = contents.iter().map(|(_, row)| row.clone()).collect();
        let paths = rows.iter().map(|row| object_path(&row.sha1)).collect::<Result<Vec<_>>>()?;
        let place = async {
            for ((file, row), path) in std::mem::take(contents).into_iter().zip(&paths) {
                match &self.root {
                    Some(root) => local_file::place(file, &root.join(path.as_ref()), row.size)?,
                    None => match self.objects.head(path).await {
                        Ok(meta) if meta.size == row.size => {}
                        Ok(_) | Err(object_store::Error::NotFound { .. }) => self.upload(&file, path).await?,
                        Err(e) => return Err(e.into()),
                    },
                }
            }
            Ok(())
        };
        self.index.record(&rows, Box::pin(place)).await
    }

    async fn upload(&self, name: &Path, path: &ObjectPath) -> Result<()> {
        use tokio::io::AsyncReadExt;
        let failed = |e| StoreError::io(format!("read {}", name.display()), e);
        let mut source = tokio::fs::File::open(name).await.map_err(failed)?;
        let mut upload = object_store::WriteMultipart::new(self.objects.put_multipart(path).await?);
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = source.read(&mut buffer).await.map_err(failed)?;
            if n == 0 {
                break;
            }
            upload.wait_for_capacity(4).await?;
            upload.write(&buffer[..n]);
        }
        upload.finish().await?;
        Ok(())
    }

    pub(crate) async fn new_spool(&self) -> Result<Spool> {
        let (dir, meter) = (self.spool.clone(), self.space.meter());
        blocking(move || Spool::create(&dir, meter)).await
    }
}

#[async_trait]
impl Blobs for ObjectBlobs {
    async fn writer(&self) -> Result<Box<dyn BlobWriter>> {
        Ok(Box::new(AsyncSpool::new(self.shared.clone(), self.shared.new_spool().await?)))
    }

    async fn put(&self, bytes: Bytes) -> Result<BlobRef> {
        let (dir, meter) = (self.shared.spool.clone(), self.shared.space.meter());
        let (file, row) = blocking(move || {
            let mut spool = Spool::create(&dir, meter)?;
            for start in (0..bytes.len()).step_by(CHUNK) {
                spool.add(bytes.slice(start..bytes.len().min(start + CHUNK)))?;
            }
            spool.complete()
        })
        .await?;
        self.shared.keep(file, row).await
    }

    async fn size(&self, sha1: &str) -> Result<Option<u64>> {
        self.settle().await?;
        Ok(self.shared.index.find(sha1).await?.map(|row| row.size))
    }

    async fn read(&self, sha1: &str, offset: u64, limit: u64) -> Result<Bytes> {
        self.settle().await?;
        let path = object_path(sha1)?;
        if let Some(root) = &self.shared.root {
            let file = root.join(path.as_ref());
            let sha1 = sha1.to_owned();
            return blocking(move || local_file::read(&file, &sha1, offset, limit)).await;
        }
        let size = self.shared.index.find(sha1).await?.ok_or_else(|| not_found(sha1))?.size;
        let end = size.min(offset.saturating_add(limit));
        if offset >= end {
            return Ok(Bytes::new());
        }
        Ok(self.shared.objects.get_range(&path, offset..end).await?)
    }

    async fn stream(&self, sha1: &str, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.settle().await?;
        let path = object_path(sha1)?;
        let size = self.shared.index.find(sha1).await?.ok_or_else(|| not_found(sha1))?.size;
        let range = range.start..range.end.min(size);
        if range.start >= range.end {
            return Ok(futures::stream::empty().boxed());
        }
        let options =
            object_store::GetOptions { range: Some(object_store::GetRange::Bounded(range)), ..Default::default() };
        let found = self.shared.objects.get_opts(&path, options).await?;
        Ok(found.into_stream().map_err(StoreError::from).boxed())
    }

    async fn open_file(&self, sha1: &str) -> Result<std::fs::File> {
        self.settle().await?;
        let path = object_path(sha1)?;
        if let Some(root) = &self.shared.root {
            let file = root.join(path.as_ref());
            let sha1 = sha1.to_owned();
            return blocking(move || local_file::open(&file, &sha1)).await;
        }
        use tokio::io::{AsyncSeekExt, AsyncWriteExt};
        let failed = |e| StoreError::io(format!("copy blob {sha1}"), e);
        let spool = self.shared.spool.clone();
        let copy = blocking(move || {
            tempfile::tempfile_in(&spool)
                .map_err(|e| StoreError::io(format!("create a file in {}", spool.display()), e))
        })
        .await?;
        let mut copy = tokio::fs::File::from_std(copy);
        let mut content = self.shared.objects.get(&path).await?.into_stream();
        while let Some(bytes) = content.try_next().await? {
            copy.write_all(&bytes).await.map_err(failed)?;
        }
        copy.flush().await.map_err(failed)?;
        copy.rewind().await.map_err(failed)?;
        Ok(copy.into_std().await)
    }

    async fn open_reader(&self, sha1: &str) -> Result<(Box<dyn std::io::Read + Send>, u64)> {
        let mut file = match &self.shared.root {
            // At once: a thread of a native pipeline asks, and waiting for another one would cost more than reading.
            Some(root) => {
                self.settle().await?;
                local_file::open(&root.join(object_path(sha1)?.as_ref()), sha1)?
            }
            None => self.open_file(sha1).await?,
        };
        let failed = |e| StoreError::io(format!("read blob {sha1}"), e);
        let size = file.metadata().map_err(failed)?.len();
        if size <= CHECKED_IN_MEMORY {
            let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
            file.read_to_end(&mut bytes).map_err(failed)?;
            local_file::verify_bytes(&bytes, sha1)?;
            let size = bytes.len() as u64;
            return Ok((Box::new(Cursor::new(bytes)), size));
        }
        local_file::verify(&mut file, sha1)?;
        Ok((Box::new(file), size))
    }

    async fn blocking_writer(&self) -> Result<Box<dyn BlockingBlobWriter>> {
        // At once, as in `open_reader`.
        Ok(Box::new(BlockingSpool::new(
            self.shared.clone(),
            Spool::create(&self.shared.spool, self.shared.space.meter())?,
        )))
    }
}

#[cfg(test)]
mod tests;
