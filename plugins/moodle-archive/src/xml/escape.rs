//! Escaping of text and attributes as Moodle does it (mbz-format.md 3), and the way back.

use std::borrow::Cow;

use super::NULL;

/// Escapes text: `&`, `<` and `>`; quotes stay. Carriage returns become line feeds (a CR LF pair one of them), control
/// characters other than tab and line feed vanish.
pub fn text(value: &str) -> Cow<'_, str> {
    escape(value, false)
}

/// Escapes the value of an attribute: as [`text`], and `"` too.
pub fn attribute(value: &str) -> Cow<'_, str> {
    escape(value, true)
}

fn escape(value: &str, quotes: bool) -> Cow<'_, str> {
    let special = |b: u8| {
        matches!(b, b'&' | b'<' | b'>' | 0x7f) || (b < 0x20 && b != b'\t' && b != b'\n') || (quotes && b == b'"')
    };
    if !value.bytes().any(special) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 16);
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if quotes => out.push_str("&quot;"),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{7f}' => {}
            c if (c as u32) < 0x20 && c != '\t' && c != '\n' => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Takes escapes back: the five named entities and numeric ones. An entity that means nothing stays as it is, so that
/// foreign text is never lost.
pub fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    if let Ok(clean) = quick_xml::escape::unescape(value) {
        return clean;
    }
    // One entity is bad: take them one by one.
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].find([';', '&']).map(|i| i + 1).filter(|&i| rest.as_bytes()[i] == b';');
        match end.map(|i| (i, quick_xml::escape::unescape(&rest[..=i]))) {
            Some((i, Ok(one))) => {
                out.push_str(&one);
                rest = &rest[i + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The value that an element's raw content stands for: `None` for the null mark, which must be exact. Bytes that are
/// not UTF-8 are replaced; CDATA sections are taken as text.
pub fn value(raw: &[u8]) -> Option<Cow<'_, str>> {
    if raw == NULL.as_bytes() {
        return None;
    }
    let parts = String::from_utf8_lossy(raw);
    if !parts.contains("<!") {
        return Some(match parts {
            Cow::Borrowed(text) => unescape(text),
            Cow::Owned(text) => Cow::Owned(unescape(&text).into_owned()),
        });
    }
    let mut out = String::new();
    let mut rest: &str = &parts;
    while let Some(at) = rest.find("<!") {
        out.push_str(&unescape(&rest[..at]));
        rest = &rest[at..];
        let (open, close, keep) =
            if rest.starts_with("<![CDATA[") { (9, "]]>", true) } else { (4.min(rest.len()), "-->", false) };
        // `get`, since what follows "<!" may be anything.
        let body = rest.get(open..).unwrap_or("");
        let end = body.find(close).unwrap_or(body.len());
        if keep {
            out.push_str(&body[..end]);
        }
        rest = body.get(end + close.len()..).unwrap_or("");
    }
    out.push_str(&unescape(rest));
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_escapes_three_characters_and_drops_control_characters() {
        assert_eq!(text("a<b>&\"'"), "a&lt;b&gt;&amp;\"'");
        assert_eq!(text("a\r\nb\rc\u{1}\u{7f}\td"), "a\nb\nc\td");
        assert_eq!(attribute("a\"b"), "a&quot;b");
    }

    #[test]
    fn null_is_exact() {
        assert_eq!(value(b"$@NULL@$"), None);
        assert_eq!(value(b" $@NULL@$").as_deref(), Some(" $@NULL@$"));
        assert_eq!(value(b"").as_deref(), Some(""));
    }

    #[test]
    fn foreign_text_is_kept() {
        assert_eq!(unescape("a &amp; b &nbsp; c &#65;&#x42; & d &;"), "a & b &nbsp; c AB & d &;");
        assert_eq!(value(b"x<![CDATA[<&amp;]]>y<!-- z -->&lt;").as_deref(), Some("x<&amp;y<"));
    }

    proptest! {
        #[test]
        fn unescape_takes_escape_back(s in "[^\\p{Cc}]{0,60}") {
            let (as_text, as_attribute) = (text(&s), attribute(&s));
            prop_assert_eq!(unescape(&as_text), s.as_str());
            prop_assert_eq!(unescape(&as_attribute), s.as_str());
        }

        #[test]
        fn value_takes_any_bytes(raw in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = value(&raw);
        }

        #[test]
        fn value_takes_any_markup(raw in "(<!|<!\\[CDATA\\[|\\]\\]>|-->|&|;|é|a|<!--){0,12}") {
            let _ = value(raw.as_bytes());
        }
    }
}
