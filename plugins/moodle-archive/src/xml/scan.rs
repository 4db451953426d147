//! An incremental tokenizer: fed a document in pieces of any size, it yields events whose bytes, put together, are the
//! document. It checks that elements nest, refuses document type declarations, and keeps no more than one tag in memory.
//!
//! An own one because the libraries either want the whole document or do not say which bytes an event came from.

use memchr::{memchr, memchr_iter, memmem};

use super::depth_limit;

/// A tag longer than this is refused, in bytes.
const TAG_LIMIT: usize = 1 << 20;

/// A name longer than this is refused, in bytes.
const NAME_LIMIT: usize = 1 << 10;

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, at line {line} (byte {offset})")]
pub struct XmlError {
    /// What is wrong.
    pub kind: XmlErrorKind,
    /// Line, from 1.
    pub line: u64,
    /// Offset of the token in the document, in bytes.
    pub offset: u64,
}

/// What can be wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlErrorKind {
    /// A document type declaration: such a document could define entities, so it is refused (mbz-format.md 11).
    #[error("a document type declaration is not allowed")]
    DocumentType,
    /// Elements nest deeper than [`depth_limit`].
    #[error("elements nest deeper than {0} levels")]
    Depth(usize),
    /// A name of an element longer than a kibibyte: the names of all open elements are kept.
    #[error("the name of an element is longer than a kibibyte")]
    NameTooLong,
    /// A tag without a proper name.
    #[error("a tag without a proper name")]
    Name,
    /// A tag longer than a mebibyte.
    #[error("a tag is longer than a mebibyte")]
    TagTooLong,
    /// An end tag that closes another element than the open one.
    #[error("</{found}> where </{expected}> was due")]
    Mismatch {
        /// The end tag's name.
        found: String,
        /// The open element.
        expected: String,
    },
    /// An end tag without a start.
    #[error("</{0}> closes nothing")]
    Unopened(String),
    /// Text outside the root element.
    #[error("text outside the root element")]
    Stray,
    /// A second root element.
    #[error("a second root element <{0}>")]
    SecondRoot(String),
    /// The document ends inside an element.
    #[error("the document ends inside <{0}>")]
    Unclosed(String),
    /// The document ends inside a tag, comment, CDATA section or instruction.
    #[error("the document ends inside markup")]
    Truncated,
    /// There is no root element.
    #[error("the document has no root element")]
    Empty,
    /// A value of an element that a reader needs is missing or cannot be read.
    #[error("{0}")]
    Content(String),
}

