//! What a number points to that stands beside the name of a place: items of files by component and area, of comments by
//! component and area, objects of log rows by table, and what an event of the log says of itself.

use crate::renumber::kinds::IdKind::{self, *};

/// What the item number of a file is, by the file's component and area (mbz-format.md 5.4 and 6). `None` where there is none, and
/// where it is a private id that nothing else points to.
pub fn file_item(component: &str, area: &str) -> Option<IdKind> {
    FILES.iter().find(|(c, areas, _)| *c == component && areas.contains(&area)).map(|(_, _, kind)| kind.clone())
}

const FILES: &[(&str, &[&str], IdKind)] = &[
    ("course", &["section"], Section),
    ("backup", &["section"], Section),
    ("group", &["icon", "description"], Group),
    ("grouping", &["description"], Grouping),
    ("grade", &["scale"], Scale),
    ("grade", &["outcome"], Outcome),
    ("badges", &["badgeimage", "userbadge"], Badge),
    ("calendar", &["event_description"], CalendarEvent),
    ("contentbank", &["public"], Content),
    (
        "question",
        &["questiontext", "generalfeedback", "correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"],
        Question,
    ),
    ("question", &["answer", "answerfeedback"], QuestionAnswer),
    ("question", &["hint"], QuestionHint),
    ("qtype_essay", &["graderinfo"], Question),
    ("qtype_ddmarker", &["bgimage"], Question),
    ("qtype_ddimageortext", &["bgimage"], Question),
    ("qtype_ddimageortext", &["dragimage"], QuestionDrag),
    ("qtype_match", &["subquestion"], QuestionMatch),
    ("mod_book", &["chapter"], BookChapter),
    ("mod_forum", &["post", "attachment"], ForumPost),
    ("mod_glossary", &["entry", "attachment"], GlossaryEntry),
    ("mod_lesson", &["page_contents"], LessonPage),
];

/// What the item number of a comment is.
pub(in crate::renumber) fn comment_item(component: &str, area: &str) -> Option<IdKind> {
    match (component, area) {
        ("mod_glossary", "glossary_entry") => Some(GlossaryEntry),
        ("mod_data", "database_entry") => Some(DataRecord),
        ("mod_wiki", "wiki_page") => Some(WikiPage),
        ("qbank_comment", "question") => Some(Question),
        _ => None,
    }
}

/// What the object of a log row is, by the component that wrote the row and the object's table. A module's own table has
/// the module's name.
pub(in crate::renumber) fn logged_object(component: &str, table: &str) -> Option<IdKind> {
    if table.is_empty() {
        return None;
    }
    if component.strip_prefix("mod_") == Some(table) {
        return Some(IdKind::instance(table));
    }
    TABLES.iter().find(|(name, _)| *name == table).map(|(_, kind)| kind.clone())
}

const TABLES: &[(&str, IdKind)] = &[
    ("badge", Badge),
    ("block_instances", Block),
    ("book_chapters", BookChapter),
    ("contentbank_content", Content),
    ("context", Context),
    ("course", Course),
    ("course_categories", CourseCategory),
    ("course_modules", CourseModule),
    ("course_sections", Section),
    ("data_records", DataRecord),
    ("enrol", EnrolmentMethod),
    ("event", CalendarEvent),
    ("files", File),
    ("forum_discussions", ForumDiscussion),
    ("forum_posts", ForumPost),
    ("glossary_entries", GlossaryEntry),
    ("grade_categories", GradeCategory),
    ("grade_items", GradeItem),
    ("grade_outcomes", Outcome),
    ("groupings", Grouping),
    ("groups", Group),
    ("lesson_pages", LessonPage),
    ("question", Question),
    ("question_answers", QuestionAnswer),
    ("question_bank_entries", QuestionBankEntry),
    ("question_categories", QuestionCategory),
    ("question_versions", QuestionVersion),
    ("role", Role),
    ("scale", Scale),
    ("user", User),
    ("wiki_pages", WikiPage),
];

/// What a number is that an event of the log carries under this key, by the event's class. An instance whose module
/// stands beside it is not found here.
pub(in crate::renumber) fn event_extra(event: &str, key: &str) -> Option<IdKind> {
    let short = event.rsplit('\\').next().unwrap_or_default();
    match key {
        "itemid" if short == "user_graded" => Some(GradeItem),
        "categoryid" if short.starts_with("question") => Some(QuestionCategory),
        "groupid" => Some(Group),
        "courseid" => Some(Course),
        "relateduserid" | "submitterid" => Some(User),
        "discussionid" if event.starts_with("\\mod_forum\\") => Some(ForumDiscussion),
        "postid" if event.starts_with("\\mod_forum\\") => Some(ForumPost),
        "assignid" | "bookid" | "choiceid" | "dataid" | "feedbackid" | "forumid" | "glossaryid" | "lessonid"
        | "quizid" | "scormid" | "surveyid" | "wikiid" | "workshopid" => key.strip_suffix("id").map(IdKind::instance),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_known_by_their_place() {
        assert_eq!(file_item("course", "section"), Some(Section));
        assert_eq!(file_item("mod_assign", "intro"), None);
        assert_eq!(logged_object("mod_page", "page"), Some(IdKind::instance("page")));
        assert_eq!(logged_object("core", "groups"), Some(Group));
        assert_eq!(logged_object("core", "page"), None);
        assert_eq!(logged_object("mod_", ""), None);
        assert_eq!(event_extra("\\core\\event\\user_graded", "itemid"), Some(GradeItem));
        assert_eq!(event_extra("\\core\\event\\role_assigned", "itemid"), None);
        assert_eq!(event_extra("\\mod_quiz\\event\\slot_created", "quizid"), Some(IdKind::instance("quiz")));
    }
}
