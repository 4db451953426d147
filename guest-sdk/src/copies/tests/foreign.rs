//! Contents of other sites, that launches name.

use super::world::{HONEST, World};
use super::*;

fn foreign(context: &str, link: &str) -> Address {
    Address { course: format!("lms.example:{context}"), content: format!("lms.example:{link}") }
}

#[test]
fn an_unknown_link_finds_its_ancestor() {
    let world = World::default();
    let host = world.watched(HONEST);
    let copies = copies();
    let a = foreign("c1", "l1");
    let item = copies.fix(&host).set_up(&Visit::foreign(&a, "", None)).expect("set up");
    item.put_to(&host, Namespace::Definition, "text", b"kept", Condition::Always).expect("put");
    item.put_to(&host, Namespace::UserData, "text", b"an answer", Condition::Always).expect("put");

    // The nearest ancestor was never opened; the one before it was.
    let n = foreign("c9", "l9");
    let history = IdHistory::parse("l5,l1").expect("known");
    let visit = Visit::foreign(&n, "", Some(&history));
    let Ok(Access::Ready(found)) = copies.fix(&host).open(&visit) else { panic!("found") };
    assert_eq!((found.state(), found.is_approximate()), (State::Resolved, true));
    assert_eq!((definition(&world, &found).as_str(), read(&world, &found, Namespace::UserData)), ("kept", "".into()));
    assert_eq!(world.id_writes(), 0, "there is nobody to write an id to");
    // The new id is recorded at once: its own copies find it, and it needs no history any more.
    let Ok(Access::Ready(again)) = copies.fix(&host).open(&Visit::foreign(&n, "", None)) else { panic!("known") };
    assert_eq!(again, found);
    let next = foreign("c10", "l10");
    let history = IdHistory::parse("l9,l5,l1").expect("known");
    world.put_text(&n, "the nearest");
    let Ok(Access::Ready(found)) = copies.fix(&host).open(&Visit::foreign(&next, "", Some(&history))) else {
        panic!("found")
    };
    assert_eq!(definition(&world, &found), "the nearest");
    // Another site's link of the same name is another one.
    let stranger = Address { course: "other.example:c1".into(), content: "other.example:l77".into() };
    let history = IdHistory::parse("l1").expect("known");
    let visit = Visit::foreign(&stranger, "", Some(&history));
    assert!(matches!(copies.fix(&host).open(&visit), Ok(Access::Unconfigured(_))));
}

#[test]
fn an_unknown_link_with_a_carried_id() {
    let world = World::default();
    let host = world.watched(HONEST);
    let copies = copies();
    let a = foreign("c1", "l1");
    let item = copies.fix(&host).set_up(&Visit::foreign(&a, "", None)).expect("set up");
    item.put_to(&host, Namespace::Definition, "text", b"kept", Condition::Always).expect("put");
    let n = foreign("c2", "l2");
    let visit = Visit::foreign(&n, item.external_id(), None);
    let Ok(Access::Ready(found)) = copies.fix(&host).open(&visit) else { panic!("found") };
    assert_eq!((definition(&world, &found).as_str(), found.is_approximate()), ("kept", true));
    assert_ne!(found.external_id(), item.external_id());
    // It goes on carrying the old one, which changes nothing.
    let Ok(Access::Ready(again)) = copies.fix(&host).open(&visit) else { panic!("found") };
    assert_eq!(again, found);
    assert_eq!(copies.fix(&host).state(&n), Ok(State::Resolved));
}
