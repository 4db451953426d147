//! Cuts a document into runs: stretches of its bytes at element borders, each under facets (architecture.md 2.1).
//!
//! Feed a [`Splitter`] pieces of any size and take what is ready. **All bytes of all runs, in order, are the document.**
//! An element takes the white space before it along. Memory stays flat: text runs are handed out in pieces of about
//! [`PIECE`] bytes, and only rows and elements whose facets depend on their content are held until they end.

mod hold;

use crate::facets::{self, Facets, PartRules, Probe, Rule, When};
use crate::layout::PartName;
use crate::references::scan::{Found, LeafScan};
use crate::rows::{Around, Row};
use crate::xml::fields::attribute;
use crate::xml::{Event, Scanner, XmlError};
use hold::{Hold, HoldKind, Resolved};

/// About how many bytes a run has at most. A single row may be larger.
pub const PIECE: usize = 256 << 10;

/// White space before an element that is kept for it, in bytes; if it is longer, all of it goes with the text before.
const SPACE_LIMIT: usize = 64 << 10;

/// Why a document could not be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// The document is damaged.
    #[error("{part}: {error}")]
    Xml {
        /// The part's path in the archive.
        part: String,
        /// What is wrong, and where.
        error: XmlError,
    },
    /// A row is larger than [`ROW_LIMIT`](hold::ROW_LIMIT).
    #[error("{part}: the element <{element}> at byte {offset} is larger than {limit} bytes", limit = hold::ROW_LIMIT)]
    TooLarge {
        /// The part's path in the archive.
        part: String,
        /// The row's element.
        element: String,
        /// Where the limit was hit, in bytes of the document.
        offset: u64,
    },
}

/// What a run holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// Bytes as they are.
    Text(Vec<u8>),
    /// Rows, in order.
    Rows(Vec<Row>),
}

/// A run with the facets it carries beyond those of its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetedRun {
    /// The facets.
    pub facets: Facets,
    /// The bytes.
    pub run: Run,
}

impl FacetedRun {
    /// All bytes of the run.
    pub fn bytes(&self) -> Vec<u8> {
        match &self.run {
            Run::Text(bytes) => bytes.clone(),
            Run::Rows(rows) => rows.iter().flat_map(|r| r.element.iter().copied()).collect(),
        }
    }
}

/// A document in memory as a set of facets shows it. Of a part that is not taken at all, nothing remains.
pub fn shown(part: &PartName, document: &[u8], facets: &[&str]) -> Result<Vec<u8>, SplitError> {
    let taken = |of: &[&str]| of.iter().all(|facet| facets.contains(facet));
    if !taken(&facets::part_rules(part).facets) {
        return Ok(Vec::new());
    }
    let (runs, _) = Splitter::all(part, document)?;
    Ok(runs.iter().filter(|run| taken(run.facets)).flat_map(FacetedRun::bytes).collect())
}

/// Something the job should warn about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitWarning {
    /// The document is of no known kind; what names people in it was taken for user data.
    #[error("{part}: no rules are known for this document; elements that name people were taken for user data")]
    Unknown {
        /// The part's path in the archive.
        part: String,
    },
    /// The document has elements that are not known and name people.
    #[error("{part}: elements that no rule is known for name people, and were taken for user data")]
    Added {
        /// The part's path in the archive.
        part: String,
    },
}

/// Cuts one document.
#[derive(Debug)]
pub struct Splitter {
    part: String,
    rules: PartRules,
    scanner: Scanner,
    inner: Inner,
}

impl Splitter {
    /// A splitter for a part.
    pub fn new(part: &PartName) -> Self {
        Self::with_rules(part.path(), facets::part_rules(part), part.module().unwrap_or_default())
    }

    /// A splitter with rules of one's own. `module` is the module whose own document it is, or empty.
    pub fn with_rules(part: String, rules: PartRules, module: &str) -> Self {
        let rows = rules.rules.iter().any(|r| r.row.is_some());
        let inner = Inner { leaves: LeafScan::new(module), rows, ..Inner::default() };
        Self { part, rules, scanner: Scanner::new(), inner }
    }

    /// Facets that all runs of the part carry.
    pub fn part_facets(&self) -> &[&'static str] {
        &self.rules.facets
    }

