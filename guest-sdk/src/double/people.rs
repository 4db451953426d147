//! `people` in memory.

use super::course_store::{Entry, EntryRecord, RowColumns};
use super::host::Host;
use super::{conflict, enrolments, enter, enter_changing, with};
use crate::{Error, ErrorKind, Result};
use std::collections::HashSet;
use std::rc::Rc;

pub use crate::bindings::imports::provost::plugin::people::{
    CourseId, ItemId, Key, Person, PersonFields, PersonId, Place, Role, Timestamp,
};

const INTERFACE: &str = "people";
/// What lets a person look into a course without being enrolled, and into a hidden one: the field's own names.
const VIEW: &str = "moodle/course:view";
const VIEW_HIDDEN: &str = "moodle/course:viewhiddencourses";

impl Host {
    /// Somebody who is not deleted.
    pub(crate) fn living_person(&self, id: PersonId) -> Result<&Person> {
        let person = self.people.get(&id).filter(|p| !p.deleted);
        person.ok_or_else(|| Error::not_found("person", format!("no person {id}")))
    }

    /// A role of the host.
    pub(crate) fn role(&self, id: u64) -> Result<&Role> {
        let role = self.roles.iter().find(|r| r.id == id);
        role.ok_or_else(|| Error::not_found("role", format!("no role {id}")))
    }

    /// The host's role for one that came with a course: by short name, else by archetype.
    pub(crate) fn role_of_entry(&self, entry: &Entry) -> Option<u64> {
        let named = self.roles.iter().find(|r| r.shortname == entry.name);
        let similar = || self.roles.iter().find(|r| !r.archetype.is_empty() && r.archetype == entry.archetype);
        named.or_else(similar).map(|r| r.id)
    }

    /// Gives a role.
    pub(crate) fn grant(&mut self, person: PersonId, role: u64, place: Place) {
        if !self.role_grants.contains(&(person, role, place)) {
            self.role_grants.push((person, role, place));
        }
    }

    /// The course in which an activity is.
    fn course_of(&self, activity: ItemId) -> Option<CourseId> {
        let course = self.courses.values().find(|c| c.activities.iter().any(|a| a.id == activity))?;
        Some(course.record.id)
    }

    fn context_of(&self, place: Place) -> Result<u64> {
        let missing = |what: &str, id: u64| Error::not_found(what, format!("no {what} {id}"));
        match place {
            Place::Site => Ok(self.site.system_context),
            Place::Category(id) => self.categories.get(&id).map(|c| c.context).ok_or_else(|| missing("category", id)),
            Place::Course(id) => Ok(self.course(id)?.record.context),
            Place::Activity(id) => {
                let mut all = self.courses.values().flat_map(|c| &c.activities);
                all.find(|a| a.id == id).map(|a| a.context).ok_or_else(|| missing("activity", id))
            }
            Place::Person(id) => self.person_contexts.get(&id).copied().ok_or_else(|| missing("person", id)),
        }
    }
}

fn find(host: &Host, key: &Key) -> Option<Person> {
    let by = |test: &dyn Fn(&Person) -> bool| host.people.values().find(|p| !p.deleted && test(p));
    let person = match key {
        Key::Id(id) => host.people.get(id),
        Key::Username(name) => by(&|p| p.username == *name),
        Key::Email(email) => by(&|p| p.email.eq_ignore_ascii_case(email)),
        Key::Idnumber(number) => by(&|p| !number.is_empty() && p.idnumber == *number),
        Key::Origin(origin) => host.origins.get(origin).and_then(|id| host.people.get(id)),
    };
    person.cloned()
}

/// The place with those above it.
fn upwards(host: &Host, place: Place) -> Vec<Place> {
    let mut places = vec![place];
    let category_of = |course| host.courses.get(&course).map(|c| c.record.fields.category).unwrap_or_default();
    let parent = |id| host.categories.get(&id).map(|c| c.fields.parent).unwrap_or_default();
    let mut category = match place {
        Place::Site => return places,
        Place::Category(id) => parent(id),
        Place::Course(id) => category_of(id),
        Place::Activity(id) => {
            let course = host.course_of(id).unwrap_or_default();
            places.push(Place::Course(course));
            category_of(course)
        }
        Place::Person(_) => 0,
    };
    while category != 0 && !places.contains(&Place::Category(category)) {
        places.push(Place::Category(category));
        category = parent(category);
    }
    places.push(Place::Site);
    places
}

/// Whether the person holds a role for which the test passes, at one of these places.
fn holds(host: &Host, person: PersonId, places: &[Place], test: impl Fn(&Role) -> bool) -> bool {
    let passes = |id: u64| host.roles.iter().any(|r| r.id == id && test(r));
    let given = host.role_grants.iter().any(|(p, role, at)| *p == person && places.contains(at) && passes(*role));
    given
        || places.iter().any(|place| match place {
            Place::Course(id) => host
                .courses
                .get(id)
                .is_some_and(|course| enrolments::course_roles(host, course, person).0.into_iter().any(passes)),
            _ => false,
        })
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
    let gives = |archetype: &str| host.manifest.as_ref().is_some_and(|m| m.gives(archetype, capability));
    host.allowed.iter().any(|(p, c, at)| *p == person && c == capability && places.contains(at))
        || gives("user")
        || holds(host, person, &places, |role| gives(&role.archetype))
}

