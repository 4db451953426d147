//! What of a course is written: its items and parts, in the archive's order.

use crate::here::Here;
use crate::leaving::Leaving;
use provost_guest::Result;
use provost_guest::course_store::{ActivityRecord, BlockRecord, Owner, PartRecord, SectionRecord, Snapshot};
use provost_guest::pages::all;
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::options::Options;
use provost_moodle_archive::renumber::IdKind;
use std::collections::HashMap;

const PAGE: u32 = 1_000;

/// A part and where it goes.
pub struct Placed {
    /// The part.
    pub part: PartRecord,
    /// Its name in the archive.
    pub name: PartName,
    /// Its name in its scope.
    pub own: PartName,
}

/// An item that documents belong to, and where they go.
pub struct OwnerPlace {
    /// As the contract names it.
    pub owner: Owner,
    /// The scope it is of.
    pub scope: u64,
    /// As the archive names it.
    pub place: layout::Owner,
}

/// The items and parts of a course that a set of options takes.
pub struct Listing {
    /// By number.
    pub sections: Vec<SectionRecord>,
    /// In course order.
    pub activities: Vec<ActivityRecord>,
    /// By id.
    pub blocks: Vec<BlockRecord>,
    /// Those of which something may remain, in order of their owners.
    pub parts: Vec<Placed>,
    /// The course and its items.
    pub owners: Vec<OwnerPlace>,
    /// Who takes part by what was done here.
    pub here: Here,
}

impl Listing {
    /// Reads it from a snapshot.
    pub fn read(snapshot: &Snapshot, options: &Options, here: Here) -> Result<Self> {
        let mut sections = all(|after| snapshot.sections(after, PAGE), |s: &SectionRecord| s.id)?;
        // A section that an activity shows is nothing without it.
        sections.retain(|s| options.activities || s.fields.delegated_to == 0);
        let activities = match options.activities {
            true => all(|after| snapshot.activities(after, PAGE), |a: &ActivityRecord| a.id)?,
            false => Vec::new(),
        };
        let mut blocks = match options.blocks {
            true => all(|after| snapshot.blocks(after, PAGE), |b: &BlockRecord| b.id)?,
            false => Vec::new(),
        };
        blocks.retain(|b| b.fields.activity.is_none_or(|page| activities.iter().any(|a| a.id == page)));
        let mut listing = Self { sections, activities, blocks, parts: Vec::new(), owners: Vec::new(), here };
        listing.owners = listing.places(snapshot.scopes()?.first().map_or(0, |scope| scope.id));

        let facets = options.facets();
        let places: HashMap<_, _> = listing.owners.iter().map(|o| (key(&o.owner), &o.place)).collect();
        let mut parts = Vec::new();
        for part in all(|after| snapshot.parts(after, PAGE), |p: &PartRecord| p.id)? {
            let Some(place) = places.get(&key(&part.owner)) else { continue };
            if !part.facets.iter().all(|f| facets.contains(&f.as_str())) {
                continue;
            }
            let name = match place {
                layout::Owner::Course => PartName::of_course(&part.name),
                place => PartName { owner: (*place).clone(), file: part.name.clone() },
            };
            parts.push(Placed { part, own: name.clone(), name });
        }
        listing.parts = parts;
        Ok(listing)
    }

    /// Gives everything the numbers with which it leaves.
    pub fn renumber(&mut self, leaving: &Leaving) {
        for section in &mut self.sections {
            let fields = &mut section.fields;
            fields.local = leaving.id(section.scope, &IdKind::Section, fields.local);
            fields.delegated_to = leaving.id(section.scope, &IdKind::CourseModule, fields.delegated_to);
        }
        for activity in &mut self.activities {
            let (scope, fields) = (activity.scope, &mut activity.fields);
            fields.local = leaving.id(scope, &IdKind::CourseModule, fields.local);
            fields.section = leaving.id(scope, &IdKind::Section, fields.section);
            fields.instance = leaving.id(scope, &IdKind::instance(&fields.module), fields.instance);
            fields.context = leaving.id(scope, &IdKind::Context, fields.context);
        }
        for block in &mut self.blocks {
            let fields = &mut block.fields;
            fields.local = leaving.id(block.scope, &IdKind::Block, fields.local);
            fields.context = leaving.id(block.scope, &IdKind::Context, fields.context);
        }
        for placed in &mut self.parts {
            placed.name = leaving.part(placed.part.scope, &placed.own);
        }
        let first = self.owners.first().map_or(0, |course| course.scope);
        self.owners = self.places(first);
    }

    /// The parts that go to the same place as one: of documents of the course, one for each scope that has it.
    pub fn alike<'a>(&'a self, placed: &'a Placed) -> Vec<&'a Placed> {
        match placed.part.owner {
            Owner::Course => {
                let is_alike =
                    |other: &&Placed| matches!(other.part.owner, Owner::Course) && other.part.name == placed.part.name;
                self.parts.iter().filter(is_alike).collect()
            }
            _ => vec![placed],
        }
    }

    /// The course and its items in the archive's order. The course is of its first scope.
    fn places(&self, first: u64) -> Vec<OwnerPlace> {
        let pages: HashMap<u64, layout::Activity> = self.activities.iter().map(|a| (a.id, activity(a))).collect();
        let mut places = vec![OwnerPlace { owner: Owner::Course, scope: first, place: layout::Owner::Course }];
        places.extend(self.sections.iter().map(|s| OwnerPlace {
            owner: Owner::Section(s.id),
            scope: s.scope,
            place: layout::Owner::Section(s.fields.local),
        }));
        places.extend(self.activities.iter().map(|a| OwnerPlace {
            owner: Owner::Activity(a.id),
            scope: a.scope,
            place: layout::Owner::Activity(activity(a)),
        }));
        places.extend(self.blocks.iter().map(|b| {
            let page = b.fields.activity.and_then(|page| pages.get(&page)).cloned();
            let place = layout::Owner::Block { name: b.fields.name.clone(), id: b.fields.local, activity: page };
            OwnerPlace { owner: Owner::Block(b.id), scope: b.scope, place }
        }));
        places
    }
}

/// An activity as directories name it.
pub fn activity(record: &ActivityRecord) -> layout::Activity {
    layout::Activity { module: record.fields.module.clone(), id: record.fields.local }
}

/// An owner as a key of maps.
pub fn key(owner: &Owner) -> (u8, u64) {
    match owner {
        Owner::Course => (0, 0),
        Owner::Section(id) => (1, *id),
        Owner::Activity(id) => (2, *id),
        Owner::Block(id) => (3, *id),
    }
}
