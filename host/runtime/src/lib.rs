//! Turns a WebAssembly component into a safe, fast call.
//!
//! [`Engine`] compiles and caches; [`Plugin`] is one version of a plugin, linked against what it was granted; every call
//! gets a fresh instance, bounds on time, memory and output, and ends in exactly one [`Outcome`].
//!
//! Knows no rule of any learning management system, and no function by name.

#[allow(missing_docs)]
pub mod bindings;
mod buffer;
mod cache;
mod call;
mod configuration;
mod engine;
mod event_service;
mod handler;
mod host;
mod imports;
mod limits;
mod manifest;
mod outcome;
mod plugin;
mod state;

pub use cache::CacheDir;
pub use call::{CallContext, JobRun};
pub use configuration::ConfigurationError;
pub use engine::{Engine, EngineError, EngineOptions};
pub use event_service::{EventService, SwitchFailure};
pub use handler::{Delivery, HandleBounds, Handled, Hidden, Verdict};
pub use host::{Host, Offered, Outbound};
pub use imports::may_enter;
pub use limits::Limits;
pub use manifest::{CapabilityAsked, FileArea, ItemInUrl, JobKind, Manifest, ManifestError, ServiceOffered, Snapshots};
pub use outcome::{LimitKind, Outcome, PluginError, PluginErrorKind};
pub use plugin::{Exports, LoadError, Plugin};

pub use bindings::exports::provost::plugin::job_runner::JobContext;
pub use bindings::exports::provost::plugin::lifecycle::Change;
pub use bindings::exports::provost::plugin::web_hook;
pub use bindings::exports::provost::plugin::web_service::{Function, Request, TextSettings};
pub use bindings::provost::plugin::types::Caller;
