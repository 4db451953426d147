//! The `duplicate` plugin: copies courses by reference (architecture.md 2.2), so that a copy costs rows and not bytes.
//!
//! What is copied is for the host to know by the facets it is given; this crate is what Moodle's options mean, who may copy what
//! where, and the web-service functions around it (moodle-webservices.md 2, 3.4 and 4.1).

mod copying;
mod enrolling;
mod job;
mod progress;
mod service;
mod wish;

use provost_guest::prelude::*;

/// The plugin.
pub struct Duplicate;

impl WebService for Duplicate {
    fn functions() -> Vec<Function> {
        let mut functions = service::functions();
        functions.extend(progress::functions());
        functions
    }
}

impl JobRunner for Duplicate {
    fn jobs() -> Jobs {
        Jobs::new().on(job::KIND, job::run)
    }
}

export_plugin!(Duplicate: web_service, jobs; manifest = "../plugin.json");
