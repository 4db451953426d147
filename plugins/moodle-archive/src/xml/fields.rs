//! The fields of one element: its attributes and the content of its direct children, as ranges of its bytes.

use std::borrow::Cow;
use std::ops::Range;

use super::{Event, Scanner, XmlError, escape};

/// One child element that holds text only.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: Range<usize>,
    /// What stands between the tags.
    content: Range<usize>,
}

/// The attributes and text children of an element, read without copying.
///
/// Of children with the same name the first counts. Children that hold elements are no fields.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    name: Range<usize>,
    tag: Range<usize>,
    fields: Vec<Field>,
}

impl<'a> Fields<'a> {
    /// Reads a complete element, with or without white space or a declaration before it.
    pub fn of(element: &'a [u8]) -> Result<Self, XmlError> {
        Self::read(element, 0, true)
    }

    /// Reads the beginning of an element, up to wherever its bytes end.
    pub fn of_head(head: &'a [u8]) -> Result<Self, XmlError> {
        Self::read(head, 0, false)
    }

    /// Reads the first element at the given level of a document: 0 is the root, 1 the root's first child, and so on.
    /// `activity > forum` of a module's document is level 1.
    pub fn of_level(document: &'a [u8], level: usize) -> Result<Self, XmlError> {
        Self::read(document, level, true)
    }

    /// As [`Fields::of_level`], from the beginning of a document that may go on. Fields beyond it are missing.
    pub fn of_level_head(head: &'a [u8], level: usize) -> Result<Self, XmlError> {
        Self::read(head, level, false)
    }

    fn read(bytes: &'a [u8], level: usize, complete: bool) -> Result<Self, XmlError> {
        let mut scanner = Scanner::new();
        let mut root: Option<(Range<usize>, Range<usize>)> = None;
        let mut done = false;
        let mut fields = Vec::new();
        // The child being read: its name, where its content begins, and whether it is text still.
        let mut open: Option<(Range<usize>, usize, bool)> = None;
        scanner.feed(bytes, |scanner, event| {
            let at = usize::try_from(scanner.offset()).unwrap_or(usize::MAX);
            match event {
                _ if done => {}
                Event::Start { name, empty, bytes } => {
                    let depth = scanner.depth() - usize::from(!empty);
                    let name = at + 1..at + 1 + name.len();
                    let end = at + bytes.len();
                    if root.is_none() {
                        if depth == level {
                            root = Some((name, at..end));
                            done = empty;
                        }
                    } else if depth == level + 1 {
                        if empty {
                            fields.push(Field { name, content: end..end });
                        } else {
                            open = Some((name, end, true));
                        }
                    } else if let Some(open) = &mut open {
                        open.2 = false;
                    }
                }
                Event::End { .. } => {
                    if scanner.depth() == level + 1 {
                        if let Some((name, start, true)) = open.take() {
                            fields.push(Field { name, content: start..at });
                        }
                    } else if scanner.depth() <= level && root.is_some() {
                        done = true;
                    }
                }
                _ => {}
            }
            Ok::<(), XmlError>(())
        })?;
        if complete {
            scanner.finish()?;
        }
        let Some((name, tag)) = root else {
            return Err(scanner.error(super::XmlErrorKind::Empty));
        };
        Ok(Self { bytes, name, tag, fields })
    }

    /// The element's name.
    pub fn name(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(&self.bytes[self.name.clone()])
    }

    /// The value of an attribute of the element.
    pub fn attribute(&self, name: &str) -> Option<String> {
        attribute(&self.bytes[self.tag.clone()], name)
    }

    /// An attribute as an id; `None` when it is missing or no whole number.
    pub fn attribute_id(&self, name: &str) -> Option<u64> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Whether there is such a field, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A field's content as written.
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|f| &self.bytes[f.name.clone()] == name.as_bytes())
            .map(|f| &self.bytes[f.content.clone()])
    }

    /// A field's value; `None` when it is null or missing.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).and_then(escape::value)
    }

    /// A field's value, empty when it is null or missing.
    pub fn text(&self, name: &str) -> String {
        self.get(name).map(Cow::into_owned).unwrap_or_default()
    }

    /// A field as an id or count, 0 when it is null, missing or no whole number.
    pub fn id(&self, name: &str) -> u64 {
        self.get(name).and_then(|v| v.trim().parse().ok()).unwrap_or(0)
    }

    /// A field as a signed number or time, 0 when it is null, missing or no whole number.
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).and_then(|v| v.trim().parse().ok()).unwrap_or(0)
    }

    /// A field as a flag: true when it is a whole number other than 0.
    pub fn flag(&self, name: &str) -> bool {
        self.number(name) != 0
    }

    /// Names of all fields, in order.
    pub fn names(&self) -> impl Iterator<Item = Cow<'a, str>> + '_ {
        self.fields.iter().map(|f| String::from_utf8_lossy(&self.bytes[f.name.clone()]))
    }
}