/// One token. Its bytes are the document's own; an event may carry a piece of a text only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A start tag, or an element without content written as one tag (`empty`), for which no [`Event::End`] follows.
    Start {
        /// The element's name.
        name: &'a [u8],
        /// Whether the element is complete with this tag.
        empty: bool,
        /// The whole tag.
        bytes: &'a [u8],
    },
    /// An end tag.
    End {
        /// The element's name.
        name: &'a [u8],
        /// The whole tag.
        bytes: &'a [u8],
    },
    /// Text as written, escapes and all, or a piece of it.
    Text(&'a [u8]),
    /// A CDATA section with its markup, or a piece of it.
    Cdata(&'a [u8]),
    /// A declaration, instruction or comment, or a piece of it.
    Other(&'a [u8]),
}

impl<'a> Event<'a> {
    /// The bytes that the event stands for.
    pub fn bytes(&self) -> &'a [u8] {
        match *self {
            Event::Start { bytes, .. }
            | Event::End { bytes, .. }
            | Event::Text(bytes)
            | Event::Cdata(bytes)
            | Event::Other(bytes) => bytes,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Content,
    Cdata,
    Comment,
    Instruction,
}

/// The tokenizer. See the module's description.
#[derive(Debug, Clone)]
pub struct Scanner {
    state: State,
    pending: Vec<u8>,
    /// Names of the open elements one after the other, and where each begins.
    names: Vec<u8>,
    starts: Vec<usize>,
    rooted: bool,
    offset: u64,
    line: u64,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            state: State::Content,
            pending: Vec::new(),
            names: Vec::new(),
            starts: Vec::new(),
            rooted: false,
            offset: 0,
            line: 1,
        }
    }
}

impl Scanner {
    /// A scanner at the start of a document.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.starts.len()
    }

    /// Bytes turned into events so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// An error of the given kind at the current place.
    pub fn error(&self, kind: XmlErrorKind) -> XmlError {
        XmlError { kind, line: self.line, offset: self.offset }
    }

    /// Takes the next piece of the document and gives every event it completes to `sink`. After an error the
    /// scanner is of no use.
    pub fn feed<E: From<XmlError>>(
        &mut self,
        chunk: &[u8],
        mut sink: impl FnMut(&mut Self, Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.pending.is_empty() {
            let used = self.run(chunk, &mut sink)?;
            self.pending.extend_from_slice(&chunk[used..]);
        } else {
            let mut held = std::mem::take(&mut self.pending);
            held.extend_from_slice(chunk);
            let used = self.run(&held, &mut sink)?;
            held.drain(..used);
            self.pending = held;
        }
        Ok(())
    }

    /// Says that the document is complete. An incomplete one is an error.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        if !self.pending.is_empty() || self.state != State::Content {
            return Err(self.error(XmlErrorKind::Truncated));
        }
        if !self.starts.is_empty() {
            return Err(self.error(XmlErrorKind::Unclosed(lossy(self.innermost()))));
        }
        if !self.rooted {
            return Err(self.error(XmlErrorKind::Empty));
        }
        Ok(())
    }

    fn innermost(&self) -> &[u8] {
        self.starts.last().map_or(&[], |&at| &self.names[at..])
    }

    fn run<E: From<XmlError>>(
        &mut self,
        data: &[u8],
        sink: &mut impl FnMut(&mut Self, Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut at = 0;
        while at < data.len() {
            let rest = &data[at..];
            let used = match self.state {
                State::Cdata => self.until(rest, b"]]>", Event::Cdata, sink)?,
                State::Comment => self.until(rest, b"-->", Event::Other, sink)?,
                State::Instruction => self.until(rest, b"?>", Event::Other, sink)?,
                State::Content if rest[0] == b'<' => self.markup(rest, sink)?,
                State::Content => {
                    let end = memchr(b'<', rest).unwrap_or(rest.len());
                    if self.starts.is_empty() && !outside(&rest[..end]) {
                        return Err(self.error(XmlErrorKind::Stray).into());
                    }
                    self.pass(Event::Text(&rest[..end]), sink)?;
                    end
                }
            };
            if used == 0 {
                break;
            }
            at += used;
        }
        Ok(at)
    }

    fn pass<E>(
        &mut self,
        event: Event<'_>,
        sink: &mut impl FnMut(&mut Self, Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let bytes = event.bytes();
        sink(self, event)?;
        self.offset += bytes.len() as u64;
        self.line += memchr_iter(b'\n', bytes).count() as u64;
        Ok(())
    }

    /// Passes on what lies before the end mark, and the mark; keeps back what could be the beginning of one.
    fn until<'a, E>(
        &mut self,
        rest: &'a [u8],
        mark: &[u8],
        event: impl Fn(&'a [u8]) -> Event<'a>,
        sink: &mut impl FnMut(&mut Self, Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let end = match memmem::find(rest, mark) {
            Some(i) => {
                self.state = State::Content;
                i + mark.len()
            }
            None => rest.len().saturating_sub(mark.len() - 1),
        };
        if end > 0 {
            self.pass(event(&rest[..end]), sink)?;
        }
        Ok(end)
    }

    fn markup<E: From<XmlError>>(
        &mut self,
        rest: &[u8],
        sink: &mut impl FnMut(&mut Self, Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        const CDATA: &[u8] = b"<![CDATA[";
        const COMMENT: &[u8] = b"<!--";
        match rest.get(1) {
            None => return Ok(0),
            Some(b'?') => {
                self.state = State::Instruction;
                self.pass(Event::Other(&rest[..2]), sink)?;
                return Ok(2);
            }
            Some(b'!') => {
                if rest.starts_with(COMMENT) {
                    self.state = State::Comment;
                    self.pass(Event::Other(COMMENT), sink)?;
                    return Ok(COMMENT.len());
                }
                if rest.starts_with(CDATA) {
                    if self.starts.is_empty() {
                        return Err(self.error(XmlErrorKind::Stray).into());
                    }
                    self.state = State::Cdata;
                    self.pass(Event::Cdata(CDATA), sink)?;
                    return Ok(CDATA.len());
                }
                if COMMENT.starts_with(rest) || CDATA.starts_with(rest) {
                    return Ok(0);
                }
                return Err(self.error(XmlErrorKind::DocumentType).into());
            }
            Some(_) => {}
        }
        let end = tag_end(rest);
        // Also a tag that came in one piece.
        if end.unwrap_or(rest.len()) > TAG_LIMIT {
            return Err(self.error(XmlErrorKind::TagTooLong).into());
        }
        let Some(end) = end else { return Ok(0) };
        let tag = &rest[..end];
        if tag[1] == b'/' {
            let name = tag[2..end - 1].trim_ascii_end();
            if self.starts.is_empty() {
                return Err(self.error(XmlErrorKind::Unopened(lossy(name))).into());
            }
            if self.innermost() != name {
                let kind = XmlErrorKind::Mismatch { found: lossy(name), expected: lossy(self.innermost()) };
                return Err(self.error(kind).into());
            }
            if let Some(at) = self.starts.pop() {
                self.names.truncate(at);
            }
            self.pass(Event::End { name, bytes: tag }, sink)?;
        } else {
            let empty = tag[end - 2] == b'/' && end > 3;
            let inner = &tag[1..end - 1 - usize::from(empty)];
            let name = &inner[..inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len())];
            if !name_is_proper(name) {
                return Err(self.error(XmlErrorKind::Name).into());
            }
            if self.starts.is_empty() && self.rooted {
                return Err(self.error(XmlErrorKind::SecondRoot(lossy(name))).into());
            }
            if name.len() > NAME_LIMIT {
                return Err(self.error(XmlErrorKind::NameTooLong).into());
            }
            let deepest = depth_limit();
            if self.starts.len() >= deepest {
                return Err(self.error(XmlErrorKind::Depth(deepest)).into());
            }
            self.rooted = true;
            if !empty {
                self.starts.push(self.names.len());
                self.names.extend_from_slice(name);
            }
            self.pass(Event::Start { name, empty, bytes: tag }, sink)?;
        }
        Ok(end)
    }
}

/// Where a tag that begins at the first byte ends: after the first `>` outside quotes.
fn tag_end(rest: &[u8]) -> Option<usize> {
    let first = memchr(b'>', rest)?;
    // Most tags have no attributes: the first `>` ends them.
    if memchr::memchr2(b'"', b'\'', &rest[..first]).is_none() {
        return Some(first + 1);
    }
    let mut quote = None;
    for (i, &b) in rest.iter().enumerate() {
        match quote {
            Some(q) if b == q => quote = None,
            Some(_) => {}
            None if b == b'"' || b == b'\'' => quote = Some(b),
            None if b == b'>' => return Some(i + 1),
            None => {}
        }
    }
    None
}

fn name_is_proper(name: &[u8]) -> bool {
    name.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || *b >= 0x80)
        && !name.iter().any(|b| matches!(b, b'<' | b'/' | b'"' | b'\'' | b'=' | b'&'))
}

/// Whether text may stand outside the root element: white space, and a byte order mark.
fn outside(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_whitespace() || matches!(b, 0xEF | 0xBB | 0xBF))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
