//! The fields at the head of a document: text children up to the first one that holds elements. Archives have all plain fields
//! of a thing before what is nested in it, so nothing behind needs to be read.

use provost_moodle_archive::xml::{Event, Scanner, XmlError, escape};

/// A field whose text is the thing itself and can be large; it is read only where it is asked for.
const BULKY: &[u8] = b"content";

/// Fields of one element.
#[derive(Debug, Clone, Default)]
pub struct Head {
    fields: Vec<(String, Option<String>)>,
}

impl Head {
    /// The text of a field; `None` where it is null or missing.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name)?.1.as_deref()
    }

    /// A field as a number or time; 0 where it is null, missing or no whole number.
    pub fn number(&self, name: &str) -> i64 {
        self.text(name).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// A field as a number, with what holds where it is missing.
    pub fn number_or(&self, name: &str, missing: i64) -> i64 {
        self.text(name).and_then(|text| text.trim().parse().ok()).unwrap_or(missing)
    }
}

/// Reads a head, fed the document in pieces.
pub struct HeadReader {
    scanner: Scanner,
    /// How deep the element lies: 0 is the root.
    level: usize,
    in_full: bool,
    open: Option<(String, Vec<u8>)>,
    head: Head,
    done: bool,
}

impl HeadReader {
    /// The head of the first element at a level: 0 is the document's root, 1 its first child.
    pub fn new(level: usize) -> Self {
        Self { scanner: Scanner::new(), level, in_full: false, open: None, head: Head::default(), done: false }
    }

    /// The same with what is large in it.
    pub fn in_full(level: usize) -> Self {
        Self { in_full: true, ..Self::new(level) }
    }

    /// Takes the next piece. Returns whether the head is complete.
    pub fn feed(&mut self, piece: &[u8]) -> Result<bool, XmlError> {
        let Self { scanner, level, in_full, open, head, done } = self;
        let is_read = |name: &str| *in_full || name.as_bytes() != BULKY;
        scanner.feed(piece, |scanner, event| {
            match event {
                _ if *done => {}
                Event::Start { name, empty, .. } => {
                    let depth = scanner.depth() - usize::from(!empty);
                    let name = String::from_utf8_lossy(name).into_owned();
                    if depth == *level + 1 {
                        if empty {
                            head.fields.push((name, Some(String::new())));
                        } else {
                            *open = Some((name, Vec::new()));
                        }
                    } else if depth > *level + 1 {
                        *done = true;
                    }
                }
                Event::End { .. } if scanner.depth() == *level + 1 => {
                    if let Some((name, raw)) = open.take().filter(|(name, _)| is_read(name)) {
                        head.fields.push((name, escape::value(&raw).map(std::borrow::Cow::into_owned)));
                    }
                }
                Event::End { .. } => *done = scanner.depth() <= *level,
                Event::Text(bytes) | Event::Cdata(bytes) => {
                    if let Some((_, raw)) = open.as_mut().filter(|(name, _)| is_read(name)) {
                        raw.extend_from_slice(bytes);
                    }
                }
                Event::Other(_) => {}
            }
            Ok::<(), XmlError>(())
        })?;
        Ok(self.done)
    }

    /// What was read.
    pub fn finish(self) -> Head {
        self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_up_to_what_is_nested() {
        let document = b"<activity id=\"1\"><book id=\"3\"><name>A &amp; B</name><intro>$@NULL@$</intro><content>long</content><n>7</n><e/><chapters> <chapter><x>1</x></chapter></chapters><late>1</late></book></activity>";
        for size in [1, 7, document.len()] {
            let mut reader = HeadReader::new(1);
            let mut pieces = document.chunks(size);
            assert!(pieces.any(|piece| reader.feed(piece).unwrap()));
            let head = reader.finish();
            assert_eq!((head.text("name"), head.text("intro"), head.text("e")), (Some("A & B"), None, Some("")));
            assert_eq!((head.number("n"), head.number("late"), head.number_or("late", 5)), (7, 0, 5));
            assert_eq!((head.text("content"), head.text("x")), (None, None));
            let mut reader = HeadReader::in_full(1);
            assert!(document.chunks(size).any(|piece| reader.feed(piece).unwrap()));
            assert_eq!(reader.finish().text("content"), Some("long"));
        }
    }
}
