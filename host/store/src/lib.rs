//! The store: courses, people, jobs, files, tokens, plugins and settings as rows, file contents as blobs.
//!
//! [`api`] says what a store does, in small traits; [`sqlite`] does it on an embedded database, [`blobs`] keeps
//! contents through `object_store`. [`conformance`] is the suite that every implementation has to pass.
//!
//! The layers above know only [`api`].

pub mod api;
