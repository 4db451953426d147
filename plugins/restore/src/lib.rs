//! The `restore` plugin: reads a Moodle archive into a draft and publishes it as a new course.
//!
//! What a restore has to know of Moodle's format is in `provost-moodle-archive`; this crate is the order of work
//! (mbz-format.md 7) and the web-service functions around it.

mod checks;
mod content;
mod course_files;
mod intake;
mod into;
mod job;
mod people;
mod placement;
mod service;
mod wish;

use provost_guest::prelude::*;

/// The plugin.
pub struct Restore;

impl WebService for Restore {
    fn functions() -> Vec<Function> {
        service::functions()
    }
}

impl JobRunner for Restore {
    fn jobs() -> Jobs {
        Jobs::new().on(job::KIND, job::run)
    }
}

export_plugin!(Restore: web_service, jobs; manifest = "../plugin.json");

#[cfg(test)]
mod tests;
