//! `course-store` in memory.

use super::course::{Course, Part, append, takes};
use super::host::{Host, take};
use super::{conflict, copy, enter, enter_changing, page, slice, try_with, with};
use crate::{Error, Result};
use std::cell::RefCell;
use std::rc::Rc;

pub use crate::bindings::imports::provost::plugin::course_store::{
    ActivityFields, ActivityRecord, ArchivedPerson, Binding, BindingRecord, BlobRef, BlockFields, BlockRecord,
    CompletionColumns, Copied, CopyChoice, CopyNumbers, CourseFields, CourseId, CourseRecord, EnrolmentColumns, Entry,
    EntryRecord, Facet, FacetedRun, FileFields, FileRecord, GradeColumns, GradeItemColumns, GroupColumns,
    GroupMemberColumns, ItemId, LogColumns, NewPerson, Origin, Owner, PartRecord, PersonChoice, PersonId, PersonLink,
    Reference, RoleAssignmentColumns, Row, RowColumns, Run, ScopeRecord, SectionFields, SectionRecord, Timestamp,
};
use crate::bindings::imports::provost::plugin::people::Person;

const INTERFACE: &str = "course-store";

/// A course as it is now.
pub struct Snapshot(pub(super) Rc<Course>);

impl Snapshot {
    /// See `snapshot.open` in the contract.
    pub fn open(course: CourseId) -> Result<Snapshot> {
        enter(INTERFACE)?;
        Ok(Snapshot(with(|host| host.course(course))?))
    }
    /// See `snapshot.course`.
    pub fn course(&self) -> CourseRecord {
        self.0.record.clone()
    }
    /// See `snapshot.scopes`.
    pub fn scopes(&self) -> Result<Vec<ScopeRecord>> {
        enter(INTERFACE)?;
        Ok(self.0.scopes.clone())
    }
    /// See `snapshot.bindings`.
    pub fn bindings(&self) -> Result<Vec<BindingRecord>> {
        enter(INTERFACE)?;
        Ok(self.0.bindings.clone())
    }
    /// See `snapshot.scope-parents`. The double copies no items.
    pub fn scope_parents(&self) -> Result<Vec<(u64, u64)>> {
        enter(INTERFACE)?;
        Ok(Vec::new())
    }
    /// See `snapshot.sections`.
    pub fn sections(&self, after: ItemId, limit: u32) -> Result<Vec<SectionRecord>> {
        enter(INTERFACE)?;
        page(&self.0.sections, |s| s.id, after, limit)
    }
    /// See `snapshot.activities`.
    pub fn activities(&self, after: ItemId, limit: u32) -> Result<Vec<ActivityRecord>> {
        enter(INTERFACE)?;
        page(&self.0.activities, |a| a.id, after, limit)
    }
    /// See `snapshot.blocks`.
    pub fn blocks(&self, after: ItemId, limit: u32) -> Result<Vec<BlockRecord>> {
        enter(INTERFACE)?;
        page(&self.0.blocks, |b| b.id, after, limit)
    }
    /// See `snapshot.parts`.
    pub fn parts(&self, after: u64, limit: u32) -> Result<Vec<PartRecord>> {
        enter(INTERFACE)?;
        let records: Vec<_> = self.0.parts.iter().map(|p| p.record.clone()).collect();
        page(&records, |r| r.id, after, limit)
    }
    /// See `snapshot.read-part`.
    pub fn read_part(&self, part: u64, facets: &[Facet], offset: u64, limit: u32) -> Result<Vec<u8>> {
        enter(INTERFACE)?;
        Ok(slice(&self.0.part_bytes(part, facets)?, offset, limit))
    }
    /// See `snapshot.files`.
    pub fn files(&self, after: u64, limit: u32) -> Result<Vec<FileRecord>> {
        enter(INTERFACE)?;
        page(&self.0.files, |f| f.id, after, limit)
    }
    /// See `snapshot.references`.
    pub fn references(&self, owner: Owner, facets: &[Facet]) -> Result<Vec<Reference>> {
        enter(INTERFACE)?;
        let of_owner = self.0.references.iter().filter(|(o, _)| *o == owner).map(|(_, reference)| reference);
        let mut taken: Vec<_> = of_owner.filter(|r| takes(facets, &r.facets)).cloned().collect();
        taken.sort_by(|a, b| (&a.kind, a.local).cmp(&(&b.kind, b.local)));
        taken.dedup_by(|a, b| a.kind == b.kind && a.local == b.local);
        Ok(taken)
    }
    /// See `snapshot.people`.
    pub fn people(&self, scope: u64, after_local: u64, limit: u32) -> Result<Vec<PersonLink>> {
        enter(INTERFACE)?;
        let of_scope: Vec<_> = self.0.people.iter().filter(|p| p.scope == scope).cloned().collect();
        page(&of_scope, |p| p.archived.local, after_local, limit)
    }
    /// See `snapshot.entries`.
    pub fn entries(&self, kind: &str) -> Result<Vec<EntryRecord>> {
        enter(INTERFACE)?;
        Ok(self.0.entries.iter().filter(|e| e.entry.kind == kind).cloned().collect())
    }
    /// See `snapshot.announce-export`: nobody is told here.
    pub fn announce_export(&self, _backup: &str, _user_data: bool) -> Result<()> {
        enter(INTERFACE)
    }
}

