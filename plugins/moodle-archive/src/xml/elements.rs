//! Iterates the entries of a list document, such as `users.xml` or `files.xml`, piece by piece: the bytes of every child of
//! the root of one name, each with the white space before it.

use super::{Event, Scanner, XmlError, XmlErrorKind};

/// An entry larger than this is refused, in bytes.
pub const ENTRY_LIMIT: usize = 16 << 20;

/// White space before an entry that is kept with it, in bytes.
const SPACE_LIMIT: usize = 4096;

/// Cuts a list document into its entries. Feed pieces of any size, take the entries complete so far.
#[derive(Debug, Clone)]
pub struct Elements {
    scanner: Scanner,
    name: &'static str,
    space: Vec<u8>,
    entry: Option<Vec<u8>>,
    ready: Vec<Vec<u8>>,
}

impl Elements {
    /// Entries are the children of the root with this name. Others are left out.
    pub fn new(name: &'static str) -> Self {
        Self { scanner: Scanner::new(), name, space: Vec::new(), entry: None, ready: Vec::new() }
    }

    /// Takes the next piece of the document.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), XmlError> {
        let Self { scanner, name, space, entry, ready } = self;
        scanner.feed(chunk, |scanner, event| {
            let bytes = event.bytes();
            if let Some(open) = entry {
                if open.len() + bytes.len() > ENTRY_LIMIT {
                    return Err(
                        scanner.error(XmlErrorKind::Content(format!("a <{name}> is larger than {ENTRY_LIMIT} bytes")))
                    );
                }
                open.extend_from_slice(bytes);
                if matches!(event, Event::End { .. }) && scanner.depth() == 1 {
                    ready.extend(entry.take());
                }
                return Ok(());
            }
            match event {
                Event::Start { name: found, empty, .. }
                    if found == name.as_bytes() && scanner.depth() == 2 - usize::from(empty) =>
                {
                    let mut bytes_so_far = std::mem::take(space);
                    bytes_so_far.extend_from_slice(bytes);
                    if empty {
                        ready.push(bytes_so_far);
                    } else {
                        *entry = Some(bytes_so_far);
                    }
                }
                Event::Text(text) if scanner.depth() == 1 => {
                    let blank = text.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
                    if blank < text.len() {
                        space.clear();
                    }
                    let text = &text[text.len() - blank..];
                    // White space beyond any reason is not kept, in whatever pieces it comes.
                    let room = SPACE_LIMIT.saturating_sub(space.len());
                    space.extend_from_slice(&text[..room.min(text.len())]);
                }
                _ => space.clear(),
            }
            Ok(())
        })
    }

    /// The entries completed since the last call.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.ready)
    }

    /// Says that the document is complete.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.scanner.finish()
    }

    /// All entries of a document in memory.
    pub fn all(name: &'static str, document: &[u8]) -> Result<Vec<Vec<u8>>, XmlError> {
        let mut elements = Self::new(name);
        elements.feed(document)?;
        elements.finish()?;
        Ok(elements.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found while the fuzz targets were written: of much white space as much was kept as came in one piece.
    #[test]
    fn much_white_space_is_cut_in_whatever_pieces_it_comes() {
        let doc = format!("<us>{}<u/></us>", " ".repeat(SPACE_LIMIT + 100));
        for size in [1, 1000, doc.len()] {
            let mut elements = Elements::new("u");
            doc.as_bytes().chunks(size).for_each(|chunk| elements.feed(chunk).unwrap());
            assert_eq!(elements.take()[0].len(), SPACE_LIMIT + "<u/>".len(), "in pieces of {size}");
        }
    }

    /// Found by fuzzing: the white space after text was kept if it came in another piece than the text.
    #[test]
    fn text_before_an_entry_is_left_out_in_whatever_pieces_it_comes() {
        let doc = b"<us>text \n <u/></us>";
        for size in 1..=doc.len() {
            let mut elements = Elements::new("u");
            doc.chunks(size).for_each(|chunk| elements.feed(chunk).unwrap());
            assert_eq!(elements.take(), [b" \n <u/>"], "in pieces of {size}");
        }
    }

    #[test]
    fn entries_keep_their_bytes() {
        let doc = b"<us>\n  <u id=\"1\"><u>deep</u></u><v/>\n <u/>\n</us>";
        for size in 1..doc.len() {
            let mut elements = Elements::new("u");
            let mut all = Vec::new();
            for chunk in doc.chunks(size) {
                elements.feed(chunk).unwrap();
                all.extend(elements.take());
            }
            elements.finish().unwrap();
            assert_eq!(all, [b"\n  <u id=\"1\"><u>deep</u></u>".to_vec(), b"\n <u/>".to_vec()]);
        }
    }
}
