//! What stands in the documents of an archive, as text.

use crate::unpacked::Unpacked;

/// A document of an archive as text.
///
/// # Panics
/// When it is missing or no UTF-8.
pub fn document(archive: &Unpacked, path: &str) -> String {
    String::from_utf8(archive.documents.get(path).unwrap_or_else(|| panic!("{path} is missing")).clone())
        .expect("UTF-8")
}

/// The values of a field in a document, in order.
pub fn fields(document: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let values = document.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned()));
    values.collect()
}

/// A document with every number in it taken for the same.
pub fn without_numbers(document: &str) -> String {
    let mut out = String::new();
    for c in document.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            other => out.push(other),
        }
    }
    out
}

/// Directories of the activities in the order of the contents.
pub fn directories(archive: &Unpacked) -> Vec<String> {
    let master = document(archive, "moodle_backup.xml");
    fields(&master, "directory").into_iter().filter(|d| d.starts_with("activities/")).collect()
}
