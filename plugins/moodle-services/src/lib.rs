//! The `moodle-services` plugin: the functions of Moodle that clients call first, answered from the store.
//!
//! Shapes, checks and error codes follow moodle-webservices.md 5 and what a running Moodle was recorded to answer.

pub mod access;
mod categories;
mod contents;
mod courses;
mod enrolments;
mod files;
mod mobile;
mod person;
mod roles;
pub mod shape;
mod site;
pub mod text;
mod users;

#[cfg(test)]
mod site_tests;
#[cfg(test)]
mod testing;

use provost_guest::prelude::*;

/// The plugin.
pub struct MoodleServices;

impl WebService for MoodleServices {
    fn functions() -> Vec<Function> {
        let mut functions = Vec::new();
        functions.extend(site::functions());
        functions.extend(courses::functions());
        functions.extend(categories::functions());
        functions.extend(contents::functions());
        functions.extend(enrolments::functions());
        functions.extend(users::functions());
        functions.extend(roles::functions());
        functions.extend(files::functions());
        functions.extend(mobile::functions());
        functions
    }
}

export_plugin!(MoodleServices: web_service; manifest = "../plugin.json");
