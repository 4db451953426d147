//! What there is in a course, and where things of another place go in it.

use provost_guest::course_store::{
    ActivityRecord, Binding, BindingRecord, Owner, PartRecord, ScopeRecord, SectionRecord, Snapshot,
};
use provost_guest::pages::all;
use provost_guest::{Error, Result};
use provost_moodle_archive::columns;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::renumber::IdKind;
use provost_moodle_archive::xml::XmlError;
use std::collections::BTreeSet;

const PAGE: u32 = 1_000;
const CHUNK: u32 = 256 << 10;

/// A course as it is.
pub struct Course {
    pub id: u64,
    pub snapshot: Snapshot,
    pub scopes: Vec<ScopeRecord>,
    pub sections: Vec<SectionRecord>,
    pub activities: Vec<ActivityRecord>,
    bindings: Vec<BindingRecord>,
    parts: Vec<PartRecord>,
}

impl Course {
    /// Reads it. Errors: `not-found` (code `course`).
    pub fn open(id: u64) -> Result<Self> {
        let snapshot = Snapshot::open(id)?;
        Ok(Self {
            id,
            scopes: snapshot.scopes()?,
            sections: all(|after| snapshot.sections(after, PAGE), |s: &SectionRecord| s.id)?,
            activities: all(|after| snapshot.activities(after, PAGE), |a: &ActivityRecord| a.id)?,
            bindings: snapshot.bindings()?,
            parts: all(|after| snapshot.parts(after, PAGE), |p: &PartRecord| p.id)?,
            snapshot,
        })
    }

    /// Ids of all sections and activities.
    pub fn items(&self) -> BTreeSet<u64> {
        self.sections.iter().map(|s| s.id).chain(self.activities.iter().map(|a| a.id)).collect()
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
        self.sections.iter().find(|s| (s.scope, s.fields.local) == place)
    }

    /// An ordinary section by its number.
    pub fn section(&self, number: u32) -> Option<&SectionRecord> {
        self.sections.iter().find(|s| s.fields.number == number && s.fields.delegated_to == 0)
    }

    /// Where an activity of another course goes that nobody said where to put: the section of the number it was in, else the
    /// first one. Errors: `refused` (code `invalidsection`).
    pub fn usual_section(&self, number: Option<u32>) -> Result<&SectionRecord> {
        let same = number.and_then(|number| self.section(number));
        let first = || self.sections.iter().find(|s| s.fields.delegated_to == 0);
        same.or_else(first).ok_or_else(|| Error::refused("invalidsection", "the course has no section"))
    }

    /// The activities that are copied with an item.
    pub fn activities_of(&self, item: u64) -> Vec<&ActivityRecord> {
        let mut found: Vec<&ActivityRecord> = self.activities.iter().filter(|a| a.id == item).collect();
        let mut sections: Vec<u64> = vec![item];
        while let Some(section) = sections.pop() {
            for activity in &self.activities {
                let is_in = self.section_of(activity).is_some_and(|s| s.id == section);
                if is_in && found.iter().all(|known| known.id != activity.id) {
                    found.push(activity);
                }
            }
            let shown = self.sections.iter().filter(|s| {
                found.iter().any(|a| (a.scope, a.fields.local) == (s.scope, s.fields.delegated_to) && s.id != section)
            });
            let more: Vec<u64> = shown.map(|s| s.id).filter(|id| !sections.contains(id)).collect();
            if section == item {
                sections.extend(more);
            }
        }
        found
    }

    /// Binds the grade categories that activities name to the topmost one of this course.
    pub fn grade_categories(&self, from: &Course, activities: &[&ActivityRecord]) -> Result<Vec<Binding>> {
        let first = self.scopes.first().map_or(0, |scope| scope.id);
        let is_gradebook =
            |p: &&PartRecord| p.scope == first && matches!(p.owner, Owner::Course) && p.name == "gradebook.xml";
        let Some(gradebook) = self.parts.iter().find(is_gradebook) else { return Ok(Vec::new()) };
        let document = whole(&self.snapshot, gradebook.id, &[names::ACTIVITY])?;
        let Some(top) = columns::top_grade_category(&document).map_err(damaged("gradebook.xml"))? else {
            return Ok(Vec::new());
        };
        let mut named = BTreeSet::new();
        for activity in activities {
            let is_grades = |p: &&PartRecord| p.owner == Owner::Activity(activity.id) && p.name == "grades.xml";
            let Some(grades) = from.parts.iter().find(is_grades) else { continue };
            let document = whole(&from.snapshot, grades.id, &[names::ACTIVITY])?;
            if !document.is_empty() {
                named.extend(columns::grade_categories(&document).map_err(damaged("grades.xml"))?);
            }
        }
        let kind = IdKind::GradeCategory.name().into_owned();
        let bind = |local| Binding { kind: kind.clone(), local, target_scope: first, target: top };
        Ok(named.into_iter().map(bind).collect())
    }
}

/// A whole part as these facets show it.
fn whole(snapshot: &Snapshot, part: u64, facets: &[&str]) -> Result<Vec<u8>> {
    let facets: Vec<String> = facets.iter().map(|f| (*f).to_owned()).collect();
    let mut document = Vec::new();
    loop {
        let chunk = snapshot.read_part(part, &facets, document.len() as u64, CHUNK)?;
        if chunk.is_empty() {
            return Ok(document);
        }
        document.extend_from_slice(&chunk);
    }
}

fn damaged(file: &str) -> impl Fn(XmlError) -> Error + '_ {
    move |error| Error::corrupt(format!("{file}: {error}"))
}
