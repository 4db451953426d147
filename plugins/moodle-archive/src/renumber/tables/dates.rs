//! Which dates move when a course is given another start date.
//!
//! **The rule:** what was *planned* moves by the difference of the start dates, to the second: dates of the course, when things
//! open, close and are due, conditions, overrides and extensions, calendar entries. What *happened* does not: when something was
//! made or changed, logs, submissions, attempts, grades, enrolments of people. 0, null and an empty field mean that there is no
//! date, and stay. Lengths of time (limits, periods of grace) are no dates. Dates inside documents of unknown modules stay, since
//! nothing tells plans from history there; so do dates in free text. Moodle's own restore moves a few times of making and
//! changing along; ours does not.

use crate::layout::{OwnerKind, PartName};
use crate::renumber::rule::{Rule, Sense, by, date};

/// Dates in a module's own document.
pub(in crate::renumber) fn module(module: &str) -> &'static [Rule] {
    MODULES.iter().find(|(name, _)| *name == module).map_or(&[], |(_, rules)| rules)
}

/// Dates in other documents. Those in availability conditions and in the criteria of badges move too, and are found with the ids
/// there.
pub(in crate::renumber) fn document(part: &PartName) -> &'static [Rule] {
    match (part.owner.kind(), part.file.as_str()) {
        (OwnerKind::Archive, "gradebook.xml") | (OwnerKind::Activity, "grades.xml") => GRADES,
        (OwnerKind::Archive, "completion.xml") => COURSE_COMPLETION,
        (OwnerKind::Archive, "badges.xml") => BADGES,
        (OwnerKind::Course, "course.xml") => COURSE,
        (OwnerKind::Course, "enrolments.xml") => ENROLMENTS,
        (OwnerKind::Section, "section.xml") => SECTION,
        (OwnerKind::Activity, "module.xml") => MODULE,
        (_, "calendar.xml") => CALENDAR,
        _ => &[],
    }
}

const COURSE: &[Rule] = &[
    date("/course/startdate"),
    date("/course/enddate"),
    by("courseformatoption/value", |before| format_option(before.field("name"))),
];

const SECTION: &[Rule] = &[by("course_format_options/value", |before| format_option(before.field("name")))];

/// Options of course formats that are dates.
fn format_option(name: &str) -> Option<Sense> {
    matches!(name, "startdate" | "enddate").then_some(Sense::Date)
}

const MODULE: &[Rule] = &[date("/module/completionexpected")];

const ENROLMENTS: &[Rule] =
    &[date("/enrolments/enrols/enrol/enrolstartdate"), date("/enrolments/enrols/enrol/enrolenddate")];

const COURSE_COMPLETION: &[Rule] = &[date("course_completion_criteria/timeend")];

const BADGES: &[Rule] = &[date("/badges/badge/expiredate")];

// Not that of a person's grade.
const GRADES: &[Rule] = &[date("grade_items/grade_item/locktime")];

const CALENDAR: &[Rule] = &[date("/events/event/timestart"), date("/events/event/timesort")];

const MODULES: &[(&str, &[Rule])] = &[
    (
        "assign",
        &[
            date("/activity/assign/duedate"),
            date("/activity/assign/cutoffdate"),
            date("/activity/assign/gradingduedate"),
            date("/activity/assign/allowsubmissionsfromdate"),
            date("/activity/assign/userflags/userflag/extensionduedate"),
            date("/activity/assign/overrides/override/duedate"),
            date("/activity/assign/overrides/override/cutoffdate"),
            date("/activity/assign/overrides/override/allowsubmissionsfromdate"),
        ],
    ),
    ("chat", &[date("/activity/chat/chattime")]),
    ("choice", &[date("/activity/choice/timeopen"), date("/activity/choice/timeclose")]),
    (
        "data",
        &[
            date("/activity/data/timeavailablefrom"),
            date("/activity/data/timeavailableto"),
            date("/activity/data/timeviewfrom"),
            date("/activity/data/timeviewto"),
            date("/activity/data/assesstimestart"),
            date("/activity/data/assesstimefinish"),
        ],
    ),
    ("feedback", &[date("/activity/feedback/timeopen"), date("/activity/feedback/timeclose")]),
    (
        "forum",
        &[
            date("/activity/forum/duedate"),
            date("/activity/forum/cutoffdate"),
            date("/activity/forum/assesstimestart"),
            date("/activity/forum/assesstimefinish"),
            // When a discussion is to be shown.
            date("/activity/forum/discussions/discussion/timestart"),
            date("/activity/forum/discussions/discussion/timeend"),
        ],
    ),
    ("glossary", &[date("/activity/glossary/assesstimestart"), date("/activity/glossary/assesstimefinish")]),
    (
        "lesson",
        &[
            date("/activity/lesson/available"),
            date("/activity/lesson/deadline"),
            date("/activity/lesson/overrides/override/available"),
            date("/activity/lesson/overrides/override/deadline"),
        ],
    ),
    (
        "quiz",
        &[
            date("/activity/quiz/timeopen"),
            date("/activity/quiz/timeclose"),
            date("/activity/quiz/overrides/override/timeopen"),
            date("/activity/quiz/overrides/override/timeclose"),
        ],
    ),
    ("scorm", &[date("/activity/scorm/timeopen"), date("/activity/scorm/timeclose")]),
    ("wiki", &[date("/activity/wiki/editbegin"), date("/activity/wiki/editend")]),
    (
        "workshop",
        &[
            date("/activity/workshop/submissionstart"),
            date("/activity/workshop/submissionend"),
            date("/activity/workshop/assessmentstart"),
            date("/activity/workshop/assessmentend"),
        ],
    ),
];
