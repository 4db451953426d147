//! Addresses of pages for the marks by which texts in documents link to them (mbz-format.md 3.1). Numbers are those of here
//! already.

use crate::text;
use std::borrow::Cow;

/// A text with addresses of this site in place of marks. A mark without a page here stays as it is.
pub fn resolved(given: &str) -> Cow<'_, str> {
    text::with_links(given, |name, numbers| path(name, numbers).map(|path| text::address(&path)))
}

fn path(name: &str, numbers: &[u64]) -> Option<String> {
    // What means nothing here has no page.
    if numbers.contains(&0) {
        return None;
    }
    match (name, numbers) {
        ("COURSEVIEWBYID", [id]) => Some(format!("/course/view.php?id={id}")),
        ("COURSESECTIONBYID", [id]) => Some(format!("/course/section.php?id={id}")),
        ("GRADEINDEXBYID", [id]) => Some(format!("/grade/index.php?id={id}")),
        ("GRADEREPORTINDEXBYID", [id]) => Some(format!("/grade/report/index.php?id={id}")),
        ("BADGESVIEWBYID", [id]) => Some(format!("/badges/view.php?type=2&id={id}")),
        ("USERINDEXVIEWBYID", [id]) => Some(format!("/user/index.php?id={id}")),
        ("PLUGINFILEBYCONTEXT", [id]) => Some(format!("/pluginfile.php/{id}")),
        ("FORUMDISCUSSIONVIEW", [id]) => Some(format!("/mod/forum/discuss.php?d={id}")),
        ("FORUMDISCUSSIONVIEWPARENT", [id, parent]) => Some(format!("/mod/forum/discuss.php?d={id}&parent={parent}")),
        ("FORUMDISCUSSIONVIEWINSIDE", [id, post]) => Some(format!("/mod/forum/discuss.php?d={id}#{post}")),
        ("BOOKVIEWBYIDCH", [id, chapter]) => Some(format!("/mod/book/view.php?id={id}&chapterid={chapter}")),
        ("LESSONVIEWPAGE", [id, page]) => Some(format!("/mod/lesson/view.php?id={id}&pageid={page}")),
        ("WIKIPAGEBYID", [id]) => Some(format!("/mod/wiki/view.php?pageid={id}")),
        (name, [id]) => {
            let (module, page) = match name.strip_suffix("VIEWBYID") {
                Some(module) => (module, "view"),
                None => (name.strip_suffix("INDEX")?, "index"),
            };
            let known = !module.is_empty() && module.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            known.then(|| format!("/mod/{}/{page}.php?id={id}", module.to_ascii_lowercase()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_guest::testing::TestHost;

    #[test]
    fn marks_become_addresses() {
        let _host = TestHost::new();
        let shown = resolved("<a href=\"$@PAGEVIEWBYID*7@$\">x</a> $@FORUMINDEX*2@$ $@PAGEVIEWBYID*0@$ $@NULL@$");
        assert_eq!(
            shown,
            "<a href=\"https://lms.example.org/mod/page/view.php?id=7\">x</a> https://lms.example.org/mod/forum/index.php?id=2 $@PAGEVIEWBYID*0@$ $@NULL@$"
        );
    }
}
