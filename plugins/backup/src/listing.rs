//! What of a course is written: its items and parts, in the archive's order.

use provost_guest::Result;
use provost_guest::course_store::{ActivityRecord, BlockRecord, Owner, PartRecord, SectionRecord, Snapshot};
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::options::Options;
use std::collections::HashMap;

const PAGE: u32 = 1_000;

/// A part and where it goes.
pub struct Placed {
    /// The part.
    pub part: PartRecord,
    /// Its name in the archive.
    pub name: PartName,
}

/// The items and parts of a course that a set of options takes.
pub struct Listing {
    /// By number.
    pub sections: Vec<SectionRecord>,
    /// In course order.
    pub activities: Vec<ActivityRecord>,
    /// Those of which something may remain, in order of their owners.
    pub parts: Vec<Placed>,
    /// Owners of the contract by owners of the archive.
    pub owners: Vec<(Owner, layout::Owner)>,
}

impl Listing {
    /// Reads it from a snapshot.
    pub fn read(snapshot: &Snapshot, options: &Options) -> Result<Self> {
        let mut sections = all(|after| snapshot.sections(after, PAGE), |s: &SectionRecord| s.id)?;
        // A section that an activity shows is nothing without it.
        sections.retain(|s| options.activities || s.fields.delegated_to == 0);
        let activities = match options.activities {
            true => all(|after| snapshot.activities(after, PAGE), |a: &ActivityRecord| a.id)?,
            false => Vec::new(),
        };
        let pages: HashMap<u64, layout::Activity> = activities.iter().map(|a| (a.id, activity(a))).collect();
        let mut blocks = match options.blocks {
            true => all(|after| snapshot.blocks(after, PAGE), |b: &BlockRecord| b.id)?,
            false => Vec::new(),
        };
        blocks.retain(|b| b.fields.activity.is_none_or(|page| pages.contains_key(&page)));

        let mut owners = vec![(Owner::Course, layout::Owner::Course)];
        owners.extend(sections.iter().map(|s| (Owner::Section(s.id), layout::Owner::Section(s.fields.local))));
        owners.extend(activities.iter().map(|a| (Owner::Activity(a.id), layout::Owner::Activity(activity(a)))));
        owners.extend(blocks.iter().map(|b| {
            let page = b.fields.activity.and_then(|page| pages.get(&page)).cloned();
            let owner = layout::Owner::Block { name: b.fields.name.clone(), id: b.fields.local, activity: page };
            (Owner::Block(b.id), owner)
        }));

        let facets = options.facets();
        let places: HashMap<_, _> = owners.iter().map(|(owner, place)| (key(owner), place)).collect();
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
            parts.push(Placed { part, name });
        }
        Ok(Self { sections, activities, parts, owners })
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

/// All pages of a list.
pub fn all<T>(mut page: impl FnMut(u64) -> Result<Vec<T>>, id: impl Fn(&T) -> u64) -> Result<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    loop {
        let more = page(found.last().map_or(0, &id))?;
        if more.is_empty() {
            return Ok(found);
        }
        found.extend(more);
    }
}
