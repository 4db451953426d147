//! What the arguments of encoded links are (mbz-format.md 3.1): `$@FORUMVIEWBYF*5@$` names a forum.

use crate::renumber::kinds::IdKind::{self, *};

/// The kinds of the arguments of the link of this name, in order; none for a link that is not known or has none.
pub(in crate::renumber) fn arguments(name: &str) -> [Option<IdKind>; 2] {
    // Links inside other addresses have the same form.
    let name = name.strip_suffix("URLENCODED").unwrap_or(name);
    match name {
        "COURSEVIEWBYID" | "GRADEINDEXBYID" | "GRADEREPORTINDEXBYID" | "BADGESVIEWBYID" | "USERINDEXVIEWBYID" => {
            [Some(Course), None]
        }
        "COURSESECTIONBYID" => [Some(Section), None],
        "PLUGINFILEBYCONTEXT" => [Some(Context), None],
        "FEEDBACKANALYSISBYID" | "FEEDBACKSHOWENTRIESBYID" | "LESSONEDIT" => [Some(CourseModule), None],
        "FORUMDISCUSSIONVIEW" => [Some(ForumDiscussion), None],
        "FORUMDISCUSSIONVIEWPARENT" | "FORUMDISCUSSIONVIEWINSIDE" => [Some(ForumDiscussion), Some(ForumPost)],
        "BOOKVIEWBYIDCH" => [Some(CourseModule), Some(BookChapter)],
        "BOOKVIEWBYBCH" => [Some(IdKind::instance("book")), Some(BookChapter)],
        "LESSONVIEWPAGE" => [Some(CourseModule), Some(LessonPage)],
        "DATAVIEWRECORD" => [Some(IdKind::instance("data")), Some(DataRecord)],
        "GLOSSARYSHOWENTRY" => [Some(Course), Some(GlossaryEntry)],
        "WIKIPAGEBYID" => [Some(WikiPage), None],
        _ => [module_link(name), None],
    }
}

/// Links that every module has: to its list in the course, to one of its course modules, to one of its instances.
fn module_link(name: &str) -> Option<IdKind> {
    if let Some(module) = name.strip_suffix("VIEWBYID") {
        return (!module.is_empty()).then_some(CourseModule);
    }
    if let Some(module) = name.strip_suffix("INDEX") {
        return (!module.is_empty()).then_some(Course);
    }
    // `FORUMVIEWBYF`: the letter is that of the page's parameter, the module's first.
    let (module, letter) = name.rsplit_once("VIEWBY")?;
    (!module.is_empty() && letter.len() == 1 && module.starts_with(letter))
        .then(|| IdKind::instance(&module.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_their_arguments() {
        let first = |name| arguments(name)[0].clone();
        assert_eq!(first("COURSEVIEWBYID"), Some(Course));
        assert_eq!(first("COURSEVIEWBYIDURLENCODED"), Some(Course));
        assert_eq!(first("PAGEVIEWBYID"), Some(CourseModule));
        assert_eq!(first("FORUMINDEX"), Some(Course));
        assert_eq!(first("FORUMVIEWBYF"), Some(IdKind::instance("forum")));
        assert_eq!(first("FORUMVIEWBYX"), None);
        assert_eq!(first("NULL"), None);
        assert_eq!(first("VIEWBYID"), None);
        assert_eq!(arguments("BOOKVIEWBYIDCH"), [Some(CourseModule), Some(BookChapter)]);
    }
}
