//! What a backup may show under which options: every mark of the rare course (see `provost_tests::rare`) is looked for in what
//! is written, in documents, encoded details, file rows, lists and the file pool.

use provost_tests::live::Site;
use provost_tests::rare::{self, marks, people};
use provost_tests::tree::{self, Element};
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// The options that marks are about, by letter, with their value where nothing is said.
const OPTIONS: &[(char, &str, bool)] = &[
    ('a', "activities", true),
    ('b', "blocks", true),
    ('f', "filters", true),
    ('u', "users", false),
    ('r', "role_assignments", false),
    ('c', "comments", false),
    ('k', "userscompletion", false),
    ('l', "logs", false),
    ('h', "grade_histories", false),
];

/// Everything on.
const ALL: &str = "users=1 role_assignments=1 comments=1 userscompletion=1 logs=1 grade_histories=1";

/// A set of options as it is asked for, such as `users=1 blocks=0`.
#[derive(Debug, Clone, Copy)]
struct Asked<'a>(&'a [&'a str]);

impl Asked<'_> {
    /// Values by option; the later ones of the same option count.
    fn values(&self) -> BTreeMap<&str, &str> {
        self.0.iter().flat_map(|words| words.split_whitespace()).filter_map(|word| word.split_once('=')).collect()
    }

    fn value(&self, option: &str, otherwise: bool) -> bool {
        self.values().get(option).map_or(otherwise, |value| *value == "1")
    }

    /// Whether the conditions of a mark hold.
    fn shows(&self, conditions: &str) -> bool {
        conditions.chars().all(|letter| match letter {
            'd' => true,
            'n' => !self.value("anonymize", false),
            _ => OPTIONS.iter().any(|(l, name, otherwise)| *l == letter && self.value(name, *otherwise)),
        })
    }
}

/// The rare course, and where its marks are.
struct Source {
    /// Conditions by mark, of marks in documents.
    documents: BTreeMap<String, String>,
    /// Conditions by path in the pool, of marks that are a file's content.
    pool: BTreeMap<String, String>,
}

impl Source {
    fn new() -> Self {
        let (mut documents, mut pool) = (BTreeMap::new(), BTreeMap::new());
        for (path, bytes) in rare::tree() {
            let text = String::from_utf8_lossy(&bytes);
            if path.starts_with("files/") {
                pool.extend(marks(&text).into_iter().map(|mark| (path.clone(), mark.conditions)));
            } else {
                documents.extend(marks(&unfolded(&path, &bytes)).into_iter().map(|mark| (mark.text, mark.conditions)));
            }
        }
        assert!(documents.len() > 200 && pool.len() > 40, "{} and {}", documents.len(), pool.len());
        Self { documents, pool }
    }
}

