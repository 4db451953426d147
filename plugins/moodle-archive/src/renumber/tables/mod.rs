//! Where ids and dates stand, as data: per document ([`documents`], [`modules`]), by component and area, item and table
//! ([`items`]), in links ([`marks`]), and which dates move with the course ([`dates`]).

pub(super) mod dates;
pub(super) mod documents;
pub(super) mod items;
pub(super) mod marks;
pub(super) mod modules;

use super::kinds::IdKind;
use super::rule::{Fit, Sense};
use crate::facets::names_people;
use crate::layout::PartName;

/// The rules for a document, the first that fits counts.
pub(super) fn rules(part: &PartName) -> Vec<Fit> {
    let tables = match part.module() {
        Some(module) => [modules::EVERY, modules::rules(module), dates::module(module)],
        None => [documents::rules(part), dates::document(part), &[]],
    };
    tables.into_iter().flatten().map(Fit::of).collect()
}

/// What an element of this name is in every document, unless a rule says otherwise.
pub(super) fn everywhere(path: &str, name: &str) -> Option<Sense> {
    use IdKind::*;
    let kind = match name {
        "availability" | "availabilityjson" => return Some(Sense::Availability),
        "filtercondition" => return Some(Sense::QuestionFilter),
        // Of a rating: points when positive.
        "scaleid" if path.ends_with("ratings/rating/scaleid") => return Some(Sense::NegativeScale),
        "groupid" => Group,
        "groupingid" | "defaultgroupingid" | "teamsubmissiongroupingid" => Grouping,
        "roleid" | "issuerrole" => Role,
        "scaleid" | "rawscaleid" => Scale,
        "outcomeid" => Outcome,
        "contextid" | "usingcontextid" | "questionscontextid" | "parentcontextid" => Context,
        "courseid" | "course_id" => Course,
        "cmid" | "coursemoduleid" => CourseModule,
        "gradeitemid" => GradeItem,
        "questioncategoryid" => QuestionCategory,
        "questionbankentryid" => QuestionBankEntry,
        "questionid" => Question,
        _ if names_people(name.as_bytes()) => User,
        _ => return None,
    };
    Some(Sense::Refers(kind))
}

/// Fields that [`everywhere`] names and that others depend on.
pub(super) fn is_key_everywhere(name: &str) -> bool {
    name == "questionid"
}
