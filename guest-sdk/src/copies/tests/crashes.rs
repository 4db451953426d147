//! A call that dies, or a host that fails, at any step of a fix-up.

use super::world::{HONEST, World, address};
use super::*;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A host with a content and a copy of it that is to be fixed.
fn scene(snapshot: Option<CopyKind>) -> (World, Address, Address) {
    let world = World::default();
    let a = original(&world);
    let n = address(4, 20);
    world.copy_content(&a, &n, snapshot);
    (world, a, n)
}

/// What must hold after whatever happened, once the host works.
fn mended(world: &World, a: &Address, n: &Address, snapshot: Option<CopyKind>, at: usize) {
    let id = world.id_of(a);
    let item = ready(world, n);
    assert_eq!(item.state(), State::Resolved, "step {at}");
    assert_eq!(item.is_approximate(), snapshot.is_none(), "step {at}");
    assert_eq!(definition(world, &item), "as it was", "step {at}");
    let answer = if snapshot == Some(CopyKind::Exact) { "an answer" } else { "" };
    assert_eq!(read(world, &item, Namespace::UserData), answer, "step {at}");
    assert_eq!((world.id_of(n).as_str(), world.id_of(a)), (item.external_id(), id), "step {at}");
    let before = world.data();
    assert_eq!((ready(world, n), world.data()), (item, before), "step {at}");
    // Where the end could not be noted, that is left behind until it lapses.
    world.pass(LEASE);
    copies().fix(&world.watched(HONEST)).retry().expect("what was left behind is cleaned up");
    assert_eq!(world.claims(), 0, "step {at}");
}

const KINDS: [Option<CopyKind>; 3] = [Some(CopyKind::Exact), Some(CopyKind::Shallow), None];

#[test]
fn a_call_that_dies_is_followed_by_one_that_finishes() {
    for snapshot in KINDS {
        let mut at = 0;
        loop {
            let (world, a, n) = scene(snapshot);
            let steps = Cell::new(0);
            let dying = world.watched(|_: &str| {
                if steps.replace(steps.get() + 1) == at {
                    resume_unwind(Box::new("killed"));
                }
                Ok(())
            });
            let ended = catch_unwind(AssertUnwindSafe(|| copies().fix(&dying).open(&Visit::here(&n))));
            // Somebody who comes while it is not known yet that the call is dead sees the content all the same.
            let meanwhile = ready(&world, &n);
            assert_eq!(definition(&world, &meanwhile), "as it was", "step {at}");
            world.pass(LEASE);
            mended(&world, &a, &n, snapshot, at);
            if ended.is_ok() {
                break;
            }
            at += 1;
        }
        assert!(at > 8, "the fix-up has more steps than {at}");
    }
}

#[test]
fn a_host_that_fails_once_is_forgiven() {
    for snapshot in KINDS {
        let mut at = 0;
        loop {
            let (world, a, n) = scene(snapshot);
            let steps = Cell::new(0);
            let failing = world.watched(|_: &str| {
                let fails = steps.replace(steps.get() + 1) == at;
                if fails { Err(Error::failed("once")) } else { Ok(()) }
            });
            let _ = copies().fix(&failing).open(&Visit::here(&n));
            // Nobody has to wait until a claim lapses.
            mended(&world, &a, &n, snapshot, at);
            if steps.get() <= at {
                break;
            }
            at += 1;
        }
        assert!(at > 8, "the fix-up has more steps than {at}");
    }
}

#[test]
fn a_host_that_begins_to_fail_serves_once_it_works() {
    for snapshot in KINDS {
        for at in 0..30 {
            let (world, a, n) = scene(snapshot);
            let steps = Cell::new(0);
            let failing = world.watched(|_: &str| {
                let fails = steps.replace(steps.get() + 1) >= at;
                if fails { Err(Error::failed("from now on")) } else { Ok(()) }
            });
            let _ = copies().fix(&failing).open(&Visit::here(&n));
            world.pass(LEASE);
            mended(&world, &a, &n, snapshot, at);
        }
    }
}
