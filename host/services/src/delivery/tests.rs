//! The engine with a clock that is set by hand and handlers that do as told: days pass in milliseconds.

mod targets;

use super::*;
use provost_runtime::{EventService as _, PluginError, PluginErrorKind, Verdict};
use provost_store::api::*;
use std::sync::{Arc, Mutex};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const BEGIN: i64 = 1_000_000_000;

type Script = dyn Fn(&str, &Delivery) -> Outcome<Verdict> + Send + Sync;

/// Does what its script says of a target and delivery, and remembers.
struct Scripted {
    script: Mutex<Arc<Script>>,
    effects: Mutex<Vec<Effect>>,
    calls: Mutex<Vec<(String, Delivery)>>,
    checkouts: Mutex<Vec<usize>>,
}

#[async_trait]
impl Caller for Scripted {
    async fn call(&self, target: &Target, deliveries: Vec<Delivery>, _: HandleBounds) -> Called {
        let script = self.script.lock().expect("unpoisoned").clone();
        let mut handled = Vec::new();
        for delivery in deliveries {
            let outcome = script(&target.label(), &delivery);
            let last = !matches!(outcome, Outcome::Ok(Verdict::Done | Verdict::Abort(_)) | Outcome::Error(_));
            let effects = match outcome {
                Outcome::Ok(Verdict::Done) => self.effects.lock().expect("unpoisoned").clone(),
                _ => Vec::new(),
            };
            self.calls.lock().expect("unpoisoned").push((target.label(), delivery));
            handled.push(Handled { outcome, effects, took: Duration::from_millis(1) });
            if last {
                break;
            }
        }
        self.checkouts.lock().expect("unpoisoned").push(handled.len());
        Called { handled, digest: "d".into() }
    }
}

struct World {
    _dir: tempfile::TempDir,
    store: Arc<dyn Store>,
    caller: Arc<Scripted>,
    clock: Arc<SetClock>,
    engine: Arc<Deliveries>,
}

fn done(_: &str, _: &Delivery) -> Outcome<Verdict> {
    Outcome::Ok(Verdict::Done)
}

fn refusal() -> Outcome<Verdict> {
    Outcome::Error(PluginError { kind: PluginErrorKind::Failed, code: String::new(), message: "never".into() })
}

impl World {
    /// Plugins `p` and `q`, which want to be told of everything.
    async fn new() -> Result<Self, StoreError> {
        let dir = tempfile::tempdir().map_err(|e| StoreError::io("a directory", e))?;
        let (store, _) = provost_store::open(dir.path()).await?;
        let caller = Arc::new(Scripted {
            script: Mutex::new(Arc::new(done)),
            effects: Mutex::default(),
            calls: Mutex::default(),
            checkouts: Mutex::default(),
        });
        let clock = Arc::new(SetClock::new(BEGIN));
        let engine = Deliveries::new(store.clone(), caller.clone(), clock.clone(), DeliveryOptions::default());
        let world = Self { _dir: dir, store, caller, clock, engine };
        world.plugins("d").await?;
        Ok(world)
    }

    async fn plugins(&self, digest: &str) -> Result<(), StoreError> {
        let wanted = [
            "content-copied",
            "content-deleted",
            "course-copied",
            "course-exported",
            "course-deleted",
            "content-imported",
            "target-state",
        ];
        let fields = |plugin: &str| TargetFields {
            plugin: plugin.into(),
            name: String::new(),
            title: plugin.into(),
            subscriptions: wanted.iter().map(|e| Subscription { event: (*e).into(), only_own: false }).collect(),
            remote: plugin == "q",
            timeout: 5,
        };
        let plugin = |id: &str| PluginTarget { plugin: id.into(), digest: digest.into(), own: Some(fields(id)) };
        self.store.sync_targets(&[plugin("p"), plugin("q")], self.clock.now_ms()).await?;
        Ok(())
    }

    fn does(&self, script: impl Fn(&str, &Delivery) -> Outcome<Verdict> + Send + Sync + 'static) {
        *self.caller.script.lock().expect("unpoisoned") = Arc::new(script);
    }

    /// Lets time pass until then, delivering whatever becomes due.
    async fn pass(&self, until: i64) -> Result<(), StoreError> {
        loop {
            match self.engine.settle_down().await? {
                Some(next) if next <= until => self.clock.set(next.max(self.clock.now_ms() + 1)),
                _ => {
                    self.clock.set(until);
                    return Ok(());
                }
            }
        }
    }

