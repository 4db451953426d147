//! The facet table of the documents that are alike for all modules: those of the course, of sections and blocks, and those
//! beside a module's own (mbz-format.md 5).

use super::modules::PEOPLE;
use super::{Facets, Rule, names};
use crate::layout::OwnerKind;
use crate::rows::RowKind;

/// What is known of a kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Facets of the whole document, beyond those of its owner.
    pub facets: Facets,
    /// Rules for its elements.
    pub rules: &'static [Rule],
    /// Whether plugins may add elements of their own to it, whose data of people no rule names.
    pub plugins: bool,
}

const fn whole(facets: Facets) -> Document {
    Document { facets, rules: &[], plugins: false }
}

const fn with(facets: Facets, rules: &'static [Rule]) -> Document {
    Document { facets, rules, plugins: false }
}

const fn pluggable(rules: &'static [Rule]) -> Document {
    Document { facets: &[], rules, plugins: true }
}

/// What is known of a document by its owner and file name; `None` for an unknown one. A module's own document is not
/// found here.
pub fn document(owner: OwnerKind, file: &str) -> Option<Document> {
    let document = match (owner, file) {
        (OwnerKind::Archive, "groups.xml") => with(&[names::GROUP], GROUPS),
        (OwnerKind::Archive, "scales.xml" | "outcomes.xml") => whole(&[]),
        (OwnerKind::Archive, "questions.xml") => with(&[names::QUESTION_BANK], QUESTIONS),
        // These three are only written when every activity of the course is in the backup.
        (OwnerKind::Archive, "gradebook.xml") => with(&[names::ACTIVITY], GRADEBOOK),
        (OwnerKind::Archive, "grade_history.xml") => with(&[names::ACTIVITY], GRADE_HISTORY),
        (OwnerKind::Archive, "completion.xml") => with(&[names::ACTIVITY], COURSE_COMPLETION),
        (OwnerKind::Archive, "badges.xml") => with(&[names::BADGE], BADGES),
        (
            OwnerKind::Archive,
            "moodle_backup.xml" | "moodle_backup.log" | ".ARCHIVE_INDEX" | "files.xml" | "users.xml" | "roles.xml",
        ) => whole(&[]),

        (OwnerKind::Course, "course.xml") => pluggable(COURSE),
        (OwnerKind::Course, "enrolments.xml") => with(&[], ENROLMENTS),
        (OwnerKind::Course, "completiondefaults.xml") => whole(&[]),
        (OwnerKind::Course, "competencies.xml") => with(&[names::COMPETENCY], COMPETENCIES),
        (OwnerKind::Course, "contentbank.xml") => whole(&[names::CONTENT_BANK]),
        (OwnerKind::Course, "loglastaccess.xml") => whole(&[names::LOG]),
        (OwnerKind::Section, "section.xml") => pluggable(&[]),

        (OwnerKind::Activity, "module.xml") => pluggable(MODULE),
        (OwnerKind::Activity, "grades.xml") => with(&[], ACTIVITY_GRADES),
        (OwnerKind::Activity, "grade_history.xml") => with(&[], GRADE_HISTORY),
        (OwnerKind::Activity, "grading.xml") => with(&[], GRADING),
        (OwnerKind::Activity, "completion.xml") => with(&[names::COMPLETION], COMPLETION),
        (OwnerKind::Activity, "competencies.xml") => whole(&[names::COMPETENCY]),
        (OwnerKind::Activity, "xapistate.xml") => whole(&[names::LEARNING_RECORD]),

        (OwnerKind::CourseBlock | OwnerKind::ActivityBlock, "block.xml") => whole(&[]),

        // Alike for every owner that has them.
        (OwnerKind::Archive, _) => return None,
        (_, "roles.xml") => with(&[], ROLES),
        (_, "inforef.xml") => whole(&[]),
        (_, "filters.xml") => whole(&[names::FILTER]),
        (_, "comments.xml") => whole(&[names::COMMENT]),
        (_, "calendar.xml") => whole(&[names::CALENDAR]),
        (_, "logs.xml") => with(&[names::LOG], LEGACY_LOG),
        (_, "logstores.xml") => with(&[names::LOG], LOGSTORES),
        _ => return None,
    };
    Some(document)
}

const GRADES: Facets = &[names::USER_DATA, names::GRADE];

const GROUPS: &[Rule] = &[
    Rule::head("groups/group", RowKind::Group, "group_members"),
    Rule::row("groups/group/group_members/group_member", RowKind::GroupMember, &[names::ENROLMENT]),
    Rule::under("groups/groupcustomfields/groupcustomfield", &[names::CUSTOM_FIELD]),
    Rule::under("groups/groupings/groupingcustomfields/groupingcustomfield", &[names::CUSTOM_FIELD]),
];

const QUESTIONS: &[Rule] = &[Rule::under(
    "question_categories/question_category/question_bank_entries/question_bank_entry/question_version/question_versions/questions/question/plugin_qbank_comment_question/comments/comment",
    &[names::COMMENT],
)];

const GRADEBOOK: &[Rule] = &[
    Rule::head("gradebook/grade_items/grade_item", RowKind::GradeItem, "grade_grades"),
    Rule::row("gradebook/grade_items/grade_item/grade_grades/grade_grade", RowKind::Grade, GRADES),
];

const ACTIVITY_GRADES: &[Rule] = &[
    Rule::head("activity_gradebook/grade_items/grade_item", RowKind::GradeItem, "grade_grades"),
    Rule::row("activity_gradebook/grade_items/grade_item/grade_grades/grade_grade", RowKind::Grade, GRADES),
];

const GRADE_HISTORY: &[Rule] = &[Rule::under("grade_history/grade_grades/grade_grade", &[names::GRADE_HISTORY])];

const COURSE_COMPLETION: &[Rule] = &[
    Rule::under(
        "course_completion/course_completion_criteria/course_completion_crit_completions/course_completion_crit_compl",
        &[names::COMPLETION],
    ),
    Rule::under("course_completion/course_completions", &[names::COMPLETION]),
];

const BADGES: &[Rule] = &[Rule::under("badges/badge/manual_awards/manual_award", PEOPLE)];

const COURSE: &[Rule] = &[Rule::under("course/customfields/customfield", &[names::CUSTOM_FIELD])];

const MODULE: &[Rule] = &[Rule::under("module/customfields/customfield", &[names::CUSTOM_FIELD])];

const ENROLMENTS: &[Rule] =
    &[Rule::row("enrolments/enrols/enrol/user_enrolments/enrolment", RowKind::Enrolment, &[names::ENROLMENT])];

const COMPETENCIES: &[Rule] = &[Rule::under("course_competencies/user_competencies/user_competency", PEOPLE)];

const GRADING: &[Rule] = &[Rule::under("areas/area/definitions/definition/instances/instance", PEOPLE)];

const COMPLETION: &[Rule] = &[Rule::row("completions/completion", RowKind::Completion, &[])];

const ROLES: &[Rule] =
    &[Rule::row("roles/role_assignments/assignment", RowKind::RoleAssignment, &[names::ROLE_ASSIGNMENT])];

const LEGACY_LOG: &[Rule] = &[Rule::row("logs/log", RowKind::LegacyLog, &[])];

const LOGSTORES: &[Rule] =
    &[Rule::row("logstores/logstore/subplugin_logstore_standard_logstore/logstore_standard_log", RowKind::Log, &[])];
