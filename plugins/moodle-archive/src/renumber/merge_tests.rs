use super::*;
use crate::testing;
use proptest::prelude::*;

fn merged(documents: &[&str]) -> String {
    let documents: Vec<&[u8]> = documents.iter().map(|d| d.as_bytes()).collect();
    String::from_utf8(merge(&documents).unwrap()).unwrap()
}

#[test]
fn groups_and_groupings_come_together() {
    let first = "<groups>\n  <group id=\"1\"><name>A</name></group>\n  <groupcustomfields>\n  </groupcustomfields>\n  <groupings>\n    <grouping id=\"1\">\n    </grouping>\n    <groupingcustomfields>\n    </groupingcustomfields>\n  </groupings>\n</groups>";
    let other = "<groups>\n  <group id=\"2\"><group id=\"9\"/></group>\n  <group id=\"3\"/>\n  <groupcustomfields>\n    <groupcustomfield id=\"4\"/>\n  </groupcustomfields>\n  <groupings>\n    <grouping id=\"2\"/>\n  </groupings>\n</groups>";
    let expected = "<groups>\n  <group id=\"1\"><name>A</name></group>\n  <group id=\"2\"><group id=\"9\"/></group>\n  <group id=\"3\"/>\n  <groupcustomfields>\n    <groupcustomfield id=\"4\"/>\n  </groupcustomfields>\n  <groupings>\n    <grouping id=\"1\">\n    </grouping>\n    <grouping id=\"2\"/>\n    <groupingcustomfields>\n    </groupingcustomfields>\n  </groupings>\n</groups>";
    assert_eq!(merged(&[first, other]), expected);
    // Nothing of the name there yet: before what comes after it.
    let bare = "<groups>\n  <groupcustomfields>\n  </groupcustomfields>\n</groups>";
    let expected = "<groups>\n  <group id=\"1\"><name>A</name></group>\n  <groupcustomfields>\n  </groupcustomfields>\n  <groupings>\n    <grouping id=\"1\">\n    </grouping>\n    <groupingcustomfields>\n    </groupingcustomfields>\n  </groupings>\n</groups>";
    assert_eq!(merged(&[bare, first]), expected);
}

#[test]
fn elements_stand_alone() {
    let document = b"<groups>\n  <group id=\"2\"><name>A</name></group>\n  <groupings>\n    <grouping id=\"3\"/>\n  </groupings>\n</groups>";
    let found: Vec<_> = elements(document)
        .unwrap()
        .into_iter()
        .map(|e| (e.kind, e.id, String::from_utf8(e.document).unwrap()))
        .collect();
    let expected = [
        (IdKind::Group, 2, "<groups><group id=\"2\"><name>A</name></group></groups>"),
        (IdKind::Grouping, 3, "<groups><groupings><grouping id=\"3\"/></groupings></groups>"),
    ];
    assert_eq!(found, expected.map(|(kind, id, document)| (kind, id, document.to_owned())));
}

#[test]
fn empty_roots_and_lists_take_elements() {
    let scale = "<scales_definition>\n  <scale id=\"1\">\n  </scale>\n</scales_definition>";
    assert_eq!(merged(&["<scales_definition>\n</scales_definition>", scale]), scale);
    assert_eq!(merged(&["<scales_definition/>", scale]), scale);
    assert_eq!(merged(&[scale, "<scales_definition/>"]), scale);
    let twice = merged(&["<scales_definition id='x' />", scale, scale]);
    assert_eq!(
        twice,
        "<scales_definition id='x' >\n  <scale id=\"1\">\n  </scale>\n  <scale id=\"1\">\n  </scale>\n</scales_definition>"
    );
    assert!(merge(&[]).unwrap().is_empty());
}

