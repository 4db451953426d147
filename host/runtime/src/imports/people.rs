//! `people`: who is who, and who may do what.

use super::{Answer, answered, attempt};
use crate::bindings::provost::plugin::people as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::state::{CallState, error};
use provost_store::api::{self, Place};
use provost_store::passwords;

const INTERFACE: &str = "people";
/// What lets a person look into a course without being enrolled: the field's own name for it.
const VIEW: &str = "moodle/course:view";
/// What lets a person into a course that is not shown.
const VIEW_HIDDEN: &str = "moodle/course:viewhiddencourses";
/// People that one call may create.
const MAX_CREATED: usize = 1_000;

pub(super) fn person_out(p: api::Person) -> wit::Person {
    wit::Person {
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

/// What is said of a person, over what is known of them.
fn person_in(known: api::Person, fields: wit::PersonFields) -> api::Person {
    api::Person {
        username: fields.username,
        email: fields.email,
        firstname: fields.firstname,
        lastname: fields.lastname,
        idnumber: fields.idnumber,
        suspended: fields.suspended,
        extra: fields.extra,
        ..known
    }
}

fn place_in(place: wit::Place) -> Place {
    match place {
        wit::Place::Site => Place::Site,
        wit::Place::Category(id) => Place::Category(id),
        wit::Place::Course(id) => Place::Course(id),
        wit::Place::Activity(id) => Place::Activity(id),
        wit::Place::Person(id) => Place::Person(id),
    }
}

fn place_out(place: Place) -> wit::Place {
    match place {
        Place::Site => wit::Place::Site,
        Place::Category(id) => wit::Place::Category(id),
        Place::Course(id) => wit::Place::Course(id),
        Place::Activity(id) => wit::Place::Activity(id),
        Place::Person(id) => wit::Place::Person(id),
    }
}

impl CallState {
    /// See `visible_course`.
    fn visible_place(&self, place: &wit::Place) -> Result<(), Error> {
        match place {
            wit::Place::Course(id) => self.visible_course(id),
            wit::Place::Activity(id) => self.visible_content(id),
            wit::Place::Site | wit::Place::Category(_) | wit::Place::Person(_) => Ok(()),
        }
    }

    async fn require(&mut self, person: u64, capability: &str, place: Place) -> Result<(), Error> {
        if self.host.store.has_capability(person, capability, place).await? {
            return Ok(());
        }
        Err(error(ErrorKind::Denied, capability, format!("capability {capability} is missing")))
    }
}

/// Whether a person may enter a course: enrolled, with a role there or above it, or allowed to view it; where the course is
/// hidden, only who may view such.
///
/// # Errors
/// `NotFound` (course).
pub async fn may_enter(store: &dyn api::Store, person: u64, course: u64) -> api::Result<bool> {
    let place = Place::Course(course);
    if !store.course(course).await?.fields.visible && !store.has_capability(person, VIEW_HIDDEN, place).await? {
        return Ok(false);
    }
    Ok(store.is_enrolled(person, course).await?
        || !store.roles_of(person, place).await?.is_empty()
        || store.has_capability(person, VIEW, place).await?)
}

impl wit::Host for CallState {
    async fn lookup(&mut self, keys: Vec<wit::Key>) -> Answer<Vec<Option<wit::Person>>> {
        attempt!(self.enter(INTERFACE));
        if keys.len() > 1_000 {
            return Ok(Err(error(ErrorKind::Limit, "keys", "at most 1000 keys a call".into())));
        }
        let key = |key| match key {
            wit::Key::Id(id) => api::PersonKey::Id(id),
            wit::Key::Username(name) => api::PersonKey::Username(name),
            wit::Key::Email(email) => api::PersonKey::Email(email),
            wit::Key::Idnumber(idnumber) => api::PersonKey::Idnumber(idnumber),
            wit::Key::Origin((site, id)) => api::PersonKey::Origin(site, id),
        };
        let keys: Vec<_> = keys.into_iter().map(key).collect();
        let people = attempt!(self.host.store.lookup(&keys).await);
        Ok(Ok(people.into_iter().map(|p| p.map(person_out)).collect()))
    }

    async fn has_capability(&mut self, person: u64, capability: String, place: wit::Place) -> Answer<bool> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_place(&place));
        answered(self.host.store.has_capability(person, &capability, place_in(place)).await)
    }

    async fn require_capability(&mut self, person: u64, capability: String, place: wit::Place) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_place(&place));
        Ok(self.require(person, &capability, place_in(place)).await)
    }

    async fn require_course_access(&mut self, person: u64, course: u64) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        if attempt!(may_enter(self.host.store.as_ref(), person, course).await) {
            return Ok(Ok(()));
        }
        let message = "Course or activity not accessible.".into();
        Ok(Err(error(ErrorKind::Refused, "requireloginerror", message)))
    }

    async fn context_of(&mut self, place: wit::Place) -> Answer<u64> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_place(&place));
        answered(self.host.store.context_of(place_in(place)).await)
    }

    async fn place_of(&mut self, context: u64) -> Answer<wit::Place> {
        attempt!(self.enter(INTERFACE));
        match attempt!(self.host.store.place_of(context).await) {
            Some(place) => Ok(Ok(place_out(place))),
            None => Ok(Err(error(ErrorKind::NotFound, "context", format!("no context {context}")))),
        }
    }

    async fn course_of(&mut self, place: wit::Place) -> Answer<Option<u64>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_place(&place));
        answered(self.host.store.course_of(place_in(place)).await)
    }

    async fn create(&mut self, people: Vec<(wit::PersonFields, Option<String>)>) -> Answer<Vec<u64>> {
        attempt!(self.enter_changing(INTERFACE));
        if people.len() > MAX_CREATED {
            let message = format!("at most {MAX_CREATED} people a call");
            return Ok(Err(error(ErrorKind::Limit, "people", message)));
        }
        let hashed = tokio::task::spawn_blocking(move || {
            let one = |(fields, password): (wit::PersonFields, Option<String>)| {
                let hash = password.map(|password| passwords::hash(&password)).transpose()?;
                Ok((person_in(api::Person::default(), fields), hash))
            };
            people.into_iter().map(one).collect::<Result<Vec<_>, passwords::PasswordError>>()
        });
        match hashed.await? {
            Ok(people) => answered(self.host.store.add_people(people).await),
            Err(failure) => Ok(Err(error(ErrorKind::Failed, "", failure.to_string()))),
        }
    }

    async fn update(&mut self, person: u64, fields: wit::PersonFields) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        let found = attempt!(self.host.store.lookup(&[api::PersonKey::Id(person)]).await).pop().flatten();
        let Some(known) = found else {
            return Ok(Err(error(ErrorKind::NotFound, "person", format!("no person {person}"))));
        };
        answered(self.host.store.update_person(person_in(known, fields)).await)
    }

    async fn roles(&mut self) -> Answer<Vec<wit::Role>> {
        attempt!(self.enter(INTERFACE));
        let out = |r: api::Role| wit::Role { id: r.id, shortname: r.shortname, name: r.name, archetype: r.archetype };
        Ok(Ok(attempt!(self.host.store.roles().await).into_iter().map(out).collect()))
    }

    async fn roles_of(&mut self, person: u64, place: wit::Place) -> Answer<Vec<u64>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_place(&place));
        answered(self.host.store.roles_of(person, place_in(place)).await)
    }

    async fn assign_role(&mut self, person: u64, role: u64, place: wit::Place) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.assign_role(person, role, place_in(place)).await)
    }

    async fn unassign_role(&mut self, person: u64, role: u64, place: wit::Place) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.unassign_role(person, role, place_in(place)).await)
    }
}
