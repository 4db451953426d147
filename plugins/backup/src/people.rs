//! `users.xml` and the top `roles.xml`: those whom the references name.

use crate::documents::ReferredIds;
use crate::leaving::Leaving;
use crate::listing::page_of;
use provost_guest::archive::Writer;
use provost_guest::course_store::{ArchivedPerson, Snapshot};
use provost_guest::{Error, Result};
use provost_moodle_archive::options::Options;
use provost_moodle_archive::people::{self, anonymous};
use provost_moodle_archive::references::ReferenceKind;
use provost_moodle_archive::renumber::IdKind;
use provost_moodle_archive::roles;
use std::collections::HashSet;

const PAGE: u32 = 500;
/// About how much is written at a time.
const CHUNK: usize = 256 << 10;

/// Writes the people referred to, in the order in which they came.
pub fn write(
    writer: &Writer,
    snapshot: &Snapshot,
    leaving: &Leaving,
    options: &Options,
    referred: &ReferredIds,
) -> Result<()> {
    let Some(wanted) = referred.get(&ReferenceKind::User).filter(|_| options.users) else {
        return if options.users { writer.add_bytes("users.xml", &empty()) } else { Ok(()) };
    };
    let (head, tail) = (people::head(), people::tail());
    writer.begin_entry("users.xml")?;
    let mut buffer = head.clone();
    let mut count = 0;
    // Whoever is in several scopes is one, and shown as the oldest has them.
    let mut shown = HashSet::new();
    for scope in leaving.scopes() {
        page_of(
            |after| snapshot.people(scope, after, PAGE),
            |p| p.archived.local,
            |page| {
                let mut entries = Vec::new();
                for link in page {
                    let id = leaving.id(scope, &IdKind::User, link.archived.local);
                    if !wanted.contains(&id) || (!leaving.is_first(scope) && shown.contains(&id)) {
                        continue;
                    }
                    count += 1;
                    if !leaving.is_plain() {
                        shown.insert(id);
                    }
                    entries.extend(if options.anonymize {
                        hidden(&link.archived, count)?
                    } else {
                        link.archived.element
                    });
                }
                buffer.extend(leaving.rewrite_entries(scope, "users.xml", &head, &tail, entries)?);
                if buffer.len() >= CHUNK {
                    writer.write(&std::mem::take(&mut buffer))?;
                }
                Ok(())
            },
        )?;
    }
    buffer.extend(tail);
    writer.write(&buffer)?;
    writer.end_entry()
}

fn empty() -> Vec<u8> {
    [people::head(), people::tail()].concat()
}

fn hidden(person: &ArchivedPerson, count: u64) -> Result<Vec<u8>> {
    let archived = people::ArchivedPerson::of(person.element.clone());
    let hidden = archived.and_then(|archived| anonymous(&archived, count));
    hidden.map_err(|e| Error::corrupt(format!("user {}: {e}", person.local)))
}

/// Writes the roles referred to.
pub fn write_roles(writer: &Writer, snapshot: &Snapshot, leaving: &Leaving, referred: &ReferredIds) -> Result<()> {
    let wanted = referred.get(&ReferenceKind::Role);
    let (head, tail) = (roles::head(), roles::tail());
    let mut shown = HashSet::new();
    let mut taken = Vec::new();
    for role in snapshot.entries("role")? {
        let id = leaving.id(role.scope, &IdKind::Role, role.entry.local);
        if wanted.is_some_and(|wanted| wanted.contains(&id)) && shown.insert(id) {
            taken.push(leaving.rewrite_entries(role.scope, "roles.xml", &head, &tail, role.entry.element)?);
        }
    }
    writer.add_bytes("roles.xml", &roles::write(taken.iter().map(Vec::as_slice)))
}
