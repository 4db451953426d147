//! `enrolments` in memory: those made here, and those that came with a course as rows of its parts.

use super::course::Course;
use super::course_store::{Owner, RowColumns};
use super::host::Host;
use super::{enter, enter_changing, page, with};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::rc::Rc;

pub use crate::bindings::imports::provost::plugin::enrolments::{
    Completed, CourseId, Enrolment, Group, ItemId, NewEnrolment, Participant, Person, PersonId, Timestamp,
};
use crate::bindings::imports::provost::plugin::people::Place;

const INTERFACE: &str = "enrolments";
/// The method by which people are enrolled here.
const MANUAL: &str = "manual";

/// A group's id on the host.
fn group_id(scope: u64, local: u64) -> u64 {
    (scope << 20) + local
}

/// Every enrolment of a person in a course.
pub(crate) fn enrolments(host: &Host, course: &Course, person: PersonId) -> Vec<Enrolment> {
    let here = host.roster.get(&(course.record.id, person)).cloned();
    let came = course.enrolments(person).map(|e| Enrolment {
        method: e.method_kind.clone(),
        suspended: e.suspended,
        start: e.start,
        end: e.end,
        here: false,
    });
    here.into_iter().chain(came).collect()
}

/// Whether one of them counts now.
pub(crate) fn is_active(host: &Host, enrolments: &[Enrolment]) -> bool {
    let now = host.now;
    enrolments.iter().any(|e| !e.suspended && e.start <= now && (e.end == 0 || now <= e.end))
}

/// The roles that a person holds at a course itself: all of them, and those given here.
pub(crate) fn course_roles(host: &Host, course: &Course, person: PersonId) -> (Vec<u64>, Vec<u64>) {
    let place = Place::Course(course.record.id);
    let given = host.role_grants.iter().filter(|(p, _, at)| *p == person && *at == place).map(|(_, role, _)| *role);
    let here: BTreeSet<u64> = given.collect();
    let came = course.role_entries(person).filter_map(|entry| host.role_of_entry(entry));
    let all: BTreeSet<u64> = here.iter().copied().chain(came).collect();
    (all.into_iter().collect(), here.into_iter().collect())
}

fn find(host: &Host, course: &Course, person: PersonId) -> Option<Participant> {
    let found = host.people.get(&person).filter(|p| !p.deleted)?;
    let enrolments = enrolments(host, course, person);
    if enrolments.is_empty() {
        return None;
    }
    let (roles, roles_here) = course_roles(host, course, person);
    let groups = course.rows().filter_map(|(part, row)| match &row.columns {
        RowColumns::GroupMember(c) if course.is_linked(part.scope, c.person, person) => {
            Some(group_id(part.scope, c.group))
        }
        _ => None,
    });
    let groups = groups.collect();
    Some(Participant {
        person: found.clone(),
        active: is_active(host, &enrolments),
        enrolments,
        roles,
        roles_here,
        groups,
    })
}

/// See `enrolments.participants` in the contract.
pub fn participants(course: CourseId, after: PersonId, limit: u32) -> Result<Vec<Participant>> {
    enter(INTERFACE)?;
    let all: Vec<_> = with(|host| {
        let course = host.course(course)?;
        Ok::<_, Error>(host.people.keys().filter_map(|id| find(host, &course, *id)).collect())
    })?;
    page(&all, |p: &Participant| p.person.id, after, limit)
}

/// See `enrolments.participant-of`.
pub fn participant_of(course: CourseId, person: PersonId) -> Result<Option<Participant>> {
    enter(INTERFACE)?;
    with(|host| Ok(find(host, &*host.course(course)?, person)))
}

/// See `enrolments.courses-of`.
pub fn courses_of(person: PersonId) -> Result<Vec<(CourseId, bool)>> {
    enter(INTERFACE)?;
    Ok(with(|host| {
        let of = |course: &Rc<Course>| {
            let enrolments = enrolments(host, course, person);
            (!enrolments.is_empty()).then(|| (course.record.id, is_active(host, &enrolments)))
        };
        host.courses.values().filter_map(of).collect()
    }))
}

/// See `enrolments.groups`.
pub fn groups(course: CourseId) -> Result<Vec<Group>> {
    enter(INTERFACE)?;
    let course = with(|host| host.course(course))?;
    let groups = course.rows().filter_map(|(part, row)| match &row.columns {
        RowColumns::Group(c) => Some(Group {
            id: group_id(part.scope, c.local),
            scope: part.scope,
            local: c.local,
            name: c.name.clone(),
            idnumber: c.idnumber.clone(),
            element: row.element.clone(),
        }),
        _ => None,
    });
    Ok(groups.collect())
}

/// See `enrolments.enrol`.
pub fn enrol(enrolments: &[NewEnrolment]) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        for new in enrolments {
            host.course(new.course)?;
            host.living_person(new.person)?;
            host.role(new.role)?;
        }
        for new in enrolments {
            let (start, end, suspended) = (new.start, new.end, new.suspended);
            let enrolment = Enrolment { method: MANUAL.into(), suspended, start, end, here: true };
            host.roster.insert((new.course, new.person), enrolment);
            host.grant(new.person, new.role, Place::Course(new.course));
        }
        Ok(())
    })
}

/// See `enrolments.unenrol`.
pub fn unenrol(course: CourseId, person: PersonId, method: &str) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let mut changed = (*host.course(course)?).clone();
        let before = enrolments(host, &changed, person).len();
        if method == MANUAL {
            host.roster.remove(&(course, person));
        }
        let of_method = |c: &RowColumns| matches!(c, RowColumns::Enrolment(e) if e.method_kind == method);
        changed.remove_rows(of_method, person);
        let left = enrolments(host, &changed, person).len();
        if left == 0 && before > 0 {
            let leaves = |c: &RowColumns| matches!(c, RowColumns::RoleAssignment(_) | RowColumns::GroupMember(_));
            changed.remove_rows(leaves, person);
            host.role_grants.retain(|(p, _, at)| *p != person || *at != Place::Course(course));
        }
        host.courses.insert(course, Rc::new(changed));
        Ok(())
    })
}

/// See `enrolments.completion-of`.
pub fn completion_of(course: CourseId, person: PersonId) -> Result<Vec<Completed>> {
    enter(INTERFACE)?;
    let course = with(|host| host.course(course))?;
    let completed = course.rows().filter_map(|(part, row)| match (&row.columns, part.owner) {
        (RowColumns::Completion(c), Owner::Activity(activity)) if course.is_linked(part.scope, c.person, person) => {
            Some(Completed { activity, state: c.state, modified: c.modified })
        }
        _ => None,
    });
    Ok(completed.collect())
}