/// A document's text with what is encoded in it.
fn unfolded(path: &str, bytes: &[u8]) -> String {
    use base64::Engine;
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if path.ends_with(".xml") {
        let root = tree::parse(bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        root.walk(&mut |element| {
            if element.text.len() >= 16
                && let Ok(inner) = base64::engine::general_purpose::STANDARD.decode(&element.text)
            {
                text += &String::from_utf8_lossy(&inner);
            }
        });
    }
    text
}

/// Whether a number stands in a text by itself.
fn holds_number(text: &str, number: u32) -> bool {
    let number = number.to_string();
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(&number)
        .any(|(at, _)| !is_digit(text[..at].chars().next_back()) && !is_digit(text[at + number.len()..].chars().next()))
}

fn back_up(site: &Site, course: u64, asked: Asked<'_>) -> Unpacked {
    let course = course.to_string();
    let mut command = vec!["backup", "create", &course, "-o", "out.mbz"];
    let words: Vec<String> = asked.values().iter().map(|(name, value)| format!("{name}={value}")).collect();
    for word in &words {
        command.extend(["--option", word.as_str()]);
    }
    site.json(&command);
    let archive = Unpacked::open(&site.path("out.mbz")).unwrap_or_else(|e| panic!("{asked:?}: {e}"));
    let findings: Vec<String> = validate(&archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{asked:?}:\n{}", findings.join("\n"));
    archive
}

/// What differs from what should be, in words.
fn judge(source: &Source, archive: &Unpacked, asked: Asked<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let texts: Vec<(&String, String)> =
        archive.documents.iter().map(|(path, bytes)| (path, unfolded(path, bytes))).collect();
    let found: BTreeSet<String> = texts.iter().flat_map(|(_, text)| marks(text)).map(|mark| mark.text).collect();
    for (mark, conditions) in &source.documents {
        match (asked.shows(conditions), found.contains(mark)) {
            (true, false) => wrong.push(format!("{mark} is lost")),
            (false, true) => {
                let paths: Vec<_> = texts.iter().filter(|(_, t)| t.contains(mark.as_str())).map(|(p, _)| *p).collect();
                wrong.push(format!("{mark} is shown in {paths:?}"));
            }
            _ => {}
        }
    }
    wrong.extend(found.iter().filter(|mark| !source.documents.contains_key(*mark)).map(|m| format!("{m} is new")));
    for (path, conditions) in &source.pool {
        let expected = asked.shows(conditions) && asked.value("files", true);
        if archive.pool.contains_key(path) != expected {
            wrong.push(format!("the content {path} ({conditions}) is {}", if expected { "lost" } else { "shown" }));
        }
    }
    for actor in people::ACTORS {
        let places: Vec<_> = texts.iter().filter(|(_, text)| holds_number(text, actor.id)).map(|(p, _)| *p).collect();
        if asked.shows(actor.conditions) == places.is_empty() {
            wrong.push(format!("person {} ({}) is in {places:?}", actor.id, actor.conditions));
        }
    }
    wrong
}

/// The rare course in a store, as it came from an archive.
fn imported() -> (Site, u64) {
    let site = Site::new(PROVOST);
    let path = site.path("rare.mbz");
    let made = File::create(&path).and_then(rare::pack);
    made.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let said = site.json(&["course".as_ref(), "import".as_ref(), path.as_os_str()]);
    let warnings: Vec<&str> = said["warnings"].as_array().into_iter().flatten().filter_map(|w| w.as_str()).collect();
    // What was guessed is told, document by document, and so is what is left behind.
    for path in [
        "activities/beelog_418/beelog.xml",
        "activities/beelog_418/hives.xml",
        "activities/page_419/page.xml",
        "activities/page_419/module.xml",
        "course/blocks/beepoll_72/beepoll.xml",
        "course/course.xml",
        "course/diary.xml",
        "diary.xml",
        "completion.xml",
        "README.txt",
        "activities/page_419/extra.bin",
    ] {
        assert!(warnings.iter().any(|w| w.contains(path)), "nothing is said of {path}: {warnings:#?}");
    }
    let course = said["courseid"].as_u64().unwrap_or_else(|| panic!("{said}"));
    (site, course)
}

#[test]
fn every_option_takes_what_is_its_own_and_nothing_else() {
    let (site, course) = imported();
    let source = Source::new();
    let mut wrong = Vec::new();
    for asked in [
        &["users=0"][..],
        &["users=0", "blocks=0", "filters=0"],
        &["users=0", "activities=0"],
        &[ALL],
        &[ALL, "logs=0"],
        &[ALL, "comments=0"],
        &[ALL, "role_assignments=0"],
        &[ALL, "userscompletion=0"],
        &[ALL, "grade_histories=0"],
        &[ALL, "blocks=0"],
        &[ALL, "filters=0"],
        &[ALL, "activities=0", "grade_histories=0"],
        &[ALL, "anonymize=1"],
        &[ALL, "files=0"],
        &["users=1"],
    ] {
        let archive = back_up(&site, course, Asked(asked));
        let found = judge(&source, &archive, Asked(asked));
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", asked.join(" "))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the ids of authors may stand in an archive without users: in what they made, and on the lists.
const AUTHORSHIP: &[(&str, &str)] = &[
    ("activities/assign_401/calendar.xml", "userid"),
    ("activities/assign_401/inforef.xml", "id"),
    ("activities/assign_401/roles.xml", "modifierid"),
    ("activities/beelog_418/beelog.xml", "teacherid"),
    ("activities/beelog_418/beelog.xml", "usermodified"),
    ("activities/beelog_418/inforef.xml", "id"),
    ("activities/lti_415/inforef.xml", "id"),
    ("activities/lti_415/lti.xml", "createdby"),
    ("activities/quiz_402/inforef.xml", "id"),
    ("activities/quiz_402/quiz.xml", "usermodified"),
    ("badges.xml", "usercreated"),
    ("badges.xml", "usermodified"),
    ("course/calendar.xml", "userid"),
    ("course/contentbank.xml", "usercreated"),
    ("course/contentbank.xml", "usermodified"),
    ("course/inforef.xml", "id"),
    ("course/roles.xml", "modifierid"),
    ("files.xml", "userid"),
    ("outcomes.xml", "userid"),
    ("outcomes.xml", "usermodified"),
    ("questions.xml", "createdby"),
    ("questions.xml", "modifiedby"),
    ("questions.xml", "ownerid"),
    ("scales.xml", "userid"),
];

/// The places of numbers from a range: path and element or attribute.
fn places(archive: &Unpacked, within: std::ops::Range<u64>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (path, bytes) in archive.documents.iter().filter(|(path, _)| path.ends_with(".xml")) {
        let root = tree::parse(bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        root.walk(&mut |element: &Element| {
            let own = (element.name.as_str(), element.text.as_str());
            let attributes = element.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            for (name, value) in attributes.chain([own]) {
                if value.trim().parse().is_ok_and(|number: u64| within.contains(&number)) {
                    found.insert((path.clone(), name.to_owned()));
                }
            }
        });
    }
    found
}

#[test]
fn without_users_only_authors_are_named() {
    let (site, course) = imported();
    let archive = back_up(&site, course, Asked(&["users=0"]));
    assert_eq!(places(&archive, 900_000..1_000_000), BTreeSet::new());
    assert_eq!(places(&archive, 5_800_000..6_000_000), BTreeSet::new(), "contexts of people");
    let authors = places(&archive, 800_000..900_000);
    let expected: BTreeSet<_> = AUTHORSHIP.iter().map(|(p, n)| ((*p).to_owned(), (*n).to_owned())).collect();
    assert_eq!(authors, expected, "{authors:#?}");
}
