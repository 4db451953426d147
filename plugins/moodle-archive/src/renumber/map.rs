//! The map from the ids of one scope to those of the archive that is being written.

use std::collections::{BTreeMap, HashMap};

use super::kinds::IdKind;
use super::tables::items;
use crate::layout::{Activity, Owner, PartName};

/// Which id of a scope becomes which in the archive. An id that it does not name stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdMap {
    /// By kind and id. Ids that stay are named only for kinds with a default.
    named: BTreeMap<IdKind, HashMap<u64, u64>>,
    /// What ids of a kind become that are not named.
    defaults: BTreeMap<IdKind, u64>,
    /// Ids that documents hold which cannot be rewritten, but which had to change all the same.
    unkept: Vec<(IdKind, u64)>,
}

impl IdMap {
    /// A map that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether documents come out as they went in, unless dates are shifted.
    pub fn is_identity(&self) -> bool {
        self.defaults.is_empty() && self.named.values().all(|ids| ids.iter().all(|(from, to)| from == to))
    }

    /// What an id becomes. 0 means nothing and stays.
    pub fn get(&self, kind: &IdKind, id: u64) -> u64 {
        if id == 0 {
            return 0;
        }
        match self.named.get(kind).and_then(|ids| ids.get(&id)) {
            Some(&to) => to,
            None => self.defaults.get(kind).copied().unwrap_or(id),
        }
    }

    /// Lets an id become another one. 0 is left out.
    pub fn insert(&mut self, kind: IdKind, from: u64, to: u64) {
        if from != 0 {
            self.named.entry(kind).or_default().insert(from, to);
        }
    }

    /// Lets every id of a kind that is not named become this one.
    pub fn set_default(&mut self, kind: IdKind, to: u64) {
        self.defaults.insert(kind, to);
    }

    /// The default of a kind.
    pub fn default_of(&self, kind: &IdKind) -> Option<u64> {
        self.defaults.get(kind).copied()
    }

    /// Every id that becomes another one, by kind, in no order within one.
    pub fn changes(&self) -> impl Iterator<Item = (&IdKind, u64, u64)> {
        let pairs = self.named.iter().flat_map(|(kind, ids)| ids.iter().map(move |(&from, &to)| (kind, from, to)));
        pairs.filter(|(_, from, to)| from != to)
    }

    /// Ids that documents hold which cannot be rewritten, but which another such document holds too, so that they
    /// changed nevertheless. The job should warn of them: what those documents say of themselves is off.
    pub fn unkept(&self) -> &[(IdKind, u64)] {
        &self.unkept
    }

    pub(super) fn push_unkept(&mut self, kind: IdKind, id: u64) {
        self.unkept.push((kind, id));
    }

    /// The name under which a part stands in the archive: directories carry ids.
    pub fn part(&self, part: &PartName) -> PartName {
        let activity = |a: &Activity| Activity { module: a.module.clone(), id: self.get(&IdKind::CourseModule, a.id) };
        let owner = match &part.owner {
            Owner::Section(id) => Owner::Section(self.get(&IdKind::Section, *id)),
            Owner::Activity(a) => Owner::Activity(activity(a)),
            Owner::Block { name, id, activity: on } => Owner::Block {
                name: name.clone(),
                id: self.get(&IdKind::Block, *id),
                activity: on.as_ref().map(activity),
            },
            owner @ (Owner::Archive | Owner::Course) => owner.clone(),
        };
        PartName { owner, file: part.file.clone() }
    }

    /// What the item number of a file becomes, by the file's component and area (mbz-format.md 6).
    pub fn file_item(&self, component: &str, area: &str, item: i64) -> i64 {
        let (Some(kind), Ok(id)) = (items::file_item(component, area), u64::try_from(item)) else { return item };
        i64::try_from(self.get(&kind, id)).unwrap_or(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Place, parse};

    #[test]
    fn what_is_not_named_stays_or_becomes_the_default() {
        let mut map = IdMap::new();
        assert!(map.is_identity());
        map.insert(IdKind::Group, 5, 5);
        assert!(map.is_identity());
        map.insert(IdKind::Group, 5, 9);
        map.set_default(IdKind::Context, 3);
        map.insert(IdKind::Context, 4, 4);
        assert!(!map.is_identity());
        assert_eq!(map.get(&IdKind::Group, 5), 9);
        assert_eq!(map.get(&IdKind::Grouping, 5), 5);
        assert_eq!(
            (map.get(&IdKind::Context, 4), map.get(&IdKind::Context, 8), map.get(&IdKind::Context, 0)),
            (4, 3, 0)
        );
        assert_eq!(map.changes().count(), 1);
    }

    #[test]
    fn directories_carry_ids() {
        let mut map = IdMap::new();
        map.insert(IdKind::CourseModule, 433, 500);
        map.insert(IdKind::Block, 3, 4);
        map.insert(IdKind::Section, 1, 2);
        for (from, to) in [
            ("activities/forum_433/blocks/html_3/block.xml", "activities/forum_500/blocks/html_4/block.xml"),
            ("sections/section_1/section.xml", "sections/section_2/section.xml"),
            ("course/course.xml", "course/course.xml"),
        ] {
            let Place::Part(part) = parse(from) else { panic!("{from}") };
            assert_eq!(map.part(&part).path(), to);
        }
    }

    #[test]
    fn items_of_files_follow_their_area() {
        let mut map = IdMap::new();
        map.insert(IdKind::Section, 130, 131);
        assert_eq!(map.file_item("course", "section", 130), 131);
        assert_eq!(map.file_item("course", "summary", 130), 130);
        assert_eq!(map.file_item("course", "section", -1), -1);
    }
}
