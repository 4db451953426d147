//! A second sample course, of what real archives at hand lack: rare modules and shapes, plugins nobody knows, and in all of
//! it **marks**, texts and numbers that say where they may be seen.
//!
//! A mark is `[[CONDITIONS/name]]`, unique in the course. Each letter of its conditions is an option that a backup must
//! have for the mark to be in it:
//!
//! | letter | option | | letter | option |
//! | --- | --- | --- | --- | --- |
//! | `a` | activities | | `c` | comments |
//! | `b` | blocks | | `k` | userscompletion |
//! | `f` | filters | | `l` | logs |
//! | `u` | users | | `h` | grade_histories |
//! | `r` | role_assignments | | `n` | not anonymize |
//!
//! `[[d/…]]` is definition that is always there. They are set down by hand beside the data, from mbz-format.md 4.2, so that
//! they judge the rules by which archives are taken apart. A person who did something did nothing else ([`people`]), so their
//! ids are marks, too.

mod bank;
mod course;
mod packages;
pub mod people;
mod plugins;
mod talk;
mod tasks;
mod work;

use crate::forms::CourseFacts;
use crate::pack;
use crate::sample::assembly::{Activity, Assembly, Frame};
use crate::sample::{MADE, START};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The name Moodle would have given the archive.
pub const ARCHIVE_NAME: &str = "backup-moodle2-course-22-rare-20250502-0900.mbz";

/// Course id, and the course's context.
const COURSE: u32 = 22;
const CONTEXT: u32 = 220;

/// Every file of the archive: path to bytes.
pub fn tree() -> BTreeMap<String, Vec<u8>> {
    let mut all: Vec<Activity> = tasks::activities();
    all.extend(work::activities());
    all.extend(talk::activities());
    all.extend(packages::activities());
    all.extend(plugins::activities());
    all.sort_by_key(|a| (a.section, a.id));
    let mut assembly = Assembly::new(frame());
    let master = assembly.master(&all);
    let sequences: Vec<Vec<u32>> =
        (0..course::SECTIONS.len()).map(|s| all.iter().filter(|a| a.section == s).map(|a| a.id).collect()).collect();
    for activity in all {
        assembly.activity(activity);
    }
    plugins::beside_activities(&mut assembly);
    course::add(&mut assembly, &sequences);
    plugins::beside_the_course(&mut assembly);
    let tree = assembly.finish(&master);
    debug_assert!(tree.values().all(|bytes| !bytes.windows(4).any(|w| w == b"\xc2\xa7")), "a time was not filled in");
    tree
}

/// Packs the course; always the same bytes.
///
/// # Errors
/// Those of writing.
pub fn pack(out: impl Write) -> io::Result<()> {
    pack::tree_tar_gz(&tree(), MADE, out)
}

fn frame() -> Frame {
    Frame {
        facts: CourseFacts {
            archive: ARCHIVE_NAME,
            id: COURSE,
            context: CONTEXT,
            fullname: "Rare things",
            shortname: "RARE",
            start: START,
            end: START + 120 * 86_400,
            made: MADE,
            backup_id: "0d1d5c0e7f3a4296b0c9d8e7f6a55678",
        },
        category: 61,
        teacher: people::TEACHER,
        sections: course::SECTIONS,
        subsection: None,
        enrolled: people::ENROLLED.to_vec(),
        viewers: vec![people::ENROLLED[0]],
    }
}

/// Where a mark may be seen, and its text or number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Letters, each an option that must be on; see the module.
    pub conditions: String,
    /// The whole mark as it is written.
    pub text: String,
}

/// The marks in a text, in order.
pub fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    for piece in text.split("[[").skip(1) {
        let Some((inside, _)) = piece.split_once("]]") else { continue };
        if let Some((conditions, _)) = inside.split_once('/')
            && !conditions.is_empty()
            && conditions.bytes().all(|b| b"abfurcklhnd".contains(&b))
        {
            found.push(Mark { conditions: conditions.to_owned(), text: format!("[[{inside}]]") });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::unpacked::Unpacked;
    use crate::validate::{validate, validate_file_name};
    use std::collections::BTreeSet;
    use std::io::Cursor;

    #[test]
    fn the_validator_finds_nothing() {
        let mut packed = Vec::new();
        pack(&mut packed).unwrap();
        let findings: Vec<String> =
            validate(&Unpacked::read(Cursor::new(packed)).unwrap()).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
        assert_eq!(validate_file_name(ARCHIVE_NAME), []);
    }

    #[test]
    fn marks_are_unique_and_many() {
        let mut seen = BTreeSet::new();
        for (path, bytes) in tree() {
            if path == "moodle_backup.xml" || path.ends_with("grades.xml") {
                // Names of activities and items stand there once more.
                continue;
            }
            // A file's name is in its row twice.
            let here: BTreeSet<Mark> = marks(&String::from_utf8_lossy(&bytes)).into_iter().collect();
            for mark in here {
                assert!(seen.insert(mark.text.clone()), "{path}: {} is there twice", mark.text);
            }
        }
        assert!(seen.len() > 150, "{}", seen.len());
        assert!(seen.iter().any(|m| m.starts_with("[[auc/")));
    }

    #[test]
    fn everybody_is_somewhere_and_once() {
        let tree = tree();
        for person in people::ACTORS {
            let places: Vec<&String> = tree
                .iter()
                .filter(|(path, bytes)| {
                    !path.ends_with("inforef.xml")
                        && !path.ends_with("logstores.xml")
                        && !matches!(path.as_str(), "users.xml" | "files.xml")
                        && String::from_utf8_lossy(bytes).contains(&person.id.to_string())
                })
                .map(|(path, _)| path)
                .collect();
            let once = places.len() == 1 || people::ENROLLED.contains(&person.id) && !places.is_empty();
            assert!(once, "{}: {places:?}", person.id);
        }
    }
}