fn may_enter(host: &Host, person: PersonId, id: CourseId) -> Result<bool> {
    let course = host.course(id)?;
    let place = Place::Course(id);
    if !course.record.fields.visible && !has(host, person, VIEW_HIDDEN, place) {
        return Ok(false);
    }
    let active = enrolments::is_active(host, &enrolments::enrolments(host, &course, person));
    Ok(active || has(host, person, VIEW, place) || holds(host, person, &upwards(host, place), |_| true))
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
    Err(Error::refused("requireloginerror", "Course or activity not accessible."))
}

/// See `people.context-of`.
pub fn context_of(place: Place) -> Result<u64> {
    enter(INTERFACE)?;
    with(|host| host.context_of(place))
}

/// See `people.place-of`.
pub fn place_of(context: u64) -> Result<Place> {
    enter(INTERFACE)?;
    with(|host| {
        let activities = host.courses.values().flat_map(|c| &c.activities);
        let mut places = std::iter::once(Place::Site)
            .chain(host.categories.keys().map(|id| Place::Category(*id)))
            .chain(host.courses.keys().map(|id| Place::Course(*id)))
            .chain(activities.map(|a| Place::Activity(a.id)))
            .chain(host.person_contexts.keys().map(|id| Place::Person(*id)));
        let found = places.find(|place| host.context_of(*place).ok() == Some(context));
        found.ok_or_else(|| Error::not_found("context", format!("no context {context}")))
    })
}

/// See `people.course-of`.
pub fn course_of(place: Place) -> Result<Option<CourseId>> {
    enter(INTERFACE)?;
    with(|host| match place {
        Place::Course(id) => Ok(Some(host.course(id)?.record.id)),
        Place::Activity(id) => {
            let missing = || Error::not_found("activity", format!("no activity {id}"));
            host.course_of(id).map(Some).ok_or_else(missing)
        }
        Place::Site | Place::Category(_) | Place::Person(_) => Ok(None),
    })
}

/// See `people.create`. The double keeps no passwords.
pub fn create(people: &[(PersonFields, Option<String>)]) -> Result<Vec<PersonId>> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let mut names = HashSet::new();
        for (fields, _) in people {
            if host.username_taken(&fields.username) || !names.insert(&fields.username) {
                let message = format!("{} is taken", fields.username);
                return Err(Error::new(ErrorKind::Conflict, "username", message));
            }
        }
        let add = |(fields, password): &(PersonFields, Option<String>)| {
            let person = Person {
                id: 0,
                username: fields.username.clone(),
                email: fields.email.clone(),
                firstname: fields.firstname.clone(),
                lastname: fields.lastname.clone(),
                idnumber: fields.idnumber.clone(),
                first_access: 0,
                last_access: 0,
                created: host.now,
                deleted: false,
                suspended: fields.suspended,
                site_admin: false,
                extra: fields.extra.clone(),
            };
            let id = host.add_person(person);
            if password.is_some() {
                host.with_password.insert(id);
            }
            id
        };
        Ok(people.iter().map(add).collect())
    })
}

/// See `people.update`.
pub fn update(person: PersonId, fields: &PersonFields) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let renamed = host.living_person(person)?.username != fields.username;
        if renamed && host.username_taken(&fields.username) {
            return Err(conflict("username", &fields.username));
        }
        if let Some(there) = host.people.get_mut(&person) {
            let fields = fields.clone();
            there.username = fields.username;
            there.email = fields.email;
            there.firstname = fields.firstname;
            there.lastname = fields.lastname;
            there.idnumber = fields.idnumber;
            there.suspended = fields.suspended;
            there.extra = fields.extra;
        }
        Ok(())
    })
}

/// See `people.roles`.
pub fn roles() -> Result<Vec<Role>> {
    enter(INTERFACE)?;
    Ok(with(|host| host.roles.clone()))
}

/// See `people.roles-of`.
pub fn roles_of(person: PersonId, place: Place) -> Result<Vec<u64>> {
    enter(INTERFACE)?;
    with(|host| {
        let places = upwards(host, place);
        let held = host.roles.iter().filter(|role| holds(host, person, &places, |r| r.id == role.id));
        Ok(held.map(|role| role.id).collect())
    })
}

/// See `people.assign-role`.
pub fn assign_role(person: PersonId, role: u64, place: Place) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        host.living_person(person)?;
        host.role(role)?;
        host.context_of(place)?;
        host.grant(person, role, place);
        Ok(())
    })
}

/// See `people.unassign-role`.
pub fn unassign_role(person: PersonId, role: u64, place: Place) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        host.role_grants.retain(|grant| *grant != (person, role, place));
        if let Place::Course(id) = place
            && let Ok(course) = host.course(id)
        {
            let of_role = |e: &&EntryRecord| e.entry.kind == "role" && host.role_of_entry(&e.entry) == Some(role);
            let locals: Vec<_> = course.entries.iter().filter(of_role).map(|e| e.entry.local).collect();
            let held = |c: &RowColumns| matches!(c, RowColumns::RoleAssignment(a) if locals.contains(&a.role));
            let mut changed = (*course).clone();
            changed.remove_rows(held, person);
            host.courses.insert(id, Rc::new(changed));
        }
        Ok(())
    })
}
