//! What a backup adds to `course/enrolments.xml` and `course/roles.xml` for those who were enrolled, or got a role, on the host
//! that writes it: rows in the form of Moodle's own (mbz-format.md 5.2), in documents that are otherwise left as they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::enrolments::{FIELDS, MANUAL};
use crate::xml::edit::{self, Edit};
use crate::xml::fields::Fields;
use crate::xml::{DECLARATION, Event, NULL, Scanner, XmlError, XmlErrorKind, escape};

/// A row larger than this is refused, in bytes.
const ROW_LIMIT: usize = 16 << 20;

/// Where a method says of which kind it is.
const KIND: &[&str] = &["enrolments", "enrols", "enrol", "enrol"];

/// An enrolment by the method `manual`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolment {
    /// Whether it is suspended.
    pub suspended: bool,
    /// Unix seconds, 0 for never.
    pub start: i64,
    /// Unix seconds, 0 for no end.
    pub end: i64,
}

/// What is added to a document, in numbers of the archive.
#[derive(Debug, Clone)]
pub enum Additions {
    /// To `course/enrolments.xml`.
    Enrolments {
        /// By person. Who is enrolled by the manual method already gets the new times and state.
        people: BTreeMap<u64, Enrolment>,
        /// The number of the manual method where there is none yet.
        method: u64,
    },
    /// To `course/roles.xml`: person and role. What is there already is not added.
    Roles(BTreeSet<(u64, u64)>),
}

impl Additions {
    /// The elements that lead to the rows.
    fn path(&self) -> &'static [&'static str] {
        match self {
            Additions::Enrolments { .. } => &["enrolments", "enrols", "enrol", "user_enrolments"],
            Additions::Roles(_) => &["roles", "role_assignments"],
        }
    }

    fn row(&self) -> &'static str {
        match self {
            Additions::Enrolments { .. } => "enrolment",
            Additions::Roles(_) => "assignment",
        }
    }

    /// Nothing to add to the same document, to look for its [`largest`](Adder::largest) number.
    pub fn none(&self) -> Self {
        match self {
            Additions::Enrolments { method, .. } => Additions::Enrolments { people: BTreeMap::new(), method: *method },
            Additions::Roles(_) => Additions::Roles(BTreeSet::new()),
        }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Additions::Enrolments { people, .. } => people.is_empty(),
            Additions::Roles(rows) => rows.is_empty(),
        }
    }
}

/// Adds rows to a document that comes in pieces.
#[derive(Debug)]
pub struct Adder {
    additions: Additions,
    /// The number of the next new row.
    next: u64,
    largest: u64,
    scanner: Scanner,
    path: Vec<Vec<u8>>,
    /// White space that may be in front of an end tag.
    space: Vec<u8>,
    /// The row that is being read.
    row: Option<Vec<u8>>,
    /// The kind of the enrolment method that is being read, as written.
    kind: Vec<u8>,
    /// Whether the open method is the one to which enrolments are added.
    chosen: bool,
    /// Whether everything was added.
    done: bool,
}

impl Adder {
    /// `first` is the number of the first new row: one above [`largest`](Self::largest).
    pub fn new(additions: Additions, first: u64) -> Self {
        let done = additions.is_empty();
        Self {
            additions,
            next: first,
            largest: 0,
            scanner: Scanner::new(),
            path: Vec::new(),
            space: Vec::new(),
            row: None,
            kind: Vec::new(),
            chosen: false,
            done,
        }
    }

    /// A document that was not there.
    pub fn document(additions: Additions) -> Result<Vec<u8>, XmlError> {
        let root = additions.path().first().copied().unwrap_or_default();
        let mut adder = Self::new(additions, 1);
        let document = adder.feed(format!("{DECLARATION}<{root}>\n</{root}>").as_bytes())?;
        adder.finish()?;
        Ok(document)
    }

