//! Real archives: all ids moved and moved back, and two scopes of one archive together.

use std::collections::BTreeSet;

use base64::Engine;

use super::*;
use crate::columns;
use crate::references;
use crate::testing;
use crate::xml::fields::Fields;

/// No id of the fixtures is as large.
const FAR: u64 = 7_000_000_000;

const ARCHIVES: &[&str] = &[
    "small_test_users1.tgz.mbz",
    "small_test_users0.tgz.mbz",
    "small_test_users1_nofiles.tgz.mbz",
    "gen_XS_users1.tgz.mbz",
    "gen_XS_users0.tgz.mbz",
    "gen_S_users1.tgz.mbz",
    "minimal_users0.zip.mbz",
    "negative/fullname_with_tags.mbz",
];

/// Elements whose numbers are ids of people, courses and what else has a kind, in every document; kept apart from the
/// tables on purpose.
const ID_ELEMENTS: &[&str] = &[
    "userid",
    "usermodified",
    "usercreated",
    "modifierid",
    "authorid",
    "reviewerid",
    "grader",
    "loggeduser",
    "createdby",
    "modifiedby",
    "ownerid",
    "relateduserid",
    "realuserid",
    "groupid",
    "roleid",
    "contextid",
    "parentcontextid",
    "usingcontextid",
    "questioncategoryid",
    "questionbankentryid",
    "questionid",
    "categoryid",
    "sectionid",
    "quizid",
    "moduleinstance",
    "contextinstanceid",
    "courseid",
    "course",
    "groupingid",
    "trueanswer",
    "falseanswer",
    "firstpost",
    "frompageid",
    "topageid",
    "prevpageid",
    "nextpageid",
    "iteminstance",
];

/// Tags whose `id` has a kind.
const ID_TAGS: &[&str] = &[
    "activity",
    "module",
    "block",
    "course",
    "user",
    "role",
    "file",
    "group",
    "grouping",
    "grade_item",
    "grade_category",
    "question_category",
    "question_bank_entry",
    "question_versions",
    "question",
    "badge",
    "event",
    "enrol",
    "discussion",
    "post",
    "chapter",
    "entry",
    "record",
];

/// Tables whose objects have a kind.
const LOGGED: &[&str] = &[
    "course",
    "course_modules",
    "course_sections",
    "enrol",
    "event",
    "forum_posts",
    "grade_items",
    "groupings",
    "groups",
    "lesson_pages",
    "question",
    "role",
    "wiki_pages",
];

fn moved(archive: &BTreeMap<String, Vec<u8>>, map: &IdMap) -> BTreeMap<String, Vec<u8>> {
    let mut new = BTreeMap::new();
    for (path, document) in parts(archive) {
        let part = part(path);
        let document = Rewriter::all(&part, document, map, 0).unwrap();
        assert!(new.insert(map.part(&part).path(), document).is_none());
    }
    new
}

/// The numbers that stand between these two texts.
fn numbers<'a, const N: usize>(text: &'a str, before: &'a str, after: [char; N]) -> impl Iterator<Item = u64> + 'a {
    text.match_indices(before).filter_map(move |(at, _)| {
        let rest = &text[at + before.len()..];
        rest[..rest.find(after)?].parse().ok()
    })
}

