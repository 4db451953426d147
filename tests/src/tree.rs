//! An XML document as a tree of elements with exact text, for judging what an archive says.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use thiserror::Error;

/// How a null is written (mbz-format.md 3).
pub const NULL: &str = "$@NULL@$";

/// Elements nested deeper than this are refused; real archives stay far below 100.
const MAX_DEPTH: usize = 512;

/// Why a document has no tree.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TreeError {
    /// The bytes are not UTF-8.
    #[error("invalid UTF-8 at byte {0}")]
    Utf8(usize),
    /// The document is not well-formed.
    #[error("not well-formed at byte {at}: {why}")]
    Malformed {
        /// Byte offset near the fault.
        at: u64,
        /// The parser's words.
        why: String,
    },
    /// A document type declaration, which no archive needs and which is the door of entity attacks.
    #[error("document type declaration at byte {0}")]
    Doctype(u64),
    /// No root element.
    #[error("no root element")]
    Empty,
}

/// One element: attributes and children in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Tag name.
    pub name: String,
    /// Attributes in the order written, values unescaped.
    pub attributes: Vec<(String, String)>,
    /// Child elements in the order written.
    pub children: Vec<Element>,
    /// Text, unescaped and exact; for an element with children, its text without the white space between them.
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The element at a path of first children, such as `["information", "contents"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |e, name| e.child(name))
    }

    /// Every child of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The text of a child, `None` when it is missing or null.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.as_str()).filter(|t| *t != NULL)
    }

    /// Calls `visit` for this element and everything below it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Element)) {
        visit(self);
        for child in &self.children {
            child.walk(visit);
        }
    }

    /// Every element of that name at any depth, this one included.
    pub fn find_all<'a>(&'a self, name: &str) -> Vec<&'a Element> {
        let mut found = Vec::new();
        self.walk(&mut |e| {
            if e.name == name {
                found.push(e);
            }
        });
        found
    }

    /// True when there is nothing in it but empty containers: no attribute, no text, no leaf with a value. A missing
    /// file and such a root say the same (mbz-format.md 2: a written file with nothing in it still has its root).
    pub fn is_hollow(&self) -> bool {
        self.attributes.is_empty() && self.text.trim().is_empty() && self.children.iter().all(Element::is_hollow)
    }
}

/// Reads a document.
///
/// # Errors
/// [`TreeError`] when it is not UTF-8, not well-formed, has a document type, or no root.
pub fn parse(bytes: &[u8]) -> Result<Element, TreeError> {
    let text = std::str::from_utf8(bytes).map_err(|e| TreeError::Utf8(e.valid_up_to()))?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    loop {
        let at = reader.buffer_position();
        let malformed = |why: String| TreeError::Malformed { at, why };
        let event = reader.read_event().map_err(|e| malformed(e.to_string()))?;
        match event {
            Event::Start(start) => {
                if root.is_some() && open.is_empty() {
                    return Err(malformed("a second root element".to_owned()));
                }
                if open.len() >= MAX_DEPTH {
                    return Err(malformed(format!("deeper than {MAX_DEPTH}")));
                }
                open.push(element(&start).map_err(malformed)?);
            }
            Event::Empty(start) => {
                if root.is_some() && open.is_empty() {
                    return Err(malformed("a second root element".to_owned()));
                }
                close(element(&start).map_err(malformed)?, &mut open, &mut root);
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| malformed("an end tag without start".to_owned()))?;
                close(done, &mut open, &mut root);
            }
            Event::Text(t) => match open.last_mut() {
                Some(e) => e.text.push_str(&t.xml10_content()),
                None if t.trim_start_matches('\u{feff}').trim().is_empty() => {}
                None => return Err(malformed("text outside the root".to_owned())),
            },
            Event::CData(t) => match open.last_mut() {
                Some(e) => e.text.push_str(&t.xml10_content()),
                None => return Err(malformed("text outside the root".to_owned())),
            },
            Event::GeneralRef(reference) => {
                let Some(e) = open.last_mut() else {
                    return Err(malformed("a reference outside the root".to_owned()));
                };
                match reference.resolve_char_ref().map_err(|e| malformed(e.to_string()))? {
                    Some(c) => e.text.push(c),
                    None => {
                        let name = reference.xml10_content();
                        let known = quick_xml::escape::resolve_predefined_entity(&name)
                            .ok_or_else(|| malformed(format!("unknown entity &{name};")))?;
                        e.text.push_str(known);
                    }
                }
            }
            Event::DocType(_) => return Err(TreeError::Doctype(at)),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(unclosed) = open.last() {
        return Err(TreeError::Malformed {
            at: bytes.len() as u64,
            why: format!("<{}> is never closed", unclosed.name),
        });
    }
    root.ok_or(TreeError::Empty)
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element { name: start.name().as_ref().to_owned(), attributes, ..Element::default() })
}

fn close(mut done: Element, open: &mut [Element], root: &mut Option<Element>) {
    if !done.children.is_empty() {
        done.text = done.text.trim().to_owned();
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => *root = Some(done),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_exact_and_order_kept() {
        let e = parse("<?xml version=\"1.0\"?>\n<a x=\"1 &amp; 2\">\n  <b> å &lt;i&gt; &#9731;</b>\n  <c></c>\n  <b>$@NULL@$</b>\n</a>".as_bytes())
            .unwrap();
        assert_eq!(e.attribute("x"), Some("1 & 2"));
        assert_eq!(e.value("b"), Some(" å <i> ☃"));
        assert_eq!(e.all("b").nth(1).map(|b| b.text.as_str()), Some(NULL));
        assert_eq!(e.text, "");
    }

    #[test]
    fn faults_are_named() {
        assert!(matches!(parse(b"<a><b></a>"), Err(TreeError::Malformed { .. })));
        assert!(matches!(parse(b"<a>"), Err(TreeError::Malformed { .. })));
        assert!(matches!(parse(b"<a/><b/>"), Err(TreeError::Malformed { .. })));
        assert!(matches!(parse(b"<!DOCTYPE a []><a/>"), Err(TreeError::Doctype(_))));
        assert_eq!(parse(b"<a>\xff</a>"), Err(TreeError::Utf8(3)));
        assert_eq!(parse(b"  "), Err(TreeError::Empty));
    }

    #[test]
    fn hollow_means_only_empty_containers() {
        assert!(parse(b"<a>\n<b>\n</b><c/></a>").unwrap().is_hollow());
        assert!(!parse(b"<a id=\"1\"/>").unwrap().is_hollow());
        assert!(!parse(b"<a><b>0</b></a>").unwrap().is_hollow());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
        #[test]
        fn never_panics_on_tags(text in "[<>/a&;# =\"!\\[\\]-]{0,60}") {
            let _ = parse(text.as_bytes());
        }
    }
}
