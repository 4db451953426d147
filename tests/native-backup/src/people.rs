//! `people` of the contract, as far as a backup reads it.

use crate::Result;
use crate::host::{host, wait};
use provost_store::api;
pub use sdk::people::{Key, Person, Place, Role};

/// See the contract.
///
/// # Errors
/// As there.
pub fn lookup(keys: &[Key]) -> Result<Vec<Option<Person>>> {
    let keys: Vec<api::PersonKey> = keys.iter().map(key).collect();
    let found = wait(host()?.store.lookup(&keys))?;
    Ok(found.into_iter().map(|found| found.map(person)).collect())
}

/// See the contract.
///
/// # Errors
/// As there.
pub fn roles() -> Result<Vec<Role>> {
    let out = |r: api::Role| Role { id: r.id, shortname: r.shortname, name: r.name, archetype: r.archetype };
    Ok(wait(host()?.store.roles())?.into_iter().map(out).collect())
}

/// See the contract.
///
/// # Errors
/// As there.
pub fn context_of(place: Place) -> Result<u64> {
    wait(host()?.store.context_of(match place {
        Place::Site => api::Place::Site,
        Place::Category(id) => api::Place::Category(id),
        Place::Course(id) => api::Place::Course(id),
        Place::Activity(id) => api::Place::Activity(id),
        Place::Person(id) => api::Place::Person(id),
    }))
}

fn key(key: &Key) -> api::PersonKey {
    match key {
        Key::Id(id) => api::PersonKey::Id(*id),
        Key::Username(name) => api::PersonKey::Username(name.clone()),
        Key::Email(email) => api::PersonKey::Email(email.clone()),
        Key::Idnumber(number) => api::PersonKey::Idnumber(number.clone()),
        Key::Origin((site, local)) => api::PersonKey::Origin(site.clone(), *local),
    }
}

/// A person as the contract has them.
pub(crate) fn person(p: api::Person) -> Person {
    Person {
        id: p.id,
        username: p.username,
        email: p.email,
        firstname: p.firstname,
        lastname: p.lastname,
        idnumber: p.idnumber,
        first_access: p.first_access,
        last_access: p.last_access,
        created: p.created,
        deleted: p.deleted,
        suspended: p.suspended,
        site_admin: p.site_admin,
        extra: p.extra,
    }
}
