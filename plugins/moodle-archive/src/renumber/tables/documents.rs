//! Ids in the documents that are alike for all modules: those at the top, of the course, of sections and blocks, and those
//! beside a module's own (mbz-format.md 5.1 to 5.5). What [`everywhere`](super::everywhere) knows is not repeated.

use super::items;
use crate::layout::{OwnerKind, PartName};
use crate::renumber::kinds::IdKind::{self, *};
use crate::renumber::rule::{Before, Rule, Sense, by, defines, key, refers, rule};

/// The rules for a document that is no module's own.
pub(in crate::renumber) fn rules(part: &PartName) -> &'static [Rule] {
    let owner = part.owner.kind();
    match (owner, part.file.as_str()) {
        (OwnerKind::Archive, "files.xml") => FILES,
        (OwnerKind::Archive, "users.xml") => USERS,
        (OwnerKind::Archive, "roles.xml") => ROLE_DEFINITIONS,
        (OwnerKind::Archive, "groups.xml") => GROUPS,
        (OwnerKind::Archive, "scales.xml") => SCALES,
        (OwnerKind::Archive, "outcomes.xml") => OUTCOMES,
        (OwnerKind::Archive, "questions.xml") => QUESTIONS,
        (OwnerKind::Archive, "gradebook.xml") => GRADES,
        (OwnerKind::Archive, "completion.xml") => COURSE_COMPLETION,
        (OwnerKind::Archive, "badges.xml") => BADGES,
        (OwnerKind::Course, "course.xml") => COURSE,
        (OwnerKind::Course, "enrolments.xml") => ENROLMENTS,
        (OwnerKind::Course, "contentbank.xml") => CONTENT_BANK,
        (OwnerKind::Section, "section.xml") => SECTION,
        (OwnerKind::Activity, "module.xml") => MODULE,
        (OwnerKind::Activity, "grades.xml") => GRADES,
        (OwnerKind::Activity, "xapistate.xml") => LEARNING_RECORDS,
        (_, "grade_history.xml") => GRADE_HISTORY,
        (_, "roles.xml") => ROLES,
        (_, "inforef.xml") => REFERENCES,
        (_, "comments.xml") => COMMENTS,
        (_, "calendar.xml") => CALENDAR,
        (_, "logstores.xml") => LOGS,
        // block.xml, and what a block keeps beside it.
        (OwnerKind::CourseBlock | OwnerKind::ActivityBlock, _) => BLOCK,
        _ => &[],
    }
}

const FILES: &[Rule] = &[
    defines("/files/file@id", File),
    key("/files/file/component"),
    key("/files/file/filearea"),
    by("/files/file/itemid", |b| items::file_item(b.field("component"), b.field("filearea")).map(Sense::Refers)),
];

const USERS: &[Rule] = &[
    defines("/users/user@id", User),
    rule("/users/user@contextid", Sense::PersonContext),
    key("assignment/component"),
    by("assignment/itemid", enrolment_item),
];

const ROLE_DEFINITIONS: &[Rule] = &[defines("/roles_definition/role@id", Role)];

const ROLES: &[Rule] = &[key("assignment/component"), by("assignment/itemid", enrolment_item)];

const GROUPS: &[Rule] = &[
    defines("/groups/group@id", Group),
    defines("/groups/groupings/grouping@id", Grouping),
    key("group_member/component"),
    by("group_member/itemid", enrolment_item),
];

/// What an enrolment plugin did names its enrolment method.
fn enrolment_item(before: &Before<'_>) -> Option<Sense> {
    before.field("component").starts_with("enrol_").then_some(Sense::Refers(EnrolmentMethod))
}

const SCALES: &[Rule] = &[defines("/scales_definition/scale@id", Scale)];

const OUTCOMES: &[Rule] = &[defines("/outcomes_definition/outcome@id", Outcome)];

