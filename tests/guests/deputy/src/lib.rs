//! Test guest: takes the place of the built-in backup plugin by having its id, and asks for an interface that a test grants
//! or not.

use provost_guest::people::{self, Key};
use provost_guest::prelude::*;

/// The plugin.
pub struct Deputy;

#[derive(serde::Deserialize, Describe)]
struct Course {
    /// A course's id.
    courseid: u64,
}

#[derive(serde::Serialize, Describe)]
struct Listed {
    /// What is listed.
    filename: String,
}

fn list(_: &Caller, of: Course) -> Result<Vec<Listed>> {
    Ok(vec![Listed { filename: format!("deputy-{}.mbz", of.courseid) }])
}

#[derive(serde::Deserialize, Describe)]
struct Whom {
    /// A username.
    username: String,
}

#[derive(serde::Serialize, Describe)]
struct Found {
    /// Whether there is such a person.
    known: bool,
}

fn look(_: &Caller, whom: Whom) -> Result<Found> {
    let found = people::lookup(&[Key::Username(whom.username)])?;
    Ok(Found { known: found.into_iter().any(|person| person.is_some()) })
}

impl WebService for Deputy {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("core_course_backup_list_backups", "Lists nothing that is there.", list),
            Function::new("deputy_look", "Looks for a person.", look),
        ]
    }
}

export_plugin!(Deputy: web_service; manifest = "../plugin.json");
