use super::*;
use proptest::prelude::*;

fn claims(kind: IdKind, ids: &[u64]) -> Claims {
    let mut claims = Claims::new();
    for &id in ids {
        claims.add(kind.clone(), id);
    }
    claims
}

fn maps(all: &[&Claims], bindings: &[Binding], people: &People) -> Vec<IdMap> {
    let scopes: Vec<Scope<'_>> =
        all.iter().enumerate().map(|(i, claims)| Scope { id: i as u64, parent: None, origin: None, claims }).collect();
    assign(&scopes, bindings, people)
}

fn binding(kind: IdKind, scope: ScopeId, local: u64, target_scope: ScopeId, target: u64) -> Binding {
    Binding { scope, kind, local, target_scope, target }
}

#[test]
fn older_scopes_keep_their_ids() {
    let (old, young) = (claims(IdKind::Group, &[5, 6]), claims(IdKind::Group, &[1, 5, 6, 9]));
    let maps = maps(&[&old, &young], &[], &People::new());
    assert!(maps[0].is_identity());
    let to: Vec<u64> = [1, 5, 6, 9].iter().map(|&id| maps[1].get(&IdKind::Group, id)).collect();
    assert_eq!(to, [1, 10, 11, 9]);
    // Another kind is another space, and what nobody defines stays.
    assert_eq!(maps[1].get(&IdKind::Grouping, 5), 5);
    assert_eq!(maps[1].get(&IdKind::Group, 77), 77);
}

/// References to things that are not there meet nothing else, unless the very thing is in another scope.
#[test]
fn what_is_missing_is_nothing_else() {
    let part = crate::layout::parse("activities/page_3/module.xml");
    let crate::layout::Place::Part(part) = part else { panic!() };
    let mut young = Claims::new();
    let conditions = r#"{"op":"&amp;","c":[{"type":"completion","cm":5,"e":1},{"type":"completion","cm":6,"e":1}]}"#;
    let module = format!("<module id=\"3\"><availability>{conditions}</availability></module>");
    young.scan_all(&part, module.as_bytes()).unwrap();
    assert!(young.refers(&IdKind::CourseModule, 5) && !young.defines(&IdKind::CourseModule, 5));
    let old = claims(IdKind::CourseModule, &[5, 7]);
    let of = |here: Option<(&str, u64)>, there: Option<(&str, u64)>, parent: Option<u64>| {
        let scopes = [
            Scope { id: 0, parent: None, origin: here, claims: &old },
            Scope { id: 1, parent, origin: there, claims: &young },
        ];
        let maps = assign(&scopes, &[], &People::new());
        assert!(maps[0].is_identity());
        [3, 5, 6].map(|id| maps[1].get(&IdKind::CourseModule, id))
    };
    // 5 is another one's there, 6 nobody's.
    assert_eq!(of(None, None, None), [3, 8, 6]);
    assert_eq!(of(Some(("a", 2)), Some(("b", 2)), None), [3, 8, 6]);
    assert_eq!(of(Some(("a", 2)), Some(("a", 3)), None), [3, 8, 6]);
    // The same course of the same site, and the scope it was copied from.
    assert_eq!(of(Some(("a", 2)), Some(("a", 2)), None), [3, 5, 6]);
    assert_eq!(of(None, None, Some(0)), [3, 5, 6]);
}

#[test]
fn what_cannot_be_rewritten_comes_first() {
    let part = crate::layout::parse("activities/mymod_3/mymod.xml");
    let crate::layout::Place::Part(part) = part else { panic!() };
    let mut young = Claims::new();
    young
        .scan_all(
            &part,
            b"<activity id=\"7\" moduleid=\"3\" modulename=\"mymod\" contextid=\"9\"><mymod id=\"7\"/></activity>",
        )
        .unwrap();
    let old = claims(IdKind::CourseModule, &[3, 4]);
    let of = maps(&[&old, &young], &[], &People::new());
    assert_eq!((of[0].get(&IdKind::CourseModule, 3), of[1].get(&IdKind::CourseModule, 3)), (5, 3));
    assert!(of[1].unkept().is_empty());
    // Two of them cannot both keep it.
    let of = maps(&[&young.clone(), &young], &[], &People::new());
    assert!(of[0].unkept().is_empty());
    assert_eq!(of[1].get(&IdKind::instance("mymod"), 7), 8);
    assert!(of[1].unkept().contains(&(IdKind::CourseModule, 3)));
}

#[test]
fn bindings_lead_to_final_numbers() {
    let (a, b, c) = (claims(IdKind::Section, &[1]), claims(IdKind::Section, &[1]), claims(IdKind::Section, &[1, 2]));
    let bindings = [
        binding(IdKind::Section, 2, 1, 1, 1),
        // To what nobody defines, in a circle, and to a scope that is not there.
        binding(IdKind::Section, 2, 2, 0, 40),
        binding(IdKind::Group, 1, 1, 2, 1),
        binding(IdKind::Group, 2, 1, 1, 1),
        binding(IdKind::Role, 2, 4, 99, 5),
    ];
    let maps = maps(&[&a, &b, &c], &bindings, &People::new());
    assert_eq!(maps[1].get(&IdKind::Section, 1), 3);
    assert_eq!(maps[2].get(&IdKind::Section, 1), 3);
    assert_eq!(maps[2].get(&IdKind::Section, 2), 40);
    assert_eq!(maps[2].get(&IdKind::Group, 1), 1);
    assert_eq!(maps[2].get(&IdKind::Role, 4), 4);
}

