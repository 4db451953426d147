//! The restore's own options: what of an archive is taken, enrolments, names, dates, and bringing a part into a course.

use provost_tests::compare::{Comparison, Ignore, compare};
use provost_tests::cut::{self, Piece};
use provost_tests::excerpt::{directories, document, fields, without_numbers};
use provost_tests::live::Site;
use provost_tests::pack;
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

/// Writes an archive of a piece of the sample and gives its path.
fn piece(site: &Site, name: &str, piece: Piece<'_>, change: impl FnOnce(&mut cut::Tree)) -> String {
    let mut tree = cut::cut(&sample::tree(), piece);
    change(&mut tree);
    let path = site.path(name);
    pack::tree_tar_gz(&tree, sample::MADE, std::fs::File::create(&path).expect("writable")).expect("packed");
    path.to_str().expect("a readable path").to_owned()
}

#[test]
fn an_activity_is_brought_into_its_course_twice() {
    let site = Site::new(PROVOST);
    let course = import(&site, &[])["courseid"].clone();
    let id = course.to_string();
    let before = back_up(&site, &course, &[]);
    let quiz = piece(&site, "quiz.mbz", Piece::Activity("quiz_312"), |_| {});
    for _ in 0..2 {
        let brought = site.json(&["course", "import", &quiz, "--into", &id]);
        assert_eq!((&brought["courseid"], &brought["warnings"]), (&course, &json!([])), "{brought}");
    }
    let after = back_up(&site, &course, &[]);

    // What was there is as it was, but for what has to know of the new ones.
    let untouched = |path: &str| {
        !matches!(path, "moodle_backup.xml" | "sections/section_43/section.xml" | "files.xml")
            && !path.ends_with("inforef.xml")
    };
    for (path, bytes) in before.documents.iter().filter(|(path, _)| untouched(path)) {
        assert!(after.documents.get(path) == Some(bytes), "{path} changed");
    }
    let (old, new) = (directories(&before), directories(&after));
    let copies: Vec<&String> = new.iter().filter(|d| !old.contains(d)).collect();
    assert_eq!(copies.len(), 2, "{new:?}");
    // Each is the quiz under numbers of its own, in the section it was in, after what is there.
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
        // The questions are those that are there.
        assert_eq!(fields(&own, "questionbankentryid"), fields(&original, "questionbankentryid"));
    }
    let section = document(&after, "sections/section_43/section.xml");
    let sequence = fields(&section, "sequence").remove(0);
    assert!(copies.iter().all(|copy| sequence.split(',').any(|id| copy.ends_with(&format!("_{id}")))), "{sequence}");
    assert_eq!(document(&after, "questions.xml"), document(&before, "questions.xml"));
    assert_eq!(document(&after, "users.xml"), document(&before, "users.xml"));

    // What is written is an archive like any other: in again, and a fixed point.
    let again = site.json(&["course", "import", "out.mbz"]);
    let second = back_up(&site, &again["courseid"], &[]);
    let origin = Ignore::nothing()
        .place("moodle_backup.xml", "moodle_backup/information/original_course_*")
        .place("moodle_backup.xml", "moodle_backup/information/contents/course*")
        .place("course/course.xml", "course/shortname")
        .place("course/course.xml", "course/fullname");
    assert_same("once more", &compare(&after, &second, &origin));
}

#[test]
fn questions_that_differ_are_carried_along() {
    let site = Site::new(PROVOST);
    let course = import(&site, &[])["courseid"].clone();
    let before = back_up(&site, &course, &[]);
    // From another site, whose numbers say nothing here, with the same numbers for other questions.
    let quiz = piece(&site, "quiz.mbz", Piece::Activity("quiz_312"), |tree| {
        let change = |tree: &mut cut::Tree, path: &str, from: &str, to: &str| {
            let text = String::from_utf8(tree[path].clone()).expect("UTF-8");
            assert!(text.contains(from), "{path} has no {from}");
            tree.insert(path.into(), text.replace(from, to).into_bytes());
        };
        change(tree, "moodle_backup.xml", "3f1c6e0a9b7d4c52a8e1f0b6d5c4938e", "00000000000000000000000000000abc");
        change(tree, "questions.xml", "<stamp>", "<stamp>other+");
    });
    site.ok(&["course", "import", &quiz, "--into", &course.to_string(), "--section", "1"]);
    let after = back_up(&site, &course, &[]);
    let old = directories(&before);
    let copy = directories(&after).into_iter().find(|d| !old.contains(d)).expect("the quiz");
    let own = document(&after, &format!("{copy}/quiz.xml"));
    let entries = fields(&own, "questionbankentryid");
    let taken = fields(&document(&before, "activities/quiz_312/quiz.xml"), "questionbankentryid");
    assert!(!entries.is_empty() && entries.iter().all(|e| !taken.contains(e)), "{entries:?} and {taken:?}");
    let questions = document(&after, "questions.xml");
    for entry in &entries {
        let tag = format!("<question_bank_entry id=\"{entry}\">");
        assert_eq!(questions.matches(&tag).count(), 1, "{tag}");
    }
    assert!(questions.contains("<stamp>other+") && questions.len() > document(&before, "questions.xml").len());
    // Its numbers are of two sites, so they are ours now.
    let master = document(&after, "moodle_backup.xml");
    let hash = fields(&master, "original_site_identifier_hash").remove(0);
    assert!(hash != "3f1c6e0a9b7d4c52a8e1f0b6d5c4938e" && hash.len() == 32, "{hash}");
    let module = document(&after, &format!("{copy}/module.xml"));
    assert_eq!(fields(&module, "sectionnumber"), ["1"]);
}