    /// Takes the next piece of the document.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), SplitError> {
        let Self { part, rules, scanner, inner } = self;
        let result = scanner.feed(chunk, |scanner, event| inner.event(rules, scanner, event));
        result.map_err(|stop| stop.named(part))
    }

    /// Says that the document is complete. Take the last runs afterwards.
    pub fn finish(&mut self) -> Result<(), SplitError> {
        self.scanner.finish().map_err(|error| SplitError::Xml { part: self.part.clone(), error })?;
        let space = std::mem::take(&mut self.inner.space);
        self.inner.text(&space, &[]);
        self.inner.flush();
        Ok(())
    }

    /// The runs that are ready.
    pub fn take_runs(&mut self) -> Vec<FacetedRun> {
        std::mem::take(&mut self.inner.ready)
    }

    /// What the document refers to, each with the facets of the places that do, beyond the part's own. Complete
    /// after [`finish`](Self::finish).
    pub fn references(&self) -> &Found {
        &self.inner.found
    }

    /// What is to be warned about. Complete after [`finish`](Self::finish).
    pub fn warning(&self) -> Option<SplitWarning> {
        let part = || self.part.clone();
        match self.rules.probe {
            _ if !self.inner.guessed => None,
            Some(Probe::At { known: false, .. }) => Some(SplitWarning::Unknown { part: part() }),
            _ => Some(SplitWarning::Added { part: part() }),
        }
    }

    /// Splits a document in memory.
    pub fn all(part: &PartName, document: &[u8]) -> Result<(Vec<FacetedRun>, Found), SplitError> {
        let mut splitter = Self::new(part);
        splitter.feed(document)?;
        splitter.finish()?;
        Ok((splitter.take_runs(), std::mem::take(&mut splitter.inner.found)))
    }
}

/// What stops the scanner: damage, or an element that is too large.
enum Stop {
    Xml(XmlError),
    TooLarge { element: String, offset: u64 },
}

impl From<XmlError> for Stop {
    fn from(error: XmlError) -> Self {
        Stop::Xml(error)
    }
}

impl Stop {
    fn named(self, part: &str) -> SplitError {
        match self {
            Stop::Xml(error) => SplitError::Xml { part: part.to_owned(), error },
            Stop::TooLarge { element, offset } => SplitError::TooLarge { part: part.to_owned(), element, offset },
        }
    }
}

/// An open element.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Length of the path before it.
    before: usize,
    /// Its `id`, in documents with rows.
    id: u64,
}

#[derive(Debug, Default)]
struct Inner {
    /// Names of the open elements, joined by `/`.
    path: String,
    levels: Vec<Level>,
    /// White space that may belong to the next element.
    space: Vec<u8>,
    /// Whether the white space just now is too long to belong to the next element.
    too_spacious: bool,
    /// The element under facets that is being passed on, by its depth.
    region: Option<(usize, Facets)>,
    /// The element that is held because its facets or columns need all of it.
    hold: Option<Hold>,
    /// Depth of the list of records being probed.
    list: Option<usize>,
    /// Depth of the element in a plugin's whose children are being probed.
    wrapper: Option<usize>,
    /// Whether the document has rows.
    rows: bool,
    /// The kind of the enrolment method that is open.
    method_kind: String,
    /// The text being gathered and its facets.
    text: Vec<u8>,
    text_facets: Facets,
    /// The rows being gathered, their facets and size.
    gathered: Vec<Row>,
    gathered_facets: Facets,
    gathered_size: usize,
    ready: Vec<FacetedRun>,
    leaves: LeafScan,
    found: Found,
    guessed: bool,
}

impl Inner {
    fn event(&mut self, rules: &PartRules, scanner: &Scanner, event: Event<'_>) -> Result<(), Stop> {
        self.too_spacious &= matches!(event, Event::Text(_));
        match event {
            Event::Start { name, empty, bytes } => {
                self.start(rules, name, bytes);
                self.pass(scanner, bytes)?;
                if empty {
                    self.end();
                }
            }
            Event::End { bytes, .. } => {
                self.settle_space();
                self.pass(scanner, bytes)?;
                self.end();
            }
            Event::Text(bytes) => {
                self.leaves.text(bytes);
                if self.hold.is_some() || self.region.is_some() {
                    self.pass(scanner, bytes)?;
                } else {
                    let mut body = bytes.len() - bytes.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
                    if body > 0 {
                        self.settle_space();
                        self.too_spacious = false;
                    }
                    // How long it is counts, not in which pieces it comes.
                    self.too_spacious |= self.space.len() + bytes.len() - body > SPACE_LIMIT;
                    if self.too_spacious {
                        let spacious = std::mem::take(&mut self.space);
                        self.text(&spacious, &[]);
                        body = bytes.len();
                    }
                    self.text(&bytes[..body], &[]);
                    self.space.extend_from_slice(&bytes[body..]);
                }
            }
            Event::Cdata(bytes) => {
                self.leaves.text(bytes);
                self.settle_space();
                self.pass(scanner, bytes)?;
            }
            Event::Other(bytes) => {
                self.settle_space();
                self.pass(scanner, bytes)?;
            }
        }
        Ok(())
    }

