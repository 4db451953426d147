//! The facet table of the documents that are alike for all modules: those of the course, of sections and blocks, and those
//! beside a module's own (mbz-format.md 5).

use super::modules::PEOPLE;
use super::{Facets, Probe, Rule, names};
use crate::layout::OwnerKind;
use crate::rows::RowKind;

/// What is known of a kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Facets of the whole document, beyond those of its owner.
    pub facets: Facets,
    /// Rules for its elements.
    pub rules: &'static [Rule],
    /// Where plugins and later releases may add elements of their own, whose data of people no rule names.
    pub probe: Option<Probe>,
}

const fn whole(facets: Facets) -> Document {
    Document { facets, rules: &[], probe: None }
}

const fn with(facets: Facets, rules: &'static [Rule]) -> Document {
    Document { facets, rules, probe: None }
}

/// Plugins may add elements anywhere.
const fn pluggable(facets: Facets, rules: &'static [Rule]) -> Document {
    Document { facets, rules, probe: Some(Probe::Plugins) }
}

/// A later release may add lists at a depth.
const fn open(facets: Facets, rules: &'static [Rule], depth: usize) -> Document {
    Document { facets, rules, probe: Some(Probe::At { depth, known: true }) }
}

/// What is known of a document by its owner and file name; `None` for an unknown one. A module's own document is not
/// found here.
pub fn document(owner: OwnerKind, file: &str) -> Option<Document> {
    let document = match (owner, file) {
        (OwnerKind::Archive, "groups.xml") => with(&[names::GROUP], GROUPS),
        (OwnerKind::Archive, "scales.xml" | "outcomes.xml") => whole(&[]),
        (OwnerKind::Archive, "questions.xml") => pluggable(&[names::QUESTION_BANK], QUESTIONS),
        // These three are only written when every activity of the course is in the backup.
        (OwnerKind::Archive, "gradebook.xml") => open(&[names::ACTIVITY], GRADEBOOK, 2),
        (OwnerKind::Archive, "grade_history.xml") => with(&[names::ACTIVITY], GRADE_HISTORY),
        (OwnerKind::Archive, "completion.xml") => open(&[names::ACTIVITY], COURSE_COMPLETION, 2),
        (OwnerKind::Archive, "badges.xml") => open(&[names::BADGE], BADGES, 3),
        (
            OwnerKind::Archive,
            "moodle_backup.xml" | "moodle_backup.log" | ".ARCHIVE_INDEX" | "files.xml" | "users.xml" | "roles.xml",
        ) => whole(&[]),

        (OwnerKind::Course, "course.xml") => pluggable(&[], COURSE),
        (OwnerKind::Course, "enrolments.xml") => pluggable(&[], ENROLMENTS),
        (OwnerKind::Course, "completiondefaults.xml") => whole(&[]),
        (OwnerKind::Course, "competencies.xml") => open(&[names::COMPETENCY], COMPETENCIES, 2),
        (OwnerKind::Course, "contentbank.xml") => whole(&[names::CONTENT_BANK]),
        (OwnerKind::Course, "loglastaccess.xml") => whole(&[names::LOG]),
        (OwnerKind::Section, "section.xml") => pluggable(&[], &[]),

        (OwnerKind::Activity, "module.xml") => pluggable(&[], MODULE),
        (OwnerKind::Activity, "grades.xml") => open(&[], ACTIVITY_GRADES, 2),
        (OwnerKind::Activity, "grade_history.xml") => with(&[], GRADE_HISTORY),
        (OwnerKind::Activity, "grading.xml") => pluggable(&[], GRADING),
        (OwnerKind::Activity, "completion.xml") => with(&[names::COMPLETION], COMPLETION),
        (OwnerKind::Activity, "competencies.xml") => open(&[names::COMPETENCY], &[], 2),
        (OwnerKind::Activity, "calendar.xml") => with(&[names::CALENDAR], ACTIVITY_CALENDAR),
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

/// Where questions stand since 4.0, and before.
macro_rules! questions {
    ($inside:literal) => {
        [
            concat!(
                "question_categories/question_category/question_bank_entries/question_bank_entry/question_version/question_versions/questions/question/",
                $inside
            ),
            concat!("question_categories/question_category/questions/question/", $inside),
        ]
    };
}

const QUESTIONS: &[Rule] = &[
    Rule::under(questions!("plugin_qbank_comment_question/comments/comment")[0], &[names::COMMENT]),
    // What a question type adds is the question; what people answered is in the attempts.
    Rule::definition(questions!("plugin_qtype_*")[0]),
    Rule::definition(questions!("plugin_qtype_*")[1]),
];

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

/// Those that belong to no course are of the overrides of single people (mbz-format.md 5.2; Moodle leaves them out
/// without users by their course, too).
const ACTIVITY_CALENDAR: &[Rule] = &[Rule::people_without("events/event", "courseid")];

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
