use super::*;
use crate::testing;
use crate::xml::tree::Element;

const TWO: &str = "<?xml version=\"1.0\"?>\n<enrolments>\n  <enrols>\n    <enrol id=\"4\">\n      <enrol>self</enrol>\n      <user_enrolments>\n        \
    <enrolment id=\"9\">\n          <status>0</status>\n          <userid>7</userid>\n        </enrolment>\n      </user_enrolments>\n    </enrol>\n    \
    <enrol id=\"5\">\n      <enrol>manual</enrol>\n      <user_enrolments>\n        \
    <enrolment id=\"3\">\n          <status>0</status>\n          <userid>8</userid>\n          <timestart>1</timestart>\n          <timeend>2</timeend>\n        </enrolment>\n      \
    </user_enrolments>\n    </enrol>\n  </enrols>\n</enrolments>\n";

fn people(list: &[(u64, bool)]) -> Additions {
    let people = list.iter().map(|&(person, suspended)| (person, Enrolment { suspended, start: 10, end: 0 })).collect();
    Additions::Enrolments { people, method: 77 }
}

fn adding(additions: Additions, document: &[u8], piece: usize) -> Vec<u8> {
    let mut looking = Adder::new(additions.none(), 0);
    let mut out = looking.feed(document).unwrap();
    looking.finish().unwrap();
    assert_eq!(out, document, "looking changes nothing");
    let mut adder = Adder::new(additions, looking.largest() + 1);
    out.clear();
    for chunk in document.chunks(piece) {
        out.extend(adder.feed(chunk).unwrap());
    }
    adder.finish().unwrap();
    out
}

/// Method, number, person and state of each enrolment.
fn enrolled(document: &[u8]) -> Vec<(String, u64, u64, String)> {
    let root = Element::parse(document).unwrap();
    let mut found = Vec::new();
    for method in root.child("enrols").unwrap().all("enrol") {
        let kind = method.field("enrol").unwrap().to_owned();
        for row in method.child("user_enrolments").unwrap().all("enrolment") {
            let number = |text: &str| text.parse().unwrap();
            let (id, person) = (row.attribute("id").unwrap(), row.field("userid").unwrap());
            found.push((kind.clone(), number(&id), number(person), row.field("status").unwrap().to_owned()));
        }
    }
    found
}

#[test]
fn people_are_added_to_the_manual_method() {
    for piece in [1, 7, 10_000] {
        let out = adding(people(&[(7, false), (12, true)]), TWO.as_bytes(), piece);
        let row = |kind: &str, id, person, status: &str| (kind.to_owned(), id, person, status.to_owned());
        assert_eq!(
            enrolled(&out),
            [row("self", 9, 7, "0"), row("manual", 3, 8, "0"), row("manual", 10, 7, "0"), row("manual", 11, 12, "1")]
        );
        let text = String::from_utf8(out).unwrap();
        let new = "        </enrolment>\n        <enrolment id=\"10\">\n          <status>0</status>\n          <userid>7</userid>\n          <timestart>10</timestart>\n";
        assert!(text.contains(new), "{text}");
        assert!(
            text.ends_with(
                "        </enrolment>\n      </user_enrolments>\n    </enrol>\n  </enrols>\n</enrolments>\n"
            )
        );
        // Everything else is as it was.
        let (head, rest) = text.split_once("\n        <enrolment id=\"10\">").unwrap();
        let tail = rest.rsplit_once("</enrolment>").unwrap().1;
        assert_eq!(format!("{head}{tail}"), TWO);
    }
}

#[test]
fn who_is_enrolled_by_hand_already_is_so_once() {
    let out = adding(people(&[(8, true)]), TWO.as_bytes(), 9);
    let text = String::from_utf8(out).unwrap();
    let was = "<status>0</status>\n          <userid>8</userid>\n          <timestart>1</timestart>\n          <timeend>2</timeend>";
    let now = "<status>1</status>\n          <userid>8</userid>\n          <timestart>10</timestart>\n          <timeend>0</timeend>";
    assert_eq!(text, TWO.replace(was, now));
}

