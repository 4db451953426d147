//! The restore's own options: what of an archive is taken, enrolments, names, dates, and bringing a part into a course.

use provost_tests::compare::{Comparison, Ignore, compare};
use provost_tests::live::Site;
use provost_tests::sample;
use provost_tests::tree;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use serde_json::{Value, json};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
/// Every option of a backup that is off unless set.
const ALL: &[&str] =
    &["users=1", "role_assignments=1", "comments=1", "userscompletion=1", "logs=1", "grade_histories=1"];

fn with_options<'a>(command: &mut Vec<&'a str>, options: &[&'a str]) {
    for option in options {
        command.extend(["--option", option]);
    }
}

fn import(site: &Site, options: &[&str]) -> Value {
    let archive = sample::packed_file();
    let mut command = vec!["course", "import", archive.to_str().expect("a readable path")];
    with_options(&mut command, options);
    site.json(&command)
}

/// Backs a course up, whole unless options say otherwise.
fn back_up(site: &Site, course: &Value, options: &[&str]) -> Unpacked {
    let course = course.to_string();
    let mut command = vec!["backup", "create", &course, "-o", "out.mbz"];
    with_options(&mut command, ALL);
    // A later value of an option would be refused.
    for option in options {
        let name = option.split('=').next().unwrap_or_default();
        if let Some(at) = command.iter().position(|word| word.starts_with(&format!("{name}="))) {
            command[at] = option;
        } else {
            command.extend(["--option", option]);
        }
    }
    site.ok(&command);
    let archive = Unpacked::open(&site.path("out.mbz")).expect("an archive");
    let findings: Vec<String> = validate(&archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    archive
}

fn assert_same(what: &str, found: &Comparison) {
    assert!(found.differences.is_empty(), "{what}: {found}");
}

/// A course restored without something, backed up whole, is the course restored whole and backed up without it. What
/// an option takes is then the same on the way in and on the way out.
#[test]
fn what_is_not_taken_is_not_there() {
    let site = Site::new(PROVOST);
    let whole = import(&site, &[])["courseid"].clone();
    // The settings say what was asked of the backup.
    let but_settings = Ignore::nothing()
        .place("moodle_backup.xml", "moodle_backup/information/settings*")
        .place("moodle_backup.xml", "moodle_backup/information/original_course_*")
        .place("moodle_backup.xml", "moodle_backup/information/contents/course*")
        .place("course/course.xml", "course/shortname")
        .place("course/course.xml", "course/fullname");
    for option in [
        "users=0",
        "activities=0",
        "blocks=0",
        "filters=0",
        "comments=0",
        "logs=0",
        "role_assignments=0",
        "userscompletion=0",
        "grade_histories=0",
    ] {
        let there = back_up(&site, &whole, &[option]);
        let made = import(&site, &[option]);
        assert_eq!(made["warnings"], json!([]), "{option}");
        let here = back_up(&site, &made["courseid"], &[]);
        assert_same(option, &compare(&there, &here, &but_settings));
        let all = back_up(&site, &whole, &[]);
        assert!(!compare(&all, &here, &but_settings).differences.is_empty(), "{option} makes no difference");
    }
}

#[test]
fn options_that_need_others_are_refused_or_warned_of() {
    let site = Site::new(PROVOST);
    let made = import(&site, &["users=0", "logs=1"]);
    assert_eq!(made["warnings"], json!(["the option logs was set to 0, because it needs users = 1"]));
    let archive = sample::packed_file();
    let archive = archive.to_str().expect("a readable path");
    for (option, words) in [("bogus=1", "bogus"), ("users=2", "0 or 1 is"), ("format=zip", "format")] {
        let said = site.refused(&["course", "import", archive, "--option", option]);
        assert!(said.contains("Invalid external api parameter") && said.contains(words), "{said}");
    }
    assert_eq!(site.json(&["course", "list"]).as_array().map(Vec::len), Some(1), "what is refused makes no course");
}

/// mbz-format.md 7.7.
#[test]
fn enrolments_are_kept_or_made_by_hand() {
    let site = Site::new(PROVOST);
    let methods = |archive: &Unpacked| -> Vec<(String, Vec<String>)> {
        let document = tree::parse(&archive.documents["course/enrolments.xml"]).expect("well formed");
        let methods = document.find_all("enrol").into_iter().filter(|m| m.attribute("id").is_some());
        methods
            .map(|m| {
                let people =
                    m.find_all("enrolment").into_iter().map(|e| e.value("userid").unwrap_or_default().to_owned());
                (m.value("enrol").unwrap_or_default().to_owned(), people.collect())
            })
            .collect()
    };
    let made = |options: &[&str]| methods(&back_up(&site, &import(&site, options)["courseid"], &[]));
    let before = made(&[]);
    let mut everybody: Vec<String> = before.iter().flat_map(|(_, people)| people.clone()).collect();
    assert!(before.len() > 1 && everybody.len() > 1, "the sample has several methods and people: {before:?}");
    everybody.sort();
    everybody.dedup();

    assert_eq!(made(&["enrolments=1"]), before);
    let by_hand = made(&["enrolments=0"]);
    assert_eq!(by_hand.len(), 1, "{by_hand:?}");
    let (kind, mut people) = by_hand[0].clone();
    people.sort();
    assert_eq!((kind.as_str(), people), ("manual", everybody));
    assert_eq!(made(&["users=0", "enrolments=1"]), [("manual".to_owned(), vec![])]);
    let instances: Vec<_> = before.iter().map(|(kind, _)| (kind.clone(), vec![])).collect();
    assert_eq!(made(&["users=0", "enrolments=2"]), instances);
}
