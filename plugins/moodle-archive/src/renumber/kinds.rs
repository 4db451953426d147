//! The kinds of ids that an archive shows, each a number space of its own.

use std::borrow::Cow;

/// What an id is the id of. Two things of one kind in one archive have different numbers; numbers of different kinds
/// have nothing to do with each other.
///
/// The names follow those under which Moodle's restore maps ids (mbz-format.md 7.4). Ids that nothing outside their own
/// element refers to (an attempt, a grading instance, a tag ...) have no kind: they stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum IdKind {
    User,
    Role,
    Course,
    /// The category a course lies in.
    CourseCategory,
    Section,
    CourseModule,
    /// The row of a module, such as a forum; numbered per module.
    Instance(Box<str>),
    Context,
    Block,
    File,
    EnrolmentMethod,
    Group,
    Grouping,
    GradeItem,
    GradeCategory,
    Scale,
    Outcome,
    QuestionCategory,
    QuestionBankEntry,
    QuestionVersion,
    Question,
    /// An answer of a question, which attempts point to.
    QuestionAnswer,
    QuestionHint,
    /// A pair of a matching question, which attempts point to.
    QuestionMatch,
    /// Something to drag in a question, which files hang on.
    QuestionDrag,
    Badge,
    CalendarEvent,
    /// An item of the content bank.
    Content,
    // Private ids that links in texts point to.
    ForumDiscussion,
    ForumPost,
    BookChapter,
    LessonPage,
    DataRecord,
    GlossaryEntry,
    WikiPage,
}

impl IdKind {
    /// All kinds but the instances.
    pub const PLAIN: [IdKind; 34] = {
        use IdKind::*;
        [
            User,
            Role,
            Course,
            CourseCategory,
            Section,
            CourseModule,
            Context,
            Block,
            File,
            EnrolmentMethod,
            Group,
            Grouping,
            GradeItem,
            GradeCategory,
            Scale,
            Outcome,
            QuestionCategory,
            QuestionBankEntry,
            QuestionVersion,
            Question,
            QuestionAnswer,
            QuestionHint,
            QuestionMatch,
            QuestionDrag,
            Badge,
            CalendarEvent,
            Content,
            ForumDiscussion,
            ForumPost,
            BookChapter,
            LessonPage,
            DataRecord,
            GlossaryEntry,
            WikiPage,
        ]
    };

    /// The kind of a module's instances.
    pub fn instance(module: &str) -> Self {
        IdKind::Instance(module.into())
    }

    /// Whether ids of this kind matter inside one module's document only, apart from links in texts. They change only
    /// where a link would hit the wrong one (architecture.md 2.2).
    pub fn is_private(&self) -> bool {
        use IdKind::*;
        matches!(self, ForumDiscussion | ForumPost | BookChapter | LessonPage | DataRecord | GlossaryEntry | WikiPage)
    }

    /// A name to keep it under: `group`, `instance/forum`.
    pub fn name(&self) -> Cow<'static, str> {
        use IdKind::*;
        Cow::Borrowed(match self {
            Instance(module) => return Cow::Owned(format!("instance/{module}")),
            User => "user",
            Role => "role",
            Course => "course",
            CourseCategory => "course_category",
            Section => "section",
            CourseModule => "course_module",
            Context => "context",
            Block => "block",
            File => "file",
            EnrolmentMethod => "enrol",
            Group => "group",
            Grouping => "grouping",
            GradeItem => "grade_item",
            GradeCategory => "grade_category",
            Scale => "scale",
            Outcome => "outcome",
            QuestionCategory => "question_category",
            QuestionBankEntry => "question_bank_entry",
            QuestionVersion => "question_version",
            Question => "question",
            QuestionAnswer => "question_answer",
            QuestionHint => "question_hint",
            QuestionMatch => "question_match",
            QuestionDrag => "question_drag",
            Badge => "badge",
            CalendarEvent => "event",
            Content => "contentbank_content",
            ForumDiscussion => "forum_discussion",
            ForumPost => "forum_post",
            BookChapter => "book_chapter",
            LessonPage => "lesson_page",
            DataRecord => "data_record",
            GlossaryEntry => "glossary_entry",
            WikiPage => "wiki_page",
        })
    }

    /// The kind of a [`name`](Self::name).
    pub fn of_name(name: &str) -> Option<Self> {
        if let Some(module) = name.strip_prefix("instance/") {
            return (!module.is_empty()).then(|| Self::instance(module));
        }
        Self::PLAIN.into_iter().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for kind in IdKind::PLAIN.into_iter().chain([IdKind::instance("forum")]) {
            assert_eq!(IdKind::of_name(&kind.name()), Some(kind));
        }
        assert_eq!(IdKind::of_name("instance/"), None);
        assert_eq!(IdKind::of_name("post"), None);
    }
}
