//! The renumberer: writes one archive of a course whose parts came from several scopes (architecture.md 2.2), and moves dates.
//!
//! Ids of a course are numbered per scope, so two things of one kind may have the same id. A course leaves in three steps:
//!
//! 1. [`Claims`] of every scope: which ids its documents define, from the documents and from rows known elsewhere.
//! 2. [`assign`] gives every scope an [`IdMap`]. Older scopes keep their ids, of a younger one only what is taken changes; what is
//!    bound to something of another scope gets its number.
//! 3. A [`Rewriter`] writes each document with its scope's map. If the map [changes nothing](IdMap::is_identity) and dates stay,
//!    documents may be written as they are.
//!
//! Where ids and dates stand is data (`tables/`). What changes are digits; every other byte comes out as it went in. Private ids (a
//! submission, an attempt) stay, unless a link in a text would hit another scope's.
//!
//! **Dates.** Moodle shifts a course's dates by the difference of its start dates when it is restored with another one
//! (mbz-format.md 7.6). What was planned moves, what happened stays; the table and the rule in full are in `tables/dates.rs`.

mod assign;
mod claims;
mod idset;
mod json;
mod kinds;
mod links;
mod map;
pub mod merge;
mod rewrite;
mod rule;
mod tables;
mod value;
mod walk;

pub use assign::{Binding, People, Scope, ScopeId, assign};
pub use claims::{ClaimScan, Claims};
pub use idset::IdSet;
pub use kinds::IdKind;
pub use map::IdMap;
pub use rewrite::Rewriter;
pub use tables::items::file_item;

use crate::xml::XmlError;

/// Why a document could not be looked at or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenumberError {
    /// The document is damaged.
    #[error("{part}: {error}")]
    Xml {
        /// The part's path in the archive.
        part: String,
        /// What is wrong, and where.
        error: XmlError,
    },
    /// A list or condition of ids is too long to be held.
    #[error("{part}: the value of <{element}> at byte {offset} is larger than {limit} bytes", limit = walk::VALUE_LIMIT)]
    TooLarge {
        /// The part's path in the archive.
        part: String,
        /// The element.
        element: String,
        /// Where the limit was hit, in bytes of the document.
        offset: u64,
    },
}

#[cfg(test)]
mod tests;
