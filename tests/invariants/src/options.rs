//! Options of a backup, and names made from texts of any kind.
//!
//! An input is text. Its first line is a course's short name, the second its full name, and every further line an option
//! as `name=value`.

use std::collections::BTreeSet;

use provost_moodle_archive::facets::names;
use provost_moodle_archive::layout::Activity;
use provost_moodle_archive::manifest::Level;
use provost_moodle_archive::naming::{Marks, Subject, backup_file_name, course_names, strip_tags};
use provost_moodle_archive::options::{NAMES, OptionError, Options};

use crate::chance::Chance;

/// Reads options and makes names.
///
/// # Panics
/// When an invariant does not hold.
pub fn options(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let short = lines.next().unwrap_or_default();
    let full = lines.next().unwrap_or_default();
    let mut chance = Chance::of(data);
    let pairs: Vec<(&str, &str)> = lines.map(|line| line.split_once('=').unwrap_or((line, ""))).collect();
    if let Some(options) = parse(&pairs, &mut chance) {
        settle(options);
        settings(&options, short);
    }
    file_name(short, &mut chance);
    file_name(full, &mut chance);
    course(full, short, chance.below(14) as u64);
}

/// Reads the options; the result does not depend on their order, nor on what is given twice.
fn parse(pairs: &[(&str, &str)], chance: &mut Chance) -> Option<Options> {
    let parsed = Options::parse(pairs.iter().copied());
    let mut shuffled = pairs.to_vec();
    for i in (1..shuffled.len()).rev() {
        shuffled.swap(i, chance.below(i + 1));
    }
    shuffled.extend_from_slice(&pairs[..chance.below(pairs.len() + 1)]);
    let again = Options::parse(shuffled.iter().copied());
    match (&parsed, &again) {
        (Ok(parsed), Ok(again)) => assert_eq!(parsed, again),
        (Err(_), Err(_)) => {}
        (parsed, again) => panic!("{parsed:?} or {again:?}, by their order"),
    }
    match parsed {
        Ok(options) => {
            assert!(pairs.iter().all(|(name, _)| NAMES.contains(name)));
            // What is given is what counts, and nothing else changes.
            let flags = flags(&options);
            let defaults = self::flags(&Options::default());
            for ((name, flag), (_, default)) in flags.iter().zip(&defaults) {
                let given = pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.trim() == "1");
                assert_eq!(*flag, given.unwrap_or(*default), "{name}");
            }
            Some(options)
        }
        Err(error) => {
            assert!(pairs.iter().any(|(name, _)| *name == error.name()));
            assert!(error.to_string().starts_with(&format!("Invalid external api parameter: {}", error.name())));
            assert_eq!(matches!(error, OptionError::Unknown(_)), !NAMES.contains(&error.name()));
            None
        }
    }
}

fn flags(options: &Options) -> [(&'static str, bool); 11] {
    [
        ("activities", options.activities),
        ("blocks", options.blocks),
        ("filters", options.filters),
        ("users", options.users),
        ("role_assignments", options.role_assignments),
        ("comments", options.comments),
        ("userscompletion", options.userscompletion),
        ("logs", options.logs),
        ("grade_histories", options.grade_histories),
        ("anonymize", options.anonymize),
        ("files", options.files),
    ]
}

/// Settling only turns off, says what, and does it once.
fn settle(options: Options) {
    let (settled, forced) = options.settle();
    let off: BTreeSet<&str> =
        flags(&options).iter().zip(flags(&settled)).filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0).collect();
    for ((name, before), (_, after)) in flags(&options).iter().zip(flags(&settled)) {
        assert!(*before || !after, "{name} was turned on");
    }
    assert_eq!(forced.iter().map(|f| f.option).collect::<BTreeSet<_>>(), off);
    assert_eq!(forced.len(), off.len(), "said twice");
    assert!(forced.iter().all(|f| !flags(&options).iter().any(|(name, on)| *name == f.needs && *on)));
    assert_eq!((settled.enrolments, settled.format), (options.enrolments, options.format));
    assert_eq!(settled.settle(), (settled, Vec::new()));

    let facets = settled.facets();
    assert_eq!(facets.iter().collect::<BTreeSet<_>>().len(), facets.len(), "a facet twice");
    assert!(facets.iter().all(|facet| names::ALL.contains(facet)));
    let of_people = [
        names::USER_DATA,
        names::ENROLMENT,
        names::GRADE,
        names::ROLE_ASSIGNMENT,
        names::COMMENT,
        names::COMPLETION,
        names::LOG,
        names::GRADE_HISTORY,
        names::LEARNING_RECORD,
    ];
    assert!(settled.users || !of_people.iter().any(|facet| facets.contains(facet)));
    assert_eq!(settled.activities, facets.contains(&names::ACTIVITY));
    assert!(settled.facets().iter().all(|facet| options.facets().contains(facet)));
}

