//! Finds references while a document passes by, by the names of its elements.

use std::collections::{BTreeMap, BTreeSet};

use super::{ReferenceKind, Referred};
use crate::facets::{Facets, names_people};
use crate::xml::escape;

/// Availability conditions longer than this are not looked into, in bytes.
const CONDITION_LIMIT: usize = 256 << 10;

/// References found in a document, with the facets of the places beyond those of the part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    map: BTreeMap<Referred, BTreeSet<Facets>>,
}

impl Found {
    /// Adds one.
    pub fn add(&mut self, kind: ReferenceKind, id: u64, facets: Facets) {
        self.map.entry((kind, id)).or_default().insert(facets);
    }

    /// All of them, by kind and number.
    pub fn iter(&self) -> impl Iterator<Item = (&Referred, &BTreeSet<Facets>)> {
        self.map.iter()
    }
}

/// A scalar that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// Its element's name.
    pub name: String,
    /// Its value; the null mark as written.
    pub value: String,
    /// What it refers to.
    pub references: Vec<Referred>,
}

/// How the value of an element refers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// A number of that kind; 0 and what is negative means nothing.
    Id(ReferenceKind),
    /// A scale when negative, points otherwise.
    NegativeScale,
    /// An availability condition in JSON.
    Condition,
    /// Nothing, but the value is wanted.
    Value,
}

/// Looks at the elements of one document.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeafScan {
    module: String,
    open: Option<(usize, String, Sense, Vec<u8>)>,
}

impl LeafScan {
    /// For the document of a module, or another one (empty).
    pub fn new(module: &str) -> Self {
        Self { module: module.to_owned(), open: None }
    }

    /// An element begins. Returns what its own id refers to.
    pub fn start(&mut self, depth: usize, path: &str, name: &[u8], id: u64) -> Option<Referred> {
        self.open =
            self.sense(path, name).map(|sense| (depth, String::from_utf8_lossy(name).into_owned(), sense, Vec::new()));
        let is_item = name == b"grade_item" && id != 0 && path.starts_with("activity_gradebook/");
        is_item.then_some((ReferenceKind::GradeItem, id))
    }

    /// Text or CDATA passes.
    pub fn text(&mut self, bytes: &[u8]) {
        if let Some((_, _, sense, raw)) = &mut self.open {
            let limit = if *sense == Sense::Condition { CONDITION_LIMIT } else { 256 };
            if raw.len() + bytes.len() <= limit {
                raw.extend_from_slice(bytes);
            } else {
                self.open = None;
            }
        }
    }

    /// An element ends. Returns it if it was a scalar that is looked at.
    pub fn end(&mut self, depth: usize) -> Option<Leaf> {
        let (at, name, sense, raw) = self.open.take()?;
        if at != depth {
            return None;
        }
        let value = escape::value(&raw).map_or_else(|| crate::xml::NULL.to_owned(), |v| v.into_owned());
        let mut references = Vec::new();
        match sense {
            Sense::Id(kind) => {
                if let Ok(id) = value.trim().parse::<u64>()
                    && id > 0
                {
                    references.push((kind, id));
                }
            }
            Sense::NegativeScale => {
                // Grades are decimals in places: `-3.00000`.
                let whole = value.trim().split('.').next().unwrap_or_default();
                if let Some(id) = whole.strip_prefix('-').and_then(|v| v.parse::<u64>().ok())
                    && id > 0
                {
                    references.push((ReferenceKind::Scale, id));
                }
            }
            Sense::Condition => {
                if let Ok(json) = serde_json::from_str::<serde_json::Value>(&value) {
                    conditions(&json, &mut references);
                }
            }
            Sense::Value => {}
        }
        Some(Leaf { name, value, references })
    }

    fn sense(&self, path: &str, name: &[u8]) -> Option<Sense> {
        use ReferenceKind::*;
        let sense = match name {
            _ if names_people(name) => Sense::Id(User),
            b"groupid" => Sense::Id(Group),
            b"groupingid" | b"defaultgroupingid" | b"teamsubmissiongroupingid" => Sense::Id(Grouping),
            b"roleid" | b"issuerrole" => Sense::Id(Role),
            b"role" if path.starts_with("course_completion/") => Sense::Id(Role),
            b"scaleid" if path.contains("/ratings/") => Sense::NegativeScale,
            b"scaleid" | b"rawscaleid" => Sense::Id(Scale),
            b"outcomeid" => Sense::Id(Outcome),
            b"questioncategoryid" => Sense::Id(QuestionCategory),
            b"availability" | b"availabilityjson" => Sense::Condition,
            b"grade" | b"scale" | b"grade_forum" if self.is_setting(path) => Sense::NegativeScale,
            // Which course an event belongs to: that of an override of one person belongs to none.
            b"courseid" if path == "events/event/courseid" => Sense::Value,
            b"enrol" if path == "enrolments/enrols/enrol/enrol" => Sense::Value,
            _ => return None,
        };
        Some(sense)
    }

    /// Whether a path is that of a direct field of the module: `activity/assign/grade`.
    fn is_setting(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        !self.module.is_empty()
            && segments.next() == Some("activity")
            && segments.next() == Some(&self.module)
            && segments.count() == 1
    }
}

/// Collects the groups and groupings of an availability condition and the grade items it looks at.
fn conditions(json: &serde_json::Value, found: &mut Vec<Referred>) {
    let mut todo = vec![json];
    while let Some(value) = todo.pop() {
        match value {
            serde_json::Value::Array(list) => todo.extend(list),
            serde_json::Value::Object(map) => {
                let kind = match map.get("type").and_then(|t| t.as_str()) {
                    Some("group") => Some(ReferenceKind::Group),
                    Some("grouping") => Some(ReferenceKind::Grouping),
                    Some("grade") => Some(ReferenceKind::GradeItem),
                    _ => None,
                };
                let id = map.get("id").and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()));
                if let (Some(kind), Some(id)) = (kind, id)
                    && id > 0
                {
                    found.push((kind, id));
                }
                todo.extend(map.values());
            }
            _ => {}
        }
    }
}
