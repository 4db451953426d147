//! The list documents of a course: which element of which scope a number is in.

use crate::place::Course;
use provost_guest::course_store::PartRecord;
use provost_guest::{Error, Result};
use provost_moodle_archive::renumber::{Claims, IdKind, merge};
use provost_plugin_draft_parts::Known;
use provost_plugin_draft_parts::known::{CARRIED, Elements, of_archive, unusable};
use provost_plugin_draft_parts::target::whole;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// A group, a grouping, a scale, an outcome or a question category.
pub struct Element {
    pub kind: IdKind,
    pub id: u64,
    /// What it defines, itself among it.
    pub defines: Elements,
    /// What it refers to elsewhere.
    pub refers: Elements,
}

/// Where a number was found.
pub struct Found {
    /// The scope that has it.
    pub scope: u64,
    pub element: Rc<Element>,
    /// The scopes that lead there, that one among them.
    pub way: BTreeSet<u64>,
}

/// The list documents of a course, read as they are needed.
pub struct Lists<'a> {
    source: &'a Course,
    compared: Vec<String>,
    read: BTreeMap<(u64, &'static str), List>,
}

#[derive(Default)]
struct List {
    document: Option<Vec<u8>>,
    elements: Vec<Rc<Element>>,
    /// By what they define.
    places: HashMap<(IdKind, u64), usize>,
}

/// The document that has things of a kind.
fn file_of(kind: &IdKind) -> Option<&'static str> {
    use IdKind::*;
    let [groups, scales, outcomes, questions] = CARRIED;
    Some(match kind {
        Group | Grouping => groups,
        Scale => scales,
        Outcome => outcomes,
        QuestionCategory | QuestionBankEntry | QuestionVersion | Question | QuestionAnswer | QuestionHint
        | QuestionMatch | QuestionDrag => questions,
        _ => return None,
    })
}

impl<'a> Lists<'a> {
    pub fn of(source: &'a Course) -> Self {
        Self { source, compared: Known::compared(), read: BTreeMap::new() }
    }

    /// Where what a number of a scope means is: through what it is bound to and, where the scope has no such thing, its parents.
    pub fn find(&mut self, scope: u64, kind: &IdKind, id: u64) -> Result<Option<Found>> {
        let Some(file) = file_of(kind) else { return Ok(None) };
        let name = kind.name();
        let (mut at, mut way, mut seen) = ((scope, id), BTreeSet::new(), BTreeSet::new());
        // Bindings may run in a circle.
        while seen.insert(at) {
            way.insert(at.0);
            let is_it = |b: &&provost_guest::course_store::BindingRecord| {
                (b.scope, b.binding.local) == at && b.binding.kind == *name
            };
            if let Some(bound) = self.source.bindings.iter().find(is_it) {
                at = (bound.binding.target_scope, bound.binding.target);
                continue;
            }
            let list = self.list(at.0, file)?;
            if let Some(place) = list.places.get(&(kind.clone(), at.1)) {
                let element = list.elements.get(*place).cloned();
                return Ok(element.map(|element| Found { scope: at.0, element, way }));
            }
            match self.source.parents.iter().find(|(child, _)| *child == at.0) {
                Some((_, parent)) => at.0 = *parent,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// A scope's document as it is compared, if it has one.
    pub fn document(&mut self, scope: u64, file: &'static str) -> Result<Option<&[u8]>> {
        Ok(self.list(scope, file)?.document.as_deref())
    }

    /// The elements of a document that was read.
    pub fn elements(&self, scope: u64, file: &'static str) -> Elements {
        let list = self.read.get(&(scope, file));
        list.into_iter().flat_map(|list| &list.elements).map(|e| (e.kind.clone(), e.id)).collect()
    }

    /// What these elements of a scope define.
    pub fn defined_by(&self, scope: u64, elements: &Elements) -> Elements {
        let lists = self.read.iter().filter(|((of, _), _)| *of == scope).flat_map(|(_, list)| &list.elements);
        let wanted = lists.filter(|e| elements.contains(&(e.kind.clone(), e.id)));
        wanted.flat_map(|e| e.defines.iter().cloned()).collect()
    }

    fn list(&mut self, scope: u64, file: &'static str) -> Result<&List> {
        if !self.read.contains_key(&(scope, file)) {
            let list = self.read_list(scope, file)?;
            self.read.insert((scope, file), list);
        }
        self.read.get(&(scope, file)).ok_or_else(|| Error::failed(format!("{file} was not read")))
    }

    fn read_list(&self, scope: u64, file: &'static str) -> Result<List> {
        let is_it = |p: &&PartRecord| p.scope == scope;
        let Some(part) = self.source.place.named(file).find(is_it) else { return Ok(List::default()) };
        let document = whole(self.source.snapshot(), part.id, &self.compared)?;
        if document.is_empty() {
            return Ok(List::default());
        }
        let mut list = List::default();
        for element in merge::elements(&document).map_err(unusable(file))? {
            let mut claims = Claims::new();
            claims.scan_all(&of_archive(file), &element.document).map_err(|e| Error::corrupt(e.to_string()))?;
            let defines: Elements = claims.all_defined().map(|(kind, id)| (kind.clone(), id)).collect();
            let refers = claims.dangling().filter(|(kind, _)| file_of(kind).is_some());
            let refers = refers.map(|(kind, id)| (kind.clone(), id)).collect();
            let place = list.elements.len();
            list.places.extend(defines.iter().map(|defined| (defined.clone(), place)));
            list.elements.push(Rc::new(Element { kind: element.kind, id: element.id, defines, refers }));
        }
        list.document = Some(document);
        Ok(list)
    }
}
