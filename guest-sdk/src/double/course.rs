//! A course of the test double: what a draft gathers and a snapshot shows.

use crate::bindings::imports::provost::plugin::course_store::{
    ActivityRecord, BindingRecord, BlockRecord, CourseRecord, EnrolmentColumns, Entry, EntryRecord, FacetedRun,
    FileRecord, Owner, PartRecord, PersonLink, Reference, Row, RowColumns, Run, ScopeRecord, SectionRecord,
};
use crate::{Error, Result};

/// A part with its runs.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) record: PartRecord,
    pub(crate) runs: Vec<FacetedRun>,
}

/// A course with everything in it, in the order in which it was added.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) record: CourseRecord,
    pub(crate) scopes: Vec<ScopeRecord>,
    pub(crate) bindings: Vec<BindingRecord>,
    pub(crate) sections: Vec<SectionRecord>,
    pub(crate) activities: Vec<ActivityRecord>,
    pub(crate) blocks: Vec<BlockRecord>,
    pub(crate) parts: Vec<Part>,
    pub(crate) references: Vec<(Owner, Reference)>,
    pub(crate) files: Vec<FileRecord>,
    pub(crate) entries: Vec<EntryRecord>,
    pub(crate) people: Vec<PersonLink>,
}

/// Whether a set of facets takes what carries these.
pub(crate) fn takes(set: &[String], carried: &[String]) -> bool {
    carried.iter().all(|facet| set.contains(facet))
}

/// The bytes of a run.
pub(crate) fn append(run: &Run, bytes: &mut Vec<u8>) {
    match run {
        Run::Text(text) => bytes.extend_from_slice(text),
        Run::Rows(rows) => rows.iter().for_each(|row| bytes.extend_from_slice(&row.element)),
    }
}

fn owner_rank(owner: &Owner) -> (u8, u64) {
    match owner {
        Owner::Course => (0, 0),
        Owner::Section(id) => (1, *id),
        Owner::Activity(id) => (2, *id),
        Owner::Block(id) => (3, *id),
    }
}

impl Course {
    /// An empty one.
    pub(crate) fn new(record: CourseRecord) -> Self {
        Self {
            record,
            scopes: Vec::new(),
            bindings: Vec::new(),
            sections: Vec::new(),
            activities: Vec::new(),
            blocks: Vec::new(),
            parts: Vec::new(),
            references: Vec::new(),
            files: Vec::new(),
            entries: Vec::new(),
            people: Vec::new(),
        }
    }

    /// Puts everything into the order in which a snapshot shows it.
    pub(crate) fn arrange(&mut self) {
        self.sections.sort_by_key(|s| s.fields.number);
        let number = |(scope, local)| {
            let section = self.sections.iter().find(|s| (s.scope, s.fields.local) == (scope, local));
            section.map_or(u32::MAX, |s| s.fields.number)
        };
        let place = |scope, local| {
            let bound = self
                .bindings
                .iter()
                .find(|b| (b.scope, b.binding.kind.as_str(), b.binding.local) == (scope, "section", local));
            number(bound.map_or((scope, local), |b| (b.binding.target_scope, b.binding.target)))
        };
        self.activities.sort_by_cached_key(|a| place(a.scope, a.fields.section));
        self.parts.sort_by_key(|p| owner_rank(&p.record.owner));
    }

    /// Takes in what was brought into it.
    pub(crate) fn merge(&mut self, more: Course) {
        self.scopes.extend(more.scopes);
        self.bindings.extend(more.bindings);
        self.sections.extend(more.sections);
        self.activities.extend(more.activities);
        self.blocks.extend(more.blocks);
        self.parts.extend(more.parts);
        self.references.extend(more.references);
        self.files.extend(more.files);
        self.entries.extend(more.entries);
        self.people.extend(more.people);
    }

