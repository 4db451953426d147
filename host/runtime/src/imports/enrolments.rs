//! `enrolments`: who takes part in which course.

use super::people::person_out;
use super::{Answer, MAX_PAGE, answered, attempt};
use crate::bindings::provost::plugin::enrolments as wit;
use crate::state::CallState;
use provost_store::api;

const INTERFACE: &str = "enrolments";

fn participant_out(participant: api::Participant) -> wit::Participant {
    let enrolment = |e: api::Enrolment| wit::Enrolment {
        method: e.method,
        suspended: e.suspended,
        start: e.start,
        end: e.end,
        here: e.here,
    };
    wit::Participant {
        person: person_out(participant.person),
        enrolments: participant.enrolments.into_iter().map(enrolment).collect(),
        active: participant.active,
        roles: participant.roles,
        roles_here: participant.roles_here,
        groups: participant.groups,
    }
}

impl wit::Host for CallState {
    async fn participants(&mut self, course: u64, after: u64, limit: u32) -> Answer<Vec<wit::Participant>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        let found = attempt!(self.host.store.participants(course, after, limit.clamp(1, MAX_PAGE)).await);
        Ok(Ok(found.into_iter().map(participant_out).collect()))
    }

    async fn participant_of(&mut self, course: u64, person: u64) -> Answer<Option<wit::Participant>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        Ok(Ok(attempt!(self.host.store.participant(course, person).await).map(participant_out)))
    }

    async fn courses_of(&mut self, person: u64) -> Answer<Vec<(u64, bool)>> {
        attempt!(self.enter(INTERFACE));
        answered(self.host.store.courses_of(person).await)
    }

    async fn groups(&mut self, course: u64) -> Answer<Vec<wit::Group>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        let out = |g: api::Group| wit::Group {
            id: g.id,
            scope: g.scope,
            local: g.local,
            name: g.name,
            idnumber: g.idnumber,
            element: g.element,
        };
        Ok(Ok(attempt!(self.host.store.groups(course).await).into_iter().map(out).collect()))
    }

    async fn enrol(&mut self, enrolments: Vec<wit::NewEnrolment>) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        let new = |e: wit::NewEnrolment| api::NewEnrolment {
            course: e.course,
            person: e.person,
            role: e.role,
            start: e.start,
            end: e.end,
            suspended: e.suspended,
        };
        answered(self.host.store.enrol(enrolments.into_iter().map(new).collect()).await)
    }

    async fn unenrol(&mut self, course: u64, person: u64, method: String) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.unenrol(course, person, &method).await)
    }

    async fn completion_of(&mut self, course: u64, person: u64) -> Answer<Vec<wit::Completed>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        let out = |c: api::Completed| wit::Completed { activity: c.activity, state: c.state, modified: c.modified };
        Ok(Ok(attempt!(self.host.store.completion_of(course, person).await).into_iter().map(out).collect()))
    }
}
