//! Tests of the validator: the sample course is sound, every rule fires on a course spoilt for it, and real archives pass.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::pack;
use crate::sample;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};

type Tree = BTreeMap<String, Vec<u8>>;

fn packed(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    pack::tree_tar_gz(tree, sample::MADE, &mut bytes).unwrap();
    bytes
}

fn judge(bytes: Vec<u8>) -> Vec<Finding> {
    validate(&Unpacked::read(Cursor::new(bytes)).unwrap())
}

/// Replaces text in one file; it must be there.
fn edit(tree: &mut Tree, path: &str, from: &str, to: &str) {
    let text = String::from_utf8(tree[path].clone()).unwrap();
    assert!(text.contains(from), "{path} has no {from}");
    tree.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
}

const MASTER: &str = "moodle_backup.xml";

/// Bytes of the sample's picture.
const BEE_SIZE: usize = 103;

/// A rule and what to do to the sample's files to break it.
type Spoil = (&'static str, fn(&mut Tree));

const SPOILS: &[Spoil] = &[
    ("container-path", |t| {
        t.insert("extra/über.txt".to_owned(), vec![1]);
    }),
    ("container-wrapped", |t| {
        *t = t.iter().map(|(p, b)| (format!("course-21/{p}"), b.clone())).collect();
    }),
    ("xml-declaration", |t| edit(t, "scales.xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "")),
    ("xml-bom", |t| {
        t.get_mut("scales.xml").unwrap().splice(0..0, *b"\xef\xbb\xbf");
    }),
    ("xml-doctype", |t| edit(t, "scales.xml", "<scales", "<!DOCTYPE a [<!ENTITY b \"c\">]>\n<scales")),
    ("xml-malformed", |t| edit(t, "scales.xml", "</scales_definition>", "</scale>")),
    ("xml-malformed", |t| t.get_mut("activities/page_303/page.xml").unwrap()[200] = 0xff),
    ("xml-control", |t| edit(t, "activities/page_303/page.xml", "queen", "qu\u{8}een")),
    ("xml-control", |t| edit(t, "activities/page_303/page.xml", "queen", "qu&#7;een")),
    ("xml-control", |t| edit(t, "activities/page_303/page.xml", "queen", "qu\r\neen")),
    ("master-missing", |t| {
        t.remove(MASTER);
    }),
    ("master-sniff", |t| edit(t, MASTER, "<information>", &format!("<!--{}-->\n<information>", "x".repeat(200)))),
    ("master-sniff", |t| edit(t, MASTER, "\"1.0\"", "'1.0'")),
    ("master-information", |t| edit(t, MASTER, "<original_course_contextid>210</original_course_contextid>", "")),
    ("master-information", |t| edit(t, MASTER, ">2024100700<", ">2010072299<")),
    ("master-information", |t| edit(t, MASTER, "<type>course</type>", "<type>site</type>")),
    ("master-tags", |t| edit(t, MASTER, "<original_course_fullname>", "<original_course_fullname>&lt;b&gt;")),
    ("master-tags", |t| edit(t, MASTER, "<original_course_shortname>", "<original_course_shortname>I &lt;3 ")),
    ("contents-fields", |t| edit(t, MASTER, "activities/page_303", "activities/page_304")),
    ("contents-fields", |t| edit(t, MASTER, "<moduleid>303</moduleid>", "")),
    ("contents-missing", |t| {
        t.remove("activities/page_303/module.xml");
    }),
    ("contents-missing", |t| {
        t.remove("scales.xml");
    }),
    ("contents-missing", |t| {
        t.remove("sections/section_44/section.xml");
    }),
    ("contents-unlisted", |t| {
        t.insert(
            "activities/page_999/page.xml".to_owned(),
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<activity/>".to_vec(),
        );
    }),
    ("contents-order", |t| edit(t, "sections/section_42/section.xml", "303,304", "304,303")),
    ("contents-order", |t| edit(t, "sections/section_42/section.xml", "303,304", "304")),
    ("settings-missing", |t| edit(t, MASTER, "<name>users</name>", "<name>persons</name>")),
    ("settings-missing", |t| edit(t, MASTER, "<name>page_303_userinfo</name>", "<name>page_303_other</name>")),
    ("settings-contents", |t| {
        edit(t, MASTER, "<name>blocks</name>\n        <value>1<", "<name>blocks</name>\n        <value>yes<")
    }),
    ("settings-contents", |t| {
        edit(t, MASTER, "page_303_included</name>\n        <value>1<", "page_303_included</name>\n        <value>0<")
    }),
    ("settings-hierarchy", |t| {
        edit(t, MASTER, "<name>users</name>\n        <value>1<", "<name>users</name>\n        <value>0<")
    }),
    ("settings-users", |t| {
        edit(t, MASTER, "<name>users</name>\n        <value>1<", "<name>users</name>\n        <value>0<")
    }),
    ("settings-file", |t| {
        t.remove("users.xml");
    }),
    ("settings-file", |t| {
        t.remove("activities/label_302/comments.xml");
    }),
    ("settings-file", |t| {
        t.remove("course/blocks/html_71/comments.xml");
    }),
    ("settings-file", |t| {
        t.remove("course/filters.xml");
    }),
    ("settings-file", |t| {
        t.remove("activities/wiki_316/calendar.xml");
    }),
    ("settings-file", |t| {
        t.remove("activities/wiki_316/xapistate.xml");
    }),
    ("settings-file", |t| {
        t.remove("course/contentbank.xml");
    }),
    ("inforef-dangling", |t| edit(t, "activities/resource_304/inforef.xml", "<id>5", "<id>9")),
    ("inforef-dangling", |t| edit(t, "course/inforef.xml", "<id>105</id>", "<id>205</id>")),
    ("inforef-file", |t| {
        t.remove("activities/page_303/inforef.xml");
    }),
    ("inforef-file", |t| edit(t, "activities/page_303/page.xml", "contextid=\"303\"", "contextid=\"3030\"")),
    ("inforef-user", |t| edit(t, "activities/forum_310/forum.xml", "<userid>104</userid>", "<userid>777</userid>")),
    ("inforef-user", |t| {
        let files: Vec<String> = t.keys().filter(|p| p.ends_with("inforef.xml")).cloned().collect();
        for path in files {
            let text = String::from_utf8(t[&path].clone()).unwrap();
            t.insert(path, text.replace("<id>106</id>", "<id>105</id>").into_bytes());
        }
    }),
    ("inforef-role", |t| edit(t, "course/roles.xml", "<roleid>4</roleid>", "<roleid>44</roleid>")),
    ("inforef-role", |t| edit(t, "course/inforef.xml", "<role>\n      <id>4</id>\n    </role>", "")),
    ("inforef-group", |t| edit(t, "course/inforef.xml", "<id>12</id>", "<id>11</id>")),
    ("inforef-group", |t| edit(t, "activities/forum_310/module.xml", "<groupingid>15<", "<groupingid>16<")),
    ("inforef-grade", |t| edit(t, "activities/assign_311/inforef.xml", "<id>73</id>", "<id>74</id>")),
    ("inforef-grade", |t| edit(t, "activities/assign_311/grades.xml", "<scaleid>$@NULL@$<", "<scaleid>3<")),
    ("inforef-question", |t| {
        edit(t, "activities/quiz_312/quiz.xml", "<questionbankentryid>402<", "<questionbankentryid>499<")
    }),
    ("files-fields", |t| edit(t, "files.xml", "<filepath>/</filepath>", "<filepath>docs</filepath>")),
    ("files-fields", |t| edit(t, "files.xml", "<itemid>0</itemid>", "<itemid>$@NULL@$</itemid>")),
    ("files-duplicate", |t| edit(t, "files.xml", "<file id=\"502\">", "<file id=\"501\">")),
    ("pool-missing", |t| {
        let path = t.keys().find(|p| p.starts_with("files/") && !p.contains("da39")).unwrap().clone();
        t.remove(&path);
    }),
    ("pool-content", |t| {
        let path = t.keys().find(|p| p.starts_with("files/") && !p.contains("da39")).unwrap().clone();
        t.insert(path, b"something else".to_vec());
    }),
    ("pool-content", |t| edit(t, "files.xml", &format!("<filesize>{}<", BEE_SIZE), "<filesize>9<")),
    ("pool-surplus", |t| {
        t.insert("files/aa/aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d".to_owned(), b"hello".to_vec());
    }),
    ("pool-surplus", |t| edit(t, MASTER, "<include_files>1<", "<include_files>0<")),
    ("part-fields", |t| edit(t, "sections/section_42/section.xml", "<number>1</number>", "")),
    ("part-fields", |t| edit(t, "users.xml", "<username>zoe.oneill</username>", "")),
    ("part-fields", |t| edit(t, "course/enrolments.xml", "<timeend>0</timeend>", "")),
    ("part-ids", |t| edit(t, "activities/page_303/module.xml", "<sectionid>42<", "<sectionid>43<")),
    ("part-ids", |t| edit(t, "course/course.xml", "id=\"21\"", "id=\"22\"")),
    ("part-contexts", |t| edit(t, "activities/label_302/label.xml", "contextid=\"302\"", "contextid=\"303\"")),
];

/// A tar.gz of the sample with something done to it at the level of the container.
fn containers() -> Vec<(&'static str, Vec<u8>)> {
    let sound = sample::tree();
    let repack = |header: fn(&mut tar::Header), extra: &[(&str, tar::EntryType)]| {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gz);
        for (path, bytes) in &sound {
            let mut h = tar::Header::new_ustar();
            h.set_mode(0o644);
            h.set_uid(0);
            h.set_gid(0);
            h.set_mtime(1);
            h.set_size(bytes.len() as u64);
            header(&mut h);
            tar.append_data(&mut h, path, &bytes[..]).unwrap();
        }
        for (path, kind) in extra {
            let mut h = tar::Header::new_ustar();
            h.set_mode(0o644);
            h.set_uid(0);
            h.set_gid(0);
            h.set_mtime(1);
            h.set_entry_type(*kind);
            h.set_size(0);
            if *kind == tar::EntryType::Symlink {
                tar.append_link(&mut h, path, "files.xml").unwrap();
            } else {
                tar.append_data(&mut h, path, std::io::empty()).unwrap();
            }
        }
        tar.into_inner().unwrap().finish().unwrap()
    };
    let mut with_index = sound.clone();
    with_index.insert(".ARCHIVE_INDEX".to_owned(), b"Moodle archive file index. Count: 1\n".to_vec());
    let mut more = packed(&sound);
    more.extend(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()).finish().unwrap());
    let mut zipped = Cursor::new(Vec::new());
    pack::tree_zip(&with_index, &mut zipped).unwrap();
    vec![
        ("container-duplicate", repack(|_| {}, &[("files.xml", tar::EntryType::Regular)])),
        ("container-member", repack(|_| {}, &[("link.xml", tar::EntryType::Symlink)])),
        ("container-header", repack(|h| h.set_uid(1000), &[])),
        ("container-header", more),
        ("container-index", packed(&with_index)),
        ("container-index", zipped.into_inner()),
    ]
}

#[test]
fn the_sample_is_sound_in_both_wrappings() {
    let tree = sample::tree();
    assert_eq!(judge(packed(&tree)), []);
    let mut zipped = Cursor::new(Vec::new());
    pack::tree_zip(&tree, &mut zipped).unwrap();
    assert_eq!(judge(zipped.into_inner()), []);
}

#[test]
fn every_rule_fires_on_a_course_spoilt_for_it() {
    let mut fired = BTreeSet::from(["file-name"]);
    for (n, (rule, spoil)) in SPOILS.iter().enumerate() {
        let mut tree = sample::tree();
        spoil(&mut tree);
        let found = judge(packed(&tree));
        assert!(found.iter().any(|f| f.rule == *rule), "spoil {n}: no {rule} in {found:#?}");
        fired.insert(rule);
    }
    for (n, (rule, bytes)) in containers().into_iter().enumerate() {
        let found = judge(bytes);
        assert!(found.iter().any(|f| f.rule == rule), "container {n}: no {rule} in {found:#?}");
        fired.insert(rule);
    }
    let all: BTreeSet<&str> = RULES.iter().map(|r| r.id).collect();
    assert_eq!(fired, all, "rules without a test");
}

#[test]
fn real_archives_pass() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/mbz");
    if !dir.is_dir() {
        println!("skipped: no ../shared/fixtures/mbz");
        return;
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "mbz") {
            let found = validate(&Unpacked::open(&path).unwrap());
            assert_eq!(found, [], "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 5);
    let tags = validate(&Unpacked::open(&dir.join("negative/fullname_with_tags.mbz")).unwrap());
    assert_eq!(tags.iter().map(|f| f.rule).collect::<Vec<_>>(), ["master-tags"]);
}

#[test]
fn what_a_real_moodle_refused_is_never_sound() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/containers");
    let Ok(verdicts) = std::fs::read_to_string(dir.join("verdicts.tsv")) else {
        println!("skipped: no ../shared/fixtures/containers");
        return;
    };
    for line in verdicts.lines() {
        let (name, verdict) = line.split_once('\t').unwrap();
        if verdict.starts_with("refused") {
            let findings = Unpacked::open(&dir.join(name)).map(|a| validate(&a));
            assert!(!matches!(findings, Ok(f) if f.is_empty()), "{name}: {verdict}");
        }
    }
    for name in ["tgz_no_index", "tgz_level9", "zip_stored", "zip_deflate_nodirs", "zip_with_dirs"] {
        let archive = Unpacked::open(&dir.join(format!("{name}.mbz"))).unwrap();
        let found: Vec<_> = validate(&archive).into_iter().filter(|f| f.rule != "container-index").collect();
        assert_eq!(found, [], "{name}");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"hello", b"PK\x05\x06", b"\x1f\x8b\x08"] {
        assert!(Unpacked::read(Cursor::new(bytes.to_vec())).is_err());
    }
    let mut cut = packed(&sample::tree());
    cut.truncate(cut.len() / 2);
    assert!(Unpacked::read(Cursor::new(cut)).is_err());
    let mut plain = Vec::new();
    plain.write_all(&[0; 1024]).unwrap();
    assert!(Unpacked::read(Cursor::new(plain)).is_err());
}