    /// The calls of a target since the last time this was asked.
    fn calls(&self, target: &str) -> Vec<Delivery> {
        let mut calls = self.caller.calls.lock().expect("unpoisoned");
        let (mine, others) = std::mem::take(&mut *calls).into_iter().partition(|(t, _)| t == target);
        *calls = others;
        let mine: Vec<(String, Delivery)> = mine;
        mine.into_iter().map(|(_, d)| d).collect()
    }

    async fn of(&self, target: &str) -> Result<Vec<DeliveryRow>, StoreError> {
        let filter = DeliveryFilter { target: Some(target.into()), oldest_first: true, ..Default::default() };
        self.store.deliveries(&filter).await
    }
}

fn gone(course: &str) -> Happening {
    let content = Address { course: course.into(), content: "1".into() };
    Happening::ContentDeleted { content, external_id: String::new(), cause: DeletionCause::Delete }
}

fn copied(from: &str, to: &str, job: &str) -> Happening {
    Happening::CourseCopied { kind: CopyKind::Exact, origin: from.into(), copy: to.into(), job: job.into() }
}

#[tokio::test]
async fn a_refusal_is_final_and_silence_is_tried_again() -> Outcomes {
    let world = World::new().await?;
    world.does(|_, d| match (d.event.what.courses()[0], d.attempt) {
        ("1", _) => refusal(),
        ("2", 1) => Outcome::Trap("t".into()),
        ("3", _) => Outcome::Ok(Verdict::Abort("enough".into())),
        ("4", 1) => Outcome::Ok(Verdict::RetryLater(Some(60))),
        _ => Outcome::Ok(Verdict::Done),
    });
    let ids = world.store.announce(vec![gone("1"), gone("2"), gone("3"), gone("4")], None).await?;
    world.pass(BEGIN).await?;
    let states: Vec<_> = world.of("p").await?.iter().map(|d| (d.state, d.reason.clone())).collect();
    let expected = [
        (DeliveryState::Dropped, "plugin-error"),
        (DeliveryState::Pending, "trap"),
        (DeliveryState::Dead, "abort"),
        (DeliveryState::Pending, "soft-retry"),
    ];
    assert_eq!(states, expected.map(|(s, r)| (s, r.to_owned())));
    assert_eq!(world.calls("p").len(), 4);
    world.pass(BEGIN + 5_000).await?;
    let again = world.calls("p");
    assert_eq!(again.iter().map(|d| (&*d.event.id, d.attempt, d.deferred)).collect::<Vec<_>>(), [(&*ids[1], 2, true)]);
    world.pass(BEGIN + 59_000).await?;
    assert!(world.calls("p").is_empty());
    world.pass(BEGIN + 61_000).await?;
    assert_eq!(world.calls("p")[0].event.id, ids[3]);
    assert_eq!(world.store.target("p", "").await?.waiting, 0);
    Ok(())
}

#[tokio::test]
async fn ten_attempts_are_the_most_and_the_breaker_costs_none() -> Outcomes {
    let world = World::new().await?;
    world.does(|target, _| if target == "p" { Outcome::Timeout } else { Outcome::Ok(Verdict::Done) });
    world.store.announce(vec![gone("1"), gone("1")], None).await?;
    world.pass(BEGIN + 9 * HOUR).await?;
    let calls = world.calls("p");
    let attempts: Vec<u32> = calls.iter().map(|d| d.attempt).collect();
    assert_eq!(attempts[..11], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1]);
    let rows = world.of("p").await?;
    assert_eq!((rows[0].state, &*rows[0].reason, rows[0].attempts), (DeliveryState::Dead, "exhausted", 10));
    assert_eq!(calls[10].gap_after.as_ref(), Some(&rows[0].event));
    assert!(world.store.target("p", "").await?.health.is_quarantined());
    // What is dead keeps its attempts; an operator's replay starts anew, with the same id.
    assert_eq!(
        world.store.event(&rows[0].event).await?.deliveries.iter().find(|d| d.0.target == "p").map(|d| d.1.len()),
        Some(10)
    );
    world.does(done);
    world
        .store
        .replay(
            &Chosen { event: Some(rows[0].event.clone()), target: Some("p".into()), since: None },
            world.clock.now_ms(),
        )
        .await?;
    world.pass(world.clock.now_ms() + DAY).await?;
    let replayed: Vec<_> = world.calls("p").into_iter().filter(|d| d.replay).collect();
    assert_eq!(replayed.iter().map(|d| (&d.event.id, d.attempt)).collect::<Vec<_>>(), [(&rows[0].event, 1)]);
    Ok(())
}