const QUESTIONS: &[Rule] = &[
    defines("question_category@id", QuestionCategory),
    key("question_category/contextlevel"),
    by("question_category/contextinstanceid", context_instance),
    refers("question_category/parent", QuestionCategory),
    defines("question_bank_entry@id", QuestionBankEntry),
    defines("question_version/question_versions@id", QuestionVersion),
    defines("questions/question@id", Question),
    refers("questions/question/parent", Question),
    defines("answers/answer@id", QuestionAnswer),
    refers("truefalse/trueanswer", QuestionAnswer),
    refers("truefalse/falseanswer", QuestionAnswer),
    refers("numerical_record/answer", QuestionAnswer),
    refers("calculated_record/answer", QuestionAnswer),
    defines("question_hints/question_hint@id", QuestionHint),
    defines("matches/match@id", QuestionMatch),
    defines("drags/drag@id", QuestionDrag),
    refers("multianswer/question", Question),
    rule("multianswer/sequence", Sense::List(Question)),
    refers("tags/tag@contextid", Context),
    key("comments/comment/component"),
    key("comments/comment/commentarea"),
    by("comments/comment/itemid", comment_item),
];

/// What a context of this level is the context of (mbz-format.md 5.1).
fn context_instance(before: &Before<'_>) -> Option<Sense> {
    let kind = match before.field("contextlevel") {
        "30" => User,
        "40" => CourseCategory,
        "50" => Course,
        "70" => CourseModule,
        "80" => Block,
        _ => return None,
    };
    Some(Sense::Refers(kind))
}

const GRADES: &[Rule] = &[
    defines("grade_categories/grade_category@id", GradeCategory),
    refers("grade_category/parent", GradeCategory),
    rule("grade_category/path", Sense::CategoryPath),
    defines("grade_items/grade_item@id", GradeItem),
    refers("grade_item/categoryid", GradeCategory),
    key("grade_item/itemtype"),
    key("grade_item/itemmodule"),
    by("grade_item/iteminstance", |before| match before.field("itemtype") {
        "course" | "category" => Some(Sense::Refers(GradeCategory)),
        "mod" => Some(Sense::Refers(IdKind::instance(before.field("itemmodule")))),
        _ => None,
    }),
    rule("grade_item/calculation", Sense::Formula),
];

const GRADE_HISTORY: &[Rule] = &[refers("grade_grade/itemid", GradeItem)];

const COURSE_COMPLETION: &[Rule] = &[
    refers("/course_completion/*/course", Course),
    refers("course_completion_criteria/moduleinstance", CourseModule),
    refers("course_completion_criteria/courseinstance", Course),
    refers("course_completion_criteria/role", Role),
];

const BADGES: &[Rule] = &[
    defines("/badges/badge@id", Badge),
    refers("criterion/badgeid", Badge),
    refers("alignment/badgeid", Badge),
    refers("endorsement/badgeid", Badge),
    refers("relatedbadge/badgeid", Badge),
    refers("relatedbadge/relatedbadgeid", Badge),
    refers("manual_award/badgeid", Badge),
    refers("tags/tag@contextid", Context),
    key("criterion/criteriatype"),
    by("parameter/name", |before| Some(Sense::Parameter { timed: timed(before) })),
    by("parameter/value", |before| {
        let (what, _) = before.field("name").rsplit_once('_')?;
        Some(match what {
            "bydate" => Sense::Date,
            _ => Sense::Refers(parameter(what, timed(before)).filter(|_| what != "grade")?),
        })
    }),
];

/// What the parameters of a badge's criterion are about: activities, or courses (criterion types 4 and 5).
fn timed(before: &Before<'_>) -> IdKind {
    // The parameter and its list stand between.
    match before.outer(2, "criteriatype") {
        "4" | "5" => Course,
        _ => CourseModule,
    }
}

