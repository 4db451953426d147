//! The faces a host shows on HTTP: the REST server, downloads, uploads.
//!
//! They speak the wire protocol (moodle-webservices.md 1) and know no function by name.

mod download;
mod rest;
mod script;
mod server;
mod state;
mod upload;

pub use server::{router, serve};
pub use state::{FaceOptions, Faces};
