//! The web-service functions: ours to copy and to move, and Moodle's own that deletes activities.

use crate::copy::{self, NameValue, Wish};
use provost_guest::courses;
use provost_guest::people::{Place, course_of, require_capability, require_course_access};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MANAGE: &str = "moodle/course:manageactivities";
const BACKUP: &str = "moodle/backup:backupactivity";
const BACKUP_USERS: &str = "moodle/backup:userinfo";
const RESTORE_USERS: &str = "moodle/restore:userinfo";

pub fn functions() -> Vec<Function> {
    let copies = |function: Function| {
        [MANAGE, BACKUP, BACKUP_USERS, RESTORE_USERS].into_iter().fold(function, Function::capability).writes()
    };
    vec![
        copies(Function::new(
            "provost_course_copy_items",
            "Copies sections and activities within their course or into another one.",
            copy_items,
        )),
        copies(Function::new(
            "provost_course_move_items",
            "Moves sections and activities, with everything that people did in them, into another place.",
            move_items,
        )),
        Function::new("provost_course_delete_items", "Deletes sections and activities of a course.", delete_items)
            .capability(MANAGE)
            .writes(),
        Function::new("core_course_delete_modules", "Deletes all specified module instances.", delete_modules)
            .capability(MANAGE)
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Copy {
    /// The course.
    courseid: u64,
    /// Ids of sections and activities; those of activities are course module ids.
    items: Vec<u64>,
    /// The course into which they go. 0: the same.
    #[describe(default = 0)]
    intocourseid: u64,
    /// The number of the section in which activities are put. -1: the one in which they are; in another course that of the same number,
    /// else the first one.
    #[describe(default = -1)]
    sectionnumber: i64,
    /// What is taken along: activities, blocks, filters, enrolments (1 unless set), users, role_assignments, comments,
    /// userscompletion, logs, grade_histories (0 unless set).
    #[describe(pairs, default = [])]
    options: Vec<WishedOption>,
}

#[derive(Deserialize, Serialize, Describe)]
struct WishedOption {
    /// One of the options.
    #[describe(kind = "ALPHAEXT")]
    name: String,
    /// Its value.
    #[describe(kind = "RAW")]
    value: String,
}

#[derive(Deserialize, Describe)]
struct Move {
    /// The course.
    courseid: u64,
    /// Ids of sections and activities; those of activities are course module ids.
    items: Vec<u64>,
    /// The course into which they go. 0: the same.
    #[describe(default = 0)]
    intocourseid: u64,
    /// As for a copy.
    #[describe(default = -1)]
    sectionnumber: i64,
}

#[derive(Serialize, Describe)]
struct Made {
    /// The course in which they are.
    courseid: u64,
    /// The ids of the new sections and activities.
    items: Vec<u64>,
}

fn copy_items(caller: &Caller, wanted: Copy) -> Result<Made> {
    let options = wanted.options.into_iter().map(|o| NameValue { name: o.name, value: o.value }).collect();
    make(
        caller,
        &Wish {
            courseid: wanted.courseid,
            items: wanted.items,
            into: wanted.intocourseid,
            section: u32::try_from(wanted.sectionnumber).ok(),
            moves: false,
            options,
        },
    )
}

fn move_items(caller: &Caller, wanted: Move) -> Result<Made> {
    make(
        caller,
        &Wish {
            courseid: wanted.courseid,
            items: wanted.items,
            into: wanted.intocourseid,
            section: u32::try_from(wanted.sectionnumber).ok(),
            moves: true,
            options: Vec::new(),
        },
    )
}

fn make(caller: &Caller, wish: &Wish) -> Result<Made> {
    let person = caller.person;
    for course in [wish.courseid, wish.target()] {
        require_course_access(person, course)?;
        require_capability(person, MANAGE, Place::Course(course))?;
    }
    require_capability(person, BACKUP, Place::Course(wish.courseid))?;
    // A move within a course takes nothing of people anywhere.
    if wish.read_options()?.users && !(wish.moves && wish.target() == wish.courseid) {
        require_capability(person, BACKUP_USERS, Place::Course(wish.courseid))?;
        require_capability(person, RESTORE_USERS, Place::Course(wish.target()))?;
    }
    let made = copy::make(wish).map_err(named)?;
    Ok(Made { courseid: made.courseid, items: made.items })
}

/// The name by which clients know what is missing.
fn named(mut error: Error) -> Error {
    if error.kind == ErrorKind::NotFound && matches!(error.code.as_str(), "item" | "activity") {
        "course_modules".clone_into(&mut error.code);
    }
    error
}

#[derive(Deserialize, Describe)]
struct Delete {
    /// The course.
    courseid: u64,
    /// Ids of sections and activities; those of activities are course module ids.
    items: Vec<u64>,
}

fn delete_items(caller: &Caller, wanted: Delete) -> Result<()> {
    require_course_access(caller.person, wanted.courseid)?;
    require_capability(caller.person, MANAGE, Place::Course(wanted.courseid))?;
    courses::delete_items(wanted.courseid, &wanted.items).map_err(named)
}

#[derive(Deserialize, Describe)]
struct Modules {
    /// Course module ids.
    cmids: Vec<u64>,
}

/// Errors: `not-found` (code `course_modules`); nothing is deleted then.
fn delete_modules(caller: &Caller, wanted: Modules) -> Result<()> {
    let mut of_courses: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for cmid in wanted.cmids {
        let missing = || Error::not_found("course_modules", format!("no activity {cmid}"));
        let course = course_of(Place::Activity(cmid)).map_err(named)?.ok_or_else(missing)?;
        require_course_access(caller.person, course)?;
        require_capability(caller.person, MANAGE, Place::Activity(cmid))?;
        of_courses.entry(course).or_default().push(cmid);
    }
    of_courses.into_iter().try_for_each(|(course, items)| courses::delete_items(course, &items).map_err(named))
}