    /// Gives the white space gathered so far to what surrounds it.
    fn settle_space(&mut self) {
        if !self.space.is_empty() {
            let mut space = std::mem::take(&mut self.space);
            self.text(&space, &[]);
            space.clear();
            self.space = space;
        }
    }

    /// Passes bytes on to where they belong just now.
    fn pass(&mut self, scanner: &Scanner, bytes: &[u8]) -> Result<(), Stop> {
        if let Some(hold) = &mut self.hold {
            hold.push(bytes);
            if hold.is_full() {
                let Some(hold) = self.hold.take() else { return Ok(()) };
                if let HoldKind::Row { .. } = hold.kind {
                    let element =
                        self.path.rsplit('/').nth(self.levels.len() - hold.depth).unwrap_or_default().to_owned();
                    return Err(Stop::TooLarge { element, offset: scanner.offset() });
                }
                // Too large to look at as a whole: rather people's than everyone's.
                self.region = Some((hold.depth, facets::modules::PEOPLE));
                self.release(hold, facets::modules::PEOPLE);
            }
            return Ok(());
        }
        let facets = self.region.map_or(&[] as Facets, |(_, f)| f);
        self.text(bytes, facets);
        Ok(())
    }

    fn start(&mut self, rules: &PartRules, name: &[u8], tag: &[u8]) {
        let level = Level { before: self.path.len(), id: 0 };
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(&String::from_utf8_lossy(name));
        self.levels.push(level);
        let depth = self.levels.len();
        if self.rows || name == b"grade_item" {
            let id = attribute(tag, "id").and_then(|v| v.trim().parse().ok()).unwrap_or(0);
            if let Some(level) = self.levels.last_mut() {
                level.id = id;
            }
        }

        let mut resolved = self.hold.as_mut().map(|hold| hold.child(depth, name, tag));
        while resolved == Some(Resolved::List) {
            // What was held is a list or a wrapper: its beginning is definition, and the child the first one in it.
            resolved = self.split_hold().map(|hold| hold.child(depth, name, tag));
        }
        if resolved == Some(Resolved::Row) {
            self.finish_row();
        }
        if self.hold.is_none() && self.region.is_none() {
            self.enter(rules, depth);
        }
        if let Some(hold) = &mut self.hold {
            hold.tag(depth, tag);
        }
        let facets = self.region.map_or(&[] as Facets, |(_, f)| f);
        if let Some((kind, id)) = self.leaves.start(depth, &self.path, name, self.levels.last().map_or(0, |l| l.id)) {
            match &mut self.hold {
                Some(hold) => hold.references.push((kind, id)),
                None => self.found.add(kind, id, facets),
            }
        }
    }

    /// Whether the open element of that depth is what a plugin added.
    fn is_plugin(&self, depth: usize) -> bool {
        let name = depth.checked_sub(1).and_then(|index| self.path.split('/').nth(index));
        name.is_some_and(|name| name.starts_with("plugin_"))
    }

    /// Hands out the beginning of what is held as definition, and goes on holding the child that began in it.
    fn split_hold(&mut self) -> Option<&mut Hold> {
        let mut hold = self.hold.take()?;
        let wrapper = hold.kind == HoldKind::Wrapper;
        let depth = hold.depth;
        let (rest, references) = hold.split_child();
        self.release(hold, &[]);
        let kind = if !wrapper {
            self.list = Some(depth);
            HoldKind::Record
        } else if self.is_plugin(depth) {
            HoldKind::Wrapper
        } else {
            self.wrapper = Some(depth);
            HoldKind::Probe
        };
        let mut child = Hold::new(depth + 1, kind, rest);
        child.references = references;
        Some(self.hold.insert(child))
    }

    /// Decides what an element outside any region is.
    fn enter(&mut self, rules: &PartRules, depth: usize) {
        let rule: Option<&Rule> = rules.rules.iter().find(|r| r.fits(&self.path));
        if let Some(rule) = rule {
            let kind = match (rule.row, rule.when) {
                (Some(row), _) => HoldKind::Row { kind: row, facets: rule.facets, until: rule.until },
                (None, when @ (When::Names(_) | When::Lacks(_))) => {
                    HoldKind::Field { when, facets: rule.facets, found: None }
                }
                (None, When::Always) => {
                    let space = std::mem::take(&mut self.space);
                    self.text(&space, rule.facets);
                    self.region = Some((depth, rule.facets));
                    return;
                }
            };
            let space = std::mem::take(&mut self.space);
            self.hold = Some(Hold::new(depth, kind, space));
            return;
        }
        let kind = match rules.probe {
            Some(_) if rules.rules.iter().any(|rule| rule.leads_through(&self.path)) => None,
            Some(_) if self.list == Some(depth - 1) => Some(HoldKind::Record),
            Some(Probe::At { depth: at, known }) => {
                self.guessed |= !known && depth == at;
                (depth == at).then_some(HoldKind::Probe)
            }
            Some(Probe::Plugins) if self.wrapper == Some(depth - 1) => Some(HoldKind::Probe),
            Some(Probe::Plugins) => (self.is_plugin(depth) || self.is_plugin(depth - 1)).then_some(HoldKind::Wrapper),
            None => None,
        };
        match kind {
            Some(kind) => {
                let space = std::mem::take(&mut self.space);
                self.hold = Some(Hold::new(depth, kind, space));
            }
            None => self.settle_space(),
        }
    }

