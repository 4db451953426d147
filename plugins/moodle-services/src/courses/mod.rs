//! Courses as rows: list, find, create, change, delete (moodle-webservices.md 5.2, 5.4, 5.5).

mod by_field;
mod create;
mod delete;
mod documents;
mod get;
mod update;
pub mod view;

use provost_guest::prelude::*;

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    vec![get::function(), by_field::function(), create::function(), update::function(), delete::function()]
}

#[cfg(test)]
mod tests;
