//! `enrol_manual_enrol_users` and `enrol_manual_unenrol_users`.

use crate::access::{self, enter, named, require};
use provost_guest::clock;
use provost_guest::enrolments::{self, NewEnrolment};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use serde::Deserialize;

/// The method by which people are enrolled.
const METHOD: &str = "manual";

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("enrol_manual_enrol_users", "Manual enrol users", enrol_users)
            .capability("enrol/manual:enrol")
            .capability("moodle/role:assign")
            .writes(),
        Function::new("enrol_manual_unenrol_users", "Manual unenrol users", unenrol_users)
            .capability("enrol/manual:unenrol")
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Enrolment {
    /// The role that they get.
    roleid: i64,
    /// Who.
    userid: i64,
    /// In which course.
    courseid: i64,
    /// From when on; at once where it is left out.
    #[serde(default)]
    timestart: Option<i64>,
    /// Until when; 0 for good.
    #[serde(default)]
    timeend: Option<i64>,
    /// 1 to enrol them suspended.
    #[serde(default)]
    suspend: Option<i64>,
}

#[derive(Deserialize, Describe)]
struct Enrolments {
    /// All of them or none.
    enrolments: Vec<Enrolment>,
}

fn enrol_users(caller: &Caller, ask: Enrolments) -> Result<()> {
    let mut new = Vec::with_capacity(ask.enrolments.len());
    for enrolment in ask.enrolments {
        let course = access::id(enrolment.courseid);
        access::course(course)?;
        enter(caller, course)?;
        require(caller, "enrol/manual:enrol", Place::Course(course))?;
        let role = access::id(enrolment.roleid);
        if !access::may_assign(caller, role, Place::Course(course))? {
            return Err(Error::refused(
                "wsusercannotassign",
                format!(
                    "You don't have the permission to assign this role ({}) to this user ({}) in this course({}).",
                    enrolment.roleid, enrolment.userid, enrolment.courseid
                ),
            ));
        }
        let person = access::person(access::id(enrolment.userid))?;
        let (start, end) = (enrolment.timestart.unwrap_or_else(clock::now), enrolment.timeend.unwrap_or(0));
        if end != 0 && end < start {
            return Err(Error::invalid("timeend: before timestart"));
        }
        let suspended = enrolment.suspend.unwrap_or(0) != 0;
        new.push(NewEnrolment { course, person: person.id, role, start, end, suspended });
    }
    enrolments::enrol(&new).map_err(named)
}

#[derive(Deserialize, Describe)]
struct Leaving {
    /// Who.
    userid: i64,
    /// From which course.
    courseid: i64,
    /// Not used: with the enrolment, every role goes.
    #[serde(default, rename = "roleid")]
    _roleid: Option<i64>,
}

#[derive(Deserialize, Describe)]
struct Leavings {
    /// Who leaves what.
    enrolments: Vec<Leaving>,
}

fn unenrol_users(caller: &Caller, ask: Leavings) -> Result<()> {
    let mut leaving = Vec::with_capacity(ask.enrolments.len());
    for Leaving { userid, courseid, .. } in ask.enrolments {
        let course = access::id(courseid);
        access::course(course)?;
        enter(caller, course)?;
        require(caller, "enrol/manual:unenrol", Place::Course(course))?;
        leaving.push((course, access::person(access::id(userid))?.id));
    }
    leaving.into_iter().try_for_each(|(course, person)| enrolments::unenrol(course, person, METHOD).map_err(named))
}
