//! What lies beside the items that go into another course, and what they refer to: groups, scales, outcomes, questions. What that
//! course has alike is bound, what it lacks is carried along, each in a scope that stands for the one it is of, as in a restore
//! into a course (architecture.md 2.2).

use crate::elements::{Found, Lists};
use crate::place::Course;
use provost_guest::course_store::{Binding, CopyNumbers, Draft, FileRecord, Owner, PartRecord, Reference};
use provost_guest::pages::each;
use provost_guest::{Error, Result};
use provost_moodle_archive::facets::names;
use provost_moodle_archive::references::{ReferenceKind, References};
use provost_moodle_archive::renumber::{Claims, IdKind, file_item};
use provost_plugin_draft_parts::known::{self, CARRIED, Elements, QUESTIONS};
use provost_plugin_draft_parts::target::whole;
use provost_plugin_draft_parts::{Filling, Known, QuestionForm, Target, facets};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: u32 = 1_000;
const BATCH: usize = 1_000;

/// Numbers from here on are no thing's: by them an item names people whom only another scope knows.
const UNUSED: u64 = 1 << 40;

/// What goes along with items.
#[derive(Default)]
pub struct Beside {
    /// Scopes of the source that have something of it, or that lead there.
    pub scopes: BTreeSet<u64>,
    /// Files of what is carried.
    pub files: Vec<u64>,
    of: Vec<OfScope>,
}

/// What of one scope is referred to.
struct OfScope {
    scope: u64,
    known: Known,
    /// By document: what is carried.
    carried: Vec<(&'static str, Elements)>,
}

impl Beside {
    /// Finds what the chosen items refer to, under the facets that are taken, and what the other course has of it. Errors:
    /// `refused` (code `cannotcopy`) for what cannot be brought there.
    pub fn find(source: &Course, chosen: &BTreeSet<u64>, taken: &[String], target: &Target) -> Result<Self> {
        let mut lists = Lists::of(source);
        let mut beside = Self::default();
        // What is needed of each scope, and for which item.
        let mut needed: BTreeMap<u64, BTreeMap<(IdKind, u64), u64>> = BTreeMap::new();
        let mut todo = referred(source, chosen, taken)?;
        while let Some((item, scope, kind, id)) = todo.pop() {
            let Some(Found { scope, element, way }) = lists.find(scope, &kind, id)? else { continue };
            beside.scopes.extend(way);
            let key = (element.kind.clone(), element.id);
            if needed.entry(scope).or_default().insert(key, item).is_none() {
                todo.extend(element.refers.iter().map(|(kind, id)| (item, scope, kind.clone(), *id)));
            }
        }
        for (scope, needed) in needed {
            let elements: Elements = needed.keys().cloned().collect();
            let mut compared = Vec::new();
            for file in CARRIED {
                if let Some(document) = lists.document(scope, file)? {
                    compared.push((file, known::only(file, document, &elements)?));
                }
            }
            let known = Known::find(&compared, target)?;
            let mut carried = Vec::new();
            for (file, document) in &compared {
                let alike = known.of(&known::of_archive(file));
                let mut rest = lists.elements(scope, file);
                rest.retain(|e| elements.contains(e) && alike.is_none_or(|alike| !alike.contains(e)));
                if rest.is_empty() {
                    continue;
                }
                if *file == QUESTIONS {
                    let item = rest.first().and_then(|first| needed.get(first)).copied().unwrap_or_default();
                    check_form(source, item, &known::only(file, document, &rest)?, target)?;
                }
                beside.files.extend(files_of(source, scope, &lists.defined_by(scope, &rest))?);
                carried.push((*file, rest));
            }
            beside.of.push(OfScope { scope, known, carried });
        }
        Ok(beside)
    }

