//! What can go wrong with an archive, sorted so that a caller can act on it without reading the text.

use std::io;
use std::sync::Arc;

/// Short form used throughout the crate.
pub type Result<T> = std::result::Result<T, ArchiveError>;

/// An error of the reader or the writer.
///
/// `place` names the entry's path where one is concerned, else the part of the archive. Errors can be cloned, because a writer reports the
/// error of a worker thread on every later call, not only on the first.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file, the sink or the spool file failed. Says nothing about the archive's content.
    #[error("{place}: {source}")]
    Io {
        /// The entry, or what was being done.
        place: String,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The disk (or a quota on it) is full, or as full as it may become.
    #[error("{place}: {source}")]
    NoSpace {
        /// The entry, or what was being done.
        place: String,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The archive is damaged, cut short, or not an archive.
    #[error("{place}: {reason}")]
    Corrupt {
        /// The entry, or the part of the archive.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// One of [`Limits`](crate::Limits) was reached.
    #[error("{place}: {reason}")]
    Limit {
        /// The entry, or the part of the archive.
        place: String,
        /// Which limit, with its value.
        reason: String,
    },
    /// A sound archive that uses a feature which is not read or written here.
    #[error("{place}: {reason}")]
    Unsupported {
        /// The entry, or the part of the archive.
        place: String,
        /// The feature.
        reason: String,
    },
    /// No entry of this path was put aside.
    #[error("no entry `{path}` was put aside")]
    NotFound {
        /// The path asked for.
        path: String,
    },
    /// A path that must not be written. The archive is as it was.
    #[error("`{path}` cannot be an entry's path: {reason}")]
    InvalidPath {
        /// The path given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A source gave fewer or more bytes than was announced.
    #[error("`{path}`: announced with {announced} bytes, but its source has {}{given}", if *.more { "more than " } else { "only " })]
    SizeMismatch {
        /// The entry being written.
        path: String,
        /// Bytes announced.
        announced: u64,
        /// Bytes that came; with `more`, those that were asked for.
        given: u64,
        /// Whether the source has more than was announced.
        more: bool,
    },
    /// Calls in an order that makes no sense, such as `write` without `begin`.
    #[error("{0}")]
    Misuse(&'static str),
}

impl ArchiveError {
    /// An error of a file, sink or source, with a full disk told apart.
    pub(crate) fn io(place: impl Into<String>, error: io::Error) -> Self {
        let place = place.into();
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        let source = Arc::new(error);
        if full { Self::NoSpace { place, source } } else { Self::Io { place, source } }
    }

    /// An error that came through a decoder: what a decoder finds wrong is damage, the rest a fault of the disk.
    pub(crate) fn decoding(place: impl Into<String>, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Self::corrupt(place, "the archive is cut short: its compressed data ends here")
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::corrupt(place, format!("its compressed data is damaged ({error})"))
            }
            _ => Self::io(place, error),
        }
    }

    /// An error of the zip library.
    pub(crate) fn zip(place: impl Into<String>, error: rawzip::Error) -> Self {
        match error.into_kind() {
            rawzip::ErrorKind::IO(error) => Self::decoding(place, error),
            rawzip::ErrorKind::Eof => Self::corrupt(place, "the archive is cut short: it ends here"),
            kind => Self::corrupt(place, kind.to_string()),
        }
    }

    pub(crate) fn corrupt(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt { place: place.into(), reason: reason.into() }
    }

    pub(crate) fn limit(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Limit { place: place.into(), reason: reason.into() }
    }

    pub(crate) fn unsupported(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported { place: place.into(), reason: reason.into() }
    }
}
