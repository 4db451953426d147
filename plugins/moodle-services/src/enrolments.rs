//! Who takes part in which course (moodle-webservices.md 5.6, 5.7).

mod enrolled;
mod manual;
mod of_person;

use provost_guest::enrolments::{self, Participant};
use provost_guest::prelude::*;

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    let mut functions = vec![enrolled::function(), of_person::function()];
    functions.extend(manual::functions());
    functions
}

/// Everybody who is enrolled in a course, by number.
fn participants(course: u64) -> Result<Vec<Participant>> {
    let mut all: Vec<Participant> = Vec::new();
    loop {
        let page = enrolments::participants(course, all.last().map_or(0, |p| p.person.id), 1_000)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

#[cfg(test)]
mod tests;
