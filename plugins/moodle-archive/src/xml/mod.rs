//! XML as Moodle writes and reads it: escaping, an incremental tokenizer with exact bytes, fields of elements, edits that
//! leave every other byte alone, small trees, and a writer in Moodle's form (mbz-format.md 3).

pub mod edit;
pub mod elements;
pub mod escape;
pub mod fields;
pub mod scan;
pub mod tree;
pub mod write;

pub use scan::{Event, Scanner, XmlError, XmlErrorKind};

/// The declaration every document of a backup begins with, and the line break after it.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The text that stands for null (mbz-format.md 3).
pub const NULL: &str = "$@NULL@$";

/// How deep elements may nest.
pub const DEPTH_LIMIT: usize = 256;