/// What a draft holds until it is published or dropped.
struct Building {
    generation: u64,
    scope: u64,
    /// Whether it is brought into a course that is there.
    extends: bool,
    course: Course,
    people: Vec<Person>,
    /// Rows of a copy that is not through yet.
    copied: Option<u64>,
    /// What numbers of items that are copied become.
    numbers: Option<CopyNumbers>,
}

impl Building {
    /// Gives reserved names back; they are either free again or taken for good now.
    fn release(&self, host: &mut Host) {
        if host.generation == self.generation {
            if !self.extends {
                host.reserved_shortnames.remove(&self.course.record.fields.shortname);
            }
            self.people.iter().for_each(|p| {
                host.reserved_usernames.remove(&p.username);
            });
        }
    }
}

impl Building {
    /// Fails where it cannot be published.
    fn check(&self) -> Result<()> {
        if self.copied.is_some() {
            return Err(Error::invalid("the copy is not through"));
        }
        if self.extends {
            with(|host| host.course(self.course.record.id))?;
        }
        Ok(())
    }

    /// Makes it visible.
    fn publish(self, host: &mut Host) -> Result<CourseId> {
        self.release(host);
        let there = match self.extends {
            true => Some(host.course(self.course.record.id)?),
            false => None,
        };
        for person in self.people {
            let context = take(&mut host.next.context);
            host.person_contexts.insert(person.id, context);
            host.people.insert(person.id, person);
        }
        let mut course = self.course;
        let site = course.scopes.first().map(|s| s.origin.site_hash.clone()).unwrap_or_default();
        if !site.is_empty() {
            for link in &course.people {
                host.origins.entry((site.clone(), link.archived.local)).or_insert(link.person);
            }
        }
        let id = course.record.id;
        if let Some(there) = there {
            let brought = std::mem::replace(&mut course, Course::clone(&there));
            course.merge(brought);
        }
        course.arrange();
        host.courses.insert(id, Rc::new(course));
        Ok(id)
    }
}

/// A course in the making.
pub struct Draft(RefCell<Option<Building>>);

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(building) = self.0.get_mut().take() {
            try_with(|host| building.release(host));
        }
    }
}

impl Draft {
    fn build<R>(&self, f: impl FnOnce(&mut Building) -> Result<R>) -> Result<R> {
        enter(INTERFACE)?;
        match self.0.borrow_mut().as_mut() {
            Some(building) => f(building),
            None => Err(Error::new(crate::ErrorKind::Invalid, "draft", "the draft is published")),
        }
    }

    /// See `draft.create`.
    pub fn create(fields: &CourseFields, origin: &Origin, extra: &str) -> Result<Draft> {
        enter_changing(INTERFACE)?;
        with(|host| {
            let mut fields = fields.clone();
            let first = host.categories.keys().next().copied().unwrap_or_default();
            if fields.category == 0 {
                fields.category = first;
            }
            if !host.categories.contains_key(&fields.category) {
                return Err(Error::not_found("category", format!("no category {}", fields.category)));
            }
            let published = host.courses.values().any(|c| c.record.fields.shortname == fields.shortname);
            let own = host.running.is_some() && host.job_shortnames.get(&fields.shortname) == host.running.as_ref();
            if published || !(host.reserved_shortnames.insert(fields.shortname.clone()) || own) {
                return Err(conflict("shortname", &fields.shortname));
            }
            let record = CourseRecord {
                id: take(&mut host.next.course),
                context: take(&mut host.next.context),
                fields,
                origin: origin.clone(),
                extra: extra.to_owned(),
            };
            Ok(Draft::begin(host, record, origin, false))
        })
    }

    /// See `draft.extend`.
    pub fn extend(course: CourseId, origin: &Origin) -> Result<Draft> {
        enter_changing(INTERFACE)?;
        with(|host| {
            let record = host.course(course)?.record.clone();
            Ok(Draft::begin(host, record, origin, true))
        })
    }

    fn begin(host: &mut Host, record: CourseRecord, origin: &Origin, extends: bool) -> Draft {
        let scope = take(&mut host.next.scope);
        let mut course = Course::new(record);
        course.scopes.push(ScopeRecord { id: scope, origin: origin.clone() });
        let building = Building {
            generation: host.generation,
            scope,
            extends,
            course,
            people: Vec::new(),
            copied: None,
            numbers: None,
        };
        Draft(RefCell::new(Some(building)))
    }