#[test]
fn nobody_to_add_changes_nothing() {
    assert_eq!(adding(people(&[]), TWO.as_bytes(), 3), TWO.as_bytes());
}

#[test]
fn what_is_missing_on_the_way_is_made() {
    for document in [
        "<enrolments>\n  <enrols>\n    <enrol id=\"4\">\n      <enrol>self</enrol>\n      <user_enrolments/>\n    </enrol>\n  </enrols>\n</enrolments>",
        "<enrolments>\n  <enrols>\n  </enrols>\n</enrolments>",
        "<enrolments><enrols/></enrolments>",
        "<enrolments />",
        "<enrolments></enrolments>",
        "<enrolments><enrols><enrol id='77'><enrol>manual</enrol></enrol></enrols></enrolments>",
        "<enrolments><enrols><enrol id='77'><enrol>manual</enrol><user_enrolments/></enrol></enrols></enrolments>",
    ] {
        let out = adding(people(&[(7, false)]), document.as_bytes(), 5);
        let root = Element::parse(&out).unwrap();
        let methods: Vec<&Element> = root.child("enrols").unwrap().all("enrol").collect();
        let manual: Vec<_> = methods.iter().filter(|m| m.field("enrol") == Some("manual")).collect();
        assert_eq!(manual.len(), 1, "{document}");
        assert_eq!(manual[0].attribute("id").as_deref(), Some("77"), "{document}");
        assert_eq!(manual[0].child("user_enrolments").unwrap().all("enrolment").count(), 1, "{document}");
    }
    let new = Adder::document(people(&[(7, false)])).unwrap();
    assert_eq!(enrolled(&new), [("manual".to_owned(), 1, 7, "0".to_owned())]);
}

#[test]
fn roles_are_added_once() {
    let document = "<roles>\n  <role_overrides/>\n  <role_assignments>\n    <assignment id=\"4\">\n      <roleid>5</roleid>\n      <userid>7</userid>\n      <component></component>\n    </assignment>\n    <assignment id=\"6\">\n      <roleid>5</roleid>\n      <userid>8</userid>\n      <component>enrol_cohort</component>\n    </assignment>\n  </role_assignments>\n</roles>";
    let out = adding(Additions::Roles([(7, 5), (7, 3), (8, 5)].into()), document.as_bytes(), 11);
    let root = Element::parse(&out).unwrap();
    let rows = root.child("role_assignments").unwrap().all("assignment");
    let row = |e: &Element| {
        (e.attribute("id").unwrap(), e.field("userid").unwrap().to_owned(), e.field("roleid").unwrap().to_owned())
    };
    let found: Vec<_> = rows.map(row).collect();
    let row = |id: &str, person: &str, role: &str| (id.to_owned(), person.to_owned(), role.to_owned());
    assert_eq!(found, [row("4", "7", "5"), row("6", "8", "5"), row("7", "7", "3"), row("8", "8", "5")]);
    let new = Adder::document(Additions::Roles([(7, 5)].into())).unwrap();
    assert!(
        String::from_utf8(new)
            .unwrap()
            .contains("<roles>\n  <role_assignments>\n    <assignment id=\"1\">\n      <roleid>5</roleid>")
    );
}

#[test]
fn real_documents_keep_their_bytes() {
    for name in ["small_test_users1.tgz.mbz", "small_test_users0.tgz.mbz"] {
        let Some(archive) = testing::archive(name) else { return };
        let document = &archive["course/enrolments.xml"];
        let out = adding(people(&[(4_000, false)]), document, 100);
        let new: Vec<_> = enrolled(&out).into_iter().filter(|(_, _, person, _)| *person == 4_000).collect();
        assert_eq!(new.len(), 1);
        assert_eq!(enrolled(&out).len(), enrolled(document).len() + 1);
        assert_eq!(adding(people(&[]), document, 100), *document);
        assert_eq!(
            adding(Additions::Roles(BTreeSet::new()), &archive["course/roles.xml"], 100),
            archive["course/roles.xml"]
        );
    }
}
