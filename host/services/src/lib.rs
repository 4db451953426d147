//! Durable machinery between faces and runtime: which plugin answers a call ([`Registry`]), who may call
//! ([`access`]), the call itself ([`dispatch`]), and work that outlives a call ([`Worker`]).
//!
//! Knows no rule of any learning management system, and no function by name.

pub mod access;
pub mod audit;
mod capabilities;
pub mod delivery;
pub mod dispatch;
pub mod files;
mod functions;
pub mod hooks;
mod install;
pub mod login;
mod registry;
mod worker;

pub use functions::FunctionSpec;
pub use install::{InstallError, Installed};
pub use provost_runtime::TextSettings;
pub use registry::{BuiltIn, Catalog, Registry, RegistryError, Source};
pub use worker::{Worker, WorkerOptions};