    fn end(&mut self) {
        let depth = self.levels.len();
        if let Some(leaf) = self.leaves.end(depth) {
            if self.path == "enrolments/enrols/enrol/enrol" {
                self.method_kind.clear();
                self.method_kind.push_str(&leaf.value);
            }
            if let Some(hold) = &mut self.hold {
                hold.leaf(depth, &leaf);
                hold.references.extend(leaf.references);
            } else {
                let facets = self.region.map_or(&[] as Facets, |(_, f)| f);
                for (kind, id) in leaf.references {
                    self.found.add(kind, id, facets);
                }
            }
        }
        if self.hold.as_ref().is_some_and(|h| h.depth == depth) {
            let is_row = self.hold.as_ref().is_some_and(|h| matches!(h.kind, HoldKind::Row { .. }));
            if is_row {
                self.finish_row();
            } else if let Some(hold) = self.hold.take() {
                let facets = hold.facets();
                let looked_at = matches!(hold.kind, HoldKind::Probe | HoldKind::Record | HoldKind::Wrapper);
                self.guessed |= looked_at && !facets.is_empty();
                self.release(hold, facets);
            }
        }
        if self.region.is_some_and(|(d, _)| d == depth) {
            self.region = None;
        }
        for open in [&mut self.list, &mut self.wrapper] {
            if *open == Some(depth) {
                *open = None;
            }
        }
        if let Some(level) = self.levels.pop() {
            self.path.truncate(level.before);
        }
    }

    /// Hands out what was held, under facets.
    fn release(&mut self, hold: Hold, facets: Facets) {
        for (kind, id) in hold.references {
            self.found.add(kind, id, facets);
        }
        self.text(&hold.bytes, facets);
    }

    /// Makes a row of what was held. White space at its end goes to what follows, when the row ends early.
    fn finish_row(&mut self) {
        let Some(mut hold) = self.hold.take() else { return };
        let HoldKind::Row { kind, facets, until } = hold.kind else { return };
        if until.is_some() && self.levels.len() > hold.depth {
            self.space = hold.bytes.split_off(hold.space_from);
        }
        // The list is one level up, what it belongs to another.
        let parent = hold.depth.checked_sub(3).and_then(|i| self.levels.get(i)).map_or(0, |l| l.id);
        let around = Around { parent, method_kind: &self.method_kind };
        let columns = match crate::xml::fields::Fields::of_head(&hold.bytes) {
            Ok(fields) => crate::rows::columns(kind, &fields, &around),
            // It went through the scanner once, so it is sound; should it not be, its bytes are kept all the same.
            Err(_) => return self.release(hold, facets),
        };
        for (kind, id) in std::mem::take(&mut hold.references) {
            self.found.add(kind, id, facets);
        }
        self.row(Row { element: hold.bytes, columns }, facets);
    }

    fn row(&mut self, row: Row, facets: Facets) {
        self.flush_text();
        if self.gathered_facets != facets || self.gathered_size + row.element.len() > PIECE {
            self.flush_rows();
        }
        self.gathered_facets = facets;
        self.gathered_size += row.element.len();
        self.gathered.push(row);
    }

    fn text(&mut self, mut bytes: &[u8], facets: Facets) {
        if bytes.is_empty() {
            return;
        }
        self.flush_rows();
        if self.text_facets != facets {
            self.flush_text();
            self.text_facets = facets;
        }
        while self.text.len() + bytes.len() >= PIECE {
            let (now, later) = bytes.split_at(PIECE - self.text.len());
            self.text.extend_from_slice(now);
            self.flush_text();
            bytes = later;
        }
        self.text.extend_from_slice(bytes);
    }

    fn flush_text(&mut self) {
        if !self.text.is_empty() {
            self.ready.push(FacetedRun { facets: self.text_facets, run: Run::Text(std::mem::take(&mut self.text)) });
        }
    }

    fn flush_rows(&mut self) {
        if !self.gathered.is_empty() {
            self.ready
                .push(FacetedRun { facets: self.gathered_facets, run: Run::Rows(std::mem::take(&mut self.gathered)) });
            self.gathered_size = 0;
        }
    }

    fn flush(&mut self) {
        self.flush_text();
        self.flush_rows();
    }
}

#[cfg(test)]
mod tests;
