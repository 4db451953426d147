//! The decision table row by row, on a host in memory.

mod crashes;
mod foreign;
mod races;
mod told;
mod world;

use super::record::LEASE;
use super::*;
use crate::bindings::imports::provost::plugin::events::CopyKind;
use world::{HONEST, World, address, text};

fn copies() -> Copies {
    Copies::new()
}

/// Opens on a host that works.
fn open(world: &World, content: &Address) -> Result<Access> {
    copies().fix(&world.watched(HONEST)).open(&Visit::here(content))
}

fn ready(world: &World, content: &Address) -> Opened {
    match open(world, content) {
        Ok(Access::Ready(item)) => item,
        other => panic!("not ready: {other:?}"),
    }
}

fn set_up(world: &World, content: &Address, words: &str) -> Opened {
    let host = world.watched(HONEST);
    let item = copies().fix(&host).set_up(&Visit::here(content)).expect("set up");
    item.put_to(&host, Namespace::Definition, "text", words.as_bytes(), Condition::Always).expect("put");
    item
}

fn read(world: &World, item: &Opened, namespace: Namespace) -> String {
    let value = item.get_from(&world.watched(HONEST), namespace, "text").expect("read");
    value.map(|v| text(&v.bytes)).unwrap_or_default()
}

fn definition(world: &World, item: &Opened) -> String {
    read(world, item, Namespace::Definition)
}

fn state(world: &World, content: &Address) -> State {
    copies().fix(&world.watched(HONEST)).state(content).expect("a state")
}

/// A content that was set up, with something that a person wrote.
fn original(world: &World) -> Address {
    let a = address(3, 10);
    world.add(&a);
    let item = set_up(world, &a, "as it was");
    let host = world.watched(HONEST);
    item.put_to(&host, Namespace::UserData, "text", b"an answer", Condition::Always).expect("put");
    a
}

#[test]
fn row_1_a_record_with_its_id_is_served() {
    let world = World::default();
    let a = original(&world);
    let writes = world.id_writes();
    let before = world.data();
    let item = ready(&world, &a);
    assert_eq!((item.state(), item.is_approximate(), item.is_read_only()), (State::Resolved, false, false));
    assert_eq!(item.external_id(), world.id_of(&a));
    assert_eq!(definition(&world, &item), "as it was");
    assert_eq!(read(&world, &item, Namespace::UserData), "an answer");
    assert_eq!((world.id_writes(), world.data()), (writes, before), "an ordinary access writes nothing");
}

#[test]
fn row_2_a_lost_id_is_written_again() {
    let world = World::default();
    let a = original(&world);
    let id = world.id_of(&a);
    for lost in ["", "something else"] {
        world.set_id(&a, lost);
        assert_eq!(state(&world, &a), State::FixPending);
        let item = ready(&world, &a);
        assert_eq!((item.state(), item.external_id()), (State::Resolved, id.as_str()));
        assert_eq!((world.id_of(&a), state(&world, &a)), (id.clone(), State::Resolved), "lost to {lost:?}");
    }
}

#[test]
fn row_3_a_snapshot_becomes_a_record() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    assert_eq!(world.id_of(&n), world.id_of(&a), "a copy carries the original's id");
    assert_eq!(state(&world, &n), State::Snapshotted);
    world.put_text(&a, "edited since");
    let item = ready(&world, &n);
    assert_eq!((item.state(), item.is_approximate()), (State::Resolved, false));
    assert_eq!(definition(&world, &item), "as it was");
    assert_eq!(read(&world, &item, Namespace::UserData), "an answer");
    assert_ne!(world.id_of(&n), world.id_of(&a));
    assert_eq!(world.id_of(&n), item.external_id());
    assert_eq!(uuid::Uuid::parse_str(item.external_id()).map(|id| id.get_version_num()), Ok(5));
    assert_eq!(ready(&world, &n), item);
    assert_eq!(world.claims(), 0);
}

#[test]
fn row_3_a_snapshot_without_a_record_of_the_original() {
    // What a plugin kept before it began to follow copies.
    let world = World::default();
    let a = address(3, 10);
    world.add(&a);
    world.put_text(&a, "kept before");
    assert_eq!(state(&world, &a), State::Snapshotted);
    let item = ready(&world, &a);
    assert_eq!((item.state(), definition(&world, &item).as_str()), (State::Resolved, "kept before"));
    assert_eq!(world.id_of(&a), item.external_id());
}

