//! A part whose facets are all taken and whose ids did not change comes out byte for byte.
//!
//! Every archive at hand goes in and comes out with everything, and each document is compared as bytes. What is
//! derived from what is written is compared so:
//!
//! * `inforef.xml`: as bytes, too.
//! * `users.xml`, `roles.xml` at the top and `files.xml`: their entries as bytes, in any order.
//! * `moodle_backup.xml`: by the comparator in `faithful.rs`; its name, date and run are new.
//! * `moodle_backup.log`, `.ARCHIVE_INDEX`: not at all.

use provost_tests::live::{Site, fixture};
use provost_tests::unpacked::Unpacked;
use provost_tests::{rare, sample, shapes};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// The entries of a list document with the bytes between them, sorted: cut before each line that begins an entry.
fn entries<'a>(document: &'a str, entry: &str) -> Vec<&'a str> {
    let start = format!("\n  <{entry} id=");
    let mut cuts: Vec<usize> = document.match_indices(&start).map(|(at, _)| at).collect();
    let end = document.rfind("\n</").unwrap_or(document.len());
    cuts.insert(0, 0);
    cuts.push(end);
    let mut found: Vec<&str> = cuts.windows(2).map(|pair| &document[pair[0]..pair[1]]).collect();
    found.push(&document[end..]);
    found.sort_unstable();
    found
}

fn same(path: &str, theirs: &[u8], ours: &[u8]) -> bool {
    let list = match path {
        "users.xml" => "user",
        "files.xml" => "file",
        "roles.xml" => "role",
        _ => return theirs == ours,
    };
    let (theirs, ours) = (String::from_utf8_lossy(theirs), String::from_utf8_lossy(ours));
    entries(&theirs, list) == entries(&ours, list)
}

/// In and out; the paths of documents whose bytes are others. Returns how many were compared.
fn compare(site: &Site, archive: &Path) -> usize {
    let what = archive.display();
    let theirs = Unpacked::open(archive).unwrap_or_else(|e| panic!("{what}: {e}"));
    let course = site.import(archive).to_string();
    let mut command = vec!["backup", "create", &course, "-o", "out.mbz", "--option", "format=tgz"];
    let text = String::from_utf8_lossy(&theirs.documents["moodle_backup.xml"]).into_owned();
    let mut options = Vec::new();
    if theirs.documents.contains_key("users.xml") {
        options.extend(
            ["users", "role_assignments", "comments", "userscompletion", "logs", "grade_histories"]
                .map(|o| format!("{o}=1")),
        );
    }
    if text.contains("<include_files>0<") {
        options.push("files=0".to_owned());
    }
    for option in &options {
        command.extend(["--option", option.as_str()]);
    }
    site.json(&command);
    let ours = Unpacked::open(&site.path("out.mbz")).unwrap_or_else(|e| panic!("{what}: {e}"));
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (path, document) in &theirs.documents {
        if !path.ends_with(".xml") || path == "moodle_backup.xml" {
            continue;
        }
        // The smallest archive that Moodle restores has lost its lists, and what referred to the role it defines.
        if path == "roles.xml" && !theirs.documents.contains_key("course/inforef.xml") {
            continue;
        }
        compared += 1;
        match ours.documents.get(path) {
            None => wrong.push(format!("{path} is missing")),
            Some(written) if !same(path, document, written) => wrong.push(path.clone()),
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
    // What is there beside them says nothing (the comparator sees to that); and the pool is the same.
    // Of the empty content nobody asks: it may be there for directories or not.
    let pool = |archive: &Unpacked| -> BTreeSet<String> {
        archive.pool.iter().filter(|(_, file)| file.size > 0).map(|(path, _)| path.clone()).collect()
    };
    assert_eq!(pool(&theirs), pool(&ours), "{what}");
    site.ok(&["course", "delete", &course, "--yes"]);
    compared
}

#[test]
fn every_document_comes_out_byte_for_byte() {
    let site = Site::new(PROVOST);
    let mut compared = compare(&site, &sample::packed_file());
    let path = site.path("made.mbz");
    File::create(&path).and_then(rare::pack).expect("packed");
    compared += compare(&site, &path);
    for shape in shapes::SHAPES {
        File::create(&path).and_then(|file| shape.pack(file)).expect("packed");
        compared += compare(&site, &path);
    }
    assert!(compared > 600, "{compared}");
    for name in [
        "small_test_users1.tgz.mbz",
        "small_test_users1.zip.mbz",
        "small_test_users0.tgz.mbz",
        "small_test_users0.zip.mbz",
        "small_test_users1_nofiles.tgz.mbz",
        "gen_XS_users1.tgz.mbz",
        "gen_XS_users0.tgz.mbz",
        "gen_S_users1.tgz.mbz",
        "minimal_users0.zip.mbz",
        "negative/fullname_with_tags.mbz",
    ] {
        if let Some(archive) = fixture(&format!("mbz/{name}")) {
            println!("{name}: {} documents", compare(&site, &archive));
        }
    }
}
