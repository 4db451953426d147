//! Files in areas outside of courses' own content (backups, uploads), and contents.

use super::{BlobRef, Lease, Result};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncSeek};

/// A file in an area; see `files` in the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AreaFile {
    pub id: u64,
    pub context: u64,
    pub component: String,
    pub area: String,
    pub item: u64,
    pub path: String,
    pub name: String,
    pub blob: BlobRef,
    pub mimetype: String,
    pub person: u64,
    pub created: i64,
}

/// A file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewAreaFile {
    pub context: u64,
    pub component: String,
    pub area: String,
    pub item: u64,
    pub path: String,
    pub name: String,
    pub blob: BlobRef,
    pub mimetype: String,
    pub person: u64,
}

/// What to do when a file of that path and name is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OnTaken {
    Refuse,
    Replace,
    /// `_2`, `_3` … before the last dot.
    AddSuffix,
}

/// Where a file of a course's own content is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ContentPlace<'a> {
    /// The context on this host, of a course or an activity.
    pub context: u64,
    pub component: &'a str,
    pub area: &'a str,
    pub item: i64,
    pub path: &'a str,
    pub name: &'a str,
}

/// A file of a course's own content.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ContentFile {
    pub course: u64,
    /// Whether the activity (or the course) it belongs to is shown.
    pub visible: bool,
    pub activity: Option<u64>,
    pub blob: BlobRef,
    pub mimetype: String,
    /// When the course came to be.
    pub created: i64,
}

/// The areas.
#[async_trait]
pub trait Files: Send + Sync {
    /// As created.
    async fn area_files(&self, context: u64, component: &str, area: &str, item: u64) -> Result<Vec<AreaFile>>;
    /// One file by id. Errors: `NotFound` (file).
    async fn area_file(&self, id: u64) -> Result<AreaFile>;
    /// One file by its place.
    async fn find_area_file(
        &self,
        context: u64,
        component: &str,
        area: &str,
        item: u64,
        path: &str,
        name: &str,
    ) -> Result<Option<AreaFile>>;
    /// A file of a course's own content, by its place.
    async fn find_content_file(&self, place: &ContentPlace<'_>) -> Result<Option<ContentFile>>;
    /// Adds one; with a lease, only while that holds. Errors: `Conflict` (file), `NotFound` (blob, or
    /// context: what it belongs to is not there any more).
    async fn put_area_file(&self, file: NewAreaFile, on_taken: OnTaken, lease: Option<&Lease>) -> Result<AreaFile>;
    /// Removes one; with a lease, once its job succeeds.
    async fn delete_area_file(&self, id: u64, lease: Option<&Lease>) -> Result<()>;
    /// A number for a new upload area that no one has.
    async fn new_item_id(&self) -> Result<u64>;
    /// The context of a person's own areas.
    async fn person_context(&self, person: u64) -> Result<u64>;
}

/// Something that can be read anywhere.
pub trait ReadSeek: AsyncRead + AsyncSeek + Send + Unpin {}
impl<T: AsyncRead + AsyncSeek + Send + Unpin> ReadSeek for T {}

/// Content under way into the blob store. Dropped unfinished, nothing of it remains.
#[async_trait]
pub trait BlobWriter: Send {
    /// Appends.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;
    /// Completes it: from now on it can be read; it is spared by sweeps while young, so that a row can name it.
    async fn finish(self: Box<Self>) -> Result<BlobRef>;
}

/// Contents by SHA-1 (the field's own pool key) plus SHA-256, each once, written atomically.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Begins one.
    async fn writer(&self) -> Result<Box<dyn BlobWriter>>;
    /// Stores one from memory.
    async fn put(&self, bytes: Bytes) -> Result<BlobRef>;
    /// Its size, or nothing.
    async fn size(&self, sha1: &str) -> Result<Option<u64>>;
    /// Up to `limit` bytes from `offset` on. Errors: `NotFound` (blob).
    async fn read(&self, sha1: &str, offset: u64, limit: u64) -> Result<Bytes>;
    /// The whole of it or a range (`start..end`), as a stream.
    async fn stream(
        &self,
        sha1: &str,
        range: std::ops::Range<u64>,
    ) -> Result<futures::stream::BoxStream<'static, Result<Bytes>>>;
    /// A local file with this content, for readers that seek: the stored one where blobs are local files, a temporary
    /// copy otherwise. Read only.
    async fn open_file(&self, sha1: &str) -> Result<std::fs::File>;
    /// A blocking reader and the size, for threads of a native pipeline. The content has been found to be what its name says.
    /// Errors: `NotFound`, `Corrupt`.
    async fn open_reader(&self, sha1: &str) -> Result<(Box<dyn std::io::Read + Send>, u64)>;
    /// A blocking writer into the store, for such threads: write, then [`BlockingBlobWriter::finish`].
    async fn blocking_writer(&self) -> Result<Box<dyn BlockingBlobWriter>>;
}

/// See [`Blobs::blocking_writer`].
pub trait BlockingBlobWriter: std::io::Write + Send {
    /// Completes it.
    fn finish(self: Box<Self>) -> Result<BlobRef>;
}