    /// Lets items go, with what belongs to them.
    pub(crate) fn remove_items(&mut self, items: &[u64]) {
        let mut gone: Vec<u64> = items.to_vec();
        loop {
            let section = |id: u64| self.sections.iter().find(|s| s.id == id);
            let holds = |a: &&ActivityRecord| {
                let is_in =
                    |id: &u64| section(*id).is_some_and(|s| (s.scope, s.fields.local) == (a.scope, a.fields.section));
                !gone.contains(&a.id) && gone.iter().any(is_in)
            };
            let shown = |s: &&SectionRecord| {
                let shows = |a: &ActivityRecord| {
                    gone.contains(&a.id) && (a.scope, a.fields.local) == (s.scope, s.fields.delegated_to)
                };
                s.fields.delegated_to != 0 && !gone.contains(&s.id) && self.activities.iter().any(shows)
            };
            let mut more: Vec<u64> = self.activities.iter().filter(holds).map(|a| a.id).collect();
            more.extend(self.sections.iter().filter(shown).map(|s| s.id));
            if more.is_empty() {
                break;
            }
            gone.extend(more);
        }
        self.blocks.retain(|b| b.fields.activity.is_none_or(|page| !gone.contains(&page)));
        let contexts: Vec<(u64, u64)> =
            self.activities.iter().filter(|a| gone.contains(&a.id)).map(|a| (a.scope, a.fields.context)).collect();
        self.files.retain(|f| !contexts.contains(&(f.scope, f.fields.context)));
        self.sections.retain(|s| !gone.contains(&s.id));
        self.activities.retain(|a| !gone.contains(&a.id));
        let stays = |owner: &Owner| match owner {
            Owner::Course => true,
            Owner::Section(id) | Owner::Activity(id) => !gone.contains(id),
            Owner::Block(id) => self.blocks.iter().any(|b| b.id == *id),
        };
        self.parts.retain(|p| stays(&p.record.owner));
        self.references.retain(|(owner, _)| stays(owner));
    }

    /// Whether the owner is in the course.
    pub(crate) fn check_owner(&self, owner: &Owner) -> Result<()> {
        let (what, id, there) = match owner {
            Owner::Course => return Ok(()),
            Owner::Section(id) => ("section", id, self.sections.iter().any(|s| s.id == *id)),
            Owner::Activity(id) => ("activity", id, self.activities.iter().any(|a| a.id == *id)),
            Owner::Block(id) => ("block", id, self.blocks.iter().any(|b| b.id == *id)),
        };
        if there { Ok(()) } else { Err(Error::not_found(what, format!("no {what} {id} in the draft"))) }
    }

    /// A part as a set of facets shows it.
    pub(crate) fn part_bytes(&self, part: u64, facets: &[String]) -> Result<Vec<u8>> {
        let found = self.parts.iter().find(|p| p.record.id == part);
        let part = found.ok_or_else(|| Error::not_found("part", format!("no part {part}")))?;
        let mut bytes = Vec::new();
        if takes(facets, &part.record.facets) {
            part.runs.iter().filter(|r| takes(facets, &r.facets)).for_each(|r| append(&r.run, &mut bytes));
        }
        Ok(bytes)
    }

    /// Every row, with the part it is in.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&PartRecord, &Row)> {
        self.parts.iter().flat_map(|part| {
            let rows = part.runs.iter().filter_map(|r| match &r.run {
                Run::Rows(rows) => Some(rows),
                Run::Text(_) => None,
            });
            rows.flatten().map(|row| (&part.record, row))
        })
    }

    /// The enrolments of a person of this host.
    pub(crate) fn enrolments(&self, person: u64) -> impl Iterator<Item = &EnrolmentColumns> {
        self.rows().filter_map(move |(part, row)| match &row.columns {
            RowColumns::Enrolment(columns) if self.is_linked(part.scope, columns.person, person) => Some(columns),
            _ => None,
        })
    }

    /// The roles that came with the course and that a person of this host holds at it.
    pub(crate) fn role_entries(&self, person: u64) -> impl Iterator<Item = &Entry> {
        self.rows().filter_map(move |(part, row)| {
            let RowColumns::RoleAssignment(columns) = &row.columns else { return None };
            if part.owner != Owner::Course || !self.is_linked(part.scope, columns.person, person) {
                return None;
            }
            let role = self
                .entries
                .iter()
                .find(|e| (e.scope, e.entry.kind.as_str(), e.entry.local) == (part.scope, "role", columns.role));
            role.map(|e| &e.entry)
        })
    }

    /// Leaves out the rows for which this holds.
    pub(crate) fn remove_rows(&mut self, test: impl Fn(&RowColumns) -> bool, person: u64) {
        let linked: Vec<_> =
            self.people.iter().filter(|l| l.person == person).map(|l| (l.scope, l.archived.local)).collect();
        for part in &mut self.parts {
            let theirs = |columns: &RowColumns| {
                let local = match columns {
                    RowColumns::Enrolment(c) => c.person,
                    RowColumns::RoleAssignment(c) => c.person,
                    RowColumns::GroupMember(c) => c.person,
                    _ => return false,
                };
                linked.contains(&(part.record.scope, local))
            };
            for run in &mut part.runs {
                if let Run::Rows(rows) = &mut run.run {
                    rows.retain(|row| !(theirs(&row.columns) && test(&row.columns)));
                }
            }
        }
    }

    /// Whether a local number of a scope is that person of this host.
    pub(crate) fn is_linked(&self, scope: u64, local: u64, person: u64) -> bool {
        self.people.iter().any(|l| (l.scope, l.archived.local, l.person) == (scope, local, person))
    }
}
