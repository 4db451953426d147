//! `people`: who is who, and who may do what.

use super::{Answer, answered, attempt};
use crate::bindings::provost::plugin::people as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::state::{CallState, error};
use provost_store::api::{self, Place};

const INTERFACE: &str = "people";
/// What lets a person look into a course without being enrolled: the field's own name for it.
const VIEW: &str = "moodle/course:view";

fn person_out(p: api::Person) -> wit::Person {
    wit::Person {
        id: p.id,
        username: p.username,
        email: p.email,
        firstname: p.firstname,
        lastname: p.lastname,
        idnumber: p.idnumber,
        first_access: p.first_access,
        deleted: p.deleted,
        suspended: p.suspended,
        site_admin: p.site_admin,
    }
}

fn place_in(place: wit::Place) -> Place {
    match place {
        wit::Place::Site => Place::Site,
        wit::Place::Category(id) => Place::Category(id),
        wit::Place::Course(id) => Place::Course(id),
    }
}

impl CallState {
    async fn require(&mut self, person: u64, capability: &str, place: Place) -> Result<(), Error> {
        if self.host.store.has_capability(person, capability, place).await? {
            return Ok(());
        }
        Err(error(ErrorKind::Denied, capability, format!("capability {capability} is missing")))
    }

    async fn may_enter(&mut self, person: u64, course: u64) -> Result<bool, Error> {
        let store = &self.host.store;
        store.course(course).await?;
        let place = Place::Course(course);
        Ok(store.is_enrolled(person, course).await?
            || !store.roles_of(person, place).await?.is_empty()
            || store.has_capability(person, VIEW, place).await?)
    }
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
            wit::Key::Origin((site, id)) => api::PersonKey::Origin(site, id),
        };
        let keys: Vec<_> = keys.into_iter().map(key).collect();
        let people = attempt!(self.host.store.lookup(&keys).await);
        Ok(Ok(people.into_iter().map(|p| p.map(person_out)).collect()))
    }

    async fn has_capability(&mut self, person: u64, capability: String, place: wit::Place) -> Answer<bool> {
        attempt!(self.enter(INTERFACE));
        answered(self.host.store.has_capability(person, &capability, place_in(place)).await)
    }

    async fn require_capability(&mut self, person: u64, capability: String, place: wit::Place) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        Ok(self.require(person, &capability, place_in(place)).await)
    }

    async fn require_course_access(&mut self, person: u64, course: u64) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        if attempt!(self.may_enter(person, course).await) {
            return Ok(Ok(()));
        }
        let message = "Course or activity not accessible. (Not enrolled)".into();
        Ok(Err(error(ErrorKind::Refused, "requireloginerror", message)))
    }
}
