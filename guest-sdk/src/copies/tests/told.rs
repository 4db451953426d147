//! Copies of which the plugin is told.

use super::*;
use crate::bindings::event::exports::provost::plugin::event_handler::NewExternalId;

#[test]
fn a_told_copy_is_finished_at_once() {
    for told in [CopyKind::Exact, CopyKind::Shallow] {
        let world = World::default();
        let a = original(&world);
        let n = address(4, 20);
        world.copy_content(&a, &n, Some(told));
        let event = ContentCopied { kind: told, origin: a.clone(), external_id: world.id_of(&a), copy: n.clone() };
        let handle = || copies().fix(&world.watched(HONEST)).copied(&event).expect("handled");
        let intents = handle();
        let [Intent::SetExternalId(intent)] = &intents[..] else { panic!("{intents:?}") };
        assert_eq!((&intent.content, &intent.expected), (&n, &None));
        let before = world.data();
        assert_eq!((handle(), world.data()), (intents.clone(), before), "told again, nothing changes");
        world.carry_out(&intents);
        assert_eq!(state(&world, &n), State::Resolved);
        let writes = world.id_writes();
        let item = ready(&world, &n);
        assert_eq!((item.external_id(), item.is_approximate()), (intent.external_id.as_str(), false));
        assert_eq!(world.id_writes(), writes, "nothing is left to do at the first access");

        // Edited, and told once more by an operator: the edit stays, and so does the id.
        world.put_text(&n, "edited");
        world.carry_out(&handle());
        assert_eq!((definition(&world, &ready(&world, &n)).as_str(), state(&world, &n)), ("edited", State::Resolved));
    }
}

#[test]
fn a_told_copy_of_nothing_is_nothing() {
    let world = World::default();
    let (a, n) = (address(3, 10), address(4, 20));
    world.add(&a);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    let event = ContentCopied { kind: CopyKind::Exact, origin: a, external_id: String::new(), copy: n };
    assert_eq!(copies().fix(&world.watched(HONEST)).copied(&event), Ok(vec![]));
    assert_eq!(world.data(), vec![]);
}

#[test]
fn a_copy_that_was_opened_before_it_was_told_stays() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    let event =
        ContentCopied { kind: CopyKind::Exact, origin: a.clone(), external_id: world.id_of(&a), copy: n.clone() };
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    let item = ready(&world, &n);
    let intents = copies().fix(&world.watched(HONEST)).copied(&event).expect("handled");
    let expected = NewExternalId { content: n.clone(), external_id: item.external_id().into(), expected: None };
    assert_eq!(intents, [Intent::SetExternalId(expected)]);
    world.carry_out(&intents);
    assert_eq!(ready(&world, &n), item);
}
