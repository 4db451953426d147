//! What becomes of events, on real handlers: the acceptance checks of proxy-tool-events.md 15 that are about delivery. Time is set by hand.

#[path = "delivery/targets.rs"]
mod targets;
#[path = "delivery/world.rs"]
mod world;

use provost_runtime::EventService as _;
use provost_services::delivery::{Clock as _, SwitchError};
use provost_store::api::*;
use provost_tests::live::{Rest, Site, guests, text, wait_until};
use provost_tests::sample;
use serde_json::json;
use world::*;

/// Error value from the plugin: copy succeeds, one error line, queue empty.
#[tokio::test]
async fn acceptance_01_an_error_is_final() -> Outcomes {
    let world = World::new(json!({ "how": "error", "what": "course-copied" })).await?;
    let errors = Errors::watch();
    let copy = world.copy("two").await?;
    world.pass(DAY).await?;
    assert!(world.store.course(copy).await.is_ok());
    let lines = errors.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("refused") && lines[0].contains("course-copied"), "{lines:?}");
    assert_eq!(world.store.target(WITNESS, "").await?.waiting, 0);
    let dropped = world.in_state(DeliveryState::Dropped).await?;
    assert_eq!(dropped.iter().map(|r| (&*r.name, r.attempts)).collect::<Vec<_>>(), [("course-copied", 1)]);
    Ok(())
}

/// Trap: copy succeeds, one error line, queue length 1; next delivery has the same id and `attempt` = 2.
#[tokio::test]
async fn acceptance_02_a_trap_is_tried_again() -> Outcomes {
    // The last of the copy's events, so that nothing waits behind it.
    let world = World::new(json!({ "how": "panic", "what": "content-deleted", "attempts": 1 })).await?;
    let errors = Errors::watch();
    let copy = world.copy("two").await?;
    let ids = world.call("witness_publish", json!({ "what": "delete:7" })).await?;
    world.pass(0).await?;
    assert!(world.store.course(copy).await.is_ok());
    let lines = errors.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(world.store.target(WITNESS, "").await?.waiting, 1);
    world.pass(MINUTE).await?;
    assert_eq!(errors.lines().len(), 1);
    let seen = world.seen().await?;
    let last = seen.last().expect("something was seen");
    assert_eq!((&last["event"], &last["attempt"], &last["deferred"]), (&ids["ids"][0], &json!(2), &json!(true)));
    Ok(())
}

/// Disabled plugin: copy succeeds, no call made, queue length 1; enabling delivers without waiting for a timer.
#[tokio::test]
async fn acceptance_03_what_is_disabled_waits() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.deliveries.switch(WITNESS, "", TargetState::Unavailable, "operator").await?;
    world.call("witness_publish", json!({ "what": "copy:1:2" })).await?;
    let copy = world.copy("two").await?;
    assert!(world.store.course(copy).await.is_ok());
    world.pass(3 * DAY).await?;
    assert!(world.seen().await?.is_empty());
    let waiting = world.in_state(DeliveryState::Pending).await?;
    // One of the other site; of the copy the course itself, its section and three activities.
    assert_eq!(waiting.len(), 6, "{waiting:?}");
    assert!(waiting.iter().all(|r| r.attempts == 0));
    world.deliveries.switch(WITNESS, "", TargetState::Available, "operator").await?;
    // No time passes.
    world.deliveries.settle_down().await?;
    let seen = world.seen().await?;
    assert_eq!(seen.len(), 6);
    assert!(seen.iter().all(|s| s["attempt"] == 1 && s["deferred"] == true && s["visible"] == true), "{seen:?}");
    Ok(())
}

/// The answer is lost: what was committed is answered from the record, what was not is done once.
#[tokio::test]
async fn acceptance_04_a_lost_answer_changes_nothing() -> Outcomes {
    let world = World::new(json!({})).await?;
    let ids = world.call("witness_publish", json!({ "what": "copy:1:2 copy:3:4" })).await?;
    let target = world.store.target(WITNESS, "").await?.id;
    // Another process takes the first, and is gone before it could call.
    let (other, _) = provost_store::open(&world.dir.path().join("store")).await?;
    while other.fan_out(BEGIN, 100).await?.events > 0 {}
    assert_eq!(other.claim_deliveries(target, BEGIN, DAY, 1).await?.len(), 1);
    world.pass(2_000).await?;
    assert_eq!(world.seen().await?.len(), 1, "the process that has the other one lives");
    drop(other);
    world.pass(MINUTE).await?;
    let seen = world.seen().await?;
    let times: Vec<_> = seen.iter().map(|s| (&s["event"], &s["times"], &s["attempt"])).collect();
    let one = json!(1);
    assert_eq!(times, [(&ids["ids"][1], &one, &one), (&ids["ids"][0], &one, &json!(2))]);
    // Everything is done: nothing comes a second time, however often it is looked for.
    for _ in 0..3 {
        world.store.put_back(BEGIN + 10 * DAY).await?;
        world.store.fan_out(BEGIN + 10 * DAY, 100).await?;
        world.pass(DAY).await?;
    }
    assert!(world.seen().await?.iter().all(|s| s["times"] == 1));
    // Unless it is forced.
    let again = Chosen { event: ids["ids"][0].as_str().map(str::to_owned), ..Chosen::default() };
    assert_eq!(world.store.replay(&again, world.clock.now_ms()).await?, 1);
    world.pass(MINUTE).await?;
    let seen = world.seen().await?;
    let replayed = seen.iter().find(|s| s["event"] == ids["ids"][0]).expect("it was seen");
    assert_eq!((&replayed["times"], &replayed["replay"]), (&json!(2), &json!(true)));
    Ok(())
}

