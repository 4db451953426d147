//! What a thing descends from, as LTI's variables say it (proxy-tool-events.md 12.2).

use provost_guest::events::Address;
use provost_guest::people::require_course_access;
use provost_guest::prelude::*;
use provost_guest::{contents, id_history};
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    vec![Function::new(
        "provost_content_get_history",
        "Tells which courses a course descends from by copying, and which contents one of its contents.",
        get_history,
    )]
}

#[derive(Deserialize, Describe)]
struct Which {
    /// Id of the course.
    courseid: u64,
    /// Id of a content in it; 0 for none.
    #[describe(default = 0)]
    contentid: u64,
}

#[derive(Serialize, Describe)]
struct Ancestor {
    /// Id of its course.
    courseid: String,
    /// Its id.
    contentid: String,
}

#[derive(Serialize, Describe)]
struct Descent {
    /// The value of Context.id.history: ids of courses, most recent first.
    contexthistory: String,
    /// The value of ResourceLink.id.history: ids of contents, most recent first.
    resourcelinkhistory: String,
    /// The contents, with their courses.
    contents: Vec<Ancestor>,
}

fn get_history(caller: &Caller, which: Which) -> Result<Descent> {
    require_course_access(caller.person, which.courseid)?;
    let course = which.courseid.to_string();
    let courses = contents::course_history(&course)?;
    let ancestors = match which.contentid {
        0 => Vec::new(),
        content => contents::history(&Address { course, content: content.to_string() })?,
    };
    Ok(Descent {
        contexthistory: id_history::produce(&courses),
        resourcelinkhistory: id_history::produce(ancestors.iter().map(|a| &a.content)),
        contents: ancestors.into_iter().map(|a| Ancestor { courseid: a.course, contentid: a.content }).collect(),
    })
}