#[test]
fn the_same_person_becomes_one() {
    let mut old = Claims::new();
    old.add_person(7, 70);
    old.add_person(8, 80);
    let mut young = Claims::new();
    young.add_person(7, 70);
    young.add_person(9, 90);
    young.add_person(10, 100);
    let people =
        People::from([((0, 7), 500), ((0, 8), 501), ((1, 7), 501), ((1, 9), 500), ((1, 33), 500), ((9, 1), 500)]);
    let maps = maps(&[&old, &young], &[], &people);
    let of = |id| maps[1].get(&IdKind::User, id);
    assert_eq!((of(7), of(9), of(33), of(10)), (8, 7, 7, 10));
    assert_eq!((maps[1].get(&IdKind::Context, 70), maps[1].get(&IdKind::Context, 90)), (80, 70));
    assert!(maps[0].is_identity());
}

#[test]
fn a_younger_scope_lives_in_the_first_ones_course() {
    let mut old = Claims::new();
    old.set_course(7, 70);
    old.set_system_context(1);
    old.add(IdKind::CourseCategory, 3);
    let mut young = Claims::new();
    young.set_course(8, 71);
    young.set_system_context(2);
    young.add(IdKind::CourseCategory, 4);
    young.add(IdKind::Context, 70);
    let unsaid = claims(IdKind::Context, &[75]);
    let bound = [binding(IdKind::Context, 2, 99, 1, 70)];
    let maps = maps(&[&old, &young, &unsaid], &bound, &People::new());
    let of = |kind: IdKind, id| maps[1].get(&kind, id);
    assert_eq!((of(IdKind::Course, 8), of(IdKind::CourseCategory, 4)), (7, 3));
    assert_eq!([71, 2, 70, 55].map(|id| of(IdKind::Context, id)), [70, 1, 76, 70]);
    // Another course is another course.
    assert_eq!((of(IdKind::Course, 9), of(IdKind::CourseCategory, 9)), (9, 9));
    assert_eq!((maps[2].get(&IdKind::Course, 9), maps[2].get(&IdKind::CourseCategory, 9)), (7, 3));
    assert_eq!([75, 99, 5].map(|id| maps[2].get(&IdKind::Context, id)), [75, 76, 70]);
}

#[test]
fn a_child_looks_to_its_parent() {
    let first = claims(IdKind::GradeItem, &[1, 2]);
    let imported = claims(IdKind::GradeItem, &[1, 2, 3]);
    let copied = claims(IdKind::GradeItem, &[1]);
    let scopes = [
        Scope { id: 10, parent: None, origin: None, claims: &first },
        Scope { id: 20, parent: None, origin: None, claims: &imported },
        Scope { id: 30, parent: Some(20), origin: None, claims: &copied },
        Scope { id: 40, parent: Some(40), origin: None, claims: &copied },
    ];
    let bindings = [binding(IdKind::GradeItem, 10, 8, 30, 2)];
    let maps = assign(&scopes, &bindings, &People::new());
    let of = |i: usize| [1, 2, 3].map(|id| maps[i].get(&IdKind::GradeItem, id));
    assert_eq!(of(0), [1, 2, 3]);
    assert_eq!(of(1), [4, 5, 3]);
    assert_eq!(of(2), [6, 5, 3]);
    assert_eq!(of(3), [7, 2, 3]);
    assert_eq!(maps[0].get(&IdKind::GradeItem, 8), 5);
}

#[test]
fn private_ids_change_only_for_links() {
    let part = |path: &str| match crate::layout::parse(path) {
        crate::layout::Place::Part(part) => part,
        _ => panic!(),
    };
    let forum = b"<activity id=\"1\"><forum id=\"1\"><discussions><discussion id=\"5\"/><discussion id=\"6\"/></discussions></forum></activity>";
    let mut old = Claims::new();
    old.scan_all(&part("activities/forum_1/forum.xml"), forum).unwrap();
    let mut young = old.clone();
    young
        .scan_all(&part("activities/page_2/page.xml"), b"<activity><page>$@FORUMDISCUSSIONVIEW*6@$</page></activity>")
        .unwrap();
    let maps = maps(&[&old, &young], &[], &People::new());
    assert_eq!([5, 6].map(|id| maps[1].get(&IdKind::ForumDiscussion, id)), [5, 7]);
}

#[test]
fn there_is_always_room() {
    let (old, young) = (claims(IdKind::File, &[1, 3, u64::MAX]), claims(IdKind::File, &[1, 2, u64::MAX]));
    let maps = maps(&[&old, &young], &[], &People::new());
    assert_eq!([1, 2, u64::MAX].map(|id| maps[1].get(&IdKind::File, id)), [4, 2, 5]);
}

proptest! {
    #[test]
    fn no_two_things_share_an_id(
        all in proptest::collection::vec(proptest::collection::btree_set(1u64..30, 0..12), 1..5),
    ) {
        let all: Vec<Claims> =
            all.iter().map(|ids| claims(IdKind::Group, &ids.iter().copied().collect::<Vec<_>>())).collect();
        let maps = maps(&all.iter().collect::<Vec<_>>(), &[], &People::new());
        let mut seen = BTreeSet::new();
        for (claims, map) in all.iter().zip(&maps) {
            for id in claims.defined(&IdKind::Group) {
                prop_assert!(seen.insert(map.get(&IdKind::Group, id)));
            }
        }
        prop_assert!(maps[0].is_identity());
    }
}