    /// The largest number of a row so far.
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// Takes a piece of the document and returns what becomes of it.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<u8>, XmlError> {
        let mut out = Vec::with_capacity(chunk.len() + 256);
        let mut scanner = std::mem::take(&mut self.scanner);
        let fed = scanner.feed(chunk, |scanner, event| self.event(scanner, event, &mut out));
        self.scanner = scanner;
        if self.path.is_empty() {
            out.append(&mut self.space);
        }
        fed.map(|()| out)
    }

    /// Says that the document is complete.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.scanner.finish()
    }

    fn event(&mut self, scanner: &Scanner, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), XmlError> {
        if let Event::Start { name, .. } = event {
            self.path.push(name.to_vec());
        }
        match (&mut self.row, event) {
            (Some(row), event) => {
                row.extend_from_slice(event.bytes());
                if row.len() > ROW_LIMIT {
                    let what = format!("a row is larger than {ROW_LIMIT} bytes");
                    return Err(scanner.error(XmlErrorKind::Content(what)));
                }
            }
            (None, Event::Start { empty, bytes, .. }) => self.start(bytes, empty, out),
            (None, Event::End { bytes, .. }) => {
                self.end(out);
                out.append(&mut self.space);
                out.extend_from_slice(bytes);
            }
            (None, Event::Text(text)) if text.iter().all(u8::is_ascii_whitespace) => {
                self.space.extend_from_slice(text);
            }
            (None, event) => {
                out.append(&mut self.space);
                out.extend_from_slice(event.bytes());
                if self.is_at(KIND) {
                    self.kind.extend_from_slice(event.bytes());
                }
            }
        }
        if matches!(event, Event::End { .. } | Event::Start { empty: true, .. }) {
            if self.path.len() == self.additions.path().len() + 1
                && let Some(row) = self.row.take()
            {
                out.extend(self.read(row)?);
            }
            self.path.pop();
        }
        Ok(())
    }

    fn is_at(&self, path: &[&str]) -> bool {
        self.path.len() == path.len() && self.path.iter().zip(path).all(|(a, b)| a == b.as_bytes())
    }

    /// How many of the elements that lead to the rows are open, if it is they that are.
    fn level(&self) -> Option<usize> {
        let way = self.additions.path();
        let level = self.path.len();
        way.get(..level).filter(|way| self.is_at(way)).map(|_| level)
    }

    /// Whether what is open at this level is where rows are added. There are several methods, and one of them is.
    fn is_here(&self, level: usize) -> bool {
        level < 3 || self.chosen
    }

    fn start(&mut self, bytes: &[u8], empty: bool, out: &mut Vec<u8>) {
        out.append(&mut self.space);
        let way = self.additions.path();
        let is_row = self.path.len() == way.len() + 1
            && self.path.last().is_some_and(|name| name == self.additions.row().as_bytes())
            && self.path.iter().zip(way).all(|(a, b)| a == b.as_bytes());
        if is_row {
            self.row = Some(bytes.to_vec());
            return;
        }
        let level = self.level();
        if level == Some(3) {
            self.kind.clear();
            self.chosen = false;
        }
        match level.filter(|level| empty && !self.done && self.is_here(*level)) {
            Some(level) => {
                let inside = bytes.strip_suffix(b">").unwrap_or(bytes);
                let slash = inside.iter().rposition(|&b| b != b'/').map_or(0, |i| i + 1);
                out.extend_from_slice(&inside[..slash]);
                out.push(b'>');
                self.add(level, out);
                let name = way.get(level - 1).copied().unwrap_or_default();
                out.extend_from_slice(format!("\n{}</{name}>", indent(level - 1)).as_bytes());
            }
            None => out.extend_from_slice(bytes),
        }
    }

    /// An element ends: what is missing in it goes in front of the white space before its end tag.
    fn end(&mut self, out: &mut Vec<u8>) {
        if self.is_at(KIND) && !self.done {
            let kind = escape::value(&self.kind).unwrap_or_default();
            self.chosen = kind.trim() == MANUAL;
        }
        if let Some(level) = self.level().filter(|level| !self.done && self.is_here(*level)) {
            self.add(level, out);
        }
    }

    /// Writes everything that is left into the element that is open, with the elements between.
    fn add(&mut self, level: usize, out: &mut Vec<u8>) {
        self.done = true;
        if self.additions.is_empty() {
            return;
        }
        let way = self.additions.path();
        let missing = way.get(level..).unwrap_or_default();
        let mut text = String::new();
        for (deeper, name) in missing.iter().enumerate() {
            let indent = indent(level + deeper);
            match &self.additions {
                Additions::Enrolments { method, .. } if *name == "enrol" => {
                    text.push_str(&format!("\n{indent}<enrol id=\"{method}\">"));
                    for (field, value) in FIELDS {
                        text.push_str(&format!("\n{indent}  <{field}>{}</{field}>", value.unwrap_or(NULL)));
                    }
                }
                _ => text.push_str(&format!("\n{indent}<{name}>")),
            }
        }
        let rows: Vec<String> = match &mut self.additions {
            Additions::Enrolments { people, .. } => {
                std::mem::take(people).into_iter().map(|(person, e)| enrolment(person, e)).collect()
            }
            Additions::Roles(rows) => {
                std::mem::take(rows).into_iter().map(|(person, role)| assignment(person, role)).collect()
            }
        };
        let (name, indent_of_row) = (self.additions.row(), indent(way.len()));
        for fields in rows {
            let id = self.next;
            self.next += 1;
            text.push_str(&format!("\n{indent_of_row}<{name} id=\"{id}\">{fields}\n{indent_of_row}</{name}>"));
        }
        for (deeper, name) in missing.iter().enumerate().rev() {
            text.push_str(&format!("\n{}</{name}>", indent(level + deeper)));
        }
        out.extend(text.into_bytes());
    }

    /// A row that is there already, as it stays.
    fn read(&mut self, row: Vec<u8>) -> Result<Vec<u8>, XmlError> {
        let fields = Fields::of(&row)?;
        self.largest = self.largest.max(fields.attribute_id("id").unwrap_or(0));
        let person = fields.id("userid");
        match &mut self.additions {
            Additions::Roles(rows) => {
                if fields.text("component").is_empty() {
                    rows.remove(&(person, fields.id("roleid")));
                }
                Ok(row)
            }
            Additions::Enrolments { people, .. } => {
                let Some(new) = (if self.chosen { people.remove(&person) } else { None }) else { return Ok(row) };
                let was = Enrolment {
                    suspended: fields.flag("status"),
                    start: fields.number("timestart"),
                    end: fields.number("timeend"),
                };
                if was == new {
                    return Ok(row);
                }
                let (status, start, end) =
                    (u8::from(new.suspended).to_string(), new.start.to_string(), new.end.to_string());
                let edits = [
                    Edit::content(&["enrolment", "status"], Some(&status)),
                    Edit::content(&["enrolment", "timestart"], Some(&start)),
                    Edit::content(&["enrolment", "timeend"], Some(&end)),
                ];
                Ok(edit::apply(&row, &edits)?.bytes)
            }
        }
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

fn enrolment(person: u64, new: Enrolment) -> String {
    let Enrolment { suspended, start, end } = new;
    let status = u8::from(suspended);
    format!(
        "\n          <status>{status}</status>\n          <userid>{person}</userid>\n          <timestart>{start}</timestart>\n          \
         <timeend>{end}</timeend>\n          <modifierid>0</modifierid>\n          <timemodified>0</timemodified>"
    )
}

fn assignment(person: u64, role: u64) -> String {
    format!(
        "\n      <roleid>{role}</roleid>\n      <userid>{person}</userid>\n      <timemodified>0</timemodified>\n      \
         <modifierid>0</modifierid>\n      <component></component>\n      <itemid>0</itemid>\n      <sortorder>0</sortorder>"
    )
}

#[cfg(test)]
#[path = "participants_tests.rs"]
mod tests;