/// Rolled-back copy: no event row, no snapshot visible.
#[tokio::test]
async fn acceptance_05_a_copy_that_is_given_up_was_never_there() -> Outcomes {
    let world = World::new(json!({})).await?;
    let wish = json!({ "courseid": world.course, "shortname": "two", "keep": false });
    let copy = world.call("witness_copy", wish).await?;
    world.pass(DAY).await?;
    assert!(world.store.course(copy["courseid"].as_u64().expect("an id")).await.is_err());
    assert!(world.rows().await?.is_empty());
    assert!(world.seen().await?.is_empty());
    // Nothing of it is left for a sweep either.
    world.store.sweep(0).await?;
    assert!(world.store.check().await?.is_empty());
    let kept = world.copy("two").await?;
    world.pass(MINUTE).await?;
    assert!(world.store.course(kept).await.is_ok());
    assert_eq!(world.seen().await?.len(), 5);
    Ok(())
}

/// An activity of this course.
fn movable(rest: &Rest, course: u64) -> u64 {
    let contents = rest.call("core_course_get_contents", &[("courseid", &course.to_string())]);
    let modules = contents.as_array().into_iter().flatten().flat_map(|s| s["modules"].as_array().into_iter().flatten());
    let page = modules.into_iter().find(|module| module["modname"] == "page");
    page.and_then(|page| page["id"].as_u64()).unwrap_or_else(|| panic!("no page in {contents}"))
}

/// Name, courses and external id of what the witness was told of contents that have one.
fn told_by_name(rest: &Rest) -> Vec<[String; 3]> {
    let seen = rest.call("witness_seen", &[]);
    let own = seen["seen"].as_array().into_iter().flatten().filter(|s| s["external"] != "");
    own.map(|s| ["name", "courses", "external"].map(|key| text(&s[key]))).collect()
}

/// Copy with delete while disabled, then enable: copy is delivered before delete. An activity is moved to another course, and on.
#[test]
fn acceptance_12_a_move_is_a_copy_and_then_a_deletion() {
    let site = Site::warm(PROVOST);
    site.ok(&["plugin", "install", guests::WITNESS, "--grant-all"]);
    let [first, second, third] = [0; 3].map(|_| site.import(&sample::packed_file()));
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let item = movable(&rest, first);
    let name = [("courseid", first.to_string()), ("content", item.to_string()), ("externalid", "e-1".into())];
    rest.call("witness_name", &name.each_ref().map(|(key, value)| (*key, value.as_str())));
    site.ok(&["target", "disable", WITNESS]);
    let mut moved = item.to_string();
    for (from, to) in [(first, second), (second, third)] {
        moved = site.ok(&["course", "move-items", &from.to_string(), &moved, "--into", &to.to_string()]).trim().into();
    }
    let waiting = site.json(&["event", "list", "--state", "pending"]);
    assert!(waiting.as_array().is_some_and(|all| all.len() >= 4), "{waiting}");
    assert_eq!(told_by_name(&rest), Vec::<[String; 3]>::new());
    site.ok(&["target", "enable", WITNESS]);
    let told = wait_until("all is told", || Some(told_by_name(&rest)).filter(|told| told.len() >= 4));
    let expected = [
        ["content-copied", &format!("{first} {second}"), "e-1"],
        ["content-deleted", &first.to_string(), "e-1"],
        ["content-copied", &format!("{second} {third}"), "e-1"],
        ["content-deleted", &second.to_string(), "e-1"],
    ];
    assert_eq!(told, expected.map(|one| one.map(str::to_owned)));
}