#[test]
fn row_4_without_a_snapshot_the_definition_is_copied() {
    let world = World::default();
    let a = original(&world);
    let id = world.id_of(&a);
    let n = address(4, 20);
    world.copy_content(&a, &n, None);
    world.put_text(&a, "edited since");
    let item = ready(&world, &n);
    assert_eq!((item.state(), item.is_approximate()), (State::Resolved, true));
    assert_eq!(definition(&world, &item), "edited since");
    assert_eq!(read(&world, &item, Namespace::UserData), "", "no permission is known: people's data stays");
    assert_ne!(item.external_id(), id);
    assert_eq!(world.id_of(&n), item.external_id());
    // It stays marked, and goes its own way.
    world.put_text(&a, "edited once more");
    let again = ready(&world, &n);
    assert!(again.is_approximate());
    assert_eq!(definition(&world, &again), "edited since");
    assert_eq!(world.id_of(&a), id, "the id keeps belonging to the original");
    assert_eq!(world.claims(), 0);
}

#[test]
fn row_5_nothing_is_said_neutrally() {
    let world = World::default();
    let (a, b) = (address(3, 10), address(3, 11));
    world.add(&a);
    world.add(&b);
    world.set_id(&b, "an id that nobody knows");
    for content in [&a, &b] {
        let Ok(Access::Unconfigured(item)) = open(&world, content) else { panic!("there is nothing") };
        assert_eq!(item.content, *content);
        assert!(item.text(true).contains("Set it up") && item.text(false) == "This item is not available yet.");
        assert_eq!((state(&world, content), world.claims()), (State::Unconfigured, 0));
    }
    assert_eq!(world.data(), vec![], "looking at nothing writes nothing");
}

#[test]
fn what_is_unknown_can_be_set_up() {
    let world = World::default();
    let b = address(3, 11);
    world.add(&b);
    world.set_id(&b, "an id that nobody knows");
    let item = set_up(&world, &b, "new");
    assert_eq!((world.id_of(&b).as_str(), item.state()), (item.external_id(), State::Resolved));
    assert_eq!(set_up(&world, &b, "new"), item, "once more changes nothing");
}

#[test]
fn setting_up_a_copy_keeps_what_was_copied() {
    let world = World::default();
    let a = original(&world);
    for (content, told) in [(20, Some(CopyKind::Exact)), (21, None)] {
        let n = address(4, content);
        world.copy_content(&a, &n, told);
        let host = world.watched(HONEST);
        let item = copies().fix(&host).set_up(&Visit::here(&n)).expect("set up");
        assert_eq!(definition(&world, &item), "as it was");
        assert_eq!(item.is_approximate(), told.is_none());
    }
}

#[test]
fn a_content_that_is_gone_is_not_found() {
    let world = World::default();
    let error = open(&world, &address(3, 10)).expect_err("there is none");
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NotFound, "content"));
    assert_eq!(state(&world, &address(3, 10)), State::Gone);
    // Also where its record is still there.
    let a = original(&world);
    world.remove(&a);
    assert_eq!((state(&world, &a), open(&world, &a).is_err()), (State::Gone, true));
    copies().fix(&world.watched(HONEST)).deleted(&a).expect("forgotten");
    assert_eq!(world.data(), vec![], "nothing is left of it");
    // Once more is success.
    copies().fix(&world.watched(HONEST)).deleted(&a).expect("forgotten");
}

#[test]
fn a_chain_of_copies_that_nobody_opened() {
    for told in [Some(CopyKind::Exact), Some(CopyKind::Shallow), None] {
        let world = World::default();
        let a = original(&world);
        let (b, c) = (address(4, 20), address(5, 30));
        world.copy_content(&a, &b, told);
        if told.is_some() {
            world.put_text(&a, "edited between");
        }
        world.copy_content(&b, &c, told);
        let item = ready(&world, &c);
        assert_eq!(definition(&world, &item), "as it was", "{told:?}");
        assert_eq!(item.is_approximate(), told.is_none());
        let between = ready(&world, &b);
        let ids = [world.id_of(&a), world.id_of(&b), world.id_of(&c)];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
        let expected = if told == Some(CopyKind::Exact) { "an answer" } else { "" };
        assert_eq!(read(&world, &item, Namespace::UserData), expected);
        assert_eq!(read(&world, &between, Namespace::UserData), expected);
    }
}