#[test]
fn records_without_ids_are_kept_once_and_scalars_once() {
    let first = "<f><list><r><a>1</a></r></list><x>1</x></f>";
    let other = "<f><list><r><a>1</a></r><r><a>2</a></r></list><x>2</x><y>3</y></f>";
    assert_eq!(merged(&[first, other]), "<f><list><r><a>1</a></r><r><a>2</a></r></list><x>1</x><y>3</y></f>");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let error = merge(&[b"<groups/>", b"<scales_definition/>"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a document with the root <scales_definition> does not go with one with the root <groups>"
    );
    assert!(matches!(merge(&[b"<a/>", b"<a>"]), Err(MergeError::Xml(_))));
    let large = format!("<a>{}</a>", " ".repeat(LIMIT));
    assert_eq!(merge(&[b"<a/>", large.as_bytes()]), Err(MergeError::TooLarge { size: LIMIT + 7 }));
}

const GROUPS: &str = "<groups>\n  <group id=\"1\"><name>A b</name></group>\n  <group id=\"2\"><name>B</name></group>\n  <groupcustomfields>\n    <groupcustomfield id=\"1\"><groupid>1</groupid></groupcustomfield>\n    <groupcustomfield id=\"2\"><groupid>2</groupid></groupcustomfield>\n  </groupcustomfields>\n  <groupings>\n    <grouping id=\"1\"><x/></grouping>\n  </groupings>\n</groups>";

#[test]
fn identical_elements_are_found() {
    let same = [(IdKind::Group, 1), (IdKind::Group, 2), (IdKind::Grouping, 1)];
    assert_eq!(identical(GROUPS.as_bytes(), GROUPS.as_bytes()).unwrap(), same);
    let spaced = GROUPS
        .replace("><name>B", ">\n\n<name>B")
        .replace("A b", "A  b")
        .replace("grouping id=\"1\"", "grouping id=\"3\"");
    assert_eq!(identical(GROUPS.as_bytes(), spaced.as_bytes()).unwrap(), [(IdKind::Group, 2)]);
    assert_eq!(identical(spaced.as_bytes(), GROUPS.as_bytes()).unwrap(), [(IdKind::Group, 2)]);
    assert!(identical(GROUPS.as_bytes(), b"<groups/>").unwrap().is_empty());
}

#[test]
fn elements_are_left_out_with_what_belongs_to_them() {
    let out =
        without(GROUPS.as_bytes(), &BTreeSet::from([(IdKind::Group, 1), (IdKind::Grouping, 1), (IdKind::Scale, 2)]))
            .unwrap();
    let expected = "<groups>\n  <group id=\"2\"><name>B</name></group>\n  <groupcustomfields>\n    <groupcustomfield id=\"2\"><groupid>2</groupid></groupcustomfield>\n  </groupcustomfields>\n  <groupings>\n  </groupings>\n</groups>";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert_eq!(without(GROUPS.as_bytes(), &BTreeSet::new()).unwrap(), GROUPS.as_bytes());
}

#[test]
fn real_documents_come_together() {
    let Some(archive) = testing::archive("small_test_users1.tgz.mbz") else { return };
    for (path, ids) in [("groups.xml", 3), ("questions.xml", 2), ("scales.xml", 0), ("outcomes.xml", 0)] {
        let document = archive[path].as_slice();
        let same = identical(document, document).unwrap();
        assert_eq!(same.len(), ids, "{path}");
        let nothing = without(document, &same.into_iter().collect()).unwrap();
        assert!(identical(document, &nothing).unwrap().is_empty());
        // What is taken out and brought back stands where it stood.
        let again = merge(&[&nothing, document]).unwrap();
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(document), "{path}");
        let twice = merge(&[document, document]).unwrap();
        assert_eq!(identical(&twice, document).unwrap().len(), 2 * ids, "{path}");
    }
}

proptest! {
    #[test]
    fn any_documents_are_taken(
        a in "(<a>|</a>|<a/>|<b id=\"1\">|</b>|<b id=\"2\"/>|x| |<!--x-->|<!\\[CDATA\\[y\\]\\]>){0,12}",
        b in "(<a>|</a>|<a/>|<b id=\"1\">|</b>|<b id=\"2\"/>|x| ){0,12}",
    ) {
        let (a, b) = (format!("<a>{a}</a>"), format!("<a>{b}</a>"));
        if let Ok(out) = merge(&[a.as_bytes(), b.as_bytes()]) {
            prop_assert!(read(&out).is_ok());
        }
        let _ = identical(a.as_bytes(), b.as_bytes());
    }

    #[test]
    fn every_element_arrives(a in proptest::collection::vec(1u64..50, 0..6), b in proptest::collection::vec(1u64..50, 0..6)) {
        let of = |ids: &[u64]| {
            let scales: String = ids.iter().map(|id| format!("\n  <scale id=\"{id}\"><x/></scale>")).collect();
            format!("<scales_definition>{scales}\n</scales_definition>")
        };
        let all: Vec<u64> = a.iter().chain(&b).copied().collect();
        prop_assert_eq!(merged(&[&of(&a), &of(&b)]), of(&all));
    }
}