/// Events of one lane stay in order also where a plugin passes them on from another site.
#[tokio::test]
async fn what_is_passed_on_keeps_its_order() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.deliveries.switch(WITNESS, "", TargetState::Unavailable, "operator").await?;
    world.call("witness_publish", json!({ "what": "copy:1:2 delete:1 copy:2:3 delete:2" })).await?;
    world.pass(DAY).await?;
    world.deliveries.switch(WITNESS, "", TargetState::Available, "operator").await?;
    world.pass(MINUTE).await?;
    assert_eq!(world.names().await?, ["content-copied", "content-deleted", "content-copied", "content-deleted"]);
    let seen = world.seen().await?;
    assert!(seen.is_sorted_by_key(|s| s["sequence"].as_u64()), "{seen:?}");
    Ok(())
}

/// Three deterministic traps: the event is DEAD `poison`; upgrading the module replays it.
#[tokio::test]
async fn acceptance_13_poison_goes_with_the_module() -> Outcomes {
    let world = World::new(json!({ "how": "panic", "what": "content-copied" })).await?;
    let ids = world.call("witness_publish", json!({ "what": "copy:1:2 delete:1" })).await?;
    world.pass(MINUTE).await?;
    let rows = world.rows().await?;
    assert_eq!((rows[0].state, &*rows[0].reason, rows[0].attempts), (DeliveryState::Dead, "poison", 3));
    assert!(rows[0].message.contains("crashed"), "{rows:?}");
    // What stood behind it went on, and was told of the gap.
    let seen = world.seen().await?;
    assert_eq!((&seen[0]["event"], &seen[0]["gap"]), (&ids["ids"][1], &ids["ids"][0]));
    // Another configuration of the same module changes nothing; another module does.
    world.registry.configure(WITNESS, &json!({})).await?;
    world.pass(MINUTE).await?;
    assert_eq!(world.seen().await?.len(), 1);
    world.install(&witness(&[("\"version\": \"1.0.0\"", "\"version\": \"1.0.1\"")])?, json!({})).await?;
    world.pass(MINUTE).await?;
    let seen = world.seen().await?;
    assert_eq!(
        (&seen[1]["event"], &seen[1]["attempt"], &seen[1]["replay"]),
        (&ids["ids"][0], &json!(1), &json!(false))
    );
    Ok(())
}

/// Export with the plugin disabled: archive made, nothing queued; import later: "no snapshot" path. With it, what it saved is found.
#[test]
fn acceptance_14_an_archive_that_the_plugin_knows_nothing_of() {
    let site = Site::warm(PROVOST);
    site.ok(&["plugin", "install", guests::WITNESS, "--grant-all"]);
    let course = site.import(&sample::packed_file()).to_string();
    site.ok(&["target", "disable", WITNESS]);
    site.ok(&["backup", "create", &course, "-o", "without.mbz"]);
    assert_eq!(site.json(&["event", "list", "--event", "course-exported"]), json!([]));
    assert_eq!(site.json(&["target", "show", WITNESS])["waiting"], 0);
    site.ok(&["target", "enable", WITNESS]);
    let without = site.import(&site.path("without.mbz")).to_string();
    site.ok(&["backup", "create", &course, "-o", "with.mbz"]);
    let exported = site.json(&["event", "list", "--event", "course-exported", "--state", "done"]);
    assert_eq!(exported.as_array().map(Vec::len), Some(1), "{exported}");
    let with = site.import(&site.path("with.mbz")).to_string();

    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let seen = rest.call("witness_seen", &[]);
    let imported = seen["seen"].as_array().into_iter().flatten().filter(|s| s["name"] == "course-imported");
    let found: Vec<_> = imported.map(|s| (text(&s["courses"]), text(&s["saved"]))).skip(1).collect();
    assert_eq!(found, [(without, "nothing".to_owned()), (with, format!("saved of {course}"))]);
    let dead = site.json(&["event", "list", "--state", "dead"]);
    assert_eq!(dead, json!([]), "nothing saved is no error");
}

/// Best effort, on the host's own announcements: what is away is left out, what is there is told before the export goes on.
#[tokio::test]
async fn an_export_waits_for_nobody() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.deliveries.switch(WITNESS, "", TargetState::Unavailable, "operator").await?;
    let told = world.call("witness_export", json!({ "courseid": world.course, "backup": "b" })).await?;
    assert_eq!(told, json!({ "told": true }));
    assert!(world.rows().await?.is_empty());
    world.deliveries.switch(WITNESS, "", TargetState::Available, "operator").await?;
    world.pass(DAY).await?;
    assert!(world.seen().await?.is_empty());
    let fields = CourseFields { fullname: "Two".into(), shortname: "two".into(), ..CourseFields::default() };
    let mut draft = world.store.draft(fields, Origin::default(), "{}".into(), None).await?;
    draft.add_section(SectionFields { local: 1, ..Default::default() }).await?;
    draft.add_activity(ActivityFields { local: 2, section: 1, ..Default::default() }).await?;
    draft.announce_import("b".into(), CopyKind::Exact, String::new()).await?;
    draft.publish().await?;
    world.pass(MINUTE).await?;
    assert_eq!(world.names().await?, ["course-imported", "content-imported"]);
    // And with the plugin there, before the export goes on.
    world.call("witness_export", json!({ "courseid": world.course, "backup": "c" })).await?;
    let exported = world.names().await?.split_off(2);
    assert_eq!(exported.len(), 4);
    assert!(exported.contains(&"course-exported".to_owned()));
    Ok(())
}

