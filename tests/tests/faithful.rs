//! Courses in and out again: what comes back is what was there, and a real Moodle would take it.

use provost_tests::compare::{Comparison, Ignore, compare};
use provost_tests::generate::SampleSize;
use provost_tests::live::{Site, fixture};
use provost_tests::sample;
use provost_tests::unpacked::{Container, Unpacked};
use provost_tests::validate::{validate, validate_file_name};
use std::path::Path;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const ALL: &[&str] =
    &["users=1", "role_assignments=1", "comments=1", "userscompletion=1", "logs=1", "grade_histories=1"];

/// The one warning there may be: a course that came without people cannot be backed up with them.
const NOBODY: &str = "the course has nobody in it: it is backed up without users";

/// What may differ between an archive that came and ours of the same course.
fn ours() -> Ignore {
    const DETAIL: &str = "moodle_backup/information/details/detail*";
    Ignore::nothing()
        // How a backup was run: from a page or in the queue.
        .place("moodle_backup.xml", &format!("{DETAIL}/interactive"))
        .place("moodle_backup.xml", &format!("{DETAIL}/execution"))
}

fn open(path: &Path) -> Unpacked {
    Unpacked::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Backs a course up; the archive must be one that Moodle would take.
fn back_up(site: &Site, course: u64, options: &[&str], format: &str) -> Unpacked {
    let course = course.to_string();
    let format_option = format!("format={format}");
    let mut command = vec!["backup", "create", &course, "-o", "out.mbz", "--option", &format_option];
    for option in options {
        command.extend(["--option", option]);
    }
    let made = site.json(&command);
    for warning in made["warnings"].as_array().into_iter().flatten() {
        assert_eq!(warning, NOBODY, "{made}");
    }
    let archive = open(&site.path("out.mbz"));
    assert_eq!(archive.container, if format == "tgz" { Container::TarGz } else { Container::Zip });
    assert_no_findings(&archive, &format!("course {course} as {format}"));
    // Two backups in one minute: the later ones have a number before the ending, which is ours.
    let name = made["filename"].as_str().unwrap_or_default();
    let plain = name.strip_suffix(".mbz").map(|stem| stem.trim_end_matches(|c: char| c.is_ascii_digit()));
    let numbered = plain.and_then(|stem| stem.strip_suffix('_')).map(|stem| format!("{stem}.mbz"));
    assert_eq!(validate_file_name(numbered.as_deref().unwrap_or(name)), []);
    archive
}

fn assert_no_findings(archive: &Unpacked, what: &str) {
    let findings: Vec<String> = validate(archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{what}:\n{}", findings.join("\n"));
}

fn assert_same(what: &str, found: &Comparison) {
    println!("{what}: {found}");
    assert!(found.differences.is_empty(), "{what}: {found}");
    for count in &found.counts {
        assert_eq!(count.left, count.right, "{what}: {count}");
    }
}

/// Imports an archive and gives the course's id. The one warning there may be is of a namesake: another site's `admin` is not
/// this one's.
fn import(site: &Site, archive: &Path) -> u64 {
    let imported = site.json(&["course".as_ref(), "import".as_ref(), archive.as_os_str()]);
    for warning in imported["warnings"].as_array().into_iter().flatten() {
        let namesake = warning.as_str().is_some_and(|w| w.contains("is somebody else than the one of that name here"));
        assert!(namesake, "{}: {warning}", archive.display());
    }
    imported["courseid"].as_u64().unwrap_or_else(|| panic!("{imported}"))
}

/// In, out in both forms, in again and out again.
fn round_trip(site: &Site, archive: &Path) {
    let what = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let theirs = open(archive);
    let course = import(site, archive);
    for format in ["zip", "tgz"] {
        let archive = back_up(site, course, ALL, format);
        assert_same(&format!("{what} as {format}"), &compare(&theirs, &archive, &ours()));
        if format == "tgz" {
            // Ours in turn: a fixed point, with nothing exempt but what is new in every run.
            delete(site, course);
            let again = import(site, &site.path("out.mbz"));
            let second = back_up(site, again, ALL, "zip");
            // The new course has an id of its own, which only names of files show.
            assert_same(&format!("{what} once more"), &compare(&archive, &second, &Ignore::nothing()));
            delete(site, again);
        }
    }
}

/// Its short name is free for the next one.
fn delete(site: &Site, course: u64) {
    site.ok(&["course", "delete", &course.to_string(), "--yes"]);
}

#[test]
fn every_course_comes_out_as_it_went_in() {
    let site = Site::new(PROVOST);
    round_trip(&site, &sample::packed_file());
    let size = SampleSize {
        activities: 60,
        people: 25,
        log_rows: 3_000,
        files: 30,
        file_bytes: 50_000,
        compressible_share: 0.5,
    };
    round_trip(&site, &site.generated("generated.mbz", &size));
    for name in
        ["small_test_users1.tgz.mbz", "small_test_users1.zip.mbz", "gen_XS_users1.tgz.mbz", "gen_S_users1.tgz.mbz"]
    {
        if let Some(archive) = fixture(&format!("mbz/{name}")) {
            round_trip(&site, &archive);
        }
    }
}

/// A backup without users against what Moodle itself made of the same course without users.
#[test]
fn without_users_like_moodle() {
    let site = Site::new(PROVOST);
    let (Some(with), Some(without)) =
        (fixture("mbz/small_test_users1.tgz.mbz"), fixture("mbz/small_test_users0.tgz.mbz"))
    else {
        return;
    };
    let course = import(&site, &with);
    let archive = back_up(&site, course, &[], "tgz");
    assert_same("users = 0", &compare(&open(&without), &archive, &ours()));
}

/// Archives that are unlike others: what is written from them must be whole nevertheless.
#[test]
fn odd_archives() {
    let site = Site::new(PROVOST);
    for name in [
        "minimal_users0.zip.mbz",
        "negative/fullname_with_tags.mbz",
        "gen_XS_users0.tgz.mbz",
        "small_test_users0.zip.mbz",
    ] {
        let Some(archive) = fixture(&format!("mbz/{name}")) else { continue };
        let course = import(&site, &archive);
        back_up(&site, course, &[], "zip");
        back_up(&site, course, ALL, "zip");
        delete(&site, course);
    }
    // Without file contents none can come out, but for that the archive is whole.
    if let Some(archive) = fixture("mbz/small_test_users1_nofiles.tgz.mbz") {
        let course = import(&site, &archive);
        back_up(&site, course, &["users=1", "files=0"], "zip");
    }
}

/// One small course in many wrappings, each of which was given to a real Moodle's restore (fixtures/containers).
#[test]
fn wrappings_that_moodle_takes_and_refuses() {
    let Some(verdicts) = fixture("containers/verdicts.tsv") else { return };
    let site = Site::new(PROVOST);
    let verdicts = std::fs::read_to_string(verdicts).expect("readable");
    let mut wrong = Vec::new();
    for line in verdicts.lines().skip(1) {
        let (name, verdict) = line.split_once('\t').unwrap_or_else(|| panic!("{line}"));
        let Some(archive) = fixture(&format!("containers/{name}")) else { continue };
        let output = site.run(&["course".as_ref(), "import".as_ref(), archive.as_os_str()]);
        let said = String::from_utf8_lossy(&output.stderr);
        match (verdict.starts_with("restored"), output.status.success()) {
            (true, false) => wrong.push(format!("{name}: {verdict}, here {said}")),
            // To refuse what Moodle refuses is not asked of every one; a course that came of it must be whole.
            (false, true) => {
                println!("{name}: {verdict}, here imported");
                let course = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                back_up(&site, course.parse().expect("an id"), &[], "zip");
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Two of them try to write outside, one has a link to a file of this machine.
    for outside in ["evil.txt", "data/evil.txt", "data/scratch/evil.txt", "../evil.txt"] {
        assert!(!site.path(outside).exists(), "{outside}");
    }
}
