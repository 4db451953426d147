//! What must hold whatever bytes come from outside, as functions that panic when it does not.
//!
//! The fuzz targets in `tests/fuzz` call them with inputs they make up; the test of this crate calls them with the inputs
//! kept in `tests/fuzz/seeds` and `tests/fuzz/findings`.

mod archive_reader;
mod archive_roundtrip;
mod chance;
mod options;
mod wire_answer;
mod wire_json_body;
mod wire_request;
mod xml_split;

/// Reads answers: the same code as that of the wire crate's own tests, where a failed `unwrap` is how a check fails, too.
#[path = "../../../host/wire/tests/support/xml.rs"]
#[allow(clippy::unwrap_used)]
mod answers;

pub use archive_reader::archive_reader;
pub use archive_roundtrip::archive_roundtrip;
pub use options::options;
pub use wire_answer::wire_answer;
pub use wire_json_body::wire_json_body;
pub use wire_request::wire_request;
pub use xml_split::xml_split;

/// A check of inputs.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, that of the fuzz target and of the folders with its inputs.
    pub name: &'static str,
    /// Checks one input; panics when an invariant does not hold.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "archive_reader", check: archive_reader },
    Target { name: "archive_roundtrip", check: archive_roundtrip },
    Target { name: "options", check: options },
    Target { name: "wire_answer", check: wire_answer },
    Target { name: "wire_json_body", check: wire_json_body },
    Target { name: "wire_request", check: wire_request },
    Target { name: "xml_split", check: xml_split },
];
