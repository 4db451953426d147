//! Moodle's web-service wire protocol as pure functions: bytes of a request in, bytes of an answer out.
//!
//! The crate knows the protocol, the parameter types and the error classes; it knows no function by name. What a
//! function takes and returns it learns from a [`description::Description`], the JSON of `wit/web-service.wit`.
//!
//! One call goes through it like this:
//!
//! 1. [`request::parse`] turns query string and body into control parameters and a tree of function parameters;
//! 2. [`validate::parameters`] checks that tree against the function's description;
//! 3. the host calls the function;
//! 4. [`respond::answer`] cleans what came back and prints it as JSON or XML, or [`error::WireError`] prints the refusal;
//! 5. [`headers::of`] gives the headers both go out with.
//!
//! Source of the rules: `moodle-webservices.md` 1, `moodle-observed.md` 9 and the recordings of a real Moodle 4.5.
//! Rules a paragraph gives are cited as "webservices 1.4".

#![cfg_attr(test, allow(clippy::unwrap_used))] // In tests a panic is the failure.

mod check;
pub mod clean;
pub mod description;
pub mod error;
pub mod form;
pub mod format;
pub mod headers;
pub mod json_body;
mod php_number;
pub mod request;
pub mod respond;
pub mod validate;

pub use description::{Description, ParamType};
pub use error::{ErrorKind, Family, WireError};
pub use format::Format;
