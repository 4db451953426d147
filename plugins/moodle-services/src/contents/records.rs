//! Entries of the lists in a module's document, such as the chapters of a book.

use provost_moodle_archive::xml::{Event, Scanner, XmlError, escape, fields};

/// How deep entries lie: activity, module, list, entry.
const DEPTH: usize = 4;
/// A field whose text is the thing itself and can be large; it is read only where it is asked for.
const BULKY: &[u8] = b"content";

/// An entry.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The element's name.
    pub name: String,
    /// Its id.
    pub id: u64,
    fields: Vec<(String, String)>,
}

impl Record {
    /// The text of a field; empty where it is null or missing.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(found, _)| found == name).map_or("", |(_, text)| text)
    }

    /// A field as a number; 0 where it is none.
    pub fn number(&self, name: &str) -> i64 {
        self.text(name).trim().parse().unwrap_or(0)
    }
}

/// Reads entries of these names, fed the document in pieces.
pub struct RecordReader {
    scanner: Scanner,
    wanted: &'static [&'static str],
    in_full: Option<u64>,
    open: Option<Record>,
    field: Option<(String, Vec<u8>)>,
    found: Vec<Record>,
}

impl RecordReader {
    /// Entries of these names, that of the number `in_full` with what is large in it.
    pub fn new(wanted: &'static [&'static str], in_full: Option<u64>) -> Self {
        Self { scanner: Scanner::new(), wanted, in_full, open: None, field: None, found: Vec::new() }
    }

    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), XmlError> {
        let Self { scanner, wanted, in_full, open, field, found } = self;
        scanner.feed(piece, |scanner, event| {
            match event {
                Event::Start { name, empty: false, bytes } if scanner.depth() == DEPTH => {
                    let name = String::from_utf8_lossy(name).into_owned();
                    let id = fields::attribute(bytes, "id").and_then(|id| id.trim().parse().ok()).unwrap_or(0);
                    *open = wanted.contains(&name.as_str()).then(|| Record { name, id, fields: Vec::new() });
                }
                Event::Start { name, empty: false, .. } if scanner.depth() == DEPTH + 1 && open.is_some() => {
                    let is_read = name != BULKY || (in_full.is_some() && open.as_ref().map(|r| r.id) == *in_full);
                    *field = is_read.then(|| (String::from_utf8_lossy(name).into_owned(), Vec::new()));
                }
                Event::End { .. } if scanner.depth() == DEPTH => {
                    if let (Some(record), Some((name, raw))) = (open.as_mut(), field.take()) {
                        let text = escape::value(&raw).unwrap_or_default().into_owned();
                        record.fields.push((name, text));
                    }
                }
                Event::End { .. } if scanner.depth() == DEPTH - 1 => found.extend(open.take()),
                Event::Text(bytes) | Event::Cdata(bytes) => {
                    if let Some((_, raw)) = field {
                        raw.extend_from_slice(bytes);
                    }
                }
                _ => {}
            }
            Ok::<(), XmlError>(())
        })
    }

    /// The entries.
    pub fn finish(self) -> Vec<Record> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_lists_are_read() {
        let document = b"<activity id=\"1\"><book id=\"2\"><name>B</name><chapters>\n<chapter id=\"7\"><title>A &amp; B</title><content>long</content><hidden>1</hidden></chapter><other id=\"8\"><title>x</title></other></chapters><chaptertags><tag id=\"3\"><itemid>7</itemid><rawname>t</rawname></tag></chaptertags></book></activity>";
        for size in [1, 9, document.len()] {
            let mut reader = RecordReader::new(&["chapter", "tag"], None);
            document.chunks(size).for_each(|piece| reader.feed(piece).unwrap());
            let found = reader.finish();
            assert_eq!(found.len(), 2);
            assert_eq!((found[0].id, found[0].text("title"), found[0].number("hidden")), (7, "A & B", 1));
            assert_eq!((found[0].text("content"), found[1].number("itemid")), ("", 7));
            let mut reader = RecordReader::new(&["chapter"], Some(7));
            document.chunks(size).for_each(|piece| reader.feed(piece).unwrap());
            assert_eq!(reader.finish()[0].text("content"), "long");
        }
    }
}