/// Gate: a new version whose `state-change(available)` traps never receives traffic, and the old one keeps serving.
#[tokio::test]
async fn acceptance_17_a_version_that_fails_its_gate_gets_nothing() -> Outcomes {
    let world = World::new(json!({})).await?;
    let newer = witness(&[("\"version\": \"1.0.0\"", "\"version\": \"2.0.0\"")])?;
    for how in ["panic", "error", "later", "abort"] {
        let refused = world.install(&newer, json!({ "how": how, "what": "target-state" })).await;
        assert!(refused.is_err_and(|e| e.to_string().contains("refused to become available")), "{how}");
    }
    let catalog = world.registry.current().await?;
    assert_eq!(catalog.plugin(WITNESS).map(|l| l.plugin.manifest().version.clone()).as_deref(), Some("1.0.0"));
    world.copy("two").await?;
    world.pass(0).await?;
    assert_eq!(world.seen().await?.len(), 5);
    // The same for switching it on again.
    world.registry.configure(WITNESS, &json!({})).await?;
    world.deliveries.switch(WITNESS, "", TargetState::Unavailable, "operator").await?;
    let gone = world.deliveries.switch("nobody", "", TargetState::Available, "operator").await;
    assert!(matches!(gone, Err(SwitchError::Store(StoreError::NotFound { .. }))));
    Ok(())
}

/// Action failure during `course-copied`: the person who started the copy is told.
#[tokio::test]
async fn acceptance_20_who_started_a_copy_hears_of_a_refusal() -> Outcomes {
    let world = World::new(json!({ "how": "error", "what": "course-copied" })).await?;
    let job = NewJob {
        plugin: WITNESS.into(),
        kind: "copy".into(),
        payload: "{}".into(),
        person: 2,
        course: None,
        shared: false,
        key: String::new(),
    };
    let job = world.store.enqueue(job).await?;
    let claimed = world.store.claim("w", Some(&job), 60, 3).await?.expect("the job");
    let fields = CourseFields { fullname: "Two".into(), shortname: "two".into(), ..CourseFields::default() };
    let mut draft = world.store.draft(fields, Origin::default(), "{}".into(), Some(claimed.lease.clone())).await?;
    let (origin, copy) = (world.course.to_string(), draft.course().to_string());
    draft.announce(vec![Happening::CourseCopied { kind: CopyKind::Exact, origin, copy, job: job.clone() }]).await?;
    world.deliveries.before_publish(draft.as_mut()).await;
    draft.publish().await?;
    world.store.end(&claimed.lease, JobEnd::Succeeded("{}".into()), 3).await?;
    world.pass(DAY).await?;
    let told = world.store.notices(&NoticeFilter { whose: Whose::Person(2), ..NoticeFilter::default() }).await?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message.contains(WITNESS) && told[0].message.contains("refuses as asked"));
    let ended = world.store.job(&job).await?;
    assert_eq!((ended.state, ended.warnings.len()), (JobState::Succeeded, 1));
    Ok(())
}

/// A run that is undone after its events were told is followed by the end of what it made; one that nobody was told of leaves nothing.
#[tokio::test]
async fn a_job_that_is_undone_is_taken_back() -> Outcomes {
    let world = World::new(json!({})).await?;
    for told in [true, false] {
        let new = NewJob {
            plugin: WITNESS.into(),
            kind: "copy".into(),
            payload: "{}".into(),
            person: 2,
            course: None,
            shared: false,
            key: String::new(),
        };
        let job = world.store.enqueue(new).await?;
        let claimed = world.store.claim("w", Some(&job), 60, 3).await?.expect("the job");
        let fields = CourseFields { fullname: "Two".into(), shortname: "two".into(), ..CourseFields::default() };
        let mut draft = world.store.draft(fields, Origin::default(), "{}".into(), Some(claimed.lease.clone())).await?;
        draft.announce_import("b".into(), CopyKind::Exact, job).await?;
        draft.publish().await?;
        if told {
            world.pass(0).await?;
        }
        world.store.end(&claimed.lease, JobEnd::Failed("no".into()), 3).await?;
        world.pass(MINUTE).await?;
    }
    assert_eq!(world.names().await?, ["course-imported", "course-deleted"]);
    Ok(())
}
