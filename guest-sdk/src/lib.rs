//! Write plugins for Provost in Rust.
//!
//! A plugin is a struct that implements one or more of [`WebService`], [`JobRunner`], [`EventHandler`], [`WebHook`] and [`Lifecycle`], and an
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
//! What goes beyond the host's functions: [`copies`] finishes copies of items when they are opened, [`id_history`] reads and writes
//! the histories that launches bring.
//!
//! The manifest says what the plugin is and what it asks for; its path is relative to the source file. A plugin with jobs and a
//! gate too is in `examples/greeter`.
//!
//! What the host offers is in [`course_store`], [`courses`], [`enrolments`], [`archive`], [`blobs`], [`files`], [`people`],
//! [`services`], [`events`], [`plugin_data`], [`contents`], [`targets`], [`deliveries`], [`http`], [`jobs`], [`log`], [`clock`], [`random`] and [`config`], as the contract in `wit/` documents it. In a native build (`cargo test`) the same modules
//! are a test double in memory, see [`testing`].

extern crate self as provost_guest;

#[doc(hidden)]
#[allow(missing_docs)]
pub mod bindings;
pub mod copies;
pub mod describe;
mod error;
pub mod event;
mod export;
pub mod hook;
pub mod id_history;
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
    archive, blobs, clock, config, contents, course_store, courses, deliveries, enrolments, events, files, http, jobs,
    log, people, plugin_data, random, services,
};
#[cfg(not(target_arch = "wasm32"))]
pub use double::{
    archive, blobs, clock, config, contents, course_store, courses, deliveries, enrolments, events, files, http, jobs,
    log, people, plugin_data, random, services,
};

pub use bindings::imports::provost::plugin::targets;

pub use bindings::imports::provost::plugin::types::{BlobRef, Caller, Error, ErrorKind};
pub use describe::Describe;
pub use event::{EventContext, EventHandler, Events, Verdict};
pub use hook::WebHook;
pub use id_history::IdHistory;
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
        BlobRef, Caller, Change, Describe, Error, ErrorKind, EventContext, EventHandler, Events, Function, JobContext,
        JobRunner, Jobs, Lifecycle, Result, Verdict, WebHook, WebService, export_plugin,
    };
}

#[doc(hidden)]
pub mod internal {
    pub use crate::event::handle;
    pub use crate::export::enter;
    pub use crate::hook::receive;
    pub use crate::job::run;
    pub use crate::lifecycle::state_change;
    pub use crate::web_service::{call, functions};
}
