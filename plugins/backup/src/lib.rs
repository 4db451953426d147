//! The `backup` plugin: writes a course as a Moodle archive.
//!
//! What a backup has to know of Moodle's format is in `provost-moodle-archive`; this crate is the order of work and the
//! web-service functions around it.

mod claim;
mod core_async;
mod documents;
mod here;
mod job;
mod leaving;
mod listing;

mod pool;
mod retention;
mod service;
mod users;

use provost_guest::prelude::*;

/// The plugin.
pub struct Backup;

impl WebService for Backup {
    fn functions() -> Vec<Function> {
        service::functions()
    }
}

impl JobRunner for Backup {
    fn jobs() -> Jobs {
        Jobs::new().on(job::KIND, job::run)
    }
}

export_plugin!(Backup: web_service, jobs; manifest = "../plugin.json");

#[cfg(test)]
mod tests;
