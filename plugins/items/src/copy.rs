//! Copying and moving items.

use crate::beside::{Beside, copy_of};
use crate::place::Course;
use provost_guest::course_store::{
    ActivityRecord, Binding, CopyChoice, Draft, FileRecord, Origin, SectionRecord, Snapshot,
};
use provost_guest::pages::each;
use provost_guest::prelude::*;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::options::{NAMES, OptionError, Options};
use provost_moodle_archive::renumber::IdKind;
use provost_plugin_draft_parts::Target;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of the job.
pub const KIND: &str = "copy-items";

const PAGE: u32 = 1_000;

/// How many options there are that have a say in a copy.
const TEN: usize = 10;

/// What is wanted. The command line makes it too: see `docs/jobs.md`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The course.
    pub courseid: u64,
    /// Ids of sections and activities.
    pub items: Vec<u64>,
    /// The course into which they go; 0: the same.
    #[serde(default)]
    pub into: u64,
    /// The number of the section in which activities are put. None: the one in which they are; in another course that of the same
    /// number, else the first one.
    #[serde(default)]
    pub section: Option<u32>,
    /// Whether the originals go. Everything moves then, whatever the options say.
    #[serde(default)]
    pub moves: bool,
    /// What is taken along, by name: the ten options of a backup, with their defaults.
    #[serde(default)]
    pub options: Vec<NameValue>,
}

/// An option.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NameValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What was made.
#[derive(Debug, Serialize)]
pub struct Made {
    /// The course in which it is.
    pub courseid: u64,
    /// Ids of the new sections and activities.
    pub items: Vec<u64>,
}

impl Wish {
    /// The course into which they go.
    pub fn target(&self) -> u64 {
        if self.into == 0 { self.courseid } else { self.into }
    }

    /// Reads the options. Errors: `refused` (code `invalidextparam`).
    pub fn read_options(&self) -> Result<Options> {
        let refused = |e: OptionError| Error::refused(OptionError::CODE, e.to_string());
        if self.moves {
            return Options::parse_restore([]).map_err(refused);
        }
        // Those beyond the ten are about archives.
        if let Some(other) = self.options.iter().find(|o| NAMES.iter().skip(TEN).any(|name| *name == o.name)) {
            return Err(refused(OptionError::Unknown(other.name.clone())));
        }
        let pairs = self.options.iter().map(|o| (o.name.as_str(), o.value.as_str()));
        Ok(Options::parse(pairs).map_err(refused)?.settle().0)
    }
}

/// Runs the job.
pub fn run(_: &JobContext, wish: Wish) -> Result<Made> {
    make(&wish)
}

/// Copies or moves. Errors: `not-found` (codes `course`, `item`), `refused`.
pub fn make(wish: &Wish) -> Result<Made> {
    let options = wish.read_options()?;
    // Moodle puts what the content bank refers to on the list of the first section; the bank itself is the course's.
    let taken = options.facets().into_iter().filter(|facet| *facet != names::CONTENT_BANK);
    let facets: Vec<String> = taken.map(str::to_owned).collect();
    let source = Course::open(wish.courseid)?;
    let target = if wish.target() == source.id { None } else { Some(Target::open(wish.target())?) };
    let there = target.as_ref().unwrap_or(&source.place);
    let missing =
        |number| Error::refused("invalidsection", format!("course {} has no section {number}", wish.target()));
    let section = match wish.section {
        Some(number) => Some(there.section(number).ok_or_else(|| missing(number))?),
        None => None,
    };
    let items = wanted(&source, &wish.items)?;
    let chosen = source.with_what_belongs(&items);
    let beside = match &target {
        Some(target) => Beside::find(&source, &chosen, &facets, target)?,
        None => Beside::default(),
    };
    let bindings = bindings(&source, target.as_ref(), section, &items, &chosen)?;

    let draft = Draft::extend(wish.target(), &origin())?;
    let mut files = section_files(&source, &chosen)?;
    files.extend(&beside.files);
    let choice = CopyChoice {
        facets: facets.clone(),
        people: options.users,
        roster: false,
        date_offset: 0,
        without: Vec::new(),
        items,
        files,
        scopes: beside.scopes.iter().copied().collect(),
    };
    draft.copy_from(Snapshot::open(source.id)?, &choice)?;
    let numbers = draft.copied_numbers()?;
    for (scope, bindings) in bindings {
        draft.enter_scope(copy_of(&numbers.scopes, scope)?)?;
        draft.bind(&bindings)?;
    }
    if wish.moves {
        draft.remove_originals()?;
    }
    while matches!(draft.copy_some()?, copied if copied.done < copied.total) {}
    beside.add(&source, &draft, &numbers, &facets)?;
    draft.publish()?;
    let mut made: Vec<u64> =
        numbers.items.iter().filter(|(old, _)| chosen.contains(old)).map(|(_, new)| *new).collect();
    made.sort_unstable();
    Ok(Made { courseid: wish.target(), items: made })
}

