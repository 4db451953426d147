//! The host's side of the contract, an interface a file.

pub mod archive;
mod blobs;
mod contents;
pub mod course_store;
mod course_types;
mod courses;
mod deliveries;
mod enrolments;
pub(crate) mod event_types;
mod events;
mod files;
mod http;
mod jobs;
mod people;
mod plugin_data;
mod services;
mod site;
mod targets;

pub use people::may_enter;

use crate::bindings::provost::plugin::types as wit;
use crate::state::CallState;

impl wit::Host for CallState {}

/// What a host function answers: the outer error ends the call, the inner one is the plugin's to handle.
type Answer<T> = wasmtime::Result<Result<T, wit::Error>>;

/// The most that one call reads or lists, whatever the plugin asks for.
const MAX_READ: u32 = 1 << 20;
const MAX_PAGE: u32 = 1_000;

/// The result of a call below as a host function's answer.
fn answered<T, E: Into<wit::Error>>(result: Result<T, E>) -> Answer<T> {
    Ok(result.map_err(Into::into))
}

/// `?` for the inner error of a host function.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Ok(Err(error.into())),
        }
    };
}
use attempt;

impl From<provost_store::api::StoreError> for wit::Error {
    fn from(error: provost_store::api::StoreError) -> Self {
        crate::state::store_error(error)
    }
}
