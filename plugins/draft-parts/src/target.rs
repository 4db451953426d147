//! The course into which something is brought, as it is before.

use crate::{damaged, facets};
use provost_guest::course_store::{Binding, Owner, PartRecord, SectionRecord, Snapshot};
use provost_guest::pages::all;
use provost_guest::{Error, Result};
use provost_moodle_archive::columns;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::renumber::IdKind;
use std::collections::BTreeSet;

const PAGE: u32 = 1_000;
const CHUNK: u32 = 256 << 10;

/// A course that is there.
pub struct Target {
    /// As it is.
    pub snapshot: Snapshot,
    /// Its sections, by number.
    pub sections: Vec<SectionRecord>,
    /// Parts of every owner.
    pub parts: Vec<PartRecord>,
    /// The scope made with the course.
    pub first: u64,
}

impl Target {
    /// Reads it. Errors: `not-found` (code `course`).
    pub fn open(course: u64) -> Result<Self> {
        let snapshot = Snapshot::open(course)?;
        Ok(Self {
            first: snapshot.scopes()?.first().map_or(0, |scope| scope.id),
            sections: all(|after| snapshot.sections(after, PAGE), |s: &SectionRecord| s.id)?,
            parts: all(|after| snapshot.parts(after, PAGE), |p: &PartRecord| p.id)?,
            snapshot,
        })
    }

    /// The course's own parts of that name, of each scope that has one.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a PartRecord> {
        self.parts.iter().filter(move |p| p.owner == Owner::Course && p.name == name)
    }

    /// A whole part as these facets show it.
    pub fn whole(&self, part: &PartRecord, facets: &[String]) -> Result<Vec<u8>> {
        whole(&self.snapshot, part.id, facets)
    }

    /// An ordinary section by its number.
    pub fn section(&self, number: u32) -> Option<&SectionRecord> {
        self.sections.iter().find(|s| s.fields.number == number && s.fields.delegated_to == 0)
    }

    /// Where an activity goes that nobody said where to put: the section of the number it was in, else the first one. Errors:
    /// `refused` (code `invalidsection`).
    pub fn usual_section(&self, number: Option<u32>) -> Result<&SectionRecord> {
        let same = number.and_then(|number| self.section(number));
        let first = || self.sections.iter().find(|s| s.fields.delegated_to == 0);
        same.or_else(first).ok_or_else(|| Error::refused("invalidsection", "the course has no section"))
    }

    /// Binds grade categories that grade items name to the topmost one of the course.
    pub fn grade_categories(&self, named: BTreeSet<u64>) -> Result<Vec<Binding>> {
        let mut top = None;
        for part in self.named("gradebook.xml").filter(|p| p.scope == self.first) {
            let document = self.whole(part, &facets(&[names::ACTIVITY]))?;
            if !document.is_empty() {
                top = columns::top_grade_category(&document).map_err(damaged("gradebook.xml"))?;
            }
        }
        let Some(top) = top else { return Ok(Vec::new()) };
        let kind = IdKind::GradeCategory.name().into_owned();
        let bind = |local| Binding { kind: kind.clone(), local, target_scope: self.first, target: top };
        Ok(named.into_iter().map(bind).collect())
    }
}

/// A whole part as these facets show it.
pub fn whole(snapshot: &Snapshot, part: u64, facets: &[String]) -> Result<Vec<u8>> {
    let mut document = Vec::new();
    loop {
        let chunk = snapshot.read_part(part, facets, document.len() as u64, CHUNK)?;
        if chunk.is_empty() {
            return Ok(document);
        }
        document.extend_from_slice(&chunk);
    }
}
