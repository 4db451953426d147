//! An element that is held back until it is clear what it is: a row, an element whose facets depend on a field, or
//! something in an unknown document.

use crate::facets::{Facets, When, makes_user_data, modules};
use crate::references::ReferenceKind;
use crate::references::scan::Leaf;
use crate::rows::RowKind;
use crate::xml::fields::attributes;

/// A row larger than this is refused, in bytes.
pub const ROW_LIMIT: usize = 16 << 20;

/// Another element larger than this is no longer held, in bytes.
const LOOK_LIMIT: usize = 4 << 20;

/// Why an element is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HoldKind {
    /// For its columns.
    Row { kind: RowKind, facets: Facets, until: Option<&'static str> },
    /// Its facets depend on a field: what the field has to be, and whether it was there and named something.
    Field { when: When, facets: Facets, found: Option<bool> },
    /// What a plugin added, or an element directly in it: fields of its own, then lists (Moodle writes them in this order).
    Wrapper,
    /// It may be a scalar, a record or a list of records.
    Probe,
    /// A record that may name people.
    Record,
}

/// What a child's beginning tells of the element held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// Nothing yet.
    Keep,
    /// The row ends here.
    Row,
    /// It is a list of records, and its first child one of them.
    List,
}

#[derive(Debug)]
pub(super) struct Hold {
    /// Its depth; the root has 1.
    pub depth: usize,
    pub kind: HoldKind,
    pub bytes: Vec<u8>,
    /// Where the white space at the end of `bytes` begins.
    pub space_from: usize,
    /// Whether a field named a person.
    pub people_named: bool,
    /// References found in it.
    pub references: Vec<(ReferenceKind, u64)>,
    /// Where its first child begins, with white space, and how many references were found before.
    child: Option<(usize, usize)>,
    /// Whether it is certain to be a record.
    settled: bool,
    /// Whether an attribute of its own names a person, which settles it, too.
    attributed: bool,
}

impl Hold {
    pub fn new(depth: usize, kind: HoldKind, bytes: Vec<u8>) -> Self {
        let space_from = bytes.trim_ascii_end().len();
        Self {
            depth,
            kind,
            bytes,
            space_from,
            people_named: false,
            references: Vec::new(),
            child: None,
            settled: false,
            attributed: false,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let space = bytes.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
        if space < bytes.len() {
            self.space_from = self.bytes.len() + bytes.len() - space;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() > if matches!(self.kind, HoldKind::Row { .. }) { ROW_LIMIT } else { LOOK_LIMIT }
    }

    /// A child or a deeper element begins.
    pub fn child(&mut self, depth: usize, name: &[u8], tag: &[u8]) -> Resolved {
        match self.kind {
            _ if self.attributed => Resolved::Keep,
            HoldKind::Row { until: Some(until), .. } if depth == self.depth + 1 && name == until.as_bytes() => {
                Resolved::Row
            }
            // Its lists are looked at one by one, unless its own fields name somebody: then it is one record.
            HoldKind::Wrapper if depth == self.depth + 1 && !self.people_named => {
                self.child = Some((self.space_from, self.references.len()));
                if tag.iter().any(u8::is_ascii_whitespace) { Resolved::List } else { Resolved::Keep }
            }
            HoldKind::Wrapper if depth == self.depth + 2 && !self.people_named => Resolved::List,
            HoldKind::Probe if !self.settled && depth == self.depth + 1 => {
                if self.child.is_some() {
                    // The first child was a scalar: this is a record of its own.
                    self.settled = true;
                    return Resolved::Keep;
                }
                self.child = Some((self.space_from, self.references.len()));
                if tag.iter().any(u8::is_ascii_whitespace) { Resolved::List } else { Resolved::Keep }
            }
            // The first child has children itself.
            HoldKind::Probe if !self.settled && depth == self.depth + 2 => Resolved::List,
            _ => Resolved::Keep,
        }
    }

    /// Cuts off the first child: its bytes so far and its references.
    pub fn split_child(&mut self) -> (Vec<u8>, Vec<(ReferenceKind, u64)>) {
        let (at, references) = self.child.unwrap_or((self.bytes.len(), self.references.len()));
        (self.bytes.split_off(at), self.references.split_off(references))
    }

    /// A scalar in it ended.
    pub fn leaf(&mut self, depth: usize, leaf: &Leaf) {
        let names = !matches!(leaf.value.trim(), "" | "0" | crate::xml::NULL);
        self.people_named |= names && makes_user_data(leaf.name.as_bytes());
        if let HoldKind::Field { when: When::Names(field) | When::Lacks(field), found, .. } = &mut self.kind
            && depth == self.depth + 1
            && leaf.name == *field
        {
            *found = Some(found.unwrap_or_default() || names);
        }
    }

    /// A start tag passes, of the element or of one in it. Plugins may have people in attributes.
    pub fn tag(&mut self, depth: usize, tag: &[u8]) {
        let looks = matches!(self.kind, HoldKind::Probe | HoldKind::Record | HoldKind::Wrapper);
        let names = |(name, value): (&[u8], &[u8])| {
            makes_user_data(name) && !matches!(value, b"" | b"0") && value != crate::xml::NULL.as_bytes()
        };
        if looks && !self.people_named && attributes(tag).any(names) {
            self.people_named = true;
            self.attributed = depth == self.depth;
        }
    }

    /// The facets it carries, now that it is complete.
    pub fn facets(&self) -> Facets {
        match self.kind {
            HoldKind::Row { facets, .. } => facets,
            HoldKind::Field { when, facets, found } => match (when, found) {
                (When::Always, _) | (When::Names(_), Some(true)) | (When::Lacks(_), Some(false)) => facets,
                (When::Names(_) | When::Lacks(_), _) => &[],
            },
            // A scalar of the module itself stays, whatever its name.
            HoldKind::Probe if self.child.is_none() && !self.attributed => &[],
            HoldKind::Probe | HoldKind::Record | HoldKind::Wrapper if self.people_named => modules::PEOPLE,
            HoldKind::Probe | HoldKind::Record | HoldKind::Wrapper => &[],
        }
    }
}
