use super::*;
use provost_runtime::{PluginError, PluginErrorKind};
use provost_store::api::{Event, Happening, Health, TargetFields, TargetState};
use std::time::Duration;

fn target(remote: bool) -> Target {
    Target {
        id: 1,
        fields: TargetFields {
            plugin: "p".into(),
            name: String::new(),
            title: String::new(),
            subscriptions: Vec::new(),
            remote,
            timeout: 5,
        },
        state: TargetState::Available,
        reason: String::new(),
        installed: true,
        since_ms: 0,
        health: Health::default(),
        waiting: 0,
        dead: 0,
        dropped: 0,
    }
}

fn claimed(attempt: u32) -> Claimed {
    Claimed {
        delivery: 7,
        event: Event {
            id: "e".into(),
            source: String::new(),
            time: 0,
            sequence: 1,
            what: Happening::CourseDeleted { course: "1".into() },
            storage_sequence: 0,
            hops: 0,
        },
        attempt,
        created_ms: 0,
        replay: false,
        gap_after: None,
        poison: 0,
        digest: String::new(),
        direct: false,
        job: None,
    }
}

fn judged(outcome: Outcome<Verdict>, claimed: &Claimed) -> Judged {
    let handled = Handled { outcome, effects: Vec::new(), took: Duration::from_millis(3) };
    judge(&target(false), claimed, handled, "d", 1_000)
}

fn refusal() -> Outcome<Verdict> {
    Outcome::Error(PluginError { kind: PluginErrorKind::Failed, code: String::new(), message: "no".into() })
}

#[test]
fn a_refusal_is_final_and_silence_is_tried_again() {
    let refused = judged(refusal(), &claimed(1));
    assert!(refused.refused && refused.settled.next == Next::Dropped && refused.settled.sign == Some(Sign::Answer));
    for outcome in [Outcome::Trap("t".into()), Outcome::Timeout, Outcome::Limit(LimitKind::Output)] {
        let silent = judged(outcome, &claimed(1));
        assert!(matches!(silent.settled.next, Next::Later { due_ms: 1_800..=2_200, .. }), "{silent:?}");
        assert_eq!(silent.settled.sign, Some(Sign::Silence));
        assert!(!silent.refused);
    }
    let done = judged(Outcome::Ok(Verdict::Done), &claimed(1));
    assert_eq!((done.settled.next, done.settled.code.as_str()), (Next::Done(Vec::new()), ""));
}

#[test]
fn the_tenth_attempt_is_the_last() {
    let last = judged(Outcome::Timeout, &claimed(10));
    assert_eq!((&last.settled.next, &*last.settled.reason, &*last.settled.code), (&Next::Dead, "exhausted", "timeout"));
    assert!(matches!(judged(Outcome::Timeout, &claimed(9)).settled.next, Next::Later { .. }));
}

#[test]
fn asked_for_later_is_no_failure_and_does_not_go_on_for_ever() {
    let later = judged(Outcome::Ok(Verdict::RetryLater(Some(60))), &claimed(1));
    assert_eq!(later.settled.next, Next::Later { due_ms: 61_000, poison: 0 });
    assert_eq!((later.settled.sign, &*later.settled.code), (Some(Sign::Answer), "soft-retry"));
    assert_eq!(judged(Outcome::Ok(Verdict::RetryLater(Some(60))), &claimed(10)).settled.next, Next::Dead);
}

#[test]
fn three_times_the_same_end_of_the_same_code_is_poison() {
    let mut event = claimed(3);
    event.digest = "d".into();
    event.poison = 2;
    let poisoned = judged(Outcome::Trap("t".into()), &event);
    assert_eq!((&poisoned.settled.next, &*poisoned.settled.reason), (&Next::Dead, "poison"));
    // Of other code, or with something in between, it begins anew.
    event.digest = "other".into();
    assert!(matches!(judged(Outcome::Trap("t".into()), &event).settled.next, Next::Later { poison: 1, .. }));
    event.digest = "d".into();
    assert!(matches!(judged(Outcome::Timeout, &event).settled.next, Next::Later { poison: 0, .. }));
}

#[test]
fn what_is_never_queued_has_one_call() {
    let mut event = claimed(1);
    event.direct = true;
    assert_eq!(judged(Outcome::Timeout, &event).settled.next, Next::Dropped);
}

#[test]
fn what_was_not_called_costs_nothing() {
    for outcome in [Outcome::Unavailable("u".into()), Outcome::Interrupted] {
        let not_called = judged(outcome, &claimed(1));
        assert_eq!((not_called.settled.next, not_called.settled.sign), (Next::Uncounted, None));
    }
    let gone = Verdict::NoAnswer { code: "gone".into(), message: String::new(), after: None, gone: true };
    let gone = judged(Outcome::Ok(gone), &claimed(1));
    assert!(gone.gone && gone.settled.next == Next::Uncounted);
    let after = Verdict::NoAnswer { code: String::new(), message: String::new(), after: Some(600), gone: false };
    assert!(matches!(judged(Outcome::Ok(after), &claimed(1)).settled.next, Next::Later { due_ms: 601_000, .. }));
}
