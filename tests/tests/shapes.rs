//! Archives of other releases than 4.5 (see `provost_tests::shapes`), and archives without contents: in and out again.

use provost_store::StoreOptions;
use provost_store::api::Settings;
use provost_store::sqlite::SqliteStore;
use provost_tests::compare::{Ignore, compare};
use provost_tests::live::Site;
use provost_tests::rare;
use provost_tests::sample;
use provost_tests::shapes::SHAPES;
use provost_tests::tree;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const ALL: &[&str] =
    &["users=1", "role_assignments=1", "comments=1", "userscompletion=1", "logs=1", "grade_histories=1"];

fn open(path: &Path) -> Unpacked {
    Unpacked::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn back_up(site: &Site, course: u64, options: &[&str]) -> Unpacked {
    let course = course.to_string();
    let mut command = vec!["backup", "create", &course, "-o", "out.mbz"];
    for option in options {
        command.extend(["--option", option]);
    }
    site.json(&command);
    let archive = open(&site.path("out.mbz"));
    let findings: Vec<String> = validate(&archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{options:?}:\n{}", findings.join("\n"));
    archive
}

fn information(archive: &Unpacked, field: &str) -> String {
    let master = tree::parse(&archive.documents["moodle_backup.xml"]).expect("a master file");
    let value = master.at(&["information", field]).map(|element| element.text.clone());
    value.unwrap_or_else(|| panic!("no {field}"))
}

/// What our writer says beyond what an older release did: readers go by what they know. And how a backup was run.
fn ours() -> Ignore {
    const INFORMATION: &str = "moodle_backup/information/";
    let mut ignore = Ignore::nothing();
    for later in [
        "include_files",
        "include_file_references_to_external_content",
        "original_course_format",
        "original_course_enddate",
    ] {
        ignore = ignore.added("moodle_backup.xml", &format!("{INFORMATION}{later}"));
    }
    for run in ["interactive", "execution", "mode"] {
        ignore = ignore.place("moodle_backup.xml", &format!("{INFORMATION}details/detail*/{run}"));
    }
    ignore
}

#[test]
fn archives_of_other_releases_come_out_in_their_own_shape() {
    let site = Site::new(PROVOST);
    for shape in SHAPES {
        let path = site.path("old.mbz");
        File::create(&path).and_then(|file| shape.pack(file)).expect("packed");
        let theirs = open(&path);
        let course = site.import(&path);
        let mut options = ALL.to_vec();
        if !shape.files {
            options.push("files=0");
        }
        let first = back_up(&site, course, &options);
        let found = compare(&theirs, &first, &ours());
        assert!(found.differences.is_empty(), "{}: {found}", shape.name);
        for (field, value) in
            ["moodle_version", "moodle_release", "backup_version", "backup_release"].iter().zip(shape.release)
        {
            assert_eq!(information(&first, field), value, "{}", shape.name);
        }
        // Without users nobody is left in it, and it is whole.
        let without = back_up(&site, course, if shape.files { &[] } else { &["files=0"] });
        assert!(!without.documents.contains_key("users.xml"));
        let quiz = String::from_utf8_lossy(&without.documents["activities/quiz_501/quiz.xml"]).into_owned();
        assert!(quiz.contains("<question_instance ") && !quiz.contains("<attempt "), "{}: {quiz}", shape.name);
        site.ok(&["course", "delete", &course.to_string(), "--yes"]);
        // Ours in turn is a fixed point.
        std::fs::rename(site.path("out.mbz"), site.path("without.mbz")).expect("renamed");
        let again = site.import(&site.path("without.mbz"));
        let second = back_up(&site, again, if shape.files { &[] } else { &["files=0"] });
        let found = compare(&without, &second, &Ignore::nothing());
        assert!(found.differences.is_empty(), "{}: {found}", shape.name);
        site.ok(&["course", "delete", &again.to_string(), "--yes"]);
    }
}

/// The rare course: everything in it comes back, but files that no course archive has.
#[test]
fn rare_things_come_out_as_they_went_in() {
    let site = Site::new(PROVOST);
    let path = site.path("rare.mbz");
    File::create(&path).and_then(rare::pack).expect("packed");
    let ignore = ["interactive", "execution"]
        .iter()
        .fold(Ignore::nothing().file("README.txt").file("activities/page_419/extra.bin"), |ignore, run| {
            ignore.place("moodle_backup.xml", &format!("moodle_backup/information/details/detail*/{run}"))
        });
    let course = site.import(&path);
    let archive = back_up(&site, course, ALL);
    let found = compare(&open(&path), &archive, &ignore);
    assert!(found.differences.is_empty(), "{found}");
    for count in &found.counts {
        assert_eq!(count.left, count.right, "{count}");
    }
}

/// A course's archive without contents, and with another site's mark.
fn without_contents(site: &Site, name: &str, shortname: &str, hash: &str) -> PathBuf {
    let mut tree: BTreeMap<String, Vec<u8>> = sample::tree();
    tree.retain(|path, _| !path.starts_with("files/"));
    let mut edit = |path: &str, from: &str, to: &str| {
        let text = String::from_utf8(tree[path].clone()).expect("text");
        assert!(text.contains(from), "{path} has no {from}");
        tree.insert(path.to_owned(), text.replace(from, to).into_bytes());
    };
    edit("moodle_backup.xml", "<include_files>1<", "<include_files>0<");
    edit("moodle_backup.xml", "3f1c6e0a9b7d4c52a8e1f0b6d5c4938e", hash);
    edit("course/course.xml", "<shortname>BEES101<", &format!("<shortname>{shortname}<"));
    let path = site.path(name);
    let file = File::create(&path).expect("a file");
    provost_tests::pack::tree_tar_gz(&tree, sample::MADE, file).expect("packed");
    path
}

#[test]
fn contents_are_taken_by_hash_only_for_archives_of_this_site() {
    let site = Site::new(PROVOST);
    let whole = site.import(&sample::packed_file());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let hash = runtime.block_on(async {
        let store = SqliteStore::open(&site.data(), &StoreOptions::default()).await.expect("the store");
        store.site().await.expect("the site").hash
    });
    assert_eq!(hash.len(), 32, "{hash}");

    let here = site.import(&without_contents(&site, "here.mbz", "HERE", &hash));
    let expected = back_up(&site, whole, &["users=1"]).pool;
    assert!(expected.len() > 3);
    assert_eq!(back_up(&site, here, &["users=1"]).pool, expected);

    // Another site's archive names the same hashes, and gets nothing for it.
    let other = site.import(&without_contents(&site, "there.mbz", "THERE", "0123456789abcdef0123456789abcdef"));
    let archive = back_up(&site, other, &["users=1", "files=0"]);
    assert!(archive.pool.is_empty());
    let course = other.to_string();
    site.ok(&["backup", "create", &course, "-o", "with.mbz", "--option", "users=1"]);
    let with = open(&site.path("with.mbz"));
    assert!(with.pool.keys().all(|path| path.ends_with("da39a3ee5e6b4b0d3255bfef95601890afd80709")), "{:?}", with.pool);
}
