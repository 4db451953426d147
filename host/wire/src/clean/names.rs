//! Names of plugins, components, files and people.

use std::borrow::Cow;

/// A plugin's name: lower case, a letter first, `_` within but not doubled after the second place, at least two
/// characters.
pub(super) fn is_plugin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    bytes.len() >= 2
        && first.is_ascii_lowercase()
        && *last != b'_'
        && bytes.iter().all(|b| is_lower_alphanumeric(*b) || *b == b'_')
        && !bytes[2..].windows(2).any(|pair| pair == b"__")
}

/// A component's full name: type, `_` and a name that begins with a letter and has at least two characters; or a
/// core name without `_`. Activity modules have exactly one `_`.
pub(super) fn is_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends_well = |bytes: &[u8]| bytes.len() >= 2 && bytes.last() != Some(&b'_');
    let starts_with_letter = |bytes: &[u8]| bytes.first().is_some_and(u8::is_ascii_lowercase);
    if !starts_with_letter(bytes)
        || !bytes.iter().all(|b| is_lower_alphanumeric(*b) || *b == b'_')
        || text.contains("__")
    {
        return false;
    }
    match text.split_once('_') {
        None => ends_well(bytes),
        Some(("mod", name)) if name.contains('_') => false,
        Some((_, name)) => starts_with_letter(name.as_bytes()) && ends_well(name.as_bytes()),
    }
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// A file's name: no control characters and none of `& < > " ` | ' : \ /`; `.` and `..` are none.
pub(super) fn file(text: &str) -> Cow<'_, str> {
    let name = super::keep(text, |c| !c.is_control() && !"&<>\"`|':\\/".contains(c));
    if matches!(name.as_ref(), "." | "..") { Cow::Borrowed("") } else { name }
}

/// A path: `\` becomes `/`, each part is cleaned as a file's name (a first `.` may stay), `//` and `/./` become `/`.
pub(super) fn path(text: &str) -> Cow<'_, str> {
    let slashed = text.replace('\\', "/");
    let parts: Vec<Cow<'_, str>> = slashed
        .split('/')
        .enumerate()
        .map(|(place, part)| if place == 0 && part == "." { Cow::Borrowed(part) } else { file(part) })
        .collect();
    let mut out = String::with_capacity(slashed.len());
    for c in parts.join("/").chars() {
        if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// A user name: lower case, letters, digits and `-._@`, no space around it.
pub(super) fn username(text: &str) -> Cow<'_, str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._@".contains(c);
    if text.chars().all(allowed) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.trim().to_lowercase().chars().filter(|c| allowed(*c)).collect())
}
