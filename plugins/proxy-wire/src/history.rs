//! Ids that a thing descends from (`Context.id.history`, `ResourceLink.id.history`; proxy-tool-events.md 12.2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The most ids in a list.
pub const MAX_IDS: usize = 50;
/// The most bytes of one.
pub const MAX_BYTES: usize = 4 << 10;

/// All but what URLs never encode.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Ids, most recent first, as a variable's value. What is too long loses its oldest.
#[must_use]
pub fn print<T: AsRef<str>>(ids: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for id in ids.into_iter().take(MAX_IDS) {
        let id = utf8_percent_encode(id.as_ref(), ENCODED).to_string();
        if text.len() + id.len() + 1 > MAX_BYTES {
            break;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&id);
    }
    text
}

/// The ids of a variable's value, most recent first; none where it is unknown: empty, or the variable's own name.
#[must_use]
pub fn read(text: &str) -> Vec<String> {
    if text.starts_with('$') {
        return Vec::new();
    }
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty()).take(MAX_IDS);
    ids.filter_map(|id| percent_decode_str(id).decode_utf8().ok().map(String::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists() {
        assert_eq!(print(["20", "a,b", "é/ü"]), "20,a%2Cb,%C3%A9%2F%C3%BC");
        assert_eq!(read("20, a%2Cb,,%C3%A9%2F%C3%BC"), ["20", "a,b", "é/ü"]);
        assert_eq!((read("$Context.id.history"), read("")), (vec![], vec![]));
        let long = print((0..100).map(|id| id.to_string()));
        assert_eq!((read(&long).len(), read(&long)[0].as_str()), (MAX_IDS, "0"));
        let wide = print((0..50).map(|id| format!("{id}{}", "x".repeat(200))));
        assert!(wide.len() <= MAX_BYTES && read(&wide).len() == 20, "{}", read(&wide).len());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(ids in proptest::collection::vec("[ -~é]{1,20}", 0..50)) {
            prop_assert_eq!(read(&print(&ids)), ids);
        }
    }
}
