//! `course-store` of the contract: snapshots, read from the store without anything in between.

use crate::host::{host, wait};
use crate::{BlobRef, Result};
use provost_store::api::{self, Facets};
pub use sdk::course_store::{
    ActivityFields, ActivityRecord, ArchivedPerson, Binding, BindingRecord, BlockFields, BlockRecord, CourseFields,
    CourseRecord, Entry, EntryRecord, FileFields, FileRecord, Origin, Owner, PartRecord, PersonLink, Reference,
    ScopeRecord, SectionFields, SectionRecord,
};
use std::cell::RefCell;

/// A course as it is now.
pub struct Snapshot(pub(crate) RefCell<Box<dyn api::Snapshot>>);

/// The contract's methods that answer with a page.
macro_rules! pages {
    ($($name:ident($($arg:ident: $type:ty),*) -> $record:ty = $convert:expr;)*) => {
        $(
            /// See the contract.
            ///
            /// # Errors
            /// As there.
            pub fn $name(&self, $($arg: $type),*) -> Result<Vec<$record>> {
                let rows = wait(self.0.borrow_mut().$name($($arg),*))?;
                Ok(rows.into_iter().map($convert).collect())
            }
        )*
    };
}

impl Snapshot {
    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn open(course: u64) -> Result<Self> {
        Ok(Self(RefCell::new(wait(host()?.store.snapshot(course))?)))
    }

    /// See the contract.
    pub fn course(&self) -> CourseRecord {
        let snapshot = self.0.borrow();
        let (course, f, o) = (snapshot.course(), &snapshot.course().fields, &snapshot.course().origin);
        CourseRecord {
            id: course.id,
            context: course.context,
            fields: CourseFields {
                fullname: f.fullname.clone(),
                shortname: f.shortname.clone(),
                idnumber: f.idnumber.clone(),
                format: f.format.clone(),
                start_date: f.start_date,
                end_date: f.end_date,
                visible: f.visible,
                category: f.category,
                created: f.created,
                modified: f.modified,
            },
            origin: origin(o),
            extra: course.extra.clone(),
        }
    }

    pages! {
        scope_parents() -> (u64, u64) = std::convert::identity;
        scopes() -> ScopeRecord = scope;
        bindings() -> BindingRecord = binding;
        sections(after: u64, limit: u32) -> SectionRecord = section;
        activities(after: u64, limit: u32) -> ActivityRecord = activity;
        blocks(after: u64, limit: u32) -> BlockRecord = block;
        parts(after: u64, limit: u32) -> PartRecord = part;
        files(after: u64, limit: u32) -> FileRecord = file;
        entries(kind: &str) -> EntryRecord = entry;
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn people(&self, scope: u64, after_local: u64, limit: u32) -> Result<Vec<PersonLink>> {
        let rows = wait(self.0.borrow_mut().people(scope, after_local, limit))?;
        Ok(rows.into_iter().map(|(id, archived)| person(scope, id, archived)).collect())
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn read_part(&self, part: u64, facets: &[String], offset: u64, limit: u32) -> Result<Vec<u8>> {
        let facets = Facets::new(facets.to_vec());
        wait(self.0.borrow_mut().read_part(part, &facets, offset, limit))
    }

    /// See the contract: nobody is told here.
    ///
    /// # Errors
    /// None.
    pub fn announce_export(&self, _backup: &str, _user_data: bool) -> Result<()> {
        Ok(())
    }

    /// See the contract.
    ///
    /// # Errors
    /// As there.
    pub fn references(&self, owner: Owner, facets: &[String]) -> Result<Vec<Reference>> {
        let facets = Facets::new(facets.to_vec());
        let found = wait(self.0.borrow_mut().references(owner_in(owner), &facets))?;
        let out = |r: api::Reference| Reference { kind: r.kind, local: r.local, facets: r.facets.names().to_vec() };
        Ok(found.into_iter().map(out).collect())
    }
}

fn owner_in(owner: Owner) -> api::Owner {
    match owner {
        Owner::Course => api::Owner::Course,
        Owner::Section(id) => api::Owner::Section(id),
        Owner::Activity(id) => api::Owner::Activity(id),
        Owner::Block(id) => api::Owner::Block(id),
    }
}

fn section(item: api::Item<api::SectionFields>) -> SectionRecord {
    let f = item.fields;
    let fields = SectionFields {
        local: f.local,
        number: f.number,
        name: f.name,
        visible: f.visible,
        delegated_to: f.delegated_to,
    };
    SectionRecord { id: item.id, scope: item.scope, fields }
}

fn activity(item: api::ActivityItem) -> ActivityRecord {
    let f = item.fields;
    let fields = ActivityFields {
        local: f.local,
        section: f.section,
        module: f.module,
        instance: f.instance,
        context: f.context,
        name: f.name,
        visible: f.visible,
        idnumber: f.idnumber,
    };
    ActivityRecord { id: item.id, scope: item.scope, context: item.context, fields }
}

fn block(item: api::Item<api::BlockFields>) -> BlockRecord {
    let f = item.fields;
    BlockRecord {
        id: item.id,
        scope: item.scope,
        fields: BlockFields { local: f.local, name: f.name, context: f.context, activity: f.activity },
    }
}

fn part(part: api::Part) -> PartRecord {
    let owner = match part.owner {
        api::Owner::Course => Owner::Course,
        api::Owner::Section(id) => Owner::Section(id),
        api::Owner::Activity(id) => Owner::Activity(id),
        api::Owner::Block(id) => Owner::Block(id),
    };
    PartRecord {
        id: part.id,
        scope: part.scope,
        owner,
        name: part.name,
        facets: part.facets.names().to_vec(),
        size: part.size,
    }
}

fn file(item: api::Item<api::CourseFileFields>) -> FileRecord {
    let f = item.fields;
    let fields = FileFields {
        local: f.local,
        context: f.context,
        component: f.component,
        area: f.area,
        item: f.item,
        path: f.path,
        name: f.name,
        blob: f.blob.map(|b| BlobRef { sha1: b.sha1, size: b.size }),
        mimetype: f.mimetype,
        person: f.person,
        facets: f.facets.names().to_vec(),
        element: f.element,
    };
    FileRecord { id: item.id, scope: item.scope, fields }
}

fn person(scope: u64, person: u64, p: api::ArchivedPerson) -> PersonLink {
    let archived = ArchivedPerson {
        local: p.local,
        username: p.username,
        email: p.email,
        firstname: p.firstname,
        lastname: p.lastname,
        idnumber: p.idnumber,
        first_access: p.first_access,
        deleted: p.deleted,
        suspended: p.suspended,
        element: p.element,
    };
    PersonLink { scope, person, archived }
}

fn entry((scope, e): (u64, api::Entry)) -> EntryRecord {
    let entry = Entry { kind: e.kind, local: e.local, name: e.name, archetype: e.archetype, element: e.element };
    EntryRecord { scope, entry }
}

fn origin(o: &api::Origin) -> Origin {
    Origin {
        site_hash: o.site_hash.clone(),
        site_url: o.site_url.clone(),
        course: o.course,
        context: o.context,
        system_context: o.system_context,
        category: o.category,
        date_offset: o.date_offset,
    }
}

fn scope(s: api::Scope) -> ScopeRecord {
    ScopeRecord { id: s.id, origin: origin(&s.origin) }
}

fn binding((scope, b): (u64, api::Binding)) -> BindingRecord {
    let binding = Binding { kind: b.kind, local: b.local, target_scope: b.target_scope, target: b.target };
    BindingRecord { scope, binding }
}