#[test]
fn a_section_is_brought_into_another_course() {
    let site = Site::new(PROVOST);
    let archive = sample::packed_file();
    let archive = archive.to_str().expect("a readable path");
    let course = site.json(&["course", "import", archive, "--option", "users=0"])["courseid"].clone();
    let id = course.to_string();
    let section = piece(&site, "section.mbz", Piece::Section(43), |_| {});
    let before = back_up(&site, &course, &[]);
    site.ok(&["course", "import", &section, "--into", &id]);
    let after = back_up(&site, &course, &[]);
    let sections = |a: &Unpacked| a.documents.keys().filter(|p| p.ends_with("/section.xml")).count();
    assert_eq!(sections(&after), sections(&before) + 2, "the section and the one that it shows");
    let activities = directories(&after).len() - directories(&before).len();
    assert_eq!(
        activities,
        cut::cut(&sample::tree(), Piece::Section(43)).keys().filter(|p| p.ends_with("module.xml")).count()
    );
    let counts = &site.json(&["course", "show", &id])["counts"];
    assert!(counts["people"].as_u64() > Some(0), "people came along: {counts}");

    // Into a section that is there: its activities only.
    site.ok(&["course", "import", &section, "--into", &id, "--section", "0"]);
    let third = back_up(&site, &course, &[]);
    assert_eq!(sections(&third), sections(&after) + 1, "the section that an activity shows");

    for (command, words) in [
        (vec!["course", "import", &section], "it can be brought into a course"),
        (vec!["course", "import", archive, "--into", &id], "import it as a new course"),
        (vec!["course", "import", &section, "--into", "999"], "999"),
        (vec!["course", "import", &section, "--into", &id, "--section", "77"], "no section 77"),
    ] {
        let said = site.refused(&command);
        assert!(said.contains(words), "{command:?}: {said}");
    }
    assert_eq!(
        site.json(&["course", "show", &id])["counts"]["sections"],
        json!(sections(&third)),
        "refusals leave nothing"
    );
    site.ok(&["course", "delete", &id, "--yes"]);
    site.ok(&["doctor", "--sweep", "0"]);
    let clean = site.json(&["doctor"]);
    assert_eq!(clean["findings"], json!([]), "{clean}");
}

/// mbz-format.md 7.6: dates that were planned move with the course, what people did does not.
#[test]
fn dates_move_with_the_start() {
    let site = Site::new(PROVOST);
    let archive = sample::packed_file();
    let archive = archive.to_str().expect("a readable path");
    let whole = back_up(&site, &import(&site, &[])["courseid"], &[]);
    let moved = site.json(&["course", "import", archive, "--startdate", "2026-03-02"]);
    let shown = site.json(&["course", "show", &moved["courseid"].to_string()]);
    let start = shown["fields"]["start_date"].as_i64().expect("a start");
    let old_start: i64 = fields(&document(&whole, "course/course.xml"), "startdate")[0].parse().expect("a date");
    let offset = start - old_start;
    assert_ne!(offset, 0);
    let after = back_up(&site, &moved["courseid"], &[]);
    let dates = |archive: &Unpacked, path: &str, name: &str| -> Vec<i64> {
        fields(&document(archive, path), name).iter().map(|v| v.parse().expect("a date")).collect()
    };
    for (path, name) in [
        ("course/course.xml", "startdate"),
        ("course/course.xml", "enddate"),
        ("activities/assign_311/assign.xml", "duedate"),
        ("activities/quiz_312/quiz.xml", "timeclose"),
        ("course/calendar.xml", "timestart"),
    ] {
        let expected: Vec<i64> =
            dates(&whole, path, name).iter().map(|t| if *t == 0 { 0 } else { t + offset }).collect();
        assert!(!expected.is_empty(), "{path} has no {name}");
        assert_eq!(dates(&after, path, name), expected, "{path} {name}");
    }
    for (path, name) in [
        ("activities/forum_310/forum.xml", "created"),
        ("activities/assign_311/assign.xml", "timecreated"),
        ("course/logstores.xml", "timecreated"),
        ("users.xml", "firstaccess"),
    ] {
        assert_eq!(dates(&after, path, name), dates(&whole, path, name), "{path} {name}");
    }
    // In again under the moved dates: nothing is moved twice.
    let again = site.json(&["course", "import", "out.mbz"]);
    let second = back_up(&site, &again["courseid"], &[]);
    assert_eq!(dates(&second, "course/course.xml", "startdate"), [start]);
    assert_eq!(document(&second, "activities/quiz_312/quiz.xml"), document(&after, "activities/quiz_312/quiz.xml"));
}
