//! From the archive library's types to the contract's: what a plugin that fills drafts needs beside both, and what one needs that
//! brings something into a course that is there.

mod filling;
pub mod known;
mod question_form;
pub mod target;

pub use filling::Filling;
pub use known::Known;
pub use question_form::QuestionForm;
pub use target::Target;

use provost_guest::Error;
use provost_guest::course_store as wit;
use provost_moodle_archive::rows::{Columns, Row};
use provost_moodle_archive::split::{FacetedRun, Run};
use provost_moodle_archive::xml::XmlError;

/// Facets as the contract has them.
pub fn facets(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A damaged document as an error that names it.
pub fn damaged(path: &str) -> impl Fn(XmlError) -> Error + '_ {
    move |error| Error::corrupt(format!("{path}: {error}"))
}

/// A run.
pub fn run(run: FacetedRun) -> wit::FacetedRun {
    wit::FacetedRun {
        facets: facets(run.facets),
        run: match run.run {
            Run::Text(bytes) => wit::Run::Text(bytes),
            Run::Rows(rows) => wit::Run::Rows(rows.into_iter().map(row).collect()),
        },
    }
}

fn row(row: Row) -> wit::Row {
    wit::Row { element: row.element, columns: columns(row.columns) }
}

fn columns(columns: Columns) -> wit::RowColumns {
    use wit::RowColumns as To;
    match columns {
        Columns::Enrolment { local, person, method, method_kind, suspended, start, end } => {
            To::Enrolment(wit::EnrolmentColumns { local, person, method, method_kind, suspended, start, end })
        }
        Columns::RoleAssignment { local, person, role } => {
            To::RoleAssignment(wit::RoleAssignmentColumns { local, person, role })
        }
        Columns::Group { local, name, idnumber } => To::Group(wit::GroupColumns { local, name, idnumber }),
        Columns::GroupMember { local, person, group } => {
            To::GroupMember(wit::GroupMemberColumns { local, person, group })
        }
        Columns::GradeItem { local, name, kind, maximum } => {
            To::GradeItem(wit::GradeItemColumns { local, name, kind, maximum })
        }
        Columns::Grade { local, person, item, final_grade, modified } => {
            To::Grade(wit::GradeColumns { local, person, item, final_grade, modified })
        }
        Columns::Completion { local, person, state, modified } => {
            To::Completion(wit::CompletionColumns { local, person, state, modified })
        }
        Columns::Log { local, person, time, context, component, action, target, object_table, object } => {
            To::Log(wit::LogColumns { local, person, time, context, component, action, target, object_table, object })
        }
    }
}
