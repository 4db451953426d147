//! The `Range` header (RFC 9110, 14.2).

use std::ops::Range;

/// What a request asks for of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Whole,
    Part(Range<u64>),
    Unsatisfiable,
}

/// Reads the header for a file of `size` bytes. One range is answered as such; several, or what is no range, get the whole.
pub(crate) fn parse(header: &str, size: u64) -> Asked {
    let Some(spec) = header.strip_prefix("bytes=").filter(|s| !s.contains(',')) else { return Asked::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Asked::Whole };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return Asked::Whole,
    };
    if range.start >= range.end { Asked::Unsatisfiable } else { Asked::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(parse("bytes=0-9", 100), Asked::Part(0..10));
        assert_eq!(parse("bytes=90-", 100), Asked::Part(90..100));
        assert_eq!(parse("bytes=-10", 100), Asked::Part(90..100));
        assert_eq!(parse("bytes=-1000", 100), Asked::Part(0..100));
        assert_eq!(parse("bytes=50-1000", 100), Asked::Part(50..100));
        assert_eq!(parse("bytes=100-", 100), Asked::Unsatisfiable);
        assert_eq!(parse("bytes=-0", 100), Asked::Unsatisfiable);
        for whole in ["bytes=9-3", "bytes=a-b", "items=0-9", "bytes=0-1,5-6", "bytes=-", ""] {
            assert_eq!(parse(whole, 100), Asked::Whole, "{whole}");
        }
        assert_eq!(parse(&format!("bytes=0-{}", u64::MAX), 100), Asked::Part(0..100));
    }
}