#[test]
fn a_copy_s_data_may_lie_with_its_original() {
    let world = World::default();
    let a = original(&world);
    let (b, c) = (address(4, 20), address(4, 21));
    world.copy_content(&a, &b, Some(CopyKind::Exact));
    world.copy_content(&a, &c, None);
    let host = world.watched(HONEST);
    let copies = copies();
    let source = |content: &Address| copies.fix(&host).source(content, &world.id_of(content)).expect("looked for");
    assert_eq!(source(&a), Some(a.clone()));
    assert_eq!(source(&b), Some(b.clone()), "a snapshot is data");
    assert_eq!(source(&c), Some(a.clone()));
    assert_eq!(copies.fix(&host).source(&address(9, 9), "unknown"), Ok(None));
}

#[test]
fn several_copies_share_an_id() {
    let world = World::default();
    let a = original(&world);
    let id = world.id_of(&a);
    let all: Vec<_> = (20..26).map(|content| address(4, content)).collect();
    for (at, n) in all.iter().enumerate() {
        world.copy_content(&a, n, (at % 2 == 0).then_some(CopyKind::Exact));
    }
    let ids: std::collections::BTreeSet<_> = all.iter().map(|n| ready(&world, n).external_id().to_owned()).collect();
    assert_eq!((ids.len(), ids.contains(&id)), (all.len(), false));
    assert_eq!(world.id_of(&a), id);
    world.put_text(&all[0], "one of them is edited");
    for n in &all[1..] {
        assert_eq!(definition(&world, &ready(&world, n)), "as it was");
    }
}

#[test]
fn an_original_that_is_gone_leaves_its_ancestors() {
    let world = World::default();
    let a = original(&world);
    let (b, c) = (address(4, 20), address(5, 30));
    world.copy_content(&a, &b, Some(CopyKind::Exact));
    ready(&world, &b);
    // Copied without word of it, and then what it was copied from is deleted.
    world.copy_content(&b, &c, None);
    copies().fix(&world.watched(HONEST)).deleted(&b).expect("deleted");
    world.remove(&b);
    let item = ready(&world, &c);
    assert_eq!((definition(&world, &item).as_str(), item.is_approximate()), ("as it was", true));
}

#[test]
fn what_an_original_got_after_the_copy_stays_its_own() {
    let world = World::default();
    let (a, n) = (address(3, 10), address(4, 20));
    world.add(&a);
    // Nothing was kept with the original when it was copied, so the copy has nothing.
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    set_up(&world, &a, "later");
    assert!(matches!(open(&world, &n), Ok(Access::Unconfigured(_))));
}

#[test]
fn a_failing_write_does_not_fail_the_page() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    let broken = world.watched(|call: &str| match call {
        "set_external_id" => Err(Error::failed("the disk is full")),
        _ => Ok(()),
    });
    let copies = copies().retried_by("finish-copies");
    for _ in 0..2 {
        let Ok(Access::Ready(item)) = copies.fix(&broken).open(&Visit::here(&n)) else { panic!("served") };
        assert_eq!((item.state(), definition(&world, &item).as_str()), (State::FixPending, "as it was"));
        assert!(!item.is_read_only());
        assert_eq!((state(&world, &n), world.id_of(&n)), (State::FixPending, world.id_of(&a)));
    }
    assert!(world.logged("was not written: the disk is full"), "the operator learns why");
    assert_eq!(world.jobs(), ["finish-copies"], "one job for one claim, at whatever access");
    let still = copies.fix(&broken).retry().expect_err("still broken");
    assert_eq!((still.kind, still.code.as_str()), (ErrorKind::RetryLater, "copies"));

    // By itself.
    assert_eq!(copies.fix(&world.watched(HONEST)).retry(), Ok(1));
    assert_eq!((state(&world, &n), world.claims()), (State::Resolved, 0));
    assert_eq!(copies.fix(&world.watched(HONEST)).retry(), Ok(0));

    // At the next access.
    let m = address(4, 21);
    world.copy_content(&a, &m, None);
    assert!(matches!(copies.fix(&broken).open(&Visit::here(&m)), Ok(Access::Ready(_))));
    let item = ready(&world, &m);
    assert_eq!((item.state(), item.is_approximate()), (State::Resolved, true), "it is still known to be approximate");
    assert_eq!((world.id_of(&m).as_str(), world.claims()), (item.external_id(), 0));
}

