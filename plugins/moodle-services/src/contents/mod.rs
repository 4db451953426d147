//! `core_course_get_contents`: what is in a course, as its page shows it (moodle-webservices.md 5.3).

mod answer;
mod availability;
mod completion;
mod course;
mod customdata;
mod dates;
mod display;
mod files;
mod head;
mod icons;
mod kinds;
mod links;
mod listing;
mod modules;
mod options;
mod php;
mod records;
mod sections;
mod viewer;

#[cfg(test)]
mod tests;

use crate::access;
use answer::Section;
use course::Course;
use options::{Given, Options};
use provost_guest::prelude::*;
use sections::Page;
use serde::Deserialize;
use viewer::Viewer;

/// The functions.
pub fn functions() -> Vec<Function> {
    let contents = Function::new("core_course_get_contents", "What is in a course, section by section.", contents);
    vec![viewer::CAPABILITIES.iter().fold(contents, |function, capability| function.capability(capability))]
}

/// Of what course, and what of it.
#[derive(Debug, Deserialize, Describe)]
struct Wish {
    /// The course.
    courseid: i64,
    /// What to leave out.
    #[describe(default = [])]
    options: Vec<Given>,
}

fn contents(caller: &Caller, wish: Wish) -> Result<Vec<Section>> {
    let options = Options::read(wish.options)?;
    let id = access::id(wish.courseid);
    access::enter_to_read(caller, id)?;
    if id == access::SITE {
        // The site's own course has no page here.
        return Ok(Vec::new());
    }
    let course = Course::open(id)?;
    let viewer = Viewer::new(caller, id)?;
    Page::new(&course, &viewer, &options)?.sections()
}
