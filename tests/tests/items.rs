//! Sections and activities: copied within their course, moved into another one, deleted. What is then backed up is an archive like any
//! other.

use provost_tests::compare::{Ignore, compare};
use provost_tests::excerpt::{directories, document, fields, without_numbers};
use provost_tests::live::{Rest, Site};
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use serde_json::{Value, json};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const COPY: &str = "provost_course_copy_items";
const MOVE: &str = "provost_course_move_items";
const DELETE: &str = "provost_course_delete_items";
const DELETE_MODULES: &str = "core_course_delete_modules";
/// Every option that is off unless set.
const ALL: &[&str] =
    &["users=1", "role_assignments=1", "comments=1", "userscompletion=1", "logs=1", "grade_histories=1"];

fn with_options(mut command: Vec<&str>) -> Vec<&str> {
    for option in ALL {
        command.extend(["--option", option]);
    }
    command
}

/// A whole backup, which must be a sound archive.
fn back_up(site: &Site, course: &str) -> Unpacked {
    site.ok(&with_options(vec!["backup", "create", course, "-o", "out.mbz"]));
    let archive = Unpacked::open(&site.path("out.mbz")).expect("an archive");
    let findings: Vec<String> = validate(&archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    archive
}

/// Id and section number of the first activity of a kind.
fn activity(rest: &Rest, course: &str, module: &str) -> (String, String) {
    let contents = rest.call("core_course_get_contents", &[("courseid", course)]);
    for section in contents.as_array().into_iter().flatten() {
        for found in section["modules"].as_array().into_iter().flatten() {
            if found["modname"] == module {
                return (found["id"].to_string(), section["section"].to_string());
            }
        }
    }
    panic!("no {module} in {contents}")
}

fn counts(site: &Site, course: &str) -> Value {
    site.json(&["course", "show", course])["counts"].clone()
}

#[test]
fn an_activity_is_copied_within_its_course_and_deleted_again() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let before = back_up(&site, &course);
    let (quiz, _) = activity(&rest, &course, "quiz");
    let mut parameters = vec![("courseid", course.as_str()), ("items[0]", &quiz)];
    let names: Vec<(String, &str)> = ALL
        .iter()
        .filter_map(|option| option.split_once('='))
        .map(|(name, value)| (format!("options[{name}]"), value))
        .collect();
    parameters.extend(names.iter().map(|(name, value)| (name.as_str(), *value)));
    let made = rest.call(COPY, &parameters);
    assert_eq!(made["courseid"].to_string(), course);
    let first = made["items"][0].to_string();
    let second = site.ok(&with_options(vec!["course", "copy-items", &course, &quiz])).trim().to_owned();
    assert!(first != second && first != quiz && second != quiz, "{first} {second}");

    let after = back_up(&site, &course);
    let untouched = |path: &str| {
        !matches!(path, "moodle_backup.xml" | "sections/section_43/section.xml" | "files.xml")
            && !path.ends_with("inforef.xml")
    };
    for (path, bytes) in before.documents.iter().filter(|(path, _)| untouched(path)) {
        assert!(after.documents.get(path) == Some(bytes), "{path} changed");
    }
    let old = directories(&before);
    let copies: Vec<String> = directories(&after).into_iter().filter(|d| !old.contains(d)).collect();
    assert_eq!(copies.len(), 2, "{copies:?}");
    let original = document(&before, "activities/quiz_312/quiz.xml");
    for copy in &copies {
        let own = document(&after, &format!("{copy}/quiz.xml"));
        assert_eq!(without_numbers(&own), without_numbers(&original), "{copy}");
        let module = document(&after, &format!("{copy}/module.xml"));
        assert_eq!(
            (fields(&module, "sectionid"), fields(&module, "sectionnumber")),
            (vec!["43".into()], vec!["2".into()])
        );
        let number = copy.rsplit('_').next().unwrap_or_default();
        assert!(!own.contains("*312@$") || own.contains(&format!("*{number}@$")), "links point to the copy");
        assert_eq!(fields(&own, "questionbankentryid"), fields(&original, "questionbankentryid"), "the same questions");
    }
    let section = document(&after, "sections/section_43/section.xml");
    let sequence = fields(&section, "sequence").remove(0);
    assert!(copies.iter().all(|copy| sequence.split(',').any(|id| copy.ends_with(&format!("_{id}")))), "{sequence}");
    for same in ["questions.xml", "users.xml"] {
        assert_eq!(document(&after, same), document(&before, same), "{same}");
    }

    // What is written comes in again, and a copy can be copied.
    site.ok(&["course", "import", "out.mbz"]);
    let third = site.ok(&["course", "copy-items", &course, &second, "--section", "1"]).trim().to_owned();
    let with_third = back_up(&site, &course);
    let known = directories(&after);
    let third_directory = directories(&with_third).into_iter().find(|d| !known.contains(d)).expect("a third quiz");
    assert_eq!(fields(&document(&with_third, &format!("{third_directory}/module.xml")), "sectionnumber"), ["1"]);
    let attempts = |archive: &Unpacked, directory: &str| {
        fields(&document(archive, &format!("{directory}/quiz.xml")), "attemptnum").len()
    };
    assert!(
        attempts(&after, &copies[0]) > 0 && attempts(&with_third, &third_directory) == 0,
        "no users unless asked for"
    );

    // Deleted again, the course is what it was.
    assert_eq!(rest.refusal(DELETE_MODULES, &[("cmids[0]", &first), ("cmids[1]", "999999")]), "invalidcoursemodule");
    assert_eq!(back_up(&site, &course).documents.len(), with_third.documents.len(), "all of them or none");
    assert_eq!(rest.call(DELETE_MODULES, &[("cmids[0]", &first)]), Value::Null);
    rest.call(DELETE, &[("courseid", &course), ("items[0]", &second)]);
    site.ok(&["course", "delete-items", &course, &third]);
    let found = compare(&before, &back_up(&site, &course), &Ignore::nothing());
    assert!(found.differences.is_empty(), "{found}");
    site.ok(&["doctor", "--sweep", "0"]);
    assert_eq!(site.json(&["doctor"])["findings"], json!([]));
}

