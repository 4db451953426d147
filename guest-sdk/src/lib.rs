//! Write plugins for Provost in Rust.
//!
//! A plugin is a struct that implements one or more of [`WebService`], [`JobRunner`] and [`Lifecycle`], and an
//! [`export_plugin!`] line that says which:
//!
//! ```
//! use provost_guest::prelude::*;
//!
//! struct Greeter;
//!
//! #[derive(serde::Deserialize, Describe)]
//! struct Whom {
//!     /// Who is greeted.
//!     name: String,
//! }
//!
//! #[derive(serde::Serialize, Describe)]
//! struct Greeting {
//!     /// What is said.
//!     text: String,
//! }
//!
//! fn greet(_: &Caller, whom: Whom) -> Result<Greeting> {
//!     Ok(Greeting { text: format!("Good morning, {}!", whom.name) })
//! }
//!
//! impl WebService for Greeter {
//!     fn functions() -> Vec<Function> {
//!         vec![Function::new("example_greet", "Greets somebody.", greet)]
//!     }
//! }
//!
//! export_plugin!(Greeter: web_service; manifest = "../examples/greeter/plugin.json");
//! ```
//!
//! The manifest says what the plugin is and what it asks for; its path is relative to the source file. A plugin with jobs and a
//! gate too is in `examples/greeter`.
//!
//! What the host offers is in [`course_store`], [`courses`], [`enrolments`], [`archive`], [`blobs`], [`files`], [`people`],
//! [`services`], [`deliveries`], [`jobs`], [`log`], [`clock`], [`random`] and [`config`], as the contract in `wit/` documents it. In a native build (`cargo test`) the same modules
//! are a test double in memory, see [`testing`].

extern crate self as provost_guest;

#[doc(hidden)]
#[allow(missing_docs)]
pub mod bindings;
pub mod describe;
mod error;
mod export;
mod job;
mod lifecycle;
pub mod pages;
pub mod web_service;

#[cfg(not(target_arch = "wasm32"))]
mod double;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[cfg(target_arch = "wasm32")]
pub use bindings::imports::provost::plugin::{
    archive, blobs, clock, config, course_store, courses, deliveries, enrolments, files, jobs, log, people, random,
    services,
};
#[cfg(not(target_arch = "wasm32"))]
pub use double::{
    archive, blobs, clock, config, course_store, courses, deliveries, enrolments, files, jobs, log, people, random,
    services,
};

pub use bindings::imports::provost::plugin::types::{BlobRef, Caller, Error, ErrorKind};
pub use describe::Describe;
pub use job::{JobContext, JobRunner, Jobs};
pub use lifecycle::{Change, Lifecycle};
pub use provost_guest_derive::Describe;
pub use serde_json;
pub use web_service::{Function, WebService};

/// Result of what may end in an error of the contract.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a plugin usually needs.
pub mod prelude {
    pub use crate::{
        BlobRef, Caller, Change, Describe, Error, ErrorKind, Function, JobContext, JobRunner, Jobs, Lifecycle, Result,
        WebService, export_plugin,
    };
}

#[doc(hidden)]
pub mod internal {
    pub use crate::export::enter;
    pub use crate::job::run;
    pub use crate::lifecycle::state_change;
    pub use crate::web_service::{call, functions};
}
