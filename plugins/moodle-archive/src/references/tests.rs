use super::*;
use crate::facets::part_rules;
use crate::filesxml;
use crate::layout::{Owner, Place, parse};
use crate::options::Options;
use crate::split::Splitter;
use crate::testing;
use crate::xml::fields::Fields;

#[test]
fn lists_are_read_and_written() {
    let listed = BTreeSet::from([
        (ReferenceKind::File, 10),
        (ReferenceKind::User, 7),
        (ReferenceKind::User, 3),
        (ReferenceKind::GradeItem, 1),
    ]);
    let document = write(&listed);
    assert_eq!(read(&document).unwrap(), listed);
    let text = String::from_utf8(document).unwrap();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<inforef>\n  <userref>\n    <user>\n      <id>3</id>\n    </user>\n"));
    assert_eq!(write(&BTreeSet::new()), b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<inforef>\n</inforef>");
    assert!(read(b"<x/>").is_err());
    assert!(
        read(b"<inforef><otherref><other><id>1</id></other></otherref><userref><user/></userref></inforef>")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn smaller_sets_make_larger_ones_superfluous() {
    let user = (ReferenceKind::User, 1);
    let mut references = References::default();
    references.add(user, vec!["b", "a"]);
    references.add(user, vec!["a"]);
    references.add(user, vec!["a", "c"]);
    references.add(user, vec!["d"]);
    assert_eq!(references.iter().map(|(_, f)| f.to_vec()).collect::<Vec<_>>(), [vec!["a"], vec!["d"]]);
    assert_eq!(references.taken(&["d"]).len(), 1);
    assert!(references.taken(&["c"]).is_empty());
    assert!(references.covers(user, &["a", "c"]) && !references.covers(user, &["c"]));
    assert_eq!(ReferenceKind::of_unlisted_name(&ReferenceKind::User.unlisted_name()), Some(ReferenceKind::User));
    assert_eq!(ReferenceKind::of_name(&ReferenceKind::User.unlisted_name()), None);
}

#[test]
fn conditions_and_scales_are_found() {
    let find = |path: &str, document: &str| {
        let Place::Part(part) = parse(path) else { panic!() };
        let (_, found) = Splitter::all(&part, document.as_bytes()).unwrap();
        found.iter().map(|(r, _)| *r).collect::<Vec<_>>()
    };
    let module = find(
        "activities/page_1/module.xml",
        "<module><groupingid>0</groupingid><availability>{\"op\":\"&amp;\",\"c\":[{\"type\":\"group\",\"id\":5},{\"op\":\"|\",\"c\":[{\"type\":\"grouping\",\"id\":3}]}]}</availability></module>",
    );
    assert_eq!(module, [(ReferenceKind::Grouping, 3), (ReferenceKind::Group, 5)]);
    let assign = find(
        "activities/assign_1/assign.xml",
        "<activity><assign><grade>-7</grade><teamsubmissiongroupingid>2</teamsubmissiongroupingid></assign></activity>",
    );
    assert_eq!(assign, [(ReferenceKind::Grouping, 2), (ReferenceKind::Scale, 7)]);
    let grades = find(
        "activities/assign_1/grades.xml",
        "<activity_gradebook><grade_items><grade_item id=\"9\"><scaleid>4</scaleid><outcomeid>$@NULL@$</outcomeid></grade_item></grade_items></activity_gradebook>",
    );
    assert_eq!(grades, [(ReferenceKind::Scale, 4), (ReferenceKind::GradeItem, 9)]);
}

/// What is gathered of an owner: what was found, its own list, and the facets of its documents.
type Gathered = (References, Option<BTreeSet<Referred>>, Vec<&'static str>);

/// For every owner of an archive: what its documents and files refer to, merged with its own list.
fn merged(archive: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, References> {
    let files = filesxml::read_all(&archive["files.xml"]);
    let mut owners: BTreeMap<String, Gathered> = BTreeMap::new();
    let mut contexts = BTreeMap::new();
    let mut bank = References::default();
    for (path, document) in archive {
        let Place::Part(part) = parse(path) else { continue };
        if part.owner == Owner::Archive {
            continue;
        }
        let owner = owners.entry(part.owner.directory()).or_default();
        if part.file == "inforef.xml" {
            owner.1 = Some(read(document).unwrap());
            owner.2 = part_rules(&part).facets;
            continue;
        }
        if let Some(context) = Fields::of(document).unwrap().attribute_id("contextid") {
            contexts.insert(context, part.owner.kind());
        }
        let mut splitter = Splitter::new(&part);
        splitter.feed(document).unwrap();
        splitter.finish().unwrap();
        if part.file == "contentbank.xml" {
            bank.add_found(splitter.references(), splitter.part_facets());
        }
        owner.0.add_found(splitter.references(), splitter.part_facets());
    }
    owners
        .into_iter()
        .map(|(directory, (mut references, listed, facets))| {
            // Files are an owner's by its list; whose they are is of no account.
            for (_, id) in listed.iter().flatten().filter(|(kind, _)| *kind == ReferenceKind::File) {
                let Some(row) = files.iter().find(|f| f.local == *id) else { continue };
                references.add((ReferenceKind::File, *id), row.facets(contexts.get(&row.context).copied()).facets);
            }
            let astray = directory.starts_with("sections/").then_some(&bank);
            let merged = references.merge(listed.as_ref(), &facets, astray);
            (directory, merged)
        })
        .collect()
}

#[test]
fn the_lists_are_moodles_with_and_without_users() {
    let Some(with) = testing::archive("small_test_users1.tgz.mbz") else { return };
    let Some(without) = testing::archive("small_test_users0.tgz.mbz") else { return };
    let everything = crate::facets::names::ALL;
    let definition = Options::default().facets();
    let mut wrong = Vec::new();
    for (directory, references) in merged(&with) {
        let path = format!("{directory}/inforef.xml");
        assert!(write(&references.taken(everything)) == with[&path], "{path}");
        let ours = references.taken(&definition);
        if write(&ours) != without[&path] {
            wrong.push(format!("{path}: {:?} instead of {:?}", ours, read(&without[&path]).unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