/// The value of an attribute in the bytes of a start tag.
pub fn attribute(tag: &[u8], name: &str) -> Option<String> {
    let range = attribute_range(tag, name)?;
    Some(escape::unescape(&String::from_utf8_lossy(&tag[range])).into_owned())
}

/// Where the value of an attribute stands in the bytes of a start tag, without its quotes.
pub fn attribute_range(tag: &[u8], name: &str) -> Option<Range<usize>> {
    let mut at = tag.iter().position(u8::is_ascii_whitespace)?;
    loop {
        let (key, value) = next_attribute(tag, &mut at)?;
        if &tag[key] == name.as_bytes() {
            return Some(value);
        }
    }
}

/// The attributes in the bytes of a start tag: names, and values as written.
pub fn attributes(tag: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = tag.iter().position(u8::is_ascii_whitespace);
    std::iter::from_fn(move || {
        let (key, value) = next_attribute(tag, at.as_mut()?)?;
        Some((&tag[key], &tag[value]))
    })
}

/// The next attribute of a start tag from `at` on, which then stands behind it.
fn next_attribute(tag: &[u8], position: &mut usize) -> Option<(Range<usize>, Range<usize>)> {
    let mut at = *position;
    loop {
        while tag.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        let start = at;
        while !matches!(tag.get(at)?, b'=' | b'>' | b'/') && !tag[at].is_ascii_whitespace() {
            at += 1;
        }
        let key = start..at;
        while tag.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        if tag[at] != b'=' {
            if key.is_empty() {
                return None;
            }
            continue;
        }
        at += 1;
        while tag.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        let quote = tag[at];
        if quote != b'"' && quote != b'\'' {
            return None;
        }
        at += 1;
        let length = tag.get(at..)?.iter().position(|&b| b == quote)?;
        *position = at + length + 1;
        return Some((key, at..at + length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USER: &[u8] = b"\n  <user id=\"7\" contextid='a&amp;b'>\n<name>A &lt; B</name><email>$@NULL@$</email><none/><deep><x>1</x></deep><n>12</n>\n</user>";

    #[test]
    fn fields_are_read() {
        let f = Fields::of(USER).unwrap();
        assert_eq!(f.name(), "user");
        assert_eq!(f.attribute_id("id"), Some(7));
        assert_eq!(f.attribute("contextid").as_deref(), Some("a&b"));
        assert_eq!(f.attribute("x"), None);
        let all: Vec<_> = attributes(b"<user id=\"7\" contextid='a&amp;b'/>").collect();
        assert_eq!(all, [(&b"id"[..], &b"7"[..]), (b"contextid", b"a&amp;b")]);
        assert_eq!(f.text("name"), "A < B");
        assert_eq!(f.get("email"), None);
        assert!(f.has("email"));
        assert_eq!(f.get("none").as_deref(), Some(""));
        assert!(!f.has("deep"));
        assert!(!f.has("x"));
        assert_eq!(f.number("n"), 12);
        assert_eq!(f.names().collect::<Vec<_>>(), ["name", "email", "none", "n"]);
    }

    #[test]
    fn heads_and_levels_are_read() {
        let f = Fields::of_head(b" <group id=\"5\"><name>R</name>").unwrap();
        assert_eq!((f.attribute_id("id"), f.text("name")), (Some(5), "R".into()));
        let doc = b"<activity id=\"1\"><forum id=\"2\"><name>F</name><a><name>no</name></a></forum><name>out</name></activity>";
        let f = Fields::of_level(doc, 1).unwrap();
        assert_eq!((f.name().as_ref(), f.attribute_id("id"), f.text("name")), ("forum", Some(2), "F".into()));
        assert!(Fields::of(b"<a><b></a>").is_err());
        assert!(Fields::of_level(b"<a></a>", 1).is_err());
    }

    proptest! {
        #[test]
        fn any_tag_is_taken(tag in "<a[ a-c='\"/>]{0,30}") {
            let _ = attribute(tag.as_bytes(), "b");
            // Each is found by its name; of two of one name the first.
            let all: Vec<_> = attributes(tag.as_bytes()).collect();
            for (name, _) in &all {
                let name = str::from_utf8(name).unwrap();
                let first = all.iter().find(|(n, _)| *n == name.as_bytes()).unwrap().1;
                prop_assert_eq!(&tag.as_bytes()[attribute_range(tag.as_bytes(), name).unwrap()], first);
            }
        }
    }
}