#[tokio::test]
async fn five_days_of_silence_switch_a_target_off() -> Outcomes {
    let world = World::new().await?;
    world.does(|_, _| Outcome::Timeout);
    let many = (0..100).map(|n| gone(&n.to_string()));
    world.store.announce(many.collect(), None).await?;
    world.pass(BEGIN + 10 * DAY).await?;
    let target = world.store.target("q", "").await?;
    assert_eq!((target.state, &*target.reason), (TargetState::Unavailable, "failing"));
    let told = world.store.notices(&NoticeFilter::default()).await?;
    assert!(told.iter().any(|n| n.kind == "target.disabled" && n.message.contains('q')), "{told:?}");
    assert!(target.since_ms - BEGIN >= 5 * DAY);
    // More of it waits, without attempts; enabled, it goes in order.
    let late = world.store.announce(vec![gone("50"), gone("50")], None).await?;
    world.calls("q");
    world.pass(world.clock.now_ms() + DAY).await?;
    assert!(world.calls("q").is_empty());
    world.does(done);
    world.engine.switch("q", "", TargetState::Available, "operator").await?;
    world.pass(world.clock.now_ms() + HOUR).await?;
    let got: Vec<_> = world.calls("q").into_iter().filter(|d| late.contains(&d.event.id)).collect();
    assert_eq!(got.iter().map(|d| (&d.event.id, d.attempt)).collect::<Vec<_>>(), [(&late[0], 1), (&late[1], 1)]);
    assert!(got.iter().all(|d| d.deferred));
    Ok(())
}

#[tokio::test]
async fn a_gate_may_refuse_and_what_waited_goes_at_once() -> Outcomes {
    let world = World::new().await?;
    world.engine.switch("p", "", TargetState::Unavailable, "operator").await?;
    world.calls("p");
    world.store.announce(vec![gone("1")], None).await?;
    world.pass(BEGIN + DAY).await?;
    assert!(world.calls("p").is_empty());
    for answer in [refusal as fn() -> _, || Outcome::Trap("t".into()), || Outcome::Timeout] {
        world.does(move |_, _| answer());
        let refused = world.engine.switch("p", "", TargetState::Available, "operator").await;
        assert!(matches!(refused, Err(SwitchError::Refused { .. })));
        assert_eq!(world.store.target("p", "").await?.state, TargetState::Unavailable);
    }
    world.calls("p");
    world.does(done);
    world.engine.switch("p", "", TargetState::Available, "operator").await?;
    world.pass(world.clock.now_ms()).await?;
    let names: Vec<_> = world.calls("p").iter().map(|d| d.event.what.name().to_owned()).collect();
    assert_eq!(names, ["target-state", "content-deleted"]);
    Ok(())
}

#[tokio::test]
async fn a_burst_goes_in_batches_and_a_flush_slowly() -> Outcomes {
    let world = World::new().await?;
    let copy = |n: u32| Happening::ContentCopied {
        kind: CopyKind::Exact,
        origin: Address { course: "1".into(), content: n.to_string() },
        external_id: String::new(),
        copy: Address { course: "2".into(), content: n.to_string() },
    };
    world.store.announce((0..250).map(copy).collect(), None).await?;
    world.pass(BEGIN).await?;
    assert!(world.caller.checkouts.lock().expect("unpoisoned").contains(&100));
    for target in ["p", "q"] {
        let sequence: Vec<u64> = world.calls(target).iter().map(|d| d.event.sequence).collect();
        assert_eq!(sequence, (1..=250).collect::<Vec<_>>());
    }
    world.engine.switch("p", "", TargetState::Unavailable, "operator").await?;
    world.store.announce((0..250).map(copy).collect(), None).await?;
    world.pass(BEGIN + 10).await?;
    world.engine.switch("p", "", TargetState::Available, "operator").await?;
    world.calls("p");
    let begin = world.clock.now_ms();
    world.pass(begin + 1_000).await?;
    let first = world.calls("p").len();
    assert!((50..=101).contains(&first), "{first} in the first second");
    world.pass(begin + 10_000).await?;
    assert_eq!(first + world.calls("p").len(), 250);
    Ok(())
}

