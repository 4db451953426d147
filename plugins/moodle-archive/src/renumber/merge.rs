//! Brings the list documents of several scopes together (`groups.xml`, `scales.xml`, `outcomes.xml`, `questions.xml` and others of
//! the form), finds what two of them have in common, and leaves elements out.
//!
//! A document may have [`LIMIT`] bytes. Elements are taken with the white space before them, as written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::kinds::IdKind;
use crate::xml::fields::{Fields, attribute};
use crate::xml::{Event, Scanner, XmlError};

/// A larger document is refused, in bytes.
pub const LIMIT: usize = 64 << 20;

/// Why documents could not be brought together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A document is damaged.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// A document is too large, or what would come out.
    #[error("a list document of {size} bytes is larger than {LIMIT}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The documents are not of one kind.
    #[error("a document with the root <{found}> does not go with one with the root <{expected}>")]
    Root {
        /// The first document's root.
        expected: String,
        /// The other one's.
        found: String,
    },
}

/// The elements that are compared and left out, by their place.
const TOPS: &[(&[&str], IdKind)] = &[
    (&["groups", "group"], IdKind::Group),
    (&["groups", "groupings", "grouping"], IdKind::Grouping),
    (&["scales_definition", "scale"], IdKind::Scale),
    (&["outcomes_definition", "outcome"], IdKind::Outcome),
    (&["question_categories", "question_category"], IdKind::QuestionCategory),
];

/// Elements that belong to one of those above: their place, the field that says to which, and its kind.
const BELONGING: &[(&[&str], &str, IdKind)] = &[
    (&["groups", "groupcustomfields", "groupcustomfield"], "groupid", IdKind::Group),
    (&["groups", "groupings", "groupingcustomfields", "groupingcustomfield"], "groupingid", IdKind::Grouping),
];

/// An element of a list document.
#[derive(Debug, Clone, Default)]
struct Node {
    name: Vec<u8>,
    /// From the white space before its start tag to the end of its end tag.
    whole: Range<usize>,
    /// Its start tag.
    tag: Range<usize>,
    /// What is between its tags; where it would be, when it has but one.
    inside: Range<usize>,
    /// Whether it is written as one tag.
    empty: bool,
    id: Option<u64>,
    /// Whether there is text in it.
    text: bool,
    /// What is in it; not looked at in elements with an id, and in what those hold.
    children: Vec<Node>,
}

impl Node {
    /// Whether it only groups elements: no id, no text, and no fields in it, which would make it a record.
    fn is_container(&self) -> bool {
        let field = |c: &Node| c.text && c.id.is_none() && c.children.is_empty();
        self.id.is_none() && !self.text && !self.children.iter().any(field)
    }

    /// Where a further child goes at the end: before the white space that comes before its end tag.
    fn end(&self, document: &[u8]) -> usize {
        let space = document[self.inside.clone()].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
        self.children.last().map_or(self.inside.end - space, |c| c.whole.end)
    }
}

/// Reads a document down to its elements with ids.
fn read(document: &[u8]) -> Result<Node, MergeError> {
    if document.len() > LIMIT {
        return Err(MergeError::TooLarge { size: document.len() });
    }
    let mut open: Vec<Node> = Vec::new();
    // How many elements are open inside one that is not looked into.
    let mut deep = 0usize;
    let mut space = 0;
    let mut root = None;
    let mut scanner = Scanner::new();
    scanner.feed(document, |scanner, event| {
        let at = usize::try_from(scanner.offset()).unwrap_or(usize::MAX);
        let bytes = event.bytes();
        let end = at + bytes.len();
        match event {
            Event::Start { empty, .. } if open.last().is_some_and(|n| n.id.is_some()) => deep += usize::from(!empty),
            Event::Start { name, empty, .. } => {
                let node = Node {
                    name: name.to_vec(),
                    whole: at - space..end,
                    tag: at..end,
                    inside: end..end,
                    empty,
                    id: attribute(bytes, "id").and_then(|id| id.trim().parse().ok()),
                    ..Node::default()
                };
                open.push(node);
            }
            Event::End { .. } if deep > 0 => deep -= 1,
            Event::Text(text) | Event::Cdata(text) => {
                let blank = text.iter().all(u8::is_ascii_whitespace);
                if let Some(node) = open.last_mut() {
                    node.text |= !blank && node.id.is_none();
                }
                space = if blank { space + text.len() } else { 0 };
                return Ok(());
            }
            _ => {}
        }
        space = 0;
        let ends = match event {
            Event::Start { empty, .. } => empty && open.last().is_some_and(|n| n.tag.end == end),
            Event::End { .. } => open.len() == scanner.depth() + 1,
            _ => false,
        };
        if ends && let Some(mut node) = open.pop() {
            if !node.empty {
                node.inside.end = at;
                node.whole.end = end;
            }
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => root = Some(node),
            }
        }
        Ok::<(), XmlError>(())
    })?;
    scanner.finish()?;
    root.ok_or_else(|| MergeError::Xml(scanner.error(crate::xml::XmlErrorKind::Empty)))
}

