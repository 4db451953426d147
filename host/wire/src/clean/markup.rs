//! Removing tags from text, by the rules of PHP's `strip_tags` that can be seen from outside.

use std::borrow::Cow;

/// Cleans a TEXT: tags go, except the two ways of marking languages when every such tag is well formed.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    for (element, is_opening) in [("lang", is_lang_tag as fn(&str) -> bool), ("span", is_span_tag)] {
        let closing = format!("</{element}>");
        if text.contains(&closing) {
            let stripped = strip(text, Some(element));
            if is_well_formed(&stripped, &closing, is_opening) {
                return stripped;
            }
            break;
        }
    }
    strip_tags(text)
}

/// Removes all tags, comments and processing instructions, and zero bytes. A `<` before white space is text; any
/// other begins a tag, which an unclosed one stretches to the end.
pub fn strip_tags(text: &str) -> Cow<'_, str> {
    strip(text, None)
}

/// Whether tags open and close in turn and each is allowed.
fn is_well_formed(text: &str, closing: &str, is_opening: fn(&str) -> bool) -> bool {
    let mut open = false;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let Some(length) = rest[at..].find('>') else { break };
        let tag = &rest[at..=at + length];
        if tag == closing {
            if !open {
                return false;
            }
            open = false;
        } else if is_opening(tag) {
            open = true;
        } else {
            return false;
        }
        rest = &rest[at + length + 1..];
    }
    !open
}

/// `<lang lang="en">`
fn is_lang_tag(tag: &str) -> bool {
    let attributes = tag.strip_prefix("<lang ").and_then(|rest| rest.strip_suffix('>'));
    attributes.is_some_and(|text| is_lang_attribute(text.trim_ascii_end()))
}

/// `<span lang="en" class="multilang">`, in either order.
fn is_span_tag(tag: &str) -> bool {
    let Some(attributes) = tag.strip_prefix("<span").and_then(|rest| rest.strip_suffix('>')) else { return false };
    if !attributes.starts_with(|c: char| c.is_ascii_whitespace()) {
        return false;
    }
    let words: Vec<&str> = attributes.split_ascii_whitespace().collect();
    words.len() == 2 && words.iter().all(|word| *word == "class=\"multilang\"" || is_lang_attribute(word))
}

fn is_lang_attribute(text: &str) -> bool {
    let code = text.strip_prefix("lang=\"").and_then(|rest| rest.strip_suffix('"'));
    code.is_some_and(|code| !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)))
}

enum State {
    Text,
    /// In a tag that began at this byte: quote it is in, depth of `<` within.
    Tag {
        start: usize,
        quote: Option<char>,
        depth: usize,
    },
    /// In `<!--` until `-->`.
    Comment,
    /// In `<?` until `?>`.
    Instruction,
}

/// Removes tags except those of the element `kept`.
fn strip<'a>(text: &'a str, kept: Option<&str>) -> Cow<'a, str> {
    if !text.contains(['<', '\0']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut state = State::Text;
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        state = match state {
            State::Text => match c {
                '\0' => State::Text,
                // With an element to keep, PHP takes a lone `<` for a tag too.
                '<' if kept.is_none() && rest.starts_with(|c: char| c.is_ascii_whitespace()) => {
                    out.push(c);
                    State::Text
                }
                '<' if rest.starts_with("!--") => State::Comment,
                '<' if rest.starts_with('?') => State::Instruction,
                '<' => State::Tag { start: at, quote: None, depth: 0 },
                c => {
                    out.push(c);
                    State::Text
                }
            },
            State::Comment if c == '>' && text[..at].ends_with("--") => State::Text,
            State::Instruction if c == '>' && text[..at].ends_with('?') => State::Text,
            State::Tag { start, quote, depth } => match (c, quote) {
                ('"' | '\'', None) => State::Tag { start, quote: Some(c), depth },
                (c, Some(open)) if c == open => State::Tag { start, quote: None, depth },
                ('<', None) => State::Tag { start, quote, depth: depth + 1 },
                ('>', None) if depth > 0 => State::Tag { start, quote, depth: depth - 1 },
                ('>', None) => {
                    let tag = &text[start..=at];
                    if kept.is_some_and(|kept| element(tag).eq_ignore_ascii_case(kept)) {
                        out.push_str(tag);
                    }
                    State::Text
                }
                _ => State::Tag { start, quote, depth },
            },
            state => state,
        };
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// The name of a tag's element.
fn element(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    name.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or_default()
}
