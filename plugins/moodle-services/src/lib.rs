//! The `moodle-services` plugin: the functions of Moodle that clients call first, answered from the store.
//!
//! Shapes, checks and error codes follow moodle-webservices.md 5 and what a running Moodle was recorded to answer.

pub mod text;

use provost_guest::prelude::*;

/// The plugin.
pub struct MoodleServices;

impl WebService for MoodleServices {
    fn functions() -> Vec<Function> {
        Vec::new()
    }
}

export_plugin!(MoodleServices: web_service; manifest = "../plugin.json");