/// The kind of the id that the name of a badge criterion's parameter ends with, by what it begins with.
pub(in crate::renumber) fn parameter(what: &str, timed: IdKind) -> Option<IdKind> {
    match what {
        "module" => Some(CourseModule),
        "course" => Some(Course),
        "role" => Some(Role),
        "badge" => Some(Badge),
        "bydate" | "grade" => Some(timed),
        _ => None,
    }
}

const COURSE: &[Rule] = &[
    defines("/course@id", Course),
    rule("/course@contextid", Sense::CourseContext),
    defines("/course/category@id", CourseCategory),
    refers("courseformatoption/sectionid", Section),
    key("courseformatoption/name"),
];

const ENROLMENTS: &[Rule] = &[
    defines("/enrolments/enrols/enrol@id", EnrolmentMethod),
    key("/enrolments/enrols/enrol/enrol"),
    // A course linked by the method `meta`, and the group that new members join.
    by("/enrolments/enrols/enrol/customint1", |b| (b.field("enrol") == "meta").then_some(Sense::Refers(Course))),
    by("/enrolments/enrols/enrol/customint2", |b| {
        matches!(b.field("enrol"), "meta" | "cohort").then_some(Sense::Refers(Group))
    }),
];

const CONTENT_BANK: &[Rule] = &[defines("/contents/content@id", Content)];

const SECTION: &[Rule] = &[
    defines("/section@id", Section),
    rule("/section/sequence", Sense::List(CourseModule)),
    key("/section/component"),
    by("/section/itemid", |before| {
        before.field("component").strip_prefix("mod_").map(|module| Sense::Refers(IdKind::instance(module)))
    }),
    key("course_format_options/name"),
];

const MODULE: &[Rule] = &[defines("/module@id", CourseModule), refers("/module/sectionid", Section)];

const LEARNING_RECORDS: &[Rule] = &[refers("state/itemid", Context)];

const REFERENCES: &[Rule] = &[
    refers("userref/user/id", User),
    refers("groupingref/grouping/id", Grouping),
    refers("groupref/group/id", Group),
    refers("roleref/role/id", Role),
    refers("fileref/file/id", File),
    refers("scaleref/scale/id", Scale),
    refers("outcomeref/outcome/id", Outcome),
    refers("grade_itemref/grade_item/id", GradeItem),
    refers("question_categoryref/question_category/id", QuestionCategory),
];

const COMMENTS: &[Rule] = &[key("comment/component"), key("comment/commentarea"), by("comment/itemid", comment_item)];

fn comment_item(before: &Before<'_>) -> Option<Sense> {
    items::comment_item(before.field("component"), before.field("commentarea")).map(Sense::Refers)
}

const CALENDAR: &[Rule] = &[
    defines("/events/event@id", CalendarEvent),
    refers("/events/event/repeatid", CalendarEvent),
    key("/events/event/modulename"),
    by("/events/event/instance", |before| {
        let module = before.field("modulename");
        (!matches!(module, "" | "0")).then(|| Sense::Refers(IdKind::instance(module)))
    }),
];

const LOGS: &[Rule] = &[
    key("eventname"),
    key("component"),
    key("objecttable"),
    by("objectid", |b| items::logged_object(b.field("component"), b.field("objecttable")).map(Sense::Refers)),
    key("contextlevel"),
    by("contextinstanceid", context_instance),
    rule("other", Sense::Extras),
];

const BLOCK: &[Rule] = &[
    defines("/block@id", Block),
    defines("/block@contextid", Context),
    key("/block/pagetypepattern"),
    by("/block/subpagepattern", |before| sub_page(before.field("pagetypepattern"))),
    key("block_position/pagetype"),
    by("block_position/subpage", |before| sub_page(before.field("pagetype"))),
];

/// The part of a page that a block stands on: only a lesson's pages are told apart by id.
fn sub_page(page: &str) -> Option<Sense> {
    page.starts_with("mod-lesson-").then_some(Sense::Refers(LessonPage))
}