#[test]
fn an_id_that_cannot_be_read_does_not_fail_the_page_of_a_record() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    let broken = world.watched(|call: &str| match call {
        "external_id" => Err(Error::new(ErrorKind::RetryLater, "", "busy")),
        _ => Ok(()),
    });
    let copies = copies();
    assert!(matches!(copies.fix(&broken).open(&Visit::here(&a)), Ok(Access::Ready(_))));
    assert_eq!(copies.fix(&broken).open(&Visit::here(&n)).expect_err("not known yet").kind, ErrorKind::RetryLater);
}

#[test]
fn a_content_deleted_meanwhile_leaves_nothing_to_retry() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    let leaving = world.watched(|call: &str| {
        if call == "set_external_id" {
            world.remove(&n);
        }
        Ok(())
    });
    assert!(matches!(copies().fix(&leaving).open(&Visit::here(&n)), Ok(Access::Ready(_))));
    assert_eq!((world.claims(), state(&world, &n)), (0, State::Gone));
}

#[test]
fn an_id_that_changes_meanwhile_is_seen() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    let times = std::cell::Cell::new(0);
    let meddled = world.watched(|call: &str| {
        if call == "set_external_id" && times.replace(times.get() + 1) == 0 {
            world.set_id(&n, "meddled");
        }
        Ok(())
    });
    assert!(matches!(copies().fix(&meddled).open(&Visit::here(&n)), Ok(Access::Ready(_))));
    assert_eq!((times.get(), state(&world, &n)), (2, State::Resolved));
    // Somebody who does not stop gets the page too.
    let always = world.watched(|call: &str| {
        if call == "set_external_id" {
            world.set_id(&n, &format!("meddled {}", times.replace(times.get() + 1)));
        }
        Ok(())
    });
    world.set_id(&n, "lost");
    let Ok(Access::Ready(item)) = copies().fix(&always).open(&Visit::here(&n)) else { panic!("served") };
    assert_eq!((item.state(), world.claims()), (State::FixPending, 1));
    assert_eq!((ready(&world, &n).state(), world.claims()), (State::Resolved, 0));
}

#[test]
fn while_another_call_is_at_it() {
    let world = World::default();
    let a = original(&world);
    let (snapshot, lazy, new) = (address(4, 20), address(4, 21), address(4, 22));
    world.copy_content(&a, &snapshot, Some(CopyKind::Exact));
    world.copy_content(&a, &lazy, None);
    world.add(&new);
    let writes = world.id_writes();
    for n in [&snapshot, &lazy, &new] {
        world.claim(n, world.now());
    }
    let item = ready(&world, &snapshot);
    assert_eq!((item.state(), item.is_read_only()), (State::Fixing, false));
    assert_eq!(read(&world, &item, Namespace::UserData), "an answer");

    let item = ready(&world, &lazy);
    assert_eq!((item.state(), item.is_read_only(), item.is_approximate()), (State::Fixing, true, true));
    assert_eq!(definition(&world, &item), "as it was");
    assert_eq!(read(&world, &item, Namespace::UserData), "", "nobody sees what others wrote elsewhere");
    let host = world.watched(HONEST);
    let refused = item.put_to(&host, Namespace::UserData, "text", b"mine", Condition::Always).expect_err("refused");
    assert_eq!(refused.kind, ErrorKind::RetryLater);

    assert!(matches!(open(&world, &new), Ok(Access::Unconfigured(_))));
    let busy = copies().fix(&host).set_up(&Visit::here(&new)).expect_err("busy");
    assert_eq!(busy.kind, ErrorKind::RetryLater);
    assert_eq!(world.id_writes(), writes);
    assert_eq!(state(&world, &snapshot), State::Fixing);

    // A call that died is not waited for for ever; nor does a clock that was set back hold anything.
    world.pass(LEASE);
    assert_eq!(ready(&world, &snapshot).state(), State::Resolved);
    world.pass(-3 * LEASE);
    assert_eq!(ready(&world, &lazy).state(), State::Resolved);
}

