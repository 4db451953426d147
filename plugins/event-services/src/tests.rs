//! What each function answers, and to whom.

use crate::EventServices;
use provost_guest::deliveries::{Attempt, Delivery, EventInfo, State, Subscription, Target, TargetState};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use provost_guest::serde_json::{Value, json};
use provost_guest::testing::{TestHost, call};

const EVENT: &str = "01890000-0000-7000-8000-000000000001";

fn delivery(id: u64, target: &str, state: State) -> Delivery {
    Delivery {
        id,
        event: EVENT.into(),
        kind: "content-copied".into(),
        target: target.into(),
        state,
        sequence: 7,
        time: 1000,
        attempts: 2,
        due: 0,
        ended: 1100,
        reason: "trap".into(),
        message: "it fell over".into(),
        courses: vec!["2".into(), "3".into()],
        replay: false,
    }
}

fn host() -> TestHost {
    let host = TestHost::new();
    host.manifest(include_str!("../plugin.json")).expect("a manifest");
    for name in ["quiz", "tools/board"] {
        host.add_target(Target {
            name: name.into(),
            title: name.to_uppercase(),
            state: TargetState::Available,
            reason: String::new(),
            installed: true,
            since: 900,
            subscriptions: vec![Subscription { event: "content-copied".into(), only_own: true }],
            remote: false,
            timeout: 5,
            waiting: 0,
            dead: 1,
            dropped: 0,
            failing_since: 0,
            quarantined_until: 0,
        });
    }
    let failed = Attempt {
        number: 1,
        time: 1050,
        took: 2500,
        outcome: "trap".into(),
        message: "it fell over".into(),
        digest: "ab".into(),
    };
    host.add_event(EventInfo {
        id: EVENT.into(),
        kind: "content-copied".into(),
        source: "https://lms.example.org".into(),
        time: 1000,
        sequence: 7,
        storage_sequence: 3,
        what: Some("{}".into()),
        deliveries: vec![
            (delivery(1, "quiz", State::Dead), vec![failed]),
            (delivery(2, "tools/board", State::Done), Vec::new()),
        ],
    });
    host
}

fn ask(function: &str, parameters: Value, caller: &Caller) -> Result<Value> {
    call::<EventServices>(function, parameters, caller)
}

#[test]
fn events_are_listed_shown_sent_again_and_put_away() -> Result<()> {
    let host = host();
    let admin = host.admin();
    let ids = |parameters: Value| -> Result<Vec<u64>> {
        let listed = ask("provost_event_list", parameters, &admin)?;
        Ok(listed["deliveries"].as_array().into_iter().flatten().filter_map(|d| d["id"].as_u64()).collect())
    };
    assert_eq!(ids(json!({}))?, [2, 1]);
    assert_eq!(ids(json!({ "limit": 1 }))?, [2]);
    assert_eq!(ids(json!({ "after": 2 }))?, [1]);
    assert_eq!(ids(json!({ "state": "dead" }))?, [1]);
    assert_eq!(ids(json!({ "target": "tools/board", "kind": "content-copied", "course": "3", "since": 1000 }))?, [2]);
    assert_eq!(ids(json!({ "since": 1001 }))?, Vec::<u64>::new());
    host.set_page_limit(1);
    assert_eq!(ids(json!({}))?, [2, 1], "pages are put together");
    let wrong = ask("provost_event_list", json!({ "state": "lost" }), &admin).map_err(|e| (e.kind, e.message));
    assert!(matches!(&wrong, Err((ErrorKind::Invalid, words)) if words.contains("in-flight")), "{wrong:?}");
    let unknown = ask("provost_event_list", json!({ "target": "nobody" }), &admin).map_err(|e| e.code);
    assert_eq!(unknown, Err("target".into()));

    let shown = ask("provost_event_show", json!({ "id": EVENT }), &admin)?;
    assert_eq!(
        (&shown["kind"], &shown["storagesequence"], &shown["what"]),
        (&json!("content-copied"), &json!(3), &json!("{}"))
    );
    assert_eq!(shown["deliveries"][0]["delivery"]["state"], "dead");
    assert_eq!(shown["deliveries"][0]["attempts"][0]["took"], 2500);
    assert_eq!(ask("provost_event_show", json!({ "id": "x" }), &admin).map_err(|e| e.code), Err("event".into()));

    let again = |parameters| ask("provost_event_replay", parameters, &admin).map(|a| a["replayed"].clone());
    assert_eq!(again(json!({})).map_err(|e| e.kind), Err(ErrorKind::Invalid));
    assert_eq!(again(json!({ "target": "tools/board" }))?, 0, "only dead ones without an id");
    assert_eq!(again(json!({ "target": "quiz", "since": 1001 }))?, 0);
    assert_eq!(again(json!({ "target": "quiz", "since": 1000 }))?, 1);
    assert_eq!(again(json!({ "id": EVENT, "target": "tools/board" }))?, 1);
    assert_eq!(ids(json!({ "state": "pending" }))?, [2, 1]);
    let away = |parameters| ask("provost_event_discard", parameters, &admin).map(|a| a["discarded"].clone());
    assert_eq!(away(json!({ "id": EVENT, "target": "quiz" }))?, 1);
    assert_eq!(ids(json!({ "state": "dropped" }))?, [1]);
    Ok(())
}

