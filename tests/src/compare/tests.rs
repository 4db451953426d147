//! Tests of the comparator on small trees.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::pack;
use std::io::Cursor;

fn archive(files: &[(&str, &str)]) -> Unpacked {
    let tree = files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec())).collect();
    let mut bytes = Vec::new();
    pack::tree_tar_gz(&tree, 1_000_000_000, &mut bytes).unwrap();
    Unpacked::read(Cursor::new(bytes)).unwrap()
}

fn places(left: &str, right: &str) -> Vec<String> {
    let (l, r) = (archive(&[("a.xml", left)]), archive(&[("a.xml", right)]));
    compare(&l, &r, &Ignore::nothing()).differences.into_iter().map(|d| d.place).collect()
}

#[test]
fn layout_is_no_difference_but_text_is() {
    assert!(places("<a><b>1</b></a>", "<a>\n  <b>1</b>\n</a>").is_empty());
    assert_eq!(places("<a><b>1.0</b></a>", "<a><b>1.00</b></a>"), ["a/b"]);
    assert_eq!(places("<a><b>x</b></a>", "<a><b>x </b></a>"), ["a/b"]);
    assert_eq!(places("<a><b>$@NULL@$</b></a>", "<a><b></b></a>"), ["a/b"]);
    assert_eq!(places("<a><b i=\"1\"/></a>", "<a><b/></a>"), ["a/b@i"]);
    assert_eq!(places("<a x=\"1\" y=\"2\"/>", "<a y=\"2\" x=\"1\"/>"), ["a@"]);
}

#[test]
fn rows_pair_by_id_and_order_counts() {
    let two = "<a><b id=\"1\"><c>x</c></b><b id=\"2\"><c>y</c></b></a>";
    assert_eq!(places(two, "<a><b id=\"1\"><c>x</c></b><b id=\"2\"><c>z</c></b></a>"), ["a/b[2]/c"]);
    assert_eq!(places(two, "<a><b id=\"2\"><c>y</c></b></a>"), ["a/b[1]"]);
    assert_eq!(places(two, "<a><b id=\"2\"><c>y</c></b><b id=\"1\"><c>x</c></b></a>"), ["a/(order)"]);
    assert_eq!(places("<a><b>1</b><b>2</b></a>", "<a><b>1</b></a>"), ["a/b#2"]);
    assert_eq!(places("<a><b/><c/></a>", "<a><c/><b/></a>"), ["a/(order)"]);
}

#[test]
fn an_absent_file_equals_an_empty_root() {
    let none = archive(&[]);
    let ignore = Ignore::nothing();
    let hollow = archive(&[("a.xml", "<a>\n  <b>\n  </b>\n</a>")]);
    assert!(compare(&none, &hollow, &ignore).differences.is_empty());
    let full = archive(&[("a.xml", "<a><b>1</b></a>")]);
    assert_eq!(compare(&none, &full, &ignore).differences.len(), 1);
    assert_eq!(compare(&full, &none, &ignore).differences.len(), 1);
    let broken = archive(&[("a.xml", "<a><b></a>")]);
    assert_eq!(compare(&none, &broken, &ignore).differences.len(), 1);
}

#[test]
fn file_rows_are_a_set_and_the_pool_is_hashed() {
    let rows = |a: &str, b: &str| {
        format!("<files><file id=\"{a}\"><n>{a}</n></file><file id=\"{b}\"><n>{b}</n></file></files>")
    };
    let name = "files/aa/aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
    let left = archive(&[("files.xml", &rows("1", "2")), (name, "hello")]);
    let right = archive(&[("files.xml", &rows("2", "1")), (name, "hallo")]);
    let found = compare(&left, &right, &Ignore::nothing()).differences;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, name);
    assert!(compare(&left, &right, &Ignore::nothing().file("files/*")).differences.is_empty());
}

#[test]
fn volatile_fields_and_the_callers_are_left_out() {
    let master = |name: &str, id: &str, host: &str| {
        format!(
            "<moodle_backup><information><name>{name}</name><original_wwwroot>{host}</original_wwwroot><details><detail backup_id=\"{id}\"><type>course</type></detail></details></information></moodle_backup>"
        )
    };
    let left = archive(&[("moodle_backup.xml", &master("a", "1", "x"))]);
    let right = archive(&[("moodle_backup.xml", &master("b", "2", "y"))]);
    let found = compare(&left, &right, &Ignore::nothing()).differences;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].place, "moodle_backup/information/original_wwwroot");
    assert!(compare(&left, &right, &Ignore::nothing().origin_site()).differences.is_empty());
}

#[test]
fn what_is_added_may_be_exempt_and_nothing_else() {
    let (less, more) = (archive(&[("a.xml", "<a><b>1</b></a>")]), archive(&[("a.xml", "<a><b>1</b><c>2</c></a>")]));
    let ignore = Ignore::nothing().added("a.xml", "a/c");
    assert!(compare(&less, &more, &ignore).differences.is_empty());
    assert_eq!(compare(&more, &less, &ignore).differences.len(), 1);
    let other = archive(&[("a.xml", "<a><b>1</b><c>3</c></a>")]);
    assert_eq!(compare(&more, &other, &ignore).differences.len(), 1);
}

#[test]
fn patterns() {
    assert!(matches("a*c", "abc") && matches("*", "") && matches("a", "a"));
    assert!(!matches("a*c", "abd") && !matches("a", "ab") && !matches("a*b*c", "acb"));
    assert!(matches("activities/lti_*/lti.xml", "activities/lti_4/lti.xml"));
}

#[test]
fn real_archives_of_one_course_agree() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/mbz");
    if !dir.is_dir() {
        println!("skipped: no ../shared/fixtures/mbz");
        return;
    }
    let open = |name: &str| Unpacked::open(&dir.join(name)).unwrap();
    let ignore = Ignore::nothing().file("*logstores.xml");
    let tgz = open("small_test_users1.tgz.mbz");
    let found = compare(&tgz, &open("small_test_users1.zip.mbz"), &ignore);
    assert!(found.differences.is_empty(), "{found}");
    let fewer = compare(&tgz, &open("small_test_users0.tgz.mbz"), &ignore);
    assert!(fewer.differences.iter().any(|d| d.path == "users.xml"));
    let people = fewer.counts.iter().find(|c| c.what == "people").unwrap();
    assert_eq!((people.left, people.right), (9, 0));
}