#[test]
fn a_section_is_copied_with_what_is_in_it() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let before = back_up(&site, &course);
    let contents = rest.call("core_course_get_contents", &[("courseid", &course)]);
    let section = contents.as_array().into_iter().flatten().find(|s| s["section"] == 2).expect("section 2").clone();
    let made = rest.call(COPY, &[("courseid", &course), ("items[0]", &section["id"].to_string())]);
    let after = back_up(&site, &course);
    let of = |archive: &Unpacked, end: &str| archive.documents.keys().filter(|p| p.ends_with(end)).count();
    let (sections, activities) = (
        of(&after, "/section.xml") - of(&before, "/section.xml"),
        of(&after, "/module.xml") - of(&before, "/module.xml"),
    );
    assert_eq!(made["items"].as_array().map(Vec::len), Some(sections + activities), "{made}");
    assert_eq!(sections, 2, "the section and the one that it shows");
    let old = directories(&before);
    for copy in directories(&after).iter().filter(|d| !old.contains(d)) {
        let module = document(&after, &format!("{copy}/module.xml"));
        let id = fields(&module, "sectionid").remove(0);
        assert!(
            !before.documents.contains_key(&format!("sections/section_{id}/section.xml")),
            "{copy} is in section {id}"
        );
    }
    // Gone with everything in it.
    let sections = rest.call("core_course_get_contents", &[("courseid", &course)]);
    let copied = sections.as_array().into_iter().flatten().map(|s| s["id"].to_string());
    let made: Vec<String> = made["items"].as_array().into_iter().flatten().map(Value::to_string).collect();
    let copied = copied.filter(|id| made.contains(id)).collect::<Vec<_>>();
    rest.call(DELETE, &[("courseid", &course), ("items[0]", &copied[0])]);
    let found = compare(&before, &back_up(&site, &course), &Ignore::nothing());
    assert!(found.differences.is_empty(), "{found}");
}

#[test]
fn an_activity_moves_into_another_course() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let target = site.import(&sample::packed_file()).to_string();
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let whole = back_up(&site, &course);
    let (page, number) = activity(&rest, &course, "page");
    let (before, there) = (counts(&site, &course), counts(&site, &target));
    let made = rest.call(MOVE, &[("courseid", &course), ("items[0]", &page), ("intocourseid", &target)]);
    assert_eq!(made["courseid"].to_string(), target);
    let one = |counts: &Value| counts["activities"].as_u64().expect("a number");
    assert_eq!(one(&counts(&site, &course)) + 1, one(&before));
    assert_eq!(one(&counts(&site, &target)), one(&there) + 1);
    let original = directories(&whole).into_iter().find(|d| d.contains("/page_")).expect("a page");
    let left = back_up(&site, &course);
    assert!(!left.documents.keys().any(|path| path.starts_with(&original)), "{original} is gone");
    let after = back_up(&site, &target);
    let pages: Vec<String> = directories(&after).into_iter().filter(|d| d.contains("/page_")).collect();
    let moved = pages.iter().find(|d| !whole.documents.contains_key(&format!("{d}/page.xml"))).expect("the page");
    assert_eq!(
        without_numbers(&document(&after, &format!("{moved}/page.xml"))),
        without_numbers(&document(&whole, &format!("{original}/page.xml")))
    );
    assert_eq!(fields(&document(&after, &format!("{moved}/module.xml")), "sectionnumber"), [number]);

    let (quiz, _) = activity(&rest, &course, "quiz");
    for (parameters, code) in [
        (vec![("courseid", "4711"), ("items[0]", quiz.as_str())], "invalidrecord"),
        (vec![("courseid", course.as_str()), ("items[0]", "4711")], "invalidcoursemodule"),
        (vec![("courseid", course.as_str()), ("items[0]", &quiz), ("sectionnumber", "77")], "invalidsection"),
    ] {
        assert_eq!(rest.refusal(COPY, &parameters), code, "{parameters:?}");
    }
    assert_eq!(one(&counts(&site, &target)), one(&there) + 1, "refusals leave nothing");

    // Who may do it.
    let teacher = server.rest(&site.token("asa.lindqvist"));
    assert_eq!(teacher.call(COPY, &[("courseid", &course), ("items[0]", &quiz)])["courseid"].to_string(), course);
    let with_users = [("courseid", course.as_str()), ("items[0]", &quiz), ("options[users]", "1")];
    assert_eq!(teacher.refusal(COPY, &with_users), "nopermissions");
    let student = server.rest(&site.token("sakura.tanaka"));
    assert_eq!(student.refusal(COPY, &[("courseid", &course), ("items[0]", &quiz)]), "nopermissions");
    assert_eq!(student.refusal(DELETE_MODULES, &[("cmids[0]", &quiz)]), "nopermissions");
}
