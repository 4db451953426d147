//! `users.xml` and the top `roles.xml`: those whom the references name.

use crate::documents::ReferredIds;
use crate::leaving::Leaving;
use crate::listing::Listing;
use provost_guest::archive::Writer;
use provost_guest::course_store::{PersonLink, Snapshot};
use provost_guest::{Error, Result, pages};
use provost_moodle_archive::options::Options;
use provost_moodle_archive::people::{self, anonymous, own_roles, without_role_assignments};
use provost_moodle_archive::references::ReferenceKind;
use provost_moodle_archive::renumber::IdKind;
use provost_moodle_archive::roles;
use std::collections::{BTreeSet, HashSet};

const PAGE: u32 = 500;
/// About how much is written at a time.
const CHUNK: usize = 256 << 10;

/// Writes the people referred to, in the order in which they came and those of this host after them, and adds the roles that they refer to.
pub fn write(
    writer: &Writer,
    snapshot: &Snapshot,
    listing: &Listing,
    leaving: &Leaving,
    options: &Options,
    referred: &mut ReferredIds,
) -> Result<()> {
    let Some(wanted) = referred.get(&ReferenceKind::User).filter(|_| options.users) else {
        return if options.users { writer.add_bytes("users.xml", &empty()) } else { Ok(()) };
    };
    let mut roles = BTreeSet::new();
    let (head, tail) = (people::head(), people::tail());
    writer.begin_entry("users.xml")?;
    let mut buffer = head.clone();
    let mut count = 0;
    // Whoever is in several scopes is one, and shown as the oldest has them.
    let mut shown = HashSet::new();
    for scope in leaving.scopes() {
        let page = |after| snapshot.people(scope, after, PAGE);
        let local = |link: &PersonLink| link.archived.local;
        pages::each(page, local, |page| {
            let mut entries = Vec::new();
            for link in page {
                let id = leaving.id(scope, &IdKind::User, link.archived.local);
                if !wanted.contains(&id) || shown.contains(&id) {
                    continue;
                }
                count += 1;
                if !leaving.is_single() {
                    shown.insert(id);
                }
                let local = link.archived.local;
                let damaged = |e| Error::corrupt(format!("user {local}: {e}"));
                let element = match (options.anonymize, options.role_assignments) {
                    (true, _) => hidden(local, link.archived.element, count)?,
                    (false, true) => link.archived.element,
                    (false, false) => without_role_assignments(link.archived.element).map_err(damaged)?,
                };
                let own = own_roles(&element).map_err(damaged)?;
                roles.extend(own.into_iter().map(|role| leaving.id(scope, &IdKind::Role, role)));
                entries.extend(element);
            }
            buffer.extend(leaving.rewrite_entries(scope, "users.xml", &head, &tail, entries)?);
            if buffer.len() >= CHUNK {
                writer.write(&std::mem::take(&mut buffer))?;
            }
            Ok(())
        })?;
    }
    listing.here.each_element(leaving, |id, element| {
        if wanted.contains(&id) && shown.insert(id) {
            count += 1;
            buffer.extend(if options.anonymize { hidden(id, element, count)? } else { element });
        }
        if buffer.len() < CHUNK { Ok(()) } else { writer.write(&std::mem::take(&mut buffer)) }
    })?;
    buffer.extend(tail);
    referred.entry(ReferenceKind::Role).or_default().extend(roles);
    writer.write(&buffer)?;
    writer.end_entry()
}

fn empty() -> Vec<u8> {
    [people::head(), people::tail()].concat()
}

fn hidden(local: u64, element: Vec<u8>, count: u64) -> Result<Vec<u8>> {
    let hidden = people::ArchivedPerson::of(element).and_then(|archived| anonymous(&archived, count));
    hidden.map_err(|e| Error::corrupt(format!("user {local}: {e}")))
}

/// Writes the roles referred to.
pub fn write_roles(
    writer: &Writer,
    snapshot: &Snapshot,
    listing: &Listing,
    leaving: &Leaving,
    referred: &ReferredIds,
) -> Result<()> {
    let wanted = referred.get(&ReferenceKind::Role);
    let (head, tail) = (roles::head(), roles::tail());
    let mut shown = HashSet::new();
    let mut taken = Vec::new();
    for role in snapshot.entries("role")?.into_iter().chain(listing.here.roles()) {
        let id = leaving.id(role.scope, &IdKind::Role, role.entry.local);
        if wanted.is_some_and(|wanted| wanted.contains(&id)) && shown.insert(id) {
            taken.push(leaving.rewrite_entries(role.scope, "roles.xml", &head, &tail, role.entry.element)?);
        }
    }
    writer.add_bytes("roles.xml", &roles::write(taken.iter().map(Vec::as_slice)))
}
