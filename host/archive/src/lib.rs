//! Archives in the forms zip and tar.gz, as streams: a [`Reader`] that goes through one from front to back, and a [`Writer`] that
//! compresses on all cores. Plain blocking code behind the interface `archive` of the plugin contract.
//!
//! Both know nothing of courses and backups; what they accept and write is what a Moodle accepts and writes (mbz-format.md 1).

// A failed `unwrap` is how a test fails.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod limits;
mod path;
mod reader;
mod writer;

pub use error::{ArchiveError, Result};
pub use limits::Limits;
pub use path::SkipReason;
pub use reader::{Entry, Reader, Skipped};
pub use writer::{Sink, Writer, WriterOptions};

/// The form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A zip file, with zip64 where it is needed.
    Zip,
    /// A tar archive in one gzip stream.
    TarGz,
}