#[test]
fn every_id_moves_and_comes_back() {
    for name in ARCHIVES {
        let Some(archive) = testing::archive(name) else { return };
        let claims = claims(&archive);
        let there = claims.map(|_, id| id + FAR);
        let far = moved(&archive, &there);
        let mut back = IdMap::new();
        for (kind, from, to) in there.changes() {
            back.insert(kind.clone(), to, from);
        }
        let again = moved(&far, &back);
        for (path, document) in parts(&archive) {
            assert!(again[path] == document, "{name}: {path} did not come back");
        }
        assert_eq!(again.len(), far.len());

        // By the tables: nothing old is left.
        let mut after = Claims::new();
        for (path, document) in &far {
            after.scan_all(&part(path), document).unwrap();
        }
        let old = after.referred().chain(IdKind::PLAIN.iter().flat_map(|k| after.defined(k).map(move |id| (k, id))));
        for (kind, id) in old {
            assert!(id > FAR, "{name}: {kind:?} {id} is old");
        }

        // By the readers of columns and references.
        for (path, document) in &far {
            let p = part(path);
            if p.file == "inforef.xml" {
                for (kind, id) in references::read(document).unwrap() {
                    assert!(id > FAR, "{name}: {path}: {kind:?} {id}");
                }
            }
            if p.file == "module.xml" {
                let f = Fields::of(document).unwrap();
                assert!(f.attribute_id("id").unwrap() > FAR && f.id("sectionid") > FAR);
            }
            if p.file == "section.xml" {
                let s = columns::section(document).unwrap();
                assert!(s.local > FAR && s.sequence.iter().all(|&id| id > FAR));
                assert!(s.delegated.is_none_or(|(_, instance)| instance > FAR));
            }
            if p.module().is_some() {
                let f = Fields::of_head(document).unwrap();
                for name in ["id", "moduleid", "contextid"] {
                    assert!(f.attribute_id(name).unwrap() > FAR, "{path}");
                }
                assert!(Fields::of_level(document, 1).unwrap().attribute_id("id").unwrap() > FAR);
            }
        }
        for row in far.get("files.xml").map(|d| crate::filesxml::read_all(d)).unwrap_or_default() {
            let moves = matches!(
                (row.component.as_str(), row.area.as_str()),
                ("course", "section") | ("mod_forum", "post") | ("contentbank", "public")
            );
            assert!(row.local > FAR && row.context > FAR && (row.person == 0 || row.person > FAR));
            assert!(!moves || row.item > FAR as i64, "{name}: {row:?}");
        }
        let course = columns::course(&far["course/course.xml"]).unwrap();
        assert!(course.local > FAR && course.context > FAR && course.category > FAR);

        // By their looks.
        for (path, document) in &far {
            let text = String::from_utf8_lossy(document);
            for element in ID_ELEMENTS {
                for id in numbers(&text, &format!("<{element}>"), ['<']) {
                    assert!(id == 0 || id > FAR, "{name}: {path}: <{element}>{id}");
                }
            }
            for tag in ID_TAGS {
                for id in numbers(&text, &format!("<{tag} id=\""), ['"']) {
                    assert!(id > FAR, "{name}: {path}: <{tag} id={id}>");
                }
            }
            for list in [
                "<sequence>",
                "order</name>\n                      <value>",
                "response</name>\n                      <value>",
            ] {
                for (at, _) in text.match_indices(list) {
                    // An event of the calendar counts its changes there.
                    let value = text[at + list.len()..].split('<').next().unwrap_or_default();
                    let counts = path.ends_with("calendar.xml");
                    assert!(
                        counts || value.split(',').all(|v| v.is_empty() || v.parse::<u64>().is_ok_and(|id| id > FAR)),
                        "{name}: {path}: {list}{value}"
                    );
                }
            }
            for row in text.split("<logstore_standard_log").skip(1) {
                let field = |name: &str| {
                    let (_, rest) = row.split_once(&format!("<{name}>")).unwrap();
                    rest.split('<').next().unwrap().to_owned()
                };
                let (table, object) = (field("objecttable"), field("objectid"));
                let module = field("component") == format!("mod_{table}");
                let moves = module || LOGGED.contains(&table.as_str());
                assert!(!moves || object.parse::<u64>().unwrap() > FAR, "{name}: {path}: {table} {object}");
                let other = base64::engine::general_purpose::STANDARD.decode(field("other")).unwrap();
                let other = String::from_utf8(other).unwrap();
                for key in ["instanceid", "categoryid", "quizid", "dataid"] {
                    for before in [format!("\"{key}\":\""), format!("\"{key}\":")] {
                        assert!(
                            numbers(&other, &before, ['"', ',', '}']).all(|id| id > FAR),
                            "{name}: {path}: {other}"
                        );
                    }
                }
            }
            for (at, _) in text.match_indices("$@") {
                let mark = text[at + 2..].split("@$").next().unwrap_or_default();
                for argument in mark.split('*').skip(1) {
                    assert!(argument.parse::<u64>().is_ok_and(|id| id > FAR), "{name}: {path}: {mark}");
                }
            }
        }
    }
}

#[test]
fn a_map_that_changes_nothing_changes_nothing() {
    for name in ARCHIVES {
        let Some(archive) = testing::archive(name) else { return };
        let map = claims(&archive).map(|_, id| id);
        assert!(map.is_identity());
        for (path, document) in parts(&archive) {
            // Pieces that end anywhere.
            let mut rewriter = Rewriter::new(&part(path), &map, 0);
            let mut out = Vec::new();
            for piece in document.chunks(997) {
                out.extend(rewriter.feed(piece).unwrap());
            }
            out.extend(rewriter.finish().unwrap());
            assert!(out == document, "{name}: {path}");
        }
    }
}

#[test]
fn two_scopes_of_one_archive_share_no_ids() {
    for name in ARCHIVES {
        let Some(archive) = testing::archive(name) else { return };
        let claims = claims(&archive);
        let people: People =
            claims.defined(&IdKind::User).flat_map(|id| [((1, id), id + 50), ((2, id), id + 50)]).collect();
        let scopes = [
            Scope { id: 1, parent: None, origin: None, claims: &claims },
            Scope { id: 2, parent: None, origin: None, claims: &claims },
        ];
        let maps = assign(&scopes, &[], &people);
        assert!(maps[0].is_identity());
        let (first, second) = (moved(&archive, &maps[0]), moved(&archive, &maps[1]));
        let claimed = |archive: &BTreeMap<String, Vec<u8>>| {
            let mut claims = Claims::new();
            for (path, document) in archive {
                claims.scan_all(&part(path), document).unwrap();
            }
            claims
        };
        let (first, second) = (claimed(&first), claimed(&second));
        let modules = crate::facets::modules::known().map(IdKind::instance);
        let mut changed = 0;
        for kind in IdKind::PLAIN.into_iter().chain(modules) {
            let own: BTreeSet<u64> = second.defined(&kind).collect();
            let shared: BTreeSet<u64> = first.defined(&kind).filter(|id| own.contains(id)).collect();
            let allowed: BTreeSet<u64> = match kind {
                IdKind::User => first.defined(&kind).collect(),
                IdKind::Course | IdKind::CourseCategory => first.defined(&kind).collect(),
                // Of the course, and of people.
                IdKind::Context => shared
                    .iter()
                    .copied()
                    .filter(|&id| maps[1].changes().all(|(k, _, to)| *k != kind || to != id))
                    .collect(),
                _ if kind.is_private() => shared.clone(),
                _ => BTreeSet::new(),
            };
            assert_eq!(shared, allowed, "{name}: {kind:?}");
            changed += own.len() - shared.len();
        }
        assert!(changed > 0);
        // What is referred to and was described before is described still.
        for (kind, id) in claims.referred() {
            if claims.defines(kind, id) {
                assert!(second.defines(kind, maps[1].get(kind, id)), "{name}: {kind:?} {id}");
            }
        }
    }
}
