//! Moodle's backup format (`.mbz`) as knowledge without input or output: what its documents mean, how they are cut into
//! runs under facets, what they refer to, how their ids change, and how they are written again byte for byte.
//!
//! Used by the guests that back up and restore courses. Everything here is pure: bytes in, bytes out, of any size in
//! pieces of any size. The format is described in the reference page mbz-format.md; where a doc comment names a
//! section, it is of that page, "observed" stands for moodle-observed.md.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod columns;
pub mod course_document;
pub mod details;
pub mod enrolments;
pub mod facets;
pub mod filesxml;
pub mod layout;
pub mod manifest;
pub mod naming;
pub mod options;
pub mod participants;
pub mod people;
pub mod profile;
pub mod references;
pub mod renumber;
pub mod roles;
pub mod rows;
pub mod split;
pub mod xml;

#[cfg(test)]
mod testing;
