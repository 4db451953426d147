//! `people` in memory.

use super::host::Host;
use super::{enter, with};
use crate::{Error, ErrorKind, Result};

pub use crate::bindings::imports::provost::plugin::people::{CourseId, Key, Person, PersonId, Place, Timestamp};

const INTERFACE: &str = "people";
/// What lets a person look into a course without being enrolled: the field's own name for it.
const VIEW: &str = "moodle/course:view";

fn find(host: &Host, key: &Key) -> Option<Person> {
    let by = |test: &dyn Fn(&Person) -> bool| host.people.values().find(|p| !p.deleted && test(p));
    let person = match key {
        Key::Id(id) => host.people.get(id),
        Key::Username(name) => by(&|p| p.username == *name),
        Key::Email(email) => by(&|p| p.email.eq_ignore_ascii_case(email)),
        Key::Origin(origin) => host.origins.get(origin).and_then(|id| host.people.get(id)),
    };
    person.cloned()
}

/// The place with those above it.
fn upwards(host: &Host, place: Place) -> Vec<Place> {
    let mut places = vec![place];
    let mut category = match place {
        Place::Site => return places,
        Place::Category(id) => host.categories.get(&id).copied().unwrap_or_default(),
        Place::Course(id) => host.courses.get(&id).map(|c| c.record.fields.category).unwrap_or_default(),
    };
    while category != 0 && !places.contains(&Place::Category(category)) {
        places.push(Place::Category(category));
        category = host.categories.get(&category).copied().unwrap_or_default();
    }
    places.push(Place::Site);
    places
}

fn has(host: &Host, person: PersonId, capability: &str, place: Place) -> bool {
    let Some(found) = host.people.get(&person) else { return false };
    if found.deleted || found.suspended {
        return false;
    }
    if found.site_admin {
        return true;
    }
    let places = upwards(host, place);
    let allowed = host.allowed.iter().any(|(p, c, at)| *p == person && c == capability && places.contains(at));
    let by_role = |archetype: &str| host.manifest.as_ref().is_some_and(|m| m.gives(archetype, capability));
    allowed || host.roles.iter().any(|(p, role, at)| *p == person && places.contains(at) && by_role(role))
}

fn may_enter(host: &Host, person: PersonId, id: CourseId) -> Result<bool> {
    let course = host.course(id)?;
    if host.enrolled.contains(&(person, id)) {
        return Ok(true);
    }
    let now = host.now;
    let holds = course.enrolments(person).any(|e| !e.suspended && e.start <= now && (e.end == 0 || now <= e.end));
    Ok(holds || has(host, person, VIEW, Place::Course(id)))
}

/// See `people.lookup` in the contract.
pub fn lookup(keys: &[Key]) -> Result<Vec<Option<Person>>> {
    enter(INTERFACE)?;
    if keys.len() > 1_000 {
        return Err(Error::new(ErrorKind::Limit, "keys", "at most 1000 keys a call"));
    }
    Ok(with(|host| keys.iter().map(|key| find(host, key)).collect()))
}

/// See `people.has-capability`.
pub fn has_capability(person: PersonId, capability: &str, place: Place) -> Result<bool> {
    enter(INTERFACE)?;
    Ok(with(|host| has(host, person, capability, place)))
}

/// See `people.require-capability`.
pub fn require_capability(person: PersonId, capability: &str, place: Place) -> Result<()> {
    if has_capability(person, capability, place)? {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Denied, capability, format!("capability {capability} is missing")))
}

/// See `people.require-course-access`.
pub fn require_course_access(person: PersonId, course: CourseId) -> Result<()> {
    enter(INTERFACE)?;
    if with(|host| may_enter(host, person, course))? {
        return Ok(());
    }
    Err(Error::refused("requireloginerror", "Course or activity not accessible. (Not enrolled)"))
}
