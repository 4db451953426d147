//! Goes through a document and shows every id and date in it to whoever wants to know or change them. Memory stays flat: only
//! values that the tables name are held until they end.

use super::RenumberError;
use super::links::Links;
use super::rule::{Before, Fields, Fit, Sense};
use super::tables;
use super::value::{Numbers, changed};
use crate::layout::PartName;
use crate::xml::fields::attribute_range;
use crate::xml::{Event, Scanner, XmlError, escape};

/// A value that cannot be changed piece by piece and is longer than this is refused, in bytes.
pub(super) const VALUE_LIMIT: usize = 4 << 20;

/// Numbers and keys longer than this are none, in bytes.
const SHORT: usize = 256;

/// Goes through one document.
#[derive(Debug)]
pub(super) struct Walker {
    part: String,
    scanner: Scanner,
    inner: Inner,
}

impl Walker {
    pub fn new(part: &PartName) -> Self {
        let inner = Inner {
            module: part.module().unwrap_or_default().to_owned(),
            rules: tables::rules(part),
            path: String::new(),
            lengths: Vec::new(),
            fields: Vec::new(),
            hold: None,
            links: Links::default(),
        };
        Self { part: part.path(), scanner: Scanner::new(), inner }
    }

    /// Takes the next piece of the document and passes it on, changed.
    pub fn feed(&mut self, chunk: &[u8], numbers: &mut impl Numbers, out: &mut Vec<u8>) -> Result<(), RenumberError> {
        let Self { part, scanner, inner } = self;
        scanner.feed(chunk, |scanner, event| inner.event(scanner, event, numbers, out)).map_err(|stop| match stop {
            Stop::Xml(error) => RenumberError::Xml { part: part.clone(), error },
            Stop::TooLarge { element, offset } => RenumberError::TooLarge { part: part.clone(), element, offset },
        })
    }

    /// Says that the document is complete.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), RenumberError> {
        self.scanner.finish().map_err(|error| RenumberError::Xml { part: self.part.clone(), error })?;
        self.inner.links.end(out);
        Ok(())
    }
}

enum Stop {
    Xml(XmlError),
    TooLarge { element: String, offset: u64 },
}

impl From<XmlError> for Stop {
    fn from(error: XmlError) -> Self {
        Stop::Xml(error)
    }
}

/// A value being read.
#[derive(Debug)]
struct Hold {
    depth: usize,
    sense: Sense,
    /// Whether fields after it need it.
    key: bool,
    raw: Vec<u8>,
}

#[derive(Debug)]
struct Inner {
    module: String,
    rules: Vec<Fit>,
    /// Names of the open elements, joined by `/`.
    path: String,
    /// Length of the path before each open element.
    lengths: Vec<usize>,
    /// The fields kept of each open element.
    fields: Vec<Fields>,
    hold: Option<Hold>,
    links: Links,
}

impl Inner {
    fn event(
        &mut self,
        scanner: &Scanner,
        event: Event<'_>,
        numbers: &mut impl Numbers,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        match event {
            Event::Start { name, empty, bytes } => {
                self.links.end(out);
                self.release(numbers, out);
                let name = String::from_utf8_lossy(name);
                self.lengths.push(self.path.len());
                self.fields.push(Fields::default());
                if !self.path.is_empty() {
                    self.path.push('/');
                }
                self.path.push_str(&name);
                self.tag(&name, bytes, numbers, out);
                if empty {
                    self.pop();
                } else if let Some(sense) = self.sense(&name) {
                    let key = matches!(sense, Sense::Key | Sense::Parameter { .. } | Sense::Response(_))
                        || tables::is_key_everywhere(&name);
                    self.hold = Some(Hold { depth: self.lengths.len(), sense, key, raw: Vec::new() });
                }
            }
            Event::End { bytes, .. } => {
                self.links.end(out);
                if let Some(hold) = self.hold.take() {
                    self.end_value(hold, numbers, out);
                }
                out.extend_from_slice(bytes);
                self.pop();
            }
            Event::Text(bytes) | Event::Cdata(bytes) => {
                if let Some(hold) = &mut self.hold {
                    hold.raw.extend_from_slice(bytes);
                    let long = matches!(
                        hold.sense,
                        Sense::List(_)
                            | Sense::CategoryPath
                            | Sense::Formula
                            | Sense::Availability
                            | Sense::QuestionFilter
                            | Sense::Extras
                    );
                    if !long && hold.raw.len() > SHORT {
                        self.release(numbers, out);
                    } else if hold.raw.len() > VALUE_LIMIT {
                        let element = self.path.rsplit('/').next().unwrap_or_default().to_owned();
                        return Err(Stop::TooLarge { element, offset: scanner.offset() });
                    }
                } else {
                    self.links.text(bytes, numbers, out);
                }
            }
            Event::Other(bytes) => match &mut self.hold {
                Some(hold) => hold.raw.extend_from_slice(bytes),
                None => {
                    self.links.end(out);
                    out.extend_from_slice(bytes);
                }
            },
        }
        Ok(())
    }