#[test]
fn targets_are_switched_if_they_agree() -> Result<()> {
    let host = host();
    let admin = host.admin();
    let listed = ask("provost_target_list", Value::Null, &admin)?;
    assert_eq!((&listed["targets"][0]["target"], &listed["targets"][0]["dead"]), (&json!("quiz"), &json!(1)));
    let target = json!({ "target": "tools/board" });
    let off = ask("provost_target_disable", target.clone(), &admin)?;
    assert_eq!(
        (&off["before"], &off["target"]["state"], &off["target"]["reason"]),
        (&json!("available"), &json!("unavailable"), &json!("operator"))
    );
    let on = ask("provost_target_enable", target.clone(), &admin)?;
    assert_eq!((&on["before"], &on["target"]["state"]), (&json!("unavailable"), &json!("available")));
    let shown = ask("provost_target_show", target.clone(), &admin)?;
    assert_eq!(shown["subscriptions"], json!([{ "kind": "content-copied", "onlyown": true }]));
    host.refuse_target("tools/board");
    ask("provost_target_disable", target.clone(), &admin)?;
    let refused = ask("provost_target_enable", target, &admin).map_err(|e| (e.kind, e.code));
    assert_eq!(refused, Err((ErrorKind::Refused, "targetrefused".into())));
    for function in ["provost_target_show", "provost_target_enable", "provost_target_disable"] {
        let unknown = ask(function, json!({ "target": "nobody" }), &admin).map_err(|e| (e.kind, e.code));
        assert_eq!(unknown, Err((ErrorKind::NotFound, "target".into())), "{function}");
    }
    Ok(())
}

#[test]
fn only_who_manages_events_sees_them() -> Result<()> {
    let host = host();
    let (kim, manager) = (host.person("kim"), host.person("manager"));
    host.give_role(manager.person, "manager", Place::Site);
    for (function, parameters) in [
        ("provost_event_list", json!({})),
        ("provost_event_show", json!({ "id": EVENT })),
        ("provost_event_replay", json!({ "id": EVENT })),
        ("provost_event_discard", json!({ "id": EVENT })),
        ("provost_target_list", Value::Null),
        ("provost_target_show", json!({ "target": "quiz" })),
        ("provost_target_disable", json!({ "target": "quiz" })),
        ("provost_target_enable", json!({ "target": "quiz" })),
    ] {
        let refused = ask(function, parameters.clone(), &kim).map_err(|e| (e.kind, e.code));
        assert_eq!(refused, Err((ErrorKind::Denied, "provost/event:manage".into())), "{function}");
        ask(function, parameters, &manager)?;
    }
    Ok(())
}

#[test]
fn everybody_has_their_own_notices() -> Result<()> {
    let host = host();
    let (admin, kim) = (host.admin(), host.person("kim"));
    let first = host.notify(Some(kim.person), "course-copied", "Quiz refused course-copied");
    host.notify(None, "target.disabled", "Quiz is unavailable now");
    let last = host.notify(Some(admin.person), "course-copied", "for the administrator");
    let told = |caller: &Caller, parameters: Value| -> Result<Vec<(String, bool)>> {
        let listed = ask("provost_notice_list", parameters, caller)?;
        let one = |n: &Value| (n["message"].as_str().unwrap_or_default().to_owned(), n["operator"] == true);
        Ok(listed["notices"].as_array().into_iter().flatten().map(one).collect())
    };
    assert_eq!(told(&kim, json!({}))?, [("Quiz refused course-copied".to_owned(), false)]);
    assert_eq!(told(&admin, json!({ "limit": 1 }))?, [("for the administrator".to_owned(), false)]);
    assert_eq!(told(&admin, json!({ "before": last }))?, [("Quiz is unavailable now".to_owned(), true)]);
    assert_eq!(ask("provost_notice_seen", json!({ "id": last }), &kim)?["seen"], 1);
    assert_eq!(told(&kim, json!({ "unseen": true }))?, []);
    assert_eq!(told(&kim, json!({}))?.len(), 1);
    assert_eq!(told(&admin, json!({ "unseen": true }))?.len(), 2, "those of others stay");
    assert_eq!(ask("provost_notice_seen", json!({ "id": first }), &admin)?["seen"], 0);
    assert_eq!(ask("provost_notice_seen", json!({ "id": last }), &admin)?["seen"], 2);
    Ok(())
}
