//! Between the contract's course records and the store's.

use crate::bindings::provost::plugin::course_store as wit;
use crate::bindings::provost::plugin::types::BlobRef as WitBlob;
use provost_store::api;

pub fn origin_in(o: wit::Origin) -> api::Origin {
    api::Origin {
        site_hash: o.site_hash,
        site_url: o.site_url,
        course: o.course,
        context: o.context,
        system_context: o.system_context,
        category: o.category,
        date_offset: o.date_offset,
    }
}

fn origin_out(o: &api::Origin) -> wit::Origin {
    wit::Origin {
        site_hash: o.site_hash.clone(),
        site_url: o.site_url.clone(),
        course: o.course,
        context: o.context,
        system_context: o.system_context,
        category: o.category,
        date_offset: o.date_offset,
    }
}

pub fn course_fields_in(f: wit::CourseFields) -> api::CourseFields {
    api::CourseFields {
        fullname: f.fullname,
        shortname: f.shortname,
        idnumber: f.idnumber,
        format: f.format,
        start_date: f.start_date,
        end_date: f.end_date,
        visible: f.visible,
        category: f.category,
        created: f.created,
        modified: f.modified,
    }
}

pub fn course_out(c: &api::Course) -> wit::CourseRecord {
    let f = &c.fields;
    wit::CourseRecord {
        id: c.id,
        context: c.context,
        fields: wit::CourseFields {
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
        origin: origin_out(&c.origin),
        extra: c.extra.clone(),
    }
}

pub fn section_in(f: wit::SectionFields) -> api::SectionFields {
    api::SectionFields {
        local: f.local,
        number: f.number,
        name: f.name,
        visible: f.visible,
        delegated_to: f.delegated_to,
    }
}

pub fn section_out(i: api::Item<api::SectionFields>) -> wit::SectionRecord {
    let f = i.fields;
    wit::SectionRecord {
        id: i.id,
        scope: i.scope,
        fields: wit::SectionFields {
            local: f.local,
            number: f.number,
            name: f.name,
            visible: f.visible,
            delegated_to: f.delegated_to,
        },
    }
}

pub fn activity_in(f: wit::ActivityFields) -> api::ActivityFields {
    api::ActivityFields {
        local: f.local,
        section: f.section,
        module: f.module,
        instance: f.instance,
        context: f.context,
        name: f.name,
        visible: f.visible,
        idnumber: f.idnumber,
    }
}

pub fn activity_out(i: api::ActivityItem) -> wit::ActivityRecord {
    let f = i.fields;
    wit::ActivityRecord {
        id: i.id,
        scope: i.scope,
        context: i.context,
        fields: wit::ActivityFields {
            local: f.local,
            section: f.section,
            module: f.module,
            instance: f.instance,
            context: f.context,
            name: f.name,
            visible: f.visible,
            idnumber: f.idnumber,
        },
    }
}

pub fn block_in(f: wit::BlockFields) -> api::BlockFields {
    api::BlockFields { local: f.local, name: f.name, context: f.context, activity: f.activity }
}

pub fn block_out(i: api::Item<api::BlockFields>) -> wit::BlockRecord {
    let f = i.fields;
    wit::BlockRecord {
        id: i.id,
        scope: i.scope,
        fields: wit::BlockFields { local: f.local, name: f.name, context: f.context, activity: f.activity },
    }
}

pub fn owner_in(o: wit::Owner) -> api::Owner {
    match o {
        wit::Owner::Course => api::Owner::Course,
        wit::Owner::Section(id) => api::Owner::Section(id),
        wit::Owner::Activity(id) => api::Owner::Activity(id),
        wit::Owner::Block(id) => api::Owner::Block(id),
    }
}

fn owner_out(o: api::Owner) -> wit::Owner {
    match o {
        api::Owner::Course => wit::Owner::Course,
        api::Owner::Section(id) => wit::Owner::Section(id),
        api::Owner::Activity(id) => wit::Owner::Activity(id),
        api::Owner::Block(id) => wit::Owner::Block(id),
    }
}

pub fn part_out(p: api::Part) -> wit::PartRecord {
    wit::PartRecord {
        id: p.id,
        scope: p.scope,
        owner: owner_out(p.owner),
        name: p.name,
        facets: p.facets.names().to_vec(),
        size: p.size,
    }
}

fn columns_in(c: wit::RowColumns) -> api::Columns {
    match c {
        wit::RowColumns::Enrolment(c) => api::Columns::Enrolment {
            local: c.local,
            person: c.person,
            method: c.method,
            method_kind: c.method_kind,
            suspended: c.suspended,
            start: c.start,
            end: c.end,
        },
        wit::RowColumns::RoleAssignment(c) => {
            api::Columns::RoleAssignment { local: c.local, person: c.person, role: c.role }
        }
        wit::RowColumns::Group(c) => api::Columns::Group { local: c.local, name: c.name, idnumber: c.idnumber },
        wit::RowColumns::GroupMember(c) => {
            api::Columns::GroupMember { local: c.local, person: c.person, group: c.group }
        }
        wit::RowColumns::GradeItem(c) => {
            api::Columns::GradeItem { local: c.local, name: c.name, kind: c.kind, maximum: c.maximum }
        }
        wit::RowColumns::Grade(c) => api::Columns::Grade {
            local: c.local,
            person: c.person,
            item: c.item,
            final_grade: c.final_grade,
            modified: c.modified,
        },
        wit::RowColumns::Completion(c) => {
            api::Columns::Completion { local: c.local, person: c.person, state: c.state, modified: c.modified }
        }
        wit::RowColumns::Log(c) => api::Columns::Log {
            local: c.local,
            person: c.person,
            time: c.time,
            context: c.context,
            component: c.component,
            action: c.action,
            target: c.target,
            object_table: c.object_table,
            object: c.object,
        },
    }
}

pub fn run_in(r: wit::FacetedRun) -> api::FacetedRun {
    let run = match r.run {
        wit::Run::Text(bytes) => api::Run::Text(bytes),
        wit::Run::Rows(rows) => api::Run::Rows(
            rows.into_iter().map(|row| api::Row { element: row.element, columns: columns_in(row.columns) }).collect(),
        ),
    };
    api::FacetedRun { facets: api::Facets::new(r.facets), run }
}

pub fn reference_in(r: wit::Reference) -> api::Reference {
    api::Reference { kind: r.kind, local: r.local, facets: api::Facets::new(r.facets) }
}

pub fn reference_out(r: api::Reference) -> wit::Reference {
    wit::Reference { kind: r.kind, local: r.local, facets: r.facets.names().to_vec() }
}

pub fn entry_in(e: wit::Entry) -> api::Entry {
    api::Entry { kind: e.kind, local: e.local, name: e.name, archetype: e.archetype, element: e.element }
}

pub fn entry_out((scope, e): (u64, api::Entry)) -> wit::EntryRecord {
    let entry = wit::Entry { kind: e.kind, local: e.local, name: e.name, archetype: e.archetype, element: e.element };
    wit::EntryRecord { scope, entry }
}

pub fn scope_out(s: api::Scope) -> wit::ScopeRecord {
    wit::ScopeRecord { id: s.id, origin: origin_out(&s.origin) }
}

pub fn binding_in(b: wit::Binding) -> api::Binding {
    api::Binding { kind: b.kind, local: b.local, target_scope: b.target_scope, target: b.target }
}

pub fn binding_out((scope, b): (u64, api::Binding)) -> wit::BindingRecord {
    let binding = wit::Binding { kind: b.kind, local: b.local, target_scope: b.target_scope, target: b.target };
    wit::BindingRecord { scope, binding }
}

pub fn blob_in(b: WitBlob) -> api::BlobRef {
    api::BlobRef { sha1: b.sha1, size: b.size }
}

pub fn blob_out(b: api::BlobRef) -> WitBlob {
    WitBlob { sha1: b.sha1, size: b.size }
}

pub fn file_in(f: wit::FileFields) -> api::CourseFileFields {
    api::CourseFileFields {
        local: f.local,
        context: f.context,
        component: f.component,
        area: f.area,
        item: f.item,
        path: f.path,
        name: f.name,
        blob: f.blob.map(blob_in),
        mimetype: f.mimetype,
        person: f.person,
        facets: api::Facets::new(f.facets),
        element: f.element,
    }
}

pub fn file_out(i: api::Item<api::CourseFileFields>) -> wit::FileRecord {
    let f = i.fields;
    wit::FileRecord {
        id: i.id,
        scope: i.scope,
        fields: wit::FileFields {
            local: f.local,
            context: f.context,
            component: f.component,
            area: f.area,
            item: f.item,
            path: f.path,
            name: f.name,
            blob: f.blob.map(blob_out),
            mimetype: f.mimetype,
            person: f.person,
            facets: f.facets.names().to_vec(),
            element: f.element,
        },
    }
}

pub fn person_in(p: wit::ArchivedPerson) -> api::ArchivedPerson {
    api::ArchivedPerson {
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
    }
}

pub fn person_out(scope: u64, person: u64, p: api::ArchivedPerson) -> wit::PersonLink {
    wit::PersonLink {
        scope,
        person,
        archived: wit::ArchivedPerson {
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
        },
    }
}

pub fn copy_choice_in(choice: wit::CopyChoice) -> api::CopyChoice {
    let wit::CopyChoice { facets, people, roster, date_offset, without, items, files, scopes } = choice;
    api::CopyChoice { facets: api::Facets::new(facets), people, roster, date_offset, without, items, files, scopes }
}