    /// See `draft.bind`.
    pub fn bind(&self, bindings: &[Binding]) -> Result<()> {
        self.build(|building| {
            if !building.extends {
                return Err(Error::invalid("a new course has no older scope to bind to"));
            }
            let there = with(|host| host.course(building.course.record.id))?;
            for binding in bindings {
                if !there.scopes.iter().chain(&building.course.scopes).any(|s| s.id == binding.target_scope) {
                    return Err(Error::not_found("scope", format!("no scope {}", binding.target_scope)));
                }
                building.course.bindings.push(BindingRecord { scope: building.scope, binding: binding.clone() });
            }
            Ok(())
        })
    }

    /// See `draft.course`.
    ///
    /// # Panics
    /// When the draft is published: there the host traps.
    #[track_caller]
    pub fn course(&self) -> CourseId {
        match self.0.borrow().as_ref() {
            Some(building) => building.course.record.id,
            None => panic!("trap: the draft is published"),
        }
    }

    /// See `draft.context`.
    ///
    /// # Panics
    /// As [`Draft::course`].
    #[track_caller]
    pub fn context(&self) -> u64 {
        match self.0.borrow().as_ref() {
            Some(building) => building.course.record.context,
            None => panic!("trap: the draft is published"),
        }
    }

    /// See `draft.add-section`.
    pub fn add_section(&self, fields: &SectionFields) -> Result<ItemId> {
        self.build(|building| {
            let id = with(|host| take(&mut host.next.item));
            building.course.sections.push(SectionRecord { id, scope: building.scope, fields: fields.clone() });
            Ok(id)
        })
    }
    /// See `draft.add-activity`.
    pub fn add_activity(&self, fields: &ActivityFields) -> Result<ItemId> {
        self.build(|building| {
            let (id, context) = with(|host| (take(&mut host.next.item), take(&mut host.next.context)));
            let record = ActivityRecord { id, scope: building.scope, context, fields: fields.clone() };
            building.course.activities.push(record);
            Ok(id)
        })
    }
    /// See `draft.add-block`.
    pub fn add_block(&self, fields: &BlockFields) -> Result<ItemId> {
        self.build(|building| {
            if let Some(activity) = fields.activity {
                building.course.check_owner(&Owner::Activity(activity))?;
            }
            let id = with(|host| take(&mut host.next.item));
            building.course.blocks.push(BlockRecord { id, scope: building.scope, fields: fields.clone() });
            Ok(id)
        })
    }

    /// See `draft.add-part`.
    pub fn add_part(&self, owner: Owner, name: &str, facets: &[Facet]) -> Result<u64> {
        self.build(|building| {
            let scope = building.scope;
            let course = &mut building.course;
            course.check_owner(&owner)?;
            let is_it = |p: &PartRecord| p.scope == scope && p.owner == owner && p.name == name;
            if course.parts.iter().any(|p| is_it(&p.record)) {
                return Err(conflict("part", name));
            }
            let id = with(|host| take(&mut host.next.part));
            let record = PartRecord { id, scope, owner, name: name.to_owned(), facets: facets.to_vec(), size: 0 };
            course.parts.push(Part { record, runs: Vec::new() });
            Ok(id)
        })
    }
    /// See `draft.append-runs`.
    pub fn append_runs(&self, part: u64, runs: &[FacetedRun]) -> Result<()> {
        self.build(|building| {
            let found = building.course.parts.iter_mut().find(|p| p.record.id == part);
            let part = found.ok_or_else(|| Error::not_found("part", format!("no part {part} in the draft")))?;
            let mut bytes = Vec::new();
            runs.iter().for_each(|r| append(&r.run, &mut bytes));
            part.record.size += bytes.len() as u64;
            part.runs.extend_from_slice(runs);
            Ok(())
        })
    }

