//! XML as Moodle writes and reads it: escaping, an incremental tokenizer with exact bytes, fields of elements, edits that
//! leave every other byte alone, small trees, and a writer in Moodle's form (mbz-format.md 3).

pub mod edit;
pub mod elements;
pub mod escape;
pub mod fields;
pub mod scan;
pub mod tree;
pub mod write;

use std::sync::atomic::{AtomicUsize, Ordering};

pub use scan::{Event, Scanner, XmlError, XmlErrorKind};

/// The declaration every document of a backup begins with, and the line break after it.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The text that stands for null (mbz-format.md 3).
pub const NULL: &str = "$@NULL@$";

/// How deep elements may nest where nobody says otherwise.
pub const DEPTH_LIMIT: usize = 256;

/// The depth that holds just now. One for the whole program: a plugin's instance serves one call, and every reader in it is to
/// take what the others take.
static DEPTH: AtomicUsize = AtomicUsize::new(DEPTH_LIMIT);

/// Sets how deep elements may nest, from now on and for every reader; kept between 16, which Moodle's own documents need, and 4096.
pub fn set_depth_limit(levels: usize) {
    DEPTH.store(levels.clamp(16, 4096), Ordering::Relaxed);
}

/// How deep elements may nest.
pub fn depth_limit() -> usize {
    DEPTH.load(Ordering::Relaxed)
}