    /// Brings it into the draft, whose copy is through.
    pub fn add(&self, source: &Course, draft: &Draft, numbers: &CopyNumbers, taken: &[String]) -> Result<()> {
        for OfScope { scope, known, carried } in &self.of {
            let own = copy_of(&numbers.scopes, *scope)?;
            draft.enter_scope(own)?;
            draft.bind(&known.bindings)?;
            let mut referred = References::default();
            let takes = |found: &[&str]| found.iter().all(|facet| taken.iter().any(|t| t == facet));
            for (file, elements) in carried {
                let is_it = |p: &&PartRecord| p.scope == *scope;
                let Some(part) = source.place.named(file).find(is_it) else { continue };
                let document = known::only(file, &whole(source.snapshot(), part.id, taken)?, elements)?;
                let mut filling = Filling::begin(draft, Owner::Course, &known::of_archive(file), &takes)?;
                filling.feed(&document)?;
                let splitter = filling.finish()?;
                referred.add_found(splitter.references(), splitter.part_facets());
            }
            name_people(source, draft, numbers, (*scope, own), &referred, taken)?;
        }
        Ok(())
    }
}

/// What the numbers of the source are in the copy.
pub fn copy_of(pairs: &[(u64, u64)], old: u64) -> Result<u64> {
    let found = pairs.iter().find(|(there, _)| *there == old).map(|(_, here)| *here);
    found.ok_or_else(|| Error::failed(format!("{old} was not copied")))
}

/// Numbers that the documents and lists of chosen items refer to, each with the item and its scope.
fn referred(source: &Course, chosen: &BTreeSet<u64>, taken: &[String]) -> Result<Vec<(u64, u64, IdKind, u64)>> {
    // What people did is long, and Moodle lists what it refers to.
    let definition: Vec<String> = taken.iter().filter(|facet| *facet != names::USER_DATA).cloned().collect();
    let mut owners: BTreeMap<(u8, u64), (Owner, u64, u64, Claims)> = BTreeMap::new();
    let sections = source.sections().iter().map(|s| (Owner::Section(s.id), s.id, s.scope));
    let activities = source.activities.iter().map(|a| (Owner::Activity(a.id), a.id, a.scope));
    for (owner, item, scope) in sections.chain(activities).filter(|(_, item, _)| chosen.contains(item)) {
        owners.insert(key(&owner), (owner, item, scope, Claims::new()));
    }
    for block in &source.blocks {
        if let Some(page) = block.fields.activity.filter(|page| chosen.contains(page)) {
            let owner = Owner::Block(block.id);
            owners.insert(key(&owner), (owner, page, block.scope, Claims::new()));
        }
    }
    for part in &source.place.parts {
        let Some((.., claims)) = owners.get_mut(&key(&part.owner)) else { continue };
        let Some(name) = source.archived(part) else { continue };
        let document = whole(source.snapshot(), part.id, &definition)?;
        if !document.is_empty() {
            claims.scan_all(&name, &document).map_err(|e| Error::corrupt(e.to_string()))?;
        }
    }
    let mut found = Vec::new();
    for (owner, item, scope, claims) in owners.into_values() {
        found.extend(claims.dangling().map(|(kind, id)| (item, scope, kind.clone(), id)));
        for reference in source.snapshot().references(owner, taken)? {
            if let Some(kind) = IdKind::of_name(&reference.kind) {
                found.push((item, scope, kind, reference.local));
            }
        }
    }
    Ok(found)
}

fn key(owner: &Owner) -> (u8, u64) {
    match owner {
        Owner::Course => (0, 0),
        Owner::Section(id) => (1, *id),
        Owner::Activity(id) => (2, *id),
        Owner::Block(id) => (3, *id),
    }
}

/// Refuses questions in the form of another time than the other course's.
fn check_form(source: &Course, item: u64, questions: &[u8], target: &Target) -> Result<()> {
    let Some(brought) = QuestionForm::of(questions) else { return Ok(()) };
    let there = QuestionForm::of_course(target)?;
    if brought == there {
        return Ok(());
    }
    Err(Error::refused(
        "cannotcopy",
        format!(
            "{} refers to questions in the form of {brought}, and those of course {} are in that of {there}",
            source.title(item),
            target.snapshot.course().id
        ),
    ))
}

/// The files of a scope that belong to things of it.
fn files_of(source: &Course, scope: u64, defined: &Elements) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    let is_theirs = |file: &FileRecord| {
        let f = &file.fields;
        let Ok(item) = u64::try_from(f.item) else { return false };
        // Areas of question types that are not known hang on the question.
        let of_question = || f.component.starts_with("qtype_").then_some(IdKind::Question);
        let kind = file_item(&f.component, &f.area).or_else(of_question);
        file.scope == scope && kind.is_some_and(|kind| defined.contains(&(kind, item)))
    };
    each(
        |after| source.snapshot().files(after, PAGE),
        |f: &FileRecord| f.id,
        |files| {
            found.extend(files.iter().filter(|f| is_theirs(f)).map(|f| f.id));
            Ok(())
        },
    )?;
    Ok(found)
}

/// Notes people and roles to whom what is carried refers with an item, so that a backup takes them along: see the restore. One of the
/// same scope names them as they are; another one by a number that is bound to theirs.
fn name_people(
    source: &Course,
    draft: &Draft,
    numbers: &CopyNumbers,
    (scope, own): (u64, u64),
    referred: &References,
    taken: &[String],
) -> Result<()> {
    let copied = |item: &u64| numbers.items.iter().find(|(old, _)| old == item).map(|(_, new)| *new);
    let sections = source.sections().iter().filter_map(|s| Some((Owner::Section(copied(&s.id)?), s.scope)));
    let activities = source.activities.iter().filter_map(|a| Some((Owner::Activity(copied(&a.id)?), a.scope)));
    let items: Vec<(Owner, u64)> = activities.chain(sections).collect();
    let of_scope = items.iter().find(|(_, of)| *of == scope).or(items.first());
    let Some((owner, of)) = of_scope.copied() else { return Ok(()) };
    let is_known = of == scope;
    let (mut rows, mut bindings) = (Vec::new(), Vec::new());
    let mut unused = UNUSED + (own << 20);
    for ((kind, id), set) in referred.iter() {
        let id_kind = match kind {
            ReferenceKind::User => IdKind::User,
            ReferenceKind::Role => IdKind::Role,
            _ => continue,
        };
        if !set.iter().all(|facet| taken.iter().any(|t| t == facet)) {
            continue;
        }
        let mut local = id;
        if !is_known {
            unused += 1;
            local = unused;
            let kind = id_kind.name().into_owned();
            bindings.push(Binding { kind, local, target_scope: own, target: id });
        }
        rows.push(Reference { kind: kind.unlisted_name(), local, facets: facets(set) });
    }
    if !bindings.is_empty() {
        draft.enter_scope(copy_of(&numbers.scopes, of)?)?;
        draft.bind(&bindings)?;
    }
    rows.chunks(BATCH).try_for_each(|batch| draft.add_references(owner, batch))
}