/// The items that are named, each once; those that come with a chosen section are left out. Errors: `not-found` (code `item`).
fn wanted(source: &Course, named: &[u64]) -> Result<Vec<u64>> {
    let mut found: BTreeSet<u64> = BTreeSet::new();
    for id in named {
        let activity = source.activities.iter().find(|a| a.id == *id);
        if activity.is_none() && !source.sections().iter().any(|s| s.id == *id) {
            return Err(Error::not_found("item", format!("no section or activity {id}")));
        }
        let comes_along = activity.and_then(|a| source.section_of(a)).is_some_and(|s| named.contains(&s.id));
        if !comes_along {
            found.insert(*id);
        }
    }
    Ok(found.into_iter().collect())
}

/// What numbers of each scope are where they go: the sections of activities that are named, and, in another course, the grade
/// categories.
fn bindings(
    source: &Course,
    target: Option<&Target>,
    section: Option<&SectionRecord>,
    items: &[u64],
    chosen: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, Vec<Binding>>> {
    let mut found: BTreeMap<u64, Vec<Binding>> = BTreeMap::new();
    for activity in source.activities.iter().filter(|a| items.contains(&a.id)) {
        found.entry(activity.scope).or_default().push(bound(source, target, section, activity)?);
    }
    let Some(target) = target else { return Ok(found) };
    let mut of_scopes: BTreeMap<u64, Vec<&ActivityRecord>> = BTreeMap::new();
    for activity in source.activities.iter().filter(|a| chosen.contains(&a.id)) {
        of_scopes.entry(activity.scope).or_default().push(activity);
    }
    for (scope, activities) in of_scopes {
        let named = source.named_grade_categories(&activities)?;
        found.entry(scope).or_default().extend(target.grade_categories(named)?);
    }
    Ok(found)
}

/// Into which section an activity goes.
fn bound(
    source: &Course,
    target: Option<&Target>,
    section: Option<&SectionRecord>,
    activity: &ActivityRecord,
) -> Result<Binding> {
    let own = source.section_of(activity);
    let section = match (section, target) {
        (Some(section), _) => section,
        (None, Some(target)) => target.usual_section(own.map(|s| s.fields.number))?,
        (None, None) => own.ok_or_else(|| Error::refused("invalidsection", "the activity is in no section"))?,
    };
    Ok(Binding {
        kind: IdKind::Section.name().into_owned(),
        local: activity.fields.section,
        target_scope: section.scope,
        target: section.fields.local,
    })
}

/// The files of chosen sections, which lie in the course's context (mbz-format.md 5.6).
fn section_files(source: &Course, chosen: &BTreeSet<u64>) -> Result<Vec<u64>> {
    let sections = source.sections().iter().filter(|s| chosen.contains(&s.id));
    let places: BTreeSet<(u64, u64)> = sections.map(|s| (s.scope, s.fields.local)).collect();
    let mut found = Vec::new();
    let is_theirs = |file: &FileRecord| {
        let f = &file.fields;
        let of_section = (f.component.as_str(), f.area.as_str()) == ("course", "section");
        of_section && u64::try_from(f.item).is_ok_and(|item| places.contains(&(file.scope, item)))
    };
    if places.is_empty() {
        return Ok(found);
    }
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

/// The copy takes over where its numbers come from; this is for the moment before.
fn origin() -> Origin {
    Origin {
        site_hash: String::new(),
        site_url: String::new(),
        course: 0,
        context: 0,
        system_context: 0,
        category: 0,
        date_offset: 0,
    }
}
