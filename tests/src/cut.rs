//! Cuts the archive of one activity or section out of that of a course, as Moodle writes them (mbz-format.md 2): no `course/`,
//! the items' own documents, the top documents, and the files that hang on what is left.
//!
//! Works on archives in Moodle's own form: one element per line.

use std::collections::{BTreeMap, BTreeSet};

/// An archive's files: path to bytes.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// What is cut out.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    /// An activity, by its directory's name: `quiz_312`.
    Activity(&'a str),
    /// A section by its id, with its activities and the sections that they show.
    Section(u64),
}

/// Cuts a piece out of a course's archive.
///
/// # Panics
/// When the archive has no such piece or is not in Moodle's form.
pub fn cut(course: &Tree, piece: Piece<'_>) -> Tree {
    let master = text(course, "moodle_backup.xml");
    let (mut activities, mut sections) = (BTreeSet::new(), BTreeSet::new());
    match piece {
        Piece::Activity(directory) => {
            activities.insert(directory.to_owned());
        }
        Piece::Section(id) => {
            let mut todo = vec![id.to_string()];
            while let Some(section) = todo.pop() {
                for activity in elements(&master, "activity").filter(|a| field(a, "sectionid") == section) {
                    let directory = field(activity, "directory").replace("activities/", "");
                    let shown =
                        elements(&master, "section").filter(|s| field(s, "parentcmid") == field(activity, "moduleid"));
                    todo.extend(shown.map(|s| field(s, "sectionid").to_owned()));
                    activities.insert(directory);
                }
                sections.insert(format!("section_{section}"));
            }
        }
    }
    assert!(!activities.is_empty(), "no {piece:?} in the archive");
    let kept = |path: &str| match path.split('/').collect::<Vec<_>>()[..] {
        ["activities", directory, ..] => activities.contains(directory),
        ["sections", directory, ..] => sections.contains(directory),
        ["course" | "files", ..] | ["badges.xml"] => false,
        _ => true,
    };
    let mut tree: Tree = course.iter().filter(|(path, _)| kept(path)).map(|(p, b)| (p.clone(), b.clone())).collect();
    tree.insert("moodle_backup.xml".into(), cut_master(&master, &activities, &sections).into_bytes());
    for (path, empty) in [
        ("gradebook.xml", "<gradebook>\n</gradebook>"),
        ("grade_history.xml", "<grade_history>\n  <grade_grades>\n  </grade_grades>\n</grade_history>"),
        ("completion.xml", "<course_completion>\n</course_completion>"),
    ] {
        tree.insert(path.into(), format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{empty}").into_bytes());
    }
    cut_files(course, &mut tree);
    tree
}

fn text(tree: &Tree, path: &str) -> String {
    String::from_utf8(tree.get(path).unwrap_or_else(|| panic!("{path} is missing")).clone()).expect("UTF-8")
}

/// The elements of a name that stand on lines of their own, without nesting of that name.
fn elements<'a>(document: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inside: Vec<&str> = document.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0)).collect();
    inside.into_iter()
}

fn field<'a>(element: &'a str, name: &str) -> &'a str {
    let after = element.split_once(&format!("<{name}>")).map_or("", |(_, after)| after);
    after.split_once("</").map_or("", |(value, _)| value)
}

fn cut_master(master: &str, activities: &BTreeSet<String>, sections: &BTreeSet<String>) -> String {
    let kind = if sections.is_empty() { "activity" } else { "section" };
    let master = master.replace("<type>course</type>", &format!("<type>{kind}</type>"));
    let (before, rest) = master.split_once("    <contents>\n").expect("contents");
    let (contents, rest) = rest.split_once("    </contents>\n").expect("the end of contents");
    let (between, rest) = rest.split_once("    <settings>\n").expect("settings");
    let (settings, after) = rest.split_once("    </settings>\n").expect("the end of settings");
    let mut out = format!("{before}    <contents>\n      <activities>\n");
    for activity in elements(contents, "activity") {
        if activities.contains(&field(activity, "directory").replace("activities/", "")) {
            out += &format!("        <activity>{activity}</activity>\n");
        }
    }
    out += "      </activities>\n";
    if !sections.is_empty() {
        out += "      <sections>\n";
        for section in elements(contents, "section") {
            if sections.contains(&field(section, "directory").replace("sections/", "")) {
                out += &format!("        <section>{section}</section>\n");
            }
        }
        out += "      </sections>\n";
    }
    out += &format!("    </contents>\n{between}    <settings>\n");
    for setting in elements(settings, "setting") {
        let kept = match field(setting, "level") {
            "activity" => activities.contains(field(setting, "activity")),
            "section" => sections.contains(field(setting, "section")),
            _ => true,
        };
        if kept {
            out += &format!("      <setting>{setting}</setting>\n");
        }
    }
    out + "    </settings>\n" + after
}

/// Keeps the files that some list of references names or that go without being named, and their contents.
fn cut_files(course: &Tree, tree: &mut Tree) {
    let mut named = BTreeSet::new();
    for (path, bytes) in tree.iter().filter(|(path, _)| path.ends_with("inforef.xml")) {
        let list = String::from_utf8(bytes.clone()).unwrap_or_else(|_| panic!("{path} is not UTF-8"));
        for files in elements(&list, "fileref") {
            named.extend(elements(files, "file").map(|file| field(file, "id").to_owned()));
        }
    }
    let all = text(course, "files.xml");
    let (head, rows) = all.split_once("\n  <file ").expect("files");
    let mut out = head.to_owned();
    for row in rows.trim_end().trim_end_matches("</files>").trim_end().split("\n  <file ") {
        let id = row.split('"').nth(1).expect("an id");
        if named.contains(id) || matches!(field(row, "component"), "user" | "group" | "question") {
            out += &format!("\n  <file {row}");
            let hash = field(row, "contenthash");
            let pool = format!("files/{}/{hash}", &hash[..2]);
            if let Some(content) = course.get(&pool) {
                tree.insert(pool, content.clone());
            }
        }
    }
    tree.insert("files.xml".into(), (out + "\n</files>").into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_quiz_and_a_section_are_cut_out() {
        let course = sample::tree();
        let quiz = cut(&course, Piece::Activity("quiz_312"));
        assert!(quiz.contains_key("activities/quiz_312/quiz.xml") && !quiz.contains_key("course/course.xml"));
        let master = text(&quiz, "moodle_backup.xml");
        assert!(master.contains("<type>activity</type>") && !master.contains("forum_301"));
        assert_eq!(elements(&master, "activity").filter(|a| a.contains("<moduleid>")).count(), 1);
        let section = cut(&course, Piece::Section(43));
        assert!(section.contains_key("sections/section_43/section.xml"));
        assert!(section.contains_key("sections/section_45/section.xml"), "shown by an activity of it");
        assert!(!section.contains_key("sections/section_41/section.xml"));
    }
}
