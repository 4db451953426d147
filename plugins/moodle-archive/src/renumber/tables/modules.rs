//! Ids in modules' own documents (mbz-format.md 5.4). Of unknown modules only what every module has is known.

use crate::renumber::kinds::IdKind::{self, *};
use crate::renumber::rule::{Rule, Sense, by, defines, refers, rule};

/// The rules for a known module, beyond those for every one.
pub(in crate::renumber) fn rules(module: &str) -> &'static [Rule] {
    TABLE.iter().find(|(name, _)| *name == module).map_or(&[], |(_, rules)| rules)
}

/// What every module's document has: the root, the settings named alike, and attempts at questions.
pub(in crate::renumber) const EVERY: &[Rule] = &[
    rule("/activity@id", Sense::DefinesInstance),
    defines("/activity@moduleid", CourseModule),
    defines("/activity@contextid", Context),
    by("/activity/*@id", |before| (before.name() == before.module).then_some(Sense::DefinesInstance)),
    refers("/activity/*/course", Course),
    rule("/activity/*/grade", Sense::NegativeScale),
    rule("/activity/*/scale", Sense::NegativeScale),
    rule("/activity/*/grade_forum", Sense::NegativeScale),
    by("variable/name", |before| {
        // The variable, its response, the step and the list of steps stand between.
        let question = before.outer(4, "questionid").parse().ok();
        Some(question.map_or(Sense::Key, Sense::Response))
    }),
    by("variable/value", |before| attempt_variable(before.field("name")).map(Sense::List)),
];

/// What a variable of an attempt's step lists, by its name (seen in attempts of Moodle 4.5): the order in which the answers or pairs of a
/// question were shown. Other variables count from 0 or 1 or hold what was answered.
fn attempt_variable(name: &str) -> Option<IdKind> {
    let part_of_many = |name: &str| {
        let number = name.strip_prefix("_sub").and_then(|n| n.strip_suffix("_order"));
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    match name {
        "_order" | "_currentresponse" | "_correctresponse" => Some(QuestionAnswer),
        "_stemorder" | "_choiceorder" => Some(QuestionMatch),
        _ if part_of_many(name) => Some(QuestionAnswer),
        _ => None,
    }
}

const TABLE: &[(&str, &[Rule])] = &[
    (
        "book",
        &[
            defines("/activity/book/chapters/chapter@id", BookChapter),
            refers("/activity/book/chaptertags/tag/itemid", BookChapter),
        ],
    ),
    (
        "data",
        &[
            defines("/activity/data/records/record@id", DataRecord),
            refers("/activity/data/recordstags/tag/itemid", DataRecord),
        ],
    ),
    (
        "forum",
        &[
            defines("/activity/forum/discussions/discussion@id", ForumDiscussion),
            refers("/activity/forum/discussions/discussion/firstpost", ForumPost),
            defines("/activity/forum/discussions/discussion/posts/post@id", ForumPost),
            refers("/activity/forum/discussions/discussion/posts/post/parent", ForumPost),
            refers("/activity/forum/readposts/read/discussionid", ForumDiscussion),
            refers("/activity/forum/readposts/read/postid", ForumPost),
            refers("/activity/forum/poststags/tag/itemid", ForumPost),
        ],
    ),
    (
        "glossary",
        &[
            defines("/activity/glossary/entries/entry@id", GlossaryEntry),
            rule("/activity/glossary/entries/entry/sourceglossaryid", Sense::RefersInstance),
            refers("category_entries/category_entry/entryid", GlossaryEntry),
            refers("/activity/glossary/entriestags/tag/itemid", GlossaryEntry),
        ],
    ),
    (
        "lesson",
        &[
            rule("/activity/lesson/dependency", Sense::RefersInstance),
            refers("/activity/lesson/activitylink", CourseModule),
            defines("/activity/lesson/pages/page@id", LessonPage),
            refers("/activity/lesson/pages/page/prevpageid", LessonPage),
            refers("/activity/lesson/pages/page/nextpageid", LessonPage),
            // Negative jumps have a meaning of their own.
            refers("/activity/lesson/pages/page/answers/answer/jumpto", LessonPage),
            refers("/activity/lesson/pages/page/branches/branch/nextpageid", LessonPage),
        ],
    ),
    (
        "quiz",
        &[
            rule("question_instance/quizid", Sense::RefersInstance),
            // Before 4.0.
            refers("question_instance/question", Question),
            rule("quizsettings/quizid", Sense::RefersInstance),
        ],
    ),
    (
        "wiki",
        &[
            defines("/activity/wiki/subwikis/subwiki/pages/page@id", WikiPage),
            refers("/activity/wiki/subwikis/subwiki/pages/page/tags/tag/itemid", WikiPage),
            refers("/activity/wiki/subwikis/subwiki/links/link/frompageid", WikiPage),
            refers("/activity/wiki/subwikis/subwiki/links/link/topageid", WikiPage),
            refers("/activity/wiki/subwikis/subwiki/synonyms/synonym/pageid", WikiPage),
        ],
    ),
];
