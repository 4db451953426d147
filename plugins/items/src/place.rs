//! What there is in a course that items are copied from, and where those of another place go in it.

use provost_guest::Result;
use provost_guest::course_store::{ActivityRecord, BindingRecord, BlockRecord, Owner, PartRecord};
use provost_guest::course_store::{SectionRecord, Snapshot};
use provost_guest::pages::all;
use provost_moodle_archive::columns;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::renumber::IdKind;
use provost_plugin_draft_parts::target::whole;
use provost_plugin_draft_parts::{Target, damaged, facets};
use std::collections::BTreeSet;

const PAGE: u32 = 1_000;

/// A course as it is.
pub struct Course {
    pub id: u64,
    /// Itself as the place into which something goes.
    pub place: Target,
    pub activities: Vec<ActivityRecord>,
    pub blocks: Vec<BlockRecord>,
    pub bindings: Vec<BindingRecord>,
    /// Scopes with those they were copied from within the course.
    pub parents: Vec<(u64, u64)>,
}

impl Course {
    /// Reads it. Errors: `not-found` (code `course`).
    pub fn open(id: u64) -> Result<Self> {
        let place = Target::open(id)?;
        let snapshot = &place.snapshot;
        Ok(Self {
            id,
            activities: all(|after| snapshot.activities(after, PAGE), |a: &ActivityRecord| a.id)?,
            blocks: all(|after| snapshot.blocks(after, PAGE), |b: &BlockRecord| b.id)?,
            bindings: snapshot.bindings()?,
            parents: snapshot.scope_parents()?,
            place,
        })
    }

    /// As it was read.
    pub fn snapshot(&self) -> &Snapshot {
        &self.place.snapshot
    }

    /// Its sections.
    pub fn sections(&self) -> &[SectionRecord] {
        &self.place.sections
    }

    /// The section in which an activity is.
    pub fn section_of(&self, activity: &ActivityRecord) -> Option<&SectionRecord> {
        let local = activity.fields.section;
        let kind = IdKind::Section.name();
        let bound = self
            .bindings
            .iter()
            .find(|b| b.scope == activity.scope && b.binding.kind == *kind && b.binding.local == local);
        let place = bound.map_or((activity.scope, local), |b| (b.binding.target_scope, b.binding.target));
        self.sections().iter().find(|s| (s.scope, s.fields.local) == place)
    }

    /// Sections and activities with those that are copied with them: the activities of a section, the section that an activity
    /// shows.
    pub fn with_what_belongs(&self, items: &[u64]) -> BTreeSet<u64> {
        let mut found: BTreeSet<u64> = items.iter().copied().collect();
        loop {
            let before = found.len();
            for section in self.sections().iter().filter(|s| s.fields.delegated_to != 0) {
                let shows =
                    |a: &&ActivityRecord| (a.scope, a.fields.local) == (section.scope, section.fields.delegated_to);
                if self.activities.iter().find(shows).is_some_and(|a| found.contains(&a.id)) {
                    found.insert(section.id);
                }
            }
            for activity in &self.activities {
                if self.section_of(activity).is_some_and(|s| found.contains(&s.id)) {
                    found.insert(activity.id);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// The grade categories that these activities' grade items are in.
    pub fn named_grade_categories(&self, activities: &[&ActivityRecord]) -> Result<BTreeSet<u64>> {
        let mut named = BTreeSet::new();
        for activity in activities {
            let is_grades = |p: &&PartRecord| p.owner == Owner::Activity(activity.id) && p.name == "grades.xml";
            let Some(grades) = self.place.parts.iter().find(is_grades) else { continue };
            let document = whole(self.snapshot(), grades.id, &facets(&[names::ACTIVITY]))?;
            if !document.is_empty() {
                named.extend(columns::grade_categories(&document).map_err(damaged("grades.xml"))?);
            }
        }
        Ok(named)
    }

    /// What an item is called, for messages.
    pub fn title(&self, item: u64) -> String {
        let activity = self.activities.iter().find(|a| a.id == item).map(|a| &a.fields);
        let section = self.sections().iter().find(|s| s.id == item).map(|s| &s.fields);
        match (activity, section) {
            (Some(a), _) => format!("{} ({})", a.name, a.module),
            (None, Some(s)) if s.name.is_empty() => format!("section {}", s.number),
            (None, Some(s)) => format!("{} (section {})", s.name, s.number),
            (None, None) => format!("item {item}"),
        }
    }

    /// The name that a part of an item has in an archive, by the numbers of its scope.
    pub fn archived(&self, part: &PartRecord) -> Option<PartName> {
        let activity = |id: u64| {
            let fields = &self.activities.iter().find(|a| a.id == id)?.fields;
            Some(layout::Activity { module: fields.module.clone(), id: fields.local })
        };
        let owner = match part.owner {
            Owner::Course => return Some(PartName::of_course(&part.name)),
            Owner::Section(id) => layout::Owner::Section(self.sections().iter().find(|s| s.id == id)?.fields.local),
            Owner::Activity(id) => layout::Owner::Activity(activity(id)?),
            Owner::Block(id) => {
                let block = &self.blocks.iter().find(|b| b.id == id)?.fields;
                let page = block.activity.and_then(activity);
                layout::Owner::Block { name: block.name.clone(), id: block.local, activity: page }
            }
        };
        Some(PartName { owner, file: part.name.clone() })
    }
}
