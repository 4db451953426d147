//! Placeholder while the double is written.
pub use crate::bindings::imports::provost::plugin::{archive, blobs, clock, config, course_store, files, jobs, log, people, random};
