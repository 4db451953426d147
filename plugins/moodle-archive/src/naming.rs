//! Names: of backup files (moodle-webservices.md 6.2, observed 6) and of restored courses (mbz-format.md 7.6).

/// What a backup is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A course, with its short name.
    Course(&'a str),
    /// A section, with its name or, if it has none, its number.
    Section(&'a str),
    /// An activity, by its module; its id follows the module's name.
    Activity(&'a str),
}

/// What the marks at the end of a name say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// People are in it.
    pub users: bool,
    /// People are in it under invented names.
    pub anonymized: bool,
    /// File contents are in it.
    pub files: bool,
}

/// The longest name before `.mbz`, in bytes.
pub const NAME_LIMIT: usize = 251;

/// The default file name of a backup, such as `backup-moodle2-course-7-small_test-20261121-0041-nu.mbz`.
///
/// `date` is the local time in the form `20261121-0041`. A name that would be longer than [`NAME_LIMIT`] bytes loses the
/// end of its middle part, so that date and marks stay. Making names unique is the host's.
pub fn backup_file_name(subject: Subject<'_>, id: u64, date: &str, marks: Marks) -> String {
    let (kind, name) = match subject {
        Subject::Course(name) => ("course", clean_file_part(name)),
        Subject::Section(name) => ("section", clean_file_part(name)),
        Subject::Activity(module) => ("activity", clean_file_part(&format!("{module}{id}"))),
    };
    let head = format!("backup-moodle2-{kind}-{id}-");
    let mut tail = date.to_owned();
    if !marks.users {
        tail.push_str("-nu");
    } else if marks.anonymized {
        tail.push_str("-an");
    }
    if !marks.files {
        tail.push_str("-nf");
    }
    let room = NAME_LIMIT.saturating_sub(head.len() + tail.len() + 1);
    let name = cut_bytes(&name, room).trim_end_matches('_');
    let middle = if name.is_empty() { String::new() } else { format!("{name}-") };
    format!("{head}{middle}{tail}.mbz")
}

/// Makes a display name part of a file name: formatted as Moodle formats names (tags go, a bare `&` becomes `&amp;`), spaces
/// to `_`, cleaned as a file name, `_` trimmed, lower case.
fn clean_file_part(name: &str) -> String {
    let formatted = formatted(name).replace(' ', "_");
    let cleaned: String = formatted
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '&' | '<' | '>' | '"' | '`' | '|' | '\'' | ':' | '\\' | '/'))
        .collect();
    let dots = remove_dot_runs(&cleaned);
    dots.trim_matches('_').to_lowercase()
}

/// A name as Moodle formats it for showing: tags go, a bare `&` becomes `&amp;`.
pub fn formatted(name: &str) -> String {
    escape_bare_ampersands(&strip_tags(name))
}

/// `.` and `..` are no names, and runs of dots could climb directories: they go.
fn remove_dot_runs(name: &str) -> String {
    if name == "." {
        return String::new();
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("..") {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches('.');
    }
    out.push_str(rest);
    out
}

fn escape_bare_ampersands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        if c == '&' {
            let rest = &text[at + 1..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(rest.len());
            let entity = end > 0 && rest[end..].starts_with(';');
            if !entity {
                out.push_str("amp;");
            }
        }
    }
    out
}

fn cut_bytes(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Takes tag-like text out: a `<` that is not followed by white space, up to its `>` or, without one, to the end.
///
/// The names in the master file must be free of it, or Moodle refuses the restore (observed 8).
pub fn strip_tags(text: &str) -> String {
    let mut text = text.replace('\0', "");
    // Taking one out may make another one.
    loop {
        let once = strip_once(&text);
        if once == text {
            return text;
        }
        text = once;
    }
}

fn strip_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '<' || chars.peek().is_some_and(|n| n.is_ascii_whitespace()) {
            out.push(c);
            continue;
        }
        let mut quote = None;
        for c in chars.by_ref() {
            match quote {
                Some(q) if c == q => quote = None,
                Some(_) => {}
                None if c == '"' || c == '\'' => quote = Some(c),
                None if c == '>' => break,
                None => {}
            }
        }
    }
    out
}