/// What is put into a document: at which place, which bytes. Of those for one place the earlier ones come first.
#[derive(Debug, Default)]
struct Additions {
    at: BTreeMap<usize, Vec<u8>>,
    /// Elements written as one tag that something is put into, by the end of their tag: where the slash is, and their name.
    opened: BTreeMap<usize, (usize, Vec<u8>)>,
}

/// Brings documents together: the root of the first, with what the others have appended.
///
/// Elements of the same name that only group others are one in the result. Elements with an id are appended, after those
/// of their name; so are records without one, unless the first document has the very same. Of a scalar the first document's counts.
/// Ids are not looked at: give every document its final ones first.
pub fn merge(documents: &[&[u8]]) -> Result<Vec<u8>, MergeError> {
    let Some((first, others)) = documents.split_first() else { return Ok(Vec::new()) };
    let mut merged = first.to_vec();
    for other in others {
        merged = merge_two(&merged, other)?;
        if merged.len() > LIMIT {
            return Err(MergeError::TooLarge { size: merged.len() });
        }
    }
    Ok(merged)
}

fn merge_two(first: &[u8], other: &[u8]) -> Result<Vec<u8>, MergeError> {
    let (root, more) = (read(first)?, read(other)?);
    if root.name != more.name {
        let name = |node: &Node| String::from_utf8_lossy(&node.name).into_owned();
        return Err(MergeError::Root { expected: name(&root), found: name(&more) });
    }
    let mut additions = Additions::default();
    add(&root, first, &more, other, &mut additions);
    let mut out = Vec::with_capacity(first.len() + other.len());
    let mut done = 0;
    for (at, bytes) in additions.at {
        match additions.opened.get(&at) {
            Some((slash, name)) => {
                out.extend_from_slice(&first[done..*slash]);
                out.push(b'>');
                out.extend_from_slice(&bytes);
                out.extend_from_slice(b"\n</");
                out.extend_from_slice(name);
                out.push(b'>');
            }
            None => {
                out.extend_from_slice(&first[done..at]);
                out.extend_from_slice(&bytes);
            }
        }
        done = at;
    }
    out.extend_from_slice(&first[done..]);
    Ok(out)
}

/// Finds what of one element's children goes into another one.
fn add(into: &Node, first: &[u8], from: &Node, other: &[u8], additions: &mut Additions) {
    for (i, child) in from.children.iter().enumerate() {
        let mut alike = into.children.iter().filter(|c| c.name == child.name);
        if child.id.is_none() {
            let container = child.is_container();
            if container && let Some(same) = alike.clone().find(|c| c.is_container()) {
                add(same, first, child, other, additions);
                continue;
            }
            let scalar = child.children.is_empty();
            let bytes = |node: &Node, document: &[u8]| document[node.tag.start..node.whole.end].to_vec();
            if alike.any(|c| (scalar && c.children.is_empty()) || bytes(c, first) == bytes(child, other)) {
                continue;
            }
        }
        let at = place(into, first, child, &from.children[i + 1..]);
        additions.at.entry(at).or_default().extend_from_slice(&other[child.whole.clone()]);
        if into.empty {
            let tag = &first[into.tag.clone()];
            let slash = tag.iter().rposition(|&b| b == b'/').map_or(into.tag.end, |i| into.tag.start + i);
            additions.opened.insert(at, (slash, into.name.clone()));
        }
    }
}