    /// What is held turned out to be no value of the kind: it goes on as text.
    fn release(&mut self, numbers: &mut impl Numbers, out: &mut Vec<u8>) {
        if let Some(hold) = self.hold.take() {
            self.links.text(&hold.raw, numbers, out);
            if hold.depth < self.lengths.len() {
                self.links.end(out);
            }
        }
    }

    fn pop(&mut self) {
        self.fields.pop();
        if let Some(before) = self.lengths.pop() {
            self.path.truncate(before);
        }
    }

    /// What stands before the innermost open element.
    fn before(&self) -> Before<'_> {
        let around = self.fields.len().saturating_sub(1);
        Before { path: &self.path, around: &self.fields[..around], module: &self.module }
    }

    /// The sense of a rule here.
    fn resolved(&self, sense: &Sense) -> Option<Sense> {
        match sense {
            Sense::By(of) => of(&self.before()),
            sense => Some(sense.clone()),
        }
    }

    /// What the content of the innermost open element is.
    fn sense(&self, name: &str) -> Option<Sense> {
        match self.rules.iter().find(|r| r.attribute.is_none() && r.fits(&self.path, name)) {
            Some(rule) => self.resolved(rule.sense),
            None => tables::everywhere(&self.path, name),
        }
    }

    /// Passes a start tag on, its attributes changed.
    fn tag(&mut self, name: &str, tag: &[u8], numbers: &mut impl Numbers, out: &mut Vec<u8>) {
        // Most have no attributes.
        if tag.len() <= name.len() + 3 {
            out.extend_from_slice(tag);
            return;
        }
        let mut edits = Vec::new();
        for rule in &self.rules {
            if let Some(attribute) = rule.attribute
                && rule.fits(&self.path, name)
                && let Some(sense) = self.resolved(rule.sense)
                && let Some(range) = attribute_range(tag, attribute)
                && let Some(new) = changed(&sense, &tag[range.clone()], &self.module, "", numbers)
            {
                edits.push((range, new));
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        let mut at = 0;
        for (range, new) in edits {
            if range.start >= at {
                out.extend_from_slice(&tag[at..range.start]);
                out.extend_from_slice(&new);
                at = range.end;
            }
        }
        out.extend_from_slice(&tag[at..]);
    }

    /// The value that was held is complete.
    fn end_value(&mut self, hold: Hold, numbers: &mut impl Numbers, out: &mut Vec<u8>) {
        let event = match hold.sense {
            Sense::Extras => self.before().field("eventname"),
            _ => "",
        };
        match changed(&hold.sense, &hold.raw, &self.module, event, numbers) {
            Some(new) => out.extend_from_slice(&new),
            None => out.extend_from_slice(&hold.raw),
        }
        if hold.key
            && let Some(parent) = self.fields.len().checked_sub(2)
        {
            let name = self.path.rsplit('/').next().unwrap_or_default();
            let value = escape::value(&hold.raw).map(|v| v.into_owned()).unwrap_or_default();
            self.fields[parent].set(name, value);
        }
    }
}
