//! How many of each kind of thing two archives hold: what was found again after a round trip.

use crate::unpacked::Unpacked;
use std::fmt;

/// One kind of thing and its number on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub what: &'static str,
    /// How many in the first archive.
    pub left: usize,
    /// How many in the second.
    pub right: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.left == self.right { ' ' } else { '!' };
        write!(f, "{mark} {:<22}{:>9}{:>9}", self.what, self.left, self.right)
    }
}

/// What to count: a name, how the file's path begins and ends, and the tag of a row.
const COUNTED: &[(&str, &str, &str, &str)] = &[
    ("activities", "activities/", "/module.xml", "module"),
    ("sections", "sections/", "/section.xml", "section"),
    ("blocks", "", "/block.xml", "block"),
    ("file rows", "", "files.xml", "file"),
    ("people", "", "users.xml", "user"),
    ("enrolments", "course/", "enrolments.xml", "enrolment"),
    ("role assignments", "", "/roles.xml", "assignment"),
    ("groups", "", "groups.xml", "group"),
    ("group members", "", "groups.xml", "group_member"),
    ("groupings", "", "groups.xml", "grouping"),
    ("grade items", "", "grades.xml", "grade_item"),
    ("grade items (course)", "", "gradebook.xml", "grade_item"),
    ("grades", "", "grades.xml", "grade_grade"),
    ("grades (course)", "", "gradebook.xml", "grade_grade"),
    ("grade history rows", "", "grade_history.xml", "grade_grade"),
    ("completions", "activities/", "/completion.xml", "completion"),
    ("questions", "", "questions.xml", "question"),
    ("badges", "", "badges.xml", "badge"),
    ("comments", "", "comments.xml", "comment"),
    ("calendar events", "", "calendar.xml", "event"),
    ("log rows", "", "logstores.xml", "logstore_standard_log"),
    ("legacy log rows", "", "logs.xml", "log"),
    ("forum posts", "activities/", "/forum.xml", "post"),
    ("submissions", "activities/", ".xml", "submission"),
    ("attempts", "activities/", "/quiz.xml", "attempt"),
];

/// Counts on both sides; kinds that neither has are left out.
pub fn counts(left: &Unpacked, right: &Unpacked) -> Vec<Count> {
    let mut all: Vec<Count> = COUNTED
        .iter()
        .map(|&(what, start, end, tag)| Count {
            what,
            left: rows(left, start, end, tag),
            right: rows(right, start, end, tag),
        })
        .collect();
    all.push(Count { what: "pool files", left: left.pool.len(), right: right.pool.len() });
    all.retain(|c| c.left + c.right > 0);
    all
}

fn rows(archive: &Unpacked, start: &str, end: &str, tag: &str) -> usize {
    archive
        .documents
        .iter()
        .filter(|(path, _)| path.starts_with(start) && path.ends_with(end))
        .map(|(_, bytes)| rows_in(bytes, tag))
        .sum()
}

/// Start tags of that name with an attribute. Rows have an id; containers of the same name have none.
fn rows_in(bytes: &[u8], tag: &str) -> usize {
    let tag = tag.as_bytes();
    let mut n = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'<') {
        let rest = &bytes[at + 1..];
        if rest.starts_with(tag) && rest.get(tag.len()) == Some(&b' ') {
            n += 1;
        }
    }
    n
}