/// Settings of the master file: each once, with a value that is 0 or 1.
fn settings(options: &Options, filename: &str) {
    let activities = [Activity { module: "forum".into(), id: 4 }, Activity { module: "quiz".into(), id: u64::MAX }];
    let sections: [(u64, &[Activity]); 2] = [(1, &activities), (2, &[])];
    let settings = options.settings(filename, sections);
    let mut met = BTreeSet::new();
    for setting in &settings {
        assert!(met.insert(setting.name.as_str()), "{} twice", setting.name);
        match (&setting.level, setting.name.as_str()) {
            (Level::Root, "filename") => assert_eq!(setting.value, filename),
            _ => assert!(matches!(setting.value.as_str(), "0" | "1")),
        }
    }
    assert_eq!(settings.len(), 22 + 4 + if options.activities { 4 } else { 0 });
}

/// A file name is one, and ends as it should.
fn file_name(text: &str, chance: &mut Chance) {
    let marks = Marks { users: chance.below(2) == 0, anonymized: chance.below(2) == 0, files: chance.below(2) == 0 };
    for subject in [Subject::Course(text), Subject::Section(text), Subject::Activity(text)] {
        let name = backup_file_name(subject, u64::MAX, "20261121-0041", marks);
        assert!(name.len() <= 255, "{name}");
        assert!(name.starts_with("backup-moodle2-"), "{name}");
        let end = match (marks.users, marks.anonymized, marks.files) {
            (false, _, true) => "-20261121-0041-nu.mbz",
            (false, _, false) => "-20261121-0041-nu-nf.mbz",
            (true, true, true) => "-20261121-0041-an.mbz",
            (true, true, false) => "-20261121-0041-an-nf.mbz",
            (true, false, true) => "-20261121-0041.mbz",
            (true, false, false) => "-20261121-0041-nf.mbz",
        };
        assert!(name.ends_with(end), "{name}");
        assert!(!name.contains("..") && !name.contains(' '), "{name}");
        assert!(!name.chars().any(|c| c.is_control() || "&<>\"`|':\\/".contains(c)), "{name}");
        assert_eq!(name, name.to_lowercase());
    }
}

/// Names of a restored course: short enough, free, and no longer offered once taken.
fn course(full: &str, short: &str, taken: u64) {
    let mut asked = Vec::new();
    let (new_full, new_short) = course_names(full, short, |full, short| {
        asked.push((full.to_owned(), short.to_owned()));
        asked.len() as u64 <= taken
    });
    assert!(new_full.chars().count() <= 254 && new_short.chars().count() <= 100);
    assert_eq!(asked.len() as u64, taken + 1);
    assert_eq!(asked.last(), Some(&(new_full, new_short)));
    // The wanted name itself may look like a numbered one.
    let numbered = &asked[1..];
    assert_eq!(numbered.iter().map(|(full, _)| full).collect::<BTreeSet<_>>().len(), numbered.len());
    assert_eq!(numbered.iter().map(|(_, short)| short).collect::<BTreeSet<_>>().len(), numbered.len());

    let plain = strip_tags(full);
    assert_eq!(strip_tags(&plain), plain);
    assert!(plain.len() <= full.len() && !plain.contains('\0'));
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        assert!(c != '<' || chars.peek().is_some_and(char::is_ascii_whitespace), "a tag is left: {plain:?}");
    }
}
