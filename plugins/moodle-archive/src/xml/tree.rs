//! A small document as a tree. For documents that are read whole, such as the master file; what can be large is split
//! or iterated instead.

use super::{Event, NULL, Scanner, XmlError, escape, fields};

/// A document of more elements is refused: each costs about 150 bytes beside its text, and a course of 10,000 activities has
/// some 200,000 in its master file.
pub const ELEMENT_LIMIT: usize = 400_000;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// The bytes of its start tag, for its attributes.
    tag: Vec<u8>,
    /// All text directly in it, unescaped. The null mark stays as it is.
    pub text: String,
    /// Its children.
    pub children: Vec<Element>,
    /// Line of its start tag, from 1.
    pub line: u64,
}

impl Element {
    /// Reads a document. It must be UTF-8.
    pub fn parse(document: &[u8]) -> Result<Self, XmlError> {
        let mut scanner = Scanner::new();
        let mut stack: Vec<(Element, Vec<u8>)> = Vec::new();
        let mut root = None;
        let mut line = 1;
        let mut count = 0;
        scanner.feed(document, |scanner, event| {
            let here = line;
            line += memchr::memchr_iter(b'\n', event.bytes()).count() as u64;
            match event {
                Event::Start { name, empty, bytes } => {
                    count += 1;
                    if count > ELEMENT_LIMIT {
                        let what = format!("the document has more than {ELEMENT_LIMIT} elements");
                        return Err(scanner.error(super::XmlErrorKind::Content(what)));
                    }
                    let element = Element {
                        name: String::from_utf8_lossy(name).into_owned(),
                        tag: bytes.to_vec(),
                        line: here,
                        ..Element::default()
                    };
                    if empty {
                        close(&mut stack, &mut root, element);
                    } else {
                        stack.push((element, Vec::new()));
                    }
                }
                Event::End { .. } => {
                    if let Some((mut element, raw)) = stack.pop() {
                        if std::str::from_utf8(&raw).is_err() {
                            let what = format!("<{}> holds bytes that are not UTF-8", element.name);
                            return Err(scanner.error(super::XmlErrorKind::Content(what)));
                        }
                        element.text = escape::value(&raw).map_or_else(|| NULL.to_owned(), |v| v.into_owned());
                        close(&mut stack, &mut root, element);
                    }
                }
                Event::Text(bytes) | Event::Cdata(bytes) => {
                    if let Some((_, raw)) = stack.last_mut() {
                        raw.extend_from_slice(bytes);
                    }
                }
                Event::Other(_) => {}
            }
            Ok(())
        })?;
        scanner.finish()?;
        root.ok_or_else(|| scanner.error(super::XmlErrorKind::Empty))
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        fields::attribute(&self.tag, name)
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The children of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The text of the first child of that name, with the null mark as `None`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.as_str()).filter(|t| *t != NULL)
    }
}

fn close(stack: &mut [(Element, Vec<u8>)], root: &mut Option<Element>, element: Element) {
    match stack.last_mut() {
        Some((parent, _)) => parent.children.push(element),
        None => *root = Some(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read() {
        let root =
            Element::parse(b"<a id=\"1\">\n<b>x &amp;<![CDATA[<y]]></b><b>2</b><c>$@NULL@$</c><d/></a>").unwrap();
        assert_eq!(root.attribute("id").as_deref(), Some("1"));
        assert_eq!(root.field("b"), Some("x &<y"));
        assert_eq!(root.all("b").count(), 2);
        assert_eq!(root.field("c"), None);
        assert_eq!(root.field("d"), Some(""));
        assert_eq!(root.child("b").unwrap().line, 2);
    }

    #[test]
    fn bad_utf8_is_refused() {
        let error = Element::parse(b"<a><b>\xff</b></a>").unwrap_err();
        assert!(error.to_string().contains("<b> holds bytes"), "{error}");
    }
}