#[tokio::test]
async fn effects_that_clash_are_tried_again_with_what_came_after() -> Outcomes {
    let world = World::new().await?;
    world.does(|target, _| if target == "p" { Outcome::Ok(Verdict::Done) } else { refusal() });
    *world.caller.effects.lock().expect("unpoisoned") = vec![Effect::Put {
        place: DataPlace::Site,
        namespace: Namespace::Definition,
        key: "k".into(),
        value: vec![1],
        condition: Condition::Absent,
    }];
    world.store.announce(vec![gone("1"), gone("1"), gone("1")], None).await?;
    world.pass(BEGIN).await?;
    let rows = world.of("p").await?;
    let states: Vec<_> = rows.iter().map(|d| (d.state, &*d.reason, d.attempts)).collect();
    assert_eq!(
        states,
        [(DeliveryState::Done, "", 1), (DeliveryState::Pending, "conflict", 1), (DeliveryState::Pending, "", 0)]
    );
    world.caller.effects.lock().expect("unpoisoned").clear();
    world.pass(BEGIN + 5_000).await?;
    assert!(world.of("p").await?.iter().all(|d| d.state == DeliveryState::Done));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_on_one_store_deliver_everything_once() -> Outcomes {
    let world = World::new().await?;
    let (other, _) = provost_store::open(world._dir.path()).await?;
    let second = Deliveries::new(other, world.caller.clone(), world.clock.clone(), DeliveryOptions::default());
    let some = (0..400).map(|n| gone(&(n % 7).to_string()));
    let ids = world.store.announce(some.collect(), None).await?;
    for _ in 0..20 {
        let (one, two) = tokio::join!(world.engine.settle_down(), second.settle_down());
        one?;
        two?;
        if world.store.unsettled(&ids).await? == 0 {
            break;
        }
    }
    let calls = world.calls("p");
    assert_eq!(calls.len(), 400);
    let unique: std::collections::BTreeSet<_> = calls.iter().map(|d| &d.event.id).collect();
    assert_eq!(unique.len(), 400);
    Ok(())
}

/// Per-event rules win over a general "a failing callback rolls everything back" (proxy-tool-events.md 3.2); what was said before the
/// change was visible stands with it, or falls with it.
#[tokio::test]
async fn no_handler_stops_a_change_and_a_dropped_change_leaves_nothing() -> Outcomes {
    let world = World::new().await?;
    let draft = |name: &'static str| {
        let fields = CourseFields { fullname: name.into(), shortname: name.into(), ..CourseFields::default() };
        world.store.draft(fields, Origin::default(), "{}".into(), None)
    };
    world.does(|_, d| match d.event.what.courses()[0] {
        "1" => refusal(),
        "2" => Outcome::Trap("t".into()),
        _ => Outcome::Ok(Verdict::Done),
    });
    let mut d = draft("a").await?;
    let course = d.course().to_string();
    d.announce(vec![
        copied("9", &course, ""),
        copied("1", &course, ""),
        copied("2", &course, ""),
        copied("8", &course, ""),
    ])
    .await?;
    world.engine.before_publish(d.as_mut()).await;
    let early = world.calls("p");
    // In this phase nothing is remote, and what comes after silence waits.
    assert_eq!(early.len(), 3);
    assert!(early.iter().all(|d| d.hidden.as_ref().is_some_and(|h| h.courses == [course.clone()])));
    assert!(world.calls("q").is_empty());
    assert!(world.of("p").await?.is_empty(), "nothing shows before the change does");
    d.publish().await?;
    world.pass(world.clock.now_ms() + 60_000).await?;
    let after: Vec<_> = world.calls("p").iter().map(|d| (d.event.what.courses()[0].to_owned(), d.attempt)).collect();
    assert_eq!(after[0], ("2".to_owned(), 2));
    let states: Vec<_> = world.of("p").await?.iter().map(|d| d.state).collect();
    assert_eq!(states[..2], [DeliveryState::Done, DeliveryState::Dropped]);
    assert_eq!(states[3], DeliveryState::Done);

    *world.caller.effects.lock().expect("unpoisoned") = vec![Effect::Put {
        place: DataPlace::Site,
        namespace: Namespace::Definition,
        key: "dropped".into(),
        value: vec![1],
        condition: Condition::Always,
    }];
    world.does(done);
    let before = world.of("p").await?.len();
    let mut d = draft("b").await?;
    let course = d.course().to_string();
    d.announce(vec![copied("9", &course, "")]).await?;
    world.engine.before_publish(d.as_mut()).await;
    assert_eq!(world.calls("p").len(), 1);
    d.discard().await?;
    world.pass(world.clock.now_ms() + DAY).await?;
    world.store.sweep(0).await?;
    assert_eq!(world.of("p").await?.len(), before);
    assert!(world.calls("p").is_empty());
    let read = world.store.data("p", &DataPlace::Site, Namespace::Definition, "dropped", 0).await?;
    assert!(read.is_none());
    Ok(())
}

