//! The faces a host shows on HTTP: the REST server, logins, batches of calls, files both ways, icons, what other servers send to
//! plugins, and pages that say what there is to call.
//!
//! They speak the wire protocol (moodle-webservices.md 1) and know no function by name.

mod ajax;
mod body;
mod call;
mod discovery;
mod download;
mod functions;
mod hook;
mod image;
mod limit;
mod proxy;
mod range;
mod rest;
mod script;
mod server;
mod state;
mod token;
mod upload;

pub use server::{router, serve};
pub use state::{FaceOptions, Faces};
