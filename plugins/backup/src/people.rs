//! `users.xml` and the top `roles.xml`: those whom the references name.

use crate::documents::ReferredIds;
use provost_guest::archive::Writer;
use provost_guest::course_store::{ArchivedPerson, Snapshot};
use provost_guest::{Error, Result};
use provost_moodle_archive::options::Options;
use provost_moodle_archive::people::{self, anonymous, own_roles, without_role_assignments};
use provost_moodle_archive::references::ReferenceKind;
use provost_moodle_archive::roles;
use std::collections::BTreeSet;

const PAGE: u32 = 500;
/// About how much is written at a time.
const CHUNK: usize = 256 << 10;

/// Writes the people referred to, in the order in which they came, and adds the roles that they refer to.
pub fn write(writer: &Writer, snapshot: &Snapshot, options: &Options, referred: &mut ReferredIds) -> Result<()> {
    let Some(wanted) = referred.get(&ReferenceKind::User).filter(|_| options.users) else {
        return if options.users { writer.add_bytes("users.xml", &empty()) } else { Ok(()) };
    };
    let mut roles = BTreeSet::new();
    writer.begin_entry("users.xml")?;
    let mut buffer = people::head();
    let mut after = 0;
    let mut count = 0;
    loop {
        let page = snapshot.people(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.archived.local;
        for link in page.into_iter().filter(|link| wanted.contains(&link.archived.local)) {
            count += 1;
            let local = link.archived.local;
            let damaged = |e| Error::corrupt(format!("user {local}: {e}"));
            let element = match (options.anonymize, options.role_assignments) {
                (true, _) => hidden(&link.archived, count)?,
                (false, true) => link.archived.element,
                (false, false) => without_role_assignments(link.archived.element).map_err(damaged)?,
            };
            roles.extend(own_roles(&element).map_err(damaged)?);
            buffer.extend(element);
        }
        if buffer.len() >= CHUNK {
            writer.write(&std::mem::take(&mut buffer))?;
        }
    }
    buffer.extend(people::tail());
    referred.entry(ReferenceKind::Role).or_default().extend(roles);
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
pub fn write_roles(writer: &Writer, snapshot: &Snapshot, referred: &ReferredIds) -> Result<()> {
    let entries = snapshot.entries("role")?;
    let wanted = referred.get(&ReferenceKind::Role);
    let taken = entries.iter().filter(|e| wanted.is_some_and(|w| w.contains(&e.local)));
    writer.add_bytes("roles.xml", &roles::write(taken.map(|e| e.element.as_slice())))
}
