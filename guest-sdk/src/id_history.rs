//! Id history: the ids of what a course or content descends from by copying, as tools exchange it (proxy-tool-events.md 12.2;
//! the launch variables `Context.id.history` and `ResourceLink.id.history`, `resource_link_id_history` of older launches).

#[cfg(test)]
mod tests;

use crate::Result;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// The most ids that are written.
pub const MAX_IDS: usize = 50;
/// The most bytes that are written.
pub const MAX_BYTES: usize = 4 << 10;
/// The most ids that are read: a bound on what a stranger can make a plugin look for.
const MAX_READ: usize = 1_000;

/// What needs no encoding in a URL (RFC 3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Ids of ancestors, most recent first.
///
/// ```
/// use provost_guest::IdHistory;
///
/// let known = IdHistory::parse("link%2C7,link-3").unwrap_or_default();
/// assert_eq!(known.ids(), ["link,7", "link-3"]);
/// assert_eq!(known.copied("link-9").to_string(), "link-9,link%2C7,link-3");
/// assert_eq!(IdHistory::parse("$ResourceLink.id.history"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdHistory(Vec<String>);

impl IdHistory {
    /// Reads a history: ids parted by commas, each URL-encoded, most recent first. None where the sender does not know one:
    /// the text is empty, or is still the variable's own name, which begins with `$`.
    ///
    /// Reads what is not encoded well as it stands, `+` as a space, and leaves out empty entries.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('$') {
            return None;
        }
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let ids: Vec<_> = entries.take(MAX_READ).map(decoded).collect();
        (!ids.is_empty()).then_some(Self(ids))
    }

    /// The ids, most recent first.
    pub fn ids(&self) -> &[String] {
        &self.0
    }

    /// Whether nothing is in it: what it belongs to is nobody's copy.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The history of a copy of what has this history and the id `original`: at most [`MAX_IDS`] ids and [`MAX_BYTES`] bytes,
    /// without the oldest ones that would be too many.
    #[must_use]
    pub fn copied(&self, original: &str) -> Self {
        let ids = std::iter::once(original).chain(self.0.iter().map(String::as_str));
        ids.filter(|id| !id.is_empty()).map(str::to_owned).collect()
    }

    /// Walks the whole list, most recent first, until `look` finds something: an ancestor in between that was never opened is
    /// known to nobody.
    pub fn find<T>(&self, mut look: impl FnMut(&str) -> Result<Option<T>>) -> Result<Option<T>> {
        for id in &self.0 {
            if let Some(found) = look(id)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Of ids, most recent first; the oldest are left out where they are too many.
impl FromIterator<String> for IdHistory {
    fn from_iter<I: IntoIterator<Item = String>>(ids: I) -> Self {
        let mut bytes = 0;
        let fits = |id: &String| {
            let comma = usize::from(bytes > 0);
            bytes += comma + encoded(id).map(str::len).sum::<usize>();
            bytes <= MAX_BYTES
        };
        Self(ids.into_iter().take(MAX_IDS).take_while(fits).collect())
    }
}

/// As it is sent.
impl fmt::Display for IdHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, id) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}", utf8_percent_encode(id, ENCODED))?;
        }
        Ok(())
    }
}

fn encoded(id: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(id, ENCODED)
}

fn decoded(entry: &str) -> String {
    let spaced = entry.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(id) => id.into_owned(),
        Err(_) => entry.to_owned(),
    }
}
