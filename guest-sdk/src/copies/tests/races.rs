//! Many accesses at once, in every order that chance finds.

use super::world::{World, address};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

/// Lets one thread at a time make one call of the host, in an order that is drawn beforehand.
struct Turns {
    state: Mutex<Order>,
    changed: Condvar,
}

struct Order {
    /// Threads that have not ended.
    alive: usize,
    waiting: BTreeSet<usize>,
    /// Whose turn it is.
    turn: Option<usize>,
    chances: Vec<u8>,
    drawn: usize,
}

impl Order {
    /// Once everybody who is left waits, one of them is let go on.
    fn draw(&mut self) {
        if self.turn.is_none() && self.alive > 0 && self.waiting.len() == self.alive {
            let chance = usize::from(self.chances[self.drawn % self.chances.len()]);
            self.drawn += 1;
            self.turn = self.waiting.iter().nth(chance % self.waiting.len()).copied();
        }
    }
}

impl Turns {
    fn new(threads: usize, chances: Vec<u8>) -> Self {
        let order = Order { alive: threads, waiting: BTreeSet::new(), turn: None, chances, drawn: 0 };
        Self { state: Mutex::new(order), changed: Condvar::new() }
    }

    fn wait(&self, thread: usize) {
        let mut order = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        order.waiting.insert(thread);
        order.draw();
        self.changed.notify_all();
        while order.turn != Some(thread) {
            order = self.changed.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        order.waiting.remove(&thread);
        order.turn = None;
    }

    fn leave(&self) {
        let mut order = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        order.alive -= 1;
        order.draw();
        drop(order);
        self.changed.notify_all();
    }
}

/// Has so many visitors do something at once, and gives what each got.
fn at_once<R: Send>(
    visitors: usize,
    chances: Vec<u8>,
    visit: impl Fn(&dyn Fn(&str) -> Result<()>, usize) -> R + Sync,
) -> Vec<R> {
    let turns = Turns::new(visitors, chances);
    let (turns, visit) = (&turns, &visit);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..visitors)
            .map(|number| {
                scope.spawn(move || {
                    let done = visit(
                        &|_| {
                            turns.wait(number);
                            Ok(())
                        },
                        number,
                    );
                    turns.leave();
                    done
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a visitor")).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_of_twenty_writes_the_id(chances in prop::collection::vec(any::<u8>(), 1..400), snapshot in any::<bool>()) {
        let world = World::default();
        let a = original(&world);
        let n = address(4, 20);
        world.copy_content(&a, &n, snapshot.then_some(CopyKind::Exact));
        let writes = world.id_writes();
        let found = at_once(20, chances, |before, _| {
            let host = world.watched(before);
            let item = match copies().fix(&host).open(&Visit::here(&n)) {
                Ok(Access::Ready(item)) => item,
                other => return Err(format!("{other:?}")),
            };
            let words = item.get_from(&host, Namespace::Definition, "text").ok().flatten();
            let answer = item.get_from(&host, Namespace::UserData, "text").ok().flatten();
            Ok((words.map(|v| text(&v.bytes)), answer.map(|v| text(&v.bytes))))
        });
        for seen in found {
            let answer = snapshot.then(|| "an answer".to_owned());
            prop_assert_eq!(seen, Ok((Some("as it was".to_owned()), answer)));
        }
        prop_assert_eq!(world.id_writes(), writes + 1);
        prop_assert_eq!(world.claims(), 0);
        let item = ready(&world, &n);
        prop_assert_eq!((item.state(), item.is_approximate()), (State::Resolved, !snapshot));
        prop_assert_eq!(item.external_id(), world.id_of(&n));
    }

    #[test]
    fn one_of_several_sets_it_up(chances in prop::collection::vec(any::<u8>(), 1..200)) {
        let world = World::default();
        let n = address(4, 20);
        world.add(&n);
        let found = at_once(6, chances, |before, _| copies().fix(&world.watched(before)).set_up(&Visit::here(&n)));
        prop_assert!(found.iter().any(|item| item.is_ok()));
        for error in found.into_iter().filter_map(Result::err) {
            prop_assert_eq!(error.kind, ErrorKind::RetryLater);
        }
        prop_assert_eq!((world.id_writes(), world.claims()), (1, 0));
        prop_assert_eq!(state(&world, &n), State::Resolved);
    }

    #[test]
    fn copies_of_copies_opened_at_once_stay_apart(chances in prop::collection::vec(any::<u8>(), 1..400)) {
        let world = World::default();
        let a = original(&world);
        let all: Vec<_> = (0..5).map(|n| address(4, 20 + n)).collect();
        for (at, n) in all.iter().enumerate() {
            let from = if at == 0 { &a } else { &all[at - 1] };
            world.copy_content(from, n, None);
        }
        let writes = world.id_writes();
        at_once(10, chances, |before, number| {
            copies().fix(&world.watched(before)).open(&Visit::here(&all[number % all.len()])).map(drop)
        });
        prop_assert_eq!((world.id_writes(), world.claims()), (writes + all.len(), 0));
        let ids: BTreeSet<_> = all.iter().map(|n| world.id_of(n)).collect();
        prop_assert_eq!((ids.len(), ids.contains(&world.id_of(&a))), (all.len(), false));
        for n in &all {
            prop_assert_eq!(definition(&world, &ready(&world, n)), "as it was");
        }
    }
}
