//! Id histories of LTI launches: `Context.id.history` and `ResourceLink.id.history` (proxy-tool-events.md 12.2).
//!
//! A list of ids, each URL-encoded, the most recent ancestor first.

#[cfg(test)]
mod tests;

use crate::Result;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Ancestors that are kept.
pub const MAX_ENTRIES: usize = 50;
/// Bytes that a history may have.
pub const MAX_BYTES: usize = 4096;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The ids of a history as it arrives; none where the platform does not know the variable: it then sends its name, beginning with `$`, or
/// nothing.
pub fn parse(history: &str) -> Option<Vec<String>> {
    let history = history.trim();
    if history.is_empty() || history.starts_with('$') {
        return None;
    }
    let decode = |entry: &str| percent_decode_str(entry.trim()).decode_utf8_lossy().into_owned();
    Some(history.split(',').map(decode).filter(|id| !id.is_empty()).collect())
}

/// The history of these ids, the most recent first. Beyond 50 entries or 4 KiB the oldest are left out.
pub fn produce<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> String {
    let mut history = String::new();
    for id in ids.into_iter().filter(|id| !id.as_ref().is_empty()).take(MAX_ENTRIES) {
        let entry = utf8_percent_encode(id.as_ref(), RESERVED).to_string();
        let comma = usize::from(!history.is_empty());
        if history.len() + comma + entry.len() > MAX_BYTES {
            break;
        }
        if comma > 0 {
            history.push(',');
        }
        history.push_str(&entry);
    }
    history
}

/// The history of a copy of `of`, whose own history this is.
pub fn descend(history: &str, of: &str) -> String {
    let ids = parse(history).unwrap_or_default();
    produce(std::iter::once(of).chain(ids.iter().map(String::as_str)))
}

/// Asks for one ancestor after the other, the whole list along, until one is known: copies in between may never have been opened.
pub fn resolve<T>(history: &str, mut known: impl FnMut(&str) -> Result<Option<T>>) -> Result<Option<T>> {
    for id in parse(history).unwrap_or_default() {
        if let Some(found) = known(&id)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