    /// See `draft.add-references`.
    pub fn add_references(&self, owner: Owner, references: &[Reference]) -> Result<()> {
        self.build(|building| {
            if building.extends && owner == Owner::Course {
                return Err(Error::invalid("what is brought into a course refers from its items only"));
            }
            building.course.check_owner(&owner)?;
            building.course.references.extend(references.iter().map(|r| (owner, r.clone())));
            Ok(())
        })
    }
    /// See `draft.add-files`.
    pub fn add_files(&self, files: &[FileFields]) -> Result<()> {
        self.build(|building| {
            with(|host| {
                for blob in files.iter().filter_map(|f| f.blob.as_ref()) {
                    host.blob(&blob.sha1)?;
                }
                let scope = building.scope;
                let records =
                    files.iter().map(|f| FileRecord { id: take(&mut host.next.course_file), scope, fields: f.clone() });
                building.course.files.extend(records);
                Ok(())
            })
        })
    }
    /// See `draft.add-entries`.
    pub fn add_entries(&self, entries: &[Entry]) -> Result<()> {
        self.build(|building| {
            let scope = building.scope;
            building.course.entries.extend(entries.iter().map(|e| EntryRecord { scope, entry: e.clone() }));
            Ok(())
        })
    }
    /// See `draft.add-people`.
    pub fn add_people(&self, people: &[(ArchivedPerson, PersonChoice)]) -> Result<Vec<PersonId>> {
        self.build(|building| {
            with(|host| {
                // All of them or none: look first.
                let mut names = std::collections::HashSet::new();
                for (_, choice) in people {
                    match choice {
                        PersonChoice::Link(id) if !host.people.contains_key(id) => {
                            return Err(Error::not_found("person", format!("no person {id}")));
                        }
                        PersonChoice::Create(new)
                            if host.username_taken(&new.username) || !names.insert(&new.username) =>
                        {
                            return Err(conflict("username", &new.username));
                        }
                        _ => {}
                    }
                }
                let mut ids = Vec::with_capacity(people.len());
                for (archived, choice) in people {
                    let person = match choice {
                        PersonChoice::Link(id) => *id,
                        PersonChoice::Create(new) => {
                            let person = created(take(&mut host.next.person), new, archived, host.now);
                            host.reserved_usernames.insert(new.username.clone());
                            building.people.push(person.clone());
                            person.id
                        }
                    };
                    building.course.people.push(PersonLink {
                        scope: building.scope,
                        person,
                        archived: archived.clone(),
                    });
                    ids.push(person);
                }
                Ok(ids)
            })
        })
    }

    /// See `draft.copy-from`.
    pub fn copy_from(&self, source: Snapshot, choice: &CopyChoice) -> Result<()> {
        self.build(|building| {
            if !building.course.parts.is_empty() || building.copied.is_some() {
                return Err(Error::invalid("a copy is the first thing in a draft"));
            }
            if choice.items.is_empty() == building.extends {
                return Err(Error::invalid("a whole course goes into a new one, items go into one that is there"));
            }
            let numbers = with(|host| copy::copy(host, &source.0, &mut building.course, choice))?;
            building.numbers = building.extends.then_some(numbers);
            let rows = building.course.parts.len() + building.course.sections.len() + building.course.activities.len();
            building.copied = Some(rows as u64);
            Ok(())
        })
    }
    /// See `draft.copied-numbers`.
    pub fn copied_numbers(&self) -> Result<CopyNumbers> {
        self.build(|building| building.numbers.clone().ok_or_else(|| Error::invalid("no items are being copied")))
    }
    /// See `draft.enter-scope`.
    pub fn enter_scope(&self, scope: u64) -> Result<()> {
        self.build(|building| {
            let scopes = building.numbers.as_ref().map_or(&[][..], |numbers| numbers.scopes.as_slice());
            if !scopes.iter().any(|(_, own)| *own == scope) {
                return Err(Error::not_found("scope", format!("no scope {scope}")));
            }
            building.scope = scope;
            Ok(())
        })
    }
    /// See `draft.copy-some`.
    pub fn copy_some(&self) -> Result<Copied> {
        self.build(|building| match building.copied.take() {
            Some(rows) => Ok(Copied { done: rows, total: rows }),
            None => Err(Error::invalid("nothing is being copied")),
        })
    }

    /// See `draft.publish`.
    pub fn publish(&self) -> Result<CourseId> {
        self.build(|building| building.check())?;
        let Some(building) = self.0.borrow_mut().take() else {
            return Err(Error::failed("the draft is gone"));
        };
        with(|host| building.publish(host))
    }

    /// See `draft.announce-import`: nobody is told here.
    pub fn announce_import(&self, _backup: &str, _user_data: bool) -> Result<()> {
        self.build(|_| Ok(()))
    }

    /// See `draft.publish-all`.
    pub fn publish_all(drafts: Vec<Draft>) -> Result<Vec<CourseId>> {
        drafts.iter().try_for_each(|draft| draft.build(|building| building.check()))?;
        drafts.iter().map(Draft::publish).collect()
    }
}

/// A new person after an archived one.
fn created(id: PersonId, new: &NewPerson, archived: &ArchivedPerson, now: Timestamp) -> Person {
    Person {
        id,
        username: new.username.clone(),
        email: archived.email.clone(),
        firstname: archived.firstname.clone(),
        lastname: archived.lastname.clone(),
        idnumber: archived.idnumber.clone(),
        first_access: archived.first_access,
        last_access: 0,
        created: now,
        deleted: archived.deleted,
        suspended: archived.suspended,
        site_admin: false,
        extra: new.extra.clone(),
    }
}