/// Full name and short name for a restored course: the wanted ones, or with ` copy N` and `_N` from the first N on that
/// is free. Names are cut to 254 and 100 characters with what is added.
///
/// `taken` says whether a full name or a short name is in use.
pub fn course_names(fullname: &str, shortname: &str, mut taken: impl FnMut(&str, &str) -> bool) -> (String, String) {
    let mut number = 0u64;
    loop {
        let (full_end, short_end) = if number == 0 {
            (String::new(), String::new())
        } else {
            (format!(" copy {number}"), format!("_{number}"))
        };
        let full = with_end(fullname, &full_end, 254);
        let short = with_end(shortname, &short_end, 100);
        // The numbers do not run out before the host's patience does; still, end somewhere.
        if !taken(&full, &short) || number == u64::MAX {
            return (full, short);
        }
        number += 1;
    }
}

fn with_end(text: &str, end: &str, limit: usize) -> String {
    let keep = limit.saturating_sub(end.chars().count());
    text.chars().take(keep).chain(end.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: Marks = Marks { users: true, anonymized: false, files: true };

    fn name(short: &str, marks: Marks) -> String {
        backup_file_name(Subject::Course(short), 7, "20261121-0041", marks)
    }

    #[test]
    fn names_are_as_observed() {
        assert_eq!(name("small_test", ALL), "backup-moodle2-course-7-small_test-20261121-0041.mbz");
        assert_eq!(
            name("small_test", Marks { users: false, ..ALL }),
            "backup-moodle2-course-7-small_test-20261121-0041-nu.mbz"
        );
        assert_eq!(
            name("x", Marks { anonymized: true, files: false, users: true }),
            "backup-moodle2-course-7-x-20261121-0041-an-nf.mbz"
        );
        assert_eq!(name("", ALL), "backup-moodle2-course-7-20261121-0041.mbz");
        let activity = backup_file_name(Subject::Activity("forum"), 433, "d", ALL);
        assert_eq!(activity, "backup-moodle2-activity-433-forum433-d.mbz");
    }

    #[test]
    fn names_are_formatted_as_observed() {
        assert_eq!(
            formatted("Kurs für «Öl» & more &amp; <b>bold</b> a < b"),
            "Kurs für «Öl» &amp; more &amp; bold a < b"
        );
    }

    #[test]
    fn parts_are_cleaned_as_observed() {
        assert_eq!(clean_file_part("it's \"q\" <b>&amp;"), "its_q_amp;");
        assert_eq!(clean_file_part("A/B\\C"), "abc");
        assert_eq!(clean_file_part("日本語 コース"), "日本語_コース");
        assert_eq!(clean_file_part("a?b*c|d"), "a?b*cd");
        assert_eq!(clean_file_part("A & B"), "a_amp;_b");
        assert_eq!(clean_file_part(".."), "");
    }

    #[test]
    fn tags_go_and_comparisons_stay() {
        assert_eq!(strip_tags("a <b>c</b> < d > e"), "a c < d > e");
        assert_eq!(strip_tags("a <b"), "a ");
        assert_eq!(strip_tags("<<b>i>x"), "i>x");
        assert_eq!(strip_tags("Kurs für «Öl» & more"), "Kurs für «Öl» & more");
    }

    #[test]
    fn course_names_count_up() {
        let taken = ["X", "X copy 1"];
        let names = course_names("X", "x", |full, _| taken.contains(&full));
        assert_eq!(names, ("X copy 2".to_owned(), "x_2".to_owned()));
        let long = "ä".repeat(300);
        let (full, short) = course_names(&long, &long, |_, short| !short.ends_with("_1"));
        assert_eq!((full.chars().count(), short.chars().count()), (254, 100));
        assert!(full.ends_with("ä copy 1") && short.ends_with("ä_1"));
    }

    proptest! {
        #[test]
        fn names_fit(short in "\\PC{0,300}") {
            let name = name(&short, ALL);
            prop_assert!(name.len() <= 255);
            prop_assert!(!name.contains('/') && !name.contains(".."));
            prop_assert!(name.ends_with("20261121-0041.mbz"));
        }

        #[test]
        fn stripped_text_has_no_tags(text in "[<>a \"'/!-]{0,30}") {
            let stripped = strip_tags(&text);
            prop_assert_eq!(strip_tags(&stripped), stripped);
        }
    }
}
