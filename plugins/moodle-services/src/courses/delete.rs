//! `core_course_delete_courses` (moodle-webservices.md 5.5): what cannot be deleted is warned of.

use crate::access::{self, SITE, may, told};
use crate::shape::{Warning, Warnings};
use provost_guest::courses;
use provost_guest::people::Place;
use provost_guest::prelude::*;
use serde::Deserialize;

pub fn function() -> Function {
    Function::new("core_course_delete_courses", "Deletes all specified courses", delete_courses)
        .capability("moodle/course:delete")
        .writes()
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// Ids of courses.
    courseids: Vec<i64>,
}

fn delete_courses(caller: &Caller, ask: Ask) -> Result<Warnings> {
    let mut warnings = Vec::new();
    for number in ask.courseids {
        let mut warn = |code: &str, message: String| {
            warnings.push(Warning {
                item: Some("course".into()),
                itemid: Some(number),
                warningcode: code.into(),
                message,
            });
        };
        let id = access::id(number);
        let found = access::courses([id])?;
        if found.is_empty() && id != SITE {
            warn("unknowncourseidnumber", format!("Unknown course ID {number}"));
            continue;
        }
        if id == SITE || !may(caller, "moodle/course:delete", Place::Course(id))? {
            warn("cannotdeletecourse", format!("You do not have the permission to delete this course{number}"));
            continue;
        }
        match courses::delete(id) {
            Ok(()) => {}
            // Somebody else was faster.
            Err(error) if error.kind == ErrorKind::NotFound => {
                warn("unknowncourseidnumber", format!("Unknown course ID {number}"));
            }
            Err(error) => {
                let (_, why) = told(&error);
                warn("cannotdeletecategorycourse", format!("Course {number} could not be deleted: {why}"));
            }
        }
    }
    Ok(Warnings { warnings })
}
