use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::layout::{Owner, Place, parse};
use crate::options::Options;
use crate::references::{self, ReferenceKind};
use crate::testing;

#[test]
fn real_rows_come_back() {
    let Some(archive) = testing::archive("small_test_users1.tgz.mbz") else { return };
    let document = &archive["files.xml"];
    let rows = read_all(document);
    let mut written = head();
    rows.iter().for_each(|r| written.extend_from_slice(&r.element));
    written.extend(tail());
    assert!(written == *document);
    let cover = rows.iter().find(|r| r.local == 555).unwrap();
    assert_eq!(
        (cover.context, cover.area.as_str(), cover.name.as_str(), cover.person),
        (1454, "overviewfiles", "cover.png", 0)
    );
    assert!(cover.pool_hash().is_some() && rows.iter().any(|r| r.is_directory() && r.pool_hash().is_none()));
}

/// The kind of owner behind each context of an archive.
fn contexts(archive: &BTreeMap<String, Vec<u8>>) -> BTreeMap<u64, OwnerKind> {
    let mut contexts = BTreeMap::new();
    for (path, document) in archive {
        let Place::Part(part) = parse(path) else { continue };
        let own = match &part.owner {
            Owner::Course => part.file == "course.xml",
            Owner::Activity(_) => part.module().is_some(),
            Owner::Block { .. } => part.file == "block.xml",
            _ => false,
        };
        if own && let Some(context) = Fields::of(document).unwrap().attribute_id("contextid") {
            contexts.insert(context, part.owner.kind());
        }
    }
    contexts
}

fn key(row: &FileRow) -> (String, String, String, i64, String) {
    (row.contenthash.clone(), row.component.clone(), row.area.clone(), row.item, row.name.clone())
}

#[test]
fn without_users_the_files_are_moodles() {
    let Some(with) = testing::archive("small_test_users1.tgz.mbz") else { return };
    let Some(without) = testing::archive("small_test_users0.tgz.mbz") else { return };
    let contexts = contexts(&with);
    let taken = Options::default().facets();
    let listed: BTreeSet<u64> = with
        .iter()
        .filter(|(p, _)| p.ends_with("inforef.xml"))
        .flat_map(|(_, d)| references::read(d).unwrap())
        .filter(|(kind, _)| *kind == ReferenceKind::File)
        .map(|(_, id)| id)
        .collect();
    let mut ours = BTreeSet::new();
    for row in read_all(&with["files.xml"]) {
        let facets = row.facets(contexts.get(&row.context).copied());
        assert!(facets.known, "{} {}", row.component, row.area);
        if facets.facets.iter().all(|f| taken.contains(f)) && (listed.contains(&row.local) || row.is_taken_unlisted()) {
            ours.insert(key(&row));
        }
    }
    let theirs: BTreeSet<_> = read_all(&without["files.xml"]).iter().map(key).collect();
    assert_eq!(ours, theirs);
}