/// Where a new child goes: after the last of its name, or before what comes after it in its own document.
fn place(into: &Node, first: &[u8], child: &Node, later: &[Node]) -> usize {
    if into.empty {
        return into.tag.end;
    }
    if let Some(last) = into.children.iter().rfind(|c| c.name == child.name) {
        return last.whole.end;
    }
    let follows = into.children.iter().find(|c| later.iter().any(|l| l.name == c.name));
    follows.map_or_else(|| into.end(first), |c| c.whole.start)
}

/// The elements of a known place in a document.
fn at<'a>(root: &'a Node, path: &[&str]) -> Vec<&'a Node> {
    let mut found = vec![root];
    for (i, name) in path.iter().enumerate() {
        if i == 0 {
            found.retain(|n| n.name == name.as_bytes());
        } else {
            found = found.into_iter().flat_map(|n| n.children.iter().filter(|c| c.name == name.as_bytes())).collect();
        }
    }
    found
}

/// An element that may be compared and left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListElement {
    /// What it is.
    pub kind: IdKind,
    /// Its id.
    pub id: u64,
    /// A document with nothing but it.
    pub document: Vec<u8>,
}

/// The groups, groupings, scales, outcomes and question categories of a document.
pub fn elements(document: &[u8]) -> Result<Vec<ListElement>, MergeError> {
    let root = read(document)?;
    let mut found = Vec::new();
    for (path, kind) in TOPS {
        let around = &path[..path.len() - 1];
        for node in at(&root, path) {
            let Some(id) = node.id else { continue };
            let mut alone = Vec::with_capacity(node.whole.len() + 64);
            around.iter().for_each(|name| alone.extend(format!("<{name}>").bytes()));
            alone.extend_from_slice(&document[node.tag.start..node.whole.end]);
            around.iter().rev().for_each(|name| alone.extend(format!("</{name}>").bytes()));
            found.push(ListElement { kind: kind.clone(), id, document: alone });
        }
    }
    Ok(found)
}

/// Groups, groupings, scales, outcomes and question categories that stand in both documents, with the same id and the same bytes
/// apart from white space between tags. They are one thing; so the archive's are bound to the course's rather than carried twice.
pub fn identical(archive: &[u8], course: &[u8]) -> Result<Vec<(IdKind, u64)>, MergeError> {
    let (theirs, ours) = (read(archive)?, read(course)?);
    let mut same = Vec::new();
    for (path, kind) in TOPS {
        let ours: BTreeMap<u64, &Node> = at(&ours, path).into_iter().filter_map(|n| Some((n.id?, n))).collect();
        for node in at(&theirs, path) {
            if let Some(id) = node.id
                && let Some(own) = ours.get(&id)
                && condensed(&archive[node.whole.clone()])? == condensed(&course[own.whole.clone()])?
            {
                same.push((kind.clone(), id));
            }
        }
    }
    Ok(same)
}

/// An element's bytes without white space between tags.
fn condensed(element: &[u8]) -> Result<Vec<u8>, MergeError> {
    let mut out = Vec::with_capacity(element.len());
    let mut scanner = Scanner::new();
    scanner.feed(element, |_, event| {
        match event {
            Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
            event => out.extend_from_slice(event.bytes()),
        }
        Ok::<(), XmlError>(())
    })?;
    Ok(out)
}

/// The document without these groups, groupings, scales, outcomes and question categories, and without what belongs to them.
/// What a grouping says of a group that is left out stays: it is bound.
pub fn without(document: &[u8], left_out: &BTreeSet<(IdKind, u64)>) -> Result<Vec<u8>, MergeError> {
    let root = read(document)?;
    let mut gone: Vec<Range<usize>> = Vec::new();
    for (path, kind) in TOPS {
        let wanted = |n: &&Node| n.id.is_some_and(|id| left_out.contains(&(kind.clone(), id)));
        gone.extend(at(&root, path).into_iter().filter(wanted).map(|n| n.whole.clone()));
    }
    for (path, field, kind) in BELONGING {
        for node in at(&root, path) {
            let owner = Fields::of(&document[node.whole.clone()])?.id(field);
            if left_out.contains(&(kind.clone(), owner)) {
                gone.push(node.whole.clone());
            }
        }
    }
    gone.sort_by_key(|range| range.start);
    let mut out = Vec::with_capacity(document.len());
    let mut done = 0;
    for range in gone {
        out.extend_from_slice(&document[done..range.start]);
        done = range.end;
    }
    out.extend_from_slice(&document[done..]);
    Ok(out)
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