#[tokio::test]
async fn people_are_told_of_refusals() -> Outcomes {
    let world = World::new().await?;
    let new = NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: None,
        shared: false,
        key: String::new(),
    };
    let job = world.store.enqueue(new).await?;
    world.does(|_, _| refusal());
    world.store.announce(vec![copied("1", "2", &job)], None).await?;
    let exported =
        Happening::CourseExported { kind: CopyKind::Exact, course: "1".into(), backup: "b".into(), job: job.clone() };
    world.engine.tell_now(vec![exported], Some(job.clone())).await?;
    world.pass(BEGIN + 10_000).await?;
    let notices = world.store.notices(&NoticeFilter { whose: Whose::Person(2), ..NoticeFilter::default() }).await?;
    assert_eq!(notices.len(), 2, "one of each target: {notices:?}");
    assert!(notices[0].message.contains("course-copied") && notices[0].message.contains("never"));
    let warnings = world.store.job(&job).await?.warnings;
    assert_eq!(warnings.iter().filter(|w| w.contains("course-exported")).count(), 2, "{warnings:?}");
    Ok(())
}

#[tokio::test]
async fn an_export_waits_for_nobody_who_is_away() -> Outcomes {
    let world = World::new().await?;
    world.engine.switch("p", "", TargetState::Unavailable, "operator").await?;
    world.does(|target, d| match (target, d.event.what.name()) {
        ("q", "course-exported") => Outcome::Timeout,
        _ => Outcome::Ok(Verdict::Done),
    });
    world.calls("p");
    let exported =
        Happening::CourseExported { kind: CopyKind::Exact, course: "1".into(), backup: "b".into(), job: String::new() };
    world.engine.tell_now(vec![exported], None).await?;
    assert!(world.calls("p").is_empty());
    assert_eq!(world.calls("q").len(), 1);
    assert_eq!(world.of("q").await?[0].state, DeliveryState::Dropped);
    assert_eq!(world.store.target("p", "").await?.waiting + world.store.target("q", "").await?.waiting, 0);
    Ok(())
}

/// A deletion that was not told to who was away is told again when what is kept is compared with the courses there are.
#[tokio::test]
async fn what_is_kept_of_courses_that_are_gone_is_told_of_again() -> Outcomes {
    let world = World::new().await?;
    let fields = CourseFields { fullname: "a".into(), shortname: "a".into(), ..CourseFields::default() };
    let course = world.store.draft(fields, Origin::default(), "{}".into(), None).await?.publish().await?;
    let keeps =
        [DataPlace::Course(course.to_string()), DataPlace::Course("x:1".into()), DataPlace::Course("999".into())];
    for place in keeps {
        let (namespace, condition) = (Namespace::Definition, Condition::Always);
        world.store.put_data("p", &place, namespace, "k", vec![1], condition).await?;
    }
    assert_eq!(world.engine.reconcile().await?, 1);
    world.pass(BEGIN + 10_000).await?;
    let told: Vec<_> = world.calls("p").iter().map(|d| d.event.what.courses()[0].to_owned()).collect();
    assert_eq!(told, ["999"]);
    Ok(())
}

#[tokio::test]
async fn poison_goes_when_the_code_does() -> Outcomes {
    let world = World::new().await?;
    world.does(|target, _| if target == "p" { Outcome::Trap("t".into()) } else { Outcome::Ok(Verdict::Done) });
    world.store.announce(vec![gone("1")], None).await?;
    world.pass(BEGIN + DAY).await?;
    let row = world.of("p").await?.remove(0);
    assert_eq!((row.state, &*row.reason, row.attempts), (DeliveryState::Dead, "poison", 3));
    assert_eq!(world.calls("p").len(), 3);
    world.does(done);
    world.pass(world.clock.now_ms() + DAY).await?;
    assert!(world.calls("p").is_empty());
    world.plugins("d2").await?;
    world.pass(world.clock.now_ms()).await?;
    assert_eq!(world.calls("p").iter().map(|d| (&d.event.id, d.attempt)).collect::<Vec<_>>(), [(&row.event, 1)]);
    Ok(())
}