#[test]
fn ids_belong_to_a_site_a_target_and_an_address() {
    let id = |site: &str, target: &str, content: &Address| record::fresh_id(site, target, content);
    let here = id("site", "", &address(1, 12));
    assert_eq!(here, id("site", "", &address(1, 12)));
    for other in [
        id("site", "", &address(11, 2)),
        id("site", "tool", &address(1, 12)),
        id("other", "", &address(1, 12)),
        id("site", "", &address(12, 1)),
    ] {
        assert_ne!(here, other);
    }
}

#[test]
fn an_archive_s_id_is_not_taken_for_one_of_this_site() {
    let (here, there) = (World::default(), World::at("ffffffffffffffffffffffffffffffff"));
    let (a, same) = (original(&here), original(&there));
    assert_eq!(a, same);
    // Restored here without its data, it carries the id that a content of the same number has there.
    let n = address(8, 80);
    here.add(&n);
    here.set_id(&n, &there.id_of(&same));
    assert!(matches!(open(&here, &n), Ok(Access::Unconfigured(_))));
}

#[test]
fn targets_do_not_see_each_other() {
    let world = World::default();
    let a = address(3, 10);
    world.add(&a);
    let host = world.watched(HONEST);
    let (left, right) = (Copies::of_target("left"), Copies::of_target("right"));
    let left_id = left.fix(&host).set_up(&Visit::here(&a)).expect("set up").external_id().to_owned();
    let right_id = right.fix(&host).set_up(&Visit::here(&a)).expect("set up").external_id().to_owned();
    assert_ne!(left_id, right_id);
    assert_eq!(host.external_id("left", &a), Ok(left_id));
    assert_eq!(host.external_id("right", &a), Ok(right_id));
    assert_eq!(left.fix(&host).state(&a), Ok(State::Resolved));
}

#[test]
fn a_teacher_chooses_whose_copy_it_is() {
    let world = World::default();
    let a = original(&world);
    let host = world.watched(HONEST);
    let copies = copies();
    let n = address(4, 20);
    world.add(&n);
    let adopt = |content: &Address, original: &Address| copies.fix(&host).adopt(&Visit::here(content), original);
    assert_eq!(adopt(&n, &address(7, 7)).expect_err("nothing is there").kind, ErrorKind::NotFound);
    let item = adopt(&n, &a).expect("adopted");
    assert_eq!((definition(&world, &item).as_str(), item.is_approximate()), ("as it was", true));
    assert_eq!((item.state(), world.id_of(&n).as_str()), (State::Resolved, item.external_id()));
    assert_eq!(adopt(&n, &a).expect_err("it has something").kind, ErrorKind::Conflict);
    assert_eq!(adopt(&a, &a).expect_err("it has something").kind, ErrorKind::Conflict);
}

#[test]
fn a_deleted_course_is_forgotten() {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, Some(CopyKind::Exact));
    ready(&world, &n);
    let host = world.watched(HONEST);
    let copies = copies();
    copies.fix(&host).course_deleted("3").expect("forgotten");
    world.remove(&a);
    let sweep = || {
        let mut after = String::new();
        while let Some(last) = copies.fix(&host).sweep(&after, 1).expect("swept") {
            after = last;
        }
    };
    assert_eq!(world.owners(), 2);
    sweep();
    assert_eq!(world.owners(), 1);
    assert_eq!(definition(&world, &ready(&world, &n)), "as it was");
    // What is just being made is left alone.
    let m = address(4, 21);
    world.copy_content(&n, &m, Some(CopyKind::Exact));
    let swept = world.watched(|call: &str| {
        if call == "set_external_id" {
            sweep();
        }
        Ok(())
    });
    assert!(matches!(copies.fix(&swept).open(&Visit::here(&m)), Ok(Access::Ready(_))));
    assert_eq!(world.owners(), 2);
}

#[test]
fn reserved_keys_are_reserved() {
    let world = World::default();
    let a = original(&world);
    let item = ready(&world, &a);
    let host = world.watched(HONEST);
    let refused = item.put_to(&host, Namespace::Definition, "provost/record/", b"{}", Condition::Always);
    assert_eq!(refused.expect_err("reserved").kind, ErrorKind::Invalid);
}

#[test]
fn a_damaged_note_is_told() {
    let world = World::default();
    let a = original(&world);
    let place = Place::Content(a.clone());
    let host = world.watched(HONEST);
    host.put(&place, Namespace::Definition, "provost/record/", b"not JSON", Condition::Always).expect("put");
    assert_eq!(open(&world, &a).expect_err("damaged").kind, ErrorKind::Corrupt);
}
