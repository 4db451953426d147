//! Copying and moving items.

use crate::place::Course;
use provost_guest::course_store::{
    ActivityRecord, Binding, CopyChoice, Draft, FileRecord, Origin, Owner, SectionRecord, Snapshot,
};
use provost_guest::pages::each;
use provost_guest::prelude::*;
use provost_moodle_archive::options::{NAMES, OptionError, Options};
use provost_moodle_archive::renumber::IdKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of the job.
pub const KIND: &str = "copy-items";

const PAGE: u32 = 1_000;

/// How many options there are that have a say in a copy.
const TEN: usize = 10;

/// What an activity may refer to that lies beside it, in the course.
const BESIDE: [&str; 5] = ["question_category", "group", "grouping", "scale", "outcome"];

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
    let facets: Vec<String> = options.facets().iter().map(|f| (*f).to_owned()).collect();
    let source = Course::open(wish.courseid)?;
    let target = if wish.target() == source.id { None } else { Some(Course::open(wish.target())?) };
    let there = target.as_ref().unwrap_or(&source);
    let section =
        match wish.section {
            Some(number) => Some(there.section(number).ok_or_else(|| {
                Error::refused("invalidsection", format!("course {} has no section {number}", there.id))
            })?),
            None => None,
        };
    let known = there.items();
    let mut drafts = Vec::new();
    for (scope, items) in by_scope(&source, &wish.items)? {
        let activities: Vec<&ActivityRecord> = items.iter().flat_map(|item| source.activities_of(*item)).collect();
        let mut bindings = Vec::new();
        for activity in source.activities.iter().filter(|a| items.contains(&a.id)) {
            bindings.push(bound(&source, target.as_ref(), section, activity)?);
        }
        if let Some(target) = &target {
            refuse_what_lies_beside(&source, &activities, &facets)?;
            bindings.extend(target.grade_categories(&source, &activities)?);
        }
        let draft = Draft::extend(there.id, &origin())?;
        draft.bind(&bindings)?;
        let choice = CopyChoice {
            facets: facets.clone(),
            people: options.users,
            roster: false,
            date_offset: 0,
            without: Vec::new(),
            files: section_files(&source, scope, &items)?,
            items,
        };
        draft.copy_from(Snapshot::open(source.id)?, &choice)?;
        if wish.moves {
            draft.remove_originals()?;
        }
        while matches!(draft.copy_some()?, copied if copied.done < copied.total) {}
        drafts.push(draft);
    }
    Draft::publish_all(drafts)?;
    let made = Course::open(there.id)?.items().into_iter().filter(|id| !known.contains(id)).collect();
    Ok(Made { courseid: there.id, items: made })
}

/// The items by the scope that they are of; those that come with a chosen section are left out. Errors: `not-found` (code `item`).
fn by_scope(source: &Course, wanted: &[u64]) -> Result<BTreeMap<u64, Vec<u64>>> {
    let mut found: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for id in wanted {
        let section = source.sections.iter().find(|s| s.id == *id).map(|s| s.scope);
        let activity = source.activities.iter().find(|a| a.id == *id);
        let comes_along = activity.and_then(|a| source.section_of(a)).is_some_and(|s| wanted.contains(&s.id));
        let scope = section.or(activity.map(|a| a.scope));
        let scope = scope.ok_or_else(|| Error::not_found("item", format!("no section or activity {id}")))?;
        let of_scope = found.entry(scope).or_default();
        if !comes_along && !of_scope.contains(id) {
            of_scope.push(*id);
        }
    }
    found.retain(|_, items| !items.is_empty());
    Ok(found)
}

/// Into which section an activity goes.
fn bound(
    source: &Course,
    target: Option<&Course>,
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

/// Refuses activities whose questions, groups or scales would stay behind.
fn refuse_what_lies_beside(source: &Course, activities: &[&ActivityRecord], facets: &[String]) -> Result<()> {
    for activity in activities {
        let references = source.snapshot.references(Owner::Activity(activity.id), facets)?;
        if let Some(found) = references.iter().find(|r| BESIDE.contains(&r.kind.as_str())) {
            return Err(Error::refused(
                "cannotcopy",
                format!(
                    "{} ({}) refers to a {} of its course: back the course up and import the activity from there",
                    activity.fields.name,
                    activity.fields.module,
                    found.kind.replace('_', " ")
                ),
            ));
        }
    }
    Ok(())
}

/// The files of chosen sections, which lie in the course's context (mbz-format.md 5.6).
fn section_files(source: &Course, scope: u64, items: &[u64]) -> Result<Vec<u64>> {
    let chosen = |s: &&SectionRecord| items.contains(&s.id) && s.scope == scope;
    let locals: Vec<u64> = source.sections.iter().filter(chosen).map(|s| s.fields.local).collect();
    let mut found = Vec::new();
    let is_theirs = |file: &FileRecord| {
        let f = &file.fields;
        let of_section = (f.component.as_str(), f.area.as_str()) == ("course", "section") && file.scope == scope;
        of_section && u64::try_from(f.item).is_ok_and(|item| locals.contains(&item))
    };
    if locals.is_empty() {
        return Ok(found);
    }
    each(
        |after| source.snapshot.files(after, PAGE),
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
