//! What is told to whom, in which time, and what targets, plugins and operators may do about that.

use crate::world::*;
use provost_runtime::{Delivery, HandleBounds};
use provost_services::{Worker, WorkerOptions};
use provost_store::api::*;
use provost_tests::live::text;
use serde_json::json;

/// Every target is told its own external id: the one that the original had when it was copied, and that a content had at its end.
#[tokio::test]
async fn external_ids_are_each_targets_own() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.speak("t", "content-copied content-deleted").await?;
    let content = world.activities(world.course).await?[1];
    let name = async |external: &str| -> Outcomes {
        for target in ["", "t"] {
            let (courseid, externalid) = (world.course, format!("{external}{target}"));
            let wish = json!({ "target": target, "courseid": courseid, "content": content, "externalid": externalid });
            world.call("witness_name", wish).await?;
        }
        Ok(())
    };
    name("e-1").await?;
    for target in ["", "t"] {
        world.deliveries.disable(WITNESS, target).await?;
    }
    let copy = world.copy("two").await?;
    name("e-2").await?;
    world.store.delete_items(world.course, vec![content]).await?;
    let copied = world.activities(copy).await?[1];
    world.store.delete_items(copy, vec![copied]).await?;
    world.pass(DAY).await?;
    assert!(world.seen().await?.is_empty());
    for target in ["", "t"] {
        world.deliveries.enable(WITNESS, target).await?;
    }
    world.pass(MINUTE).await?;
    for target in ["", "t"] {
        let named = world.seen_by(target).await?;
        let named: Vec<_> = named
            .iter()
            .filter(|s| s["external"] != "")
            .map(|s| [text(&s["name"]), text(&s["courses"]), text(&s["external"])])
            .collect();
        let (from, both) = (world.course.to_string(), format!("{} {copy}", world.course));
        let expected = [
            ["content-copied".into(), both, format!("e-1{target}")],
            ["content-deleted".into(), from, format!("e-2{target}")],
            ["content-deleted".into(), copy.to_string(), format!("e-1{target}")],
        ];
        assert_eq!(named, expected, "target {target:?}");
    }
    Ok(())
}

/// The end of a copy is told when all of it was, also where that took several attempts, and with the map from old to new.
#[tokio::test]
async fn the_end_of_a_copy_comes_last() -> Outcomes {
    let world = World::new(json!({ "how": "panic", "what": "content-copied", "attempts": 1 })).await?;
    world.speak("t", "course-copied content-copied course-copy-settled batch-completed").await?;
    let copy = world.copy("two").await?;
    world.pass(DAY).await?;
    let seen = world.seen_by("t").await?;
    let names: Vec<_> = seen.iter().map(|s| text(&s["name"])).collect();
    let contents = ["content-copied"; 4];
    assert_eq!(names, [&["course-copied"], &contents[..], &["course-copy-settled"]].concat());
    let last = &seen[5];
    assert_eq!((&last["saved"], &last["visible"]), (&json!("4 of 4"), &json!(true)), "{last}");
    // Several things that are done at once have an end as well.
    let activities = world.activities(copy).await?;
    world.store.delete_items(copy, activities[..2].to_vec()).await?;
    world.store.delete_items(copy, activities[2..].to_vec()).await?;
    world.pass(DAY).await?;
    let batches: Vec<_> = world.seen_by("t").await?.into_iter().filter(|s| s["name"] == "batch-completed").collect();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0]["courses"], format!("{copy} content-deleted 2"));
    Ok(())
}

/// A copy has plugins' data as of its snapshot: what is edited while it is made is not in it.
#[tokio::test]
async fn a_copy_is_as_of_its_snapshot() -> Outcomes {
    let world = World::new(json!({})).await?;
    let data = async |courseid: u64, value: &str| -> anyhow::Result<String> {
        let kept = world.call("witness_data", json!({ "courseid": courseid, "value": value })).await?;
        Ok(text(&kept["value"]))
    };
    assert_eq!(data(world.course, "before").await?, "before");
    let wish = json!({ "courseid": world.course, "shortname": "two", "keep": true, "edit": "after" });
    let copy = world.call("witness_copy", wish).await?["courseid"].as_u64().expect("an id");
    assert_eq!(data(copy, "").await?, "before");
    assert_eq!(data(world.course, "").await?, "after");
    world.pass(MINUTE).await?;
    // Nothing of that is swept away.
    world.store.sweep(0).await?;
    assert_eq!(data(copy, "").await?, "before");
    assert!(world.store.check().await?.is_empty());
    Ok(())
}

/// A target that is taken away is told so, whatever its state; what it says to that changes nothing.
#[tokio::test]
async fn a_target_hears_that_it_is_taken_away() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.speak("t", "content-copied target-removed").await?;
    world.call("witness_speak", json!({ "name": "t", "state": "removed" })).await?;
    assert_eq!(world.names_of("t").await?, ["target-removed"]);
    assert!(!world.store.target(WITNESS, "t").await?.installed);
    let gone = world.call("witness_speak", json!({ "name": "t", "state": "removed" })).await;
    assert!(gone.is_err_and(|e| e.to_string().contains("no target t")));
    for how in ["error", "panic", "later"] {
        world.registry.configure(WITNESS, &json!({ "how": how, "what": "target-removed" })).await?;
        world.speak("u", "target-removed").await?;
        world.call("witness_speak", json!({ "name": "u", "state": "unavailable" })).await?;
        world.call("witness_speak", json!({ "name": "u", "state": "removed" })).await?;
        assert!(!world.store.target(WITNESS, "u").await?.installed, "{how}");
    }
    world.registry.configure(WITNESS, &json!({})).await?;
    world.speak("u", "target-removed").await?;
    world.call("witness_speak", json!({ "name": "u", "state": "unavailable" })).await?;
    world.call("witness_speak", json!({ "name": "u", "state": "removed" })).await?;
    assert_eq!(world.names_of("u").await?, ["target-removed"]);
    Ok(())
}

/// What an operator switched off stays so for the plugin that speaks for it, also when that takes it away and puts it there anew.
#[tokio::test]
async fn a_plugin_leaves_what_an_operator_switched_off() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.speak("t", "content-copied").await?;
    world.deliveries.disable(WITNESS, "t").await?;
    for _ in 0..2 {
        let refused = world.call("witness_speak", json!({ "name": "t", "state": "available" })).await;
        assert!(refused.is_err_and(|e| e.to_string().contains("an operator made witness-a/t unavailable")));
        world.call("witness_speak", json!({ "name": "t", "state": "removed" })).await?;
        world.call("witness_speak", json!({ "name": "t", "events": "content-copied" })).await?;
    }
    assert_eq!(world.store.target(WITNESS, "t").await?.reason, BY_OPERATOR);
    world.deliveries.enable(WITNESS, "t").await?;
    world.call("witness_publish", json!({ "what": "copy:1:2" })).await?;
    world.pass(MINUTE).await?;
    assert_eq!(world.names_of("t").await?, ["content-copied"]);
    Ok(())
}

/// Handlers that publish for one another come to an end, also where they leave it to jobs.
#[tokio::test]
async fn a_chain_of_causes_is_bounded() -> Outcomes {
    const ECHO: &str = "edu.example.echo.v1";
    let world = World::new(json!({ "how": "echo", "what": "other" })).await?;
    world.speak("t", ECHO).await?;
    world.call("witness_echo", json!({})).await?;
    world.pass(DAY).await?;
    let rows = world.rows().await?;
    assert_eq!(rows.len(), 9, "the first, and eight that came of it");
    assert!(rows.iter().all(|r| r.name == ECHO));
    assert!(rows[..8].iter().all(|r| r.state == DeliveryState::Done));
    assert_eq!((rows[8].state, rows[8].attempts), (DeliveryState::Dropped, 1));
    assert!(rows[8].message.contains("8 events led to this one"), "{}", rows[8].message);

    world.registry.configure(WITNESS, &json!({ "how": "echo-job", "what": "other" })).await?;
    world.call("witness_echo", json!({})).await?;
    let worker = Worker::new(world.registry.clone(), WorkerOptions::default());
    let mut ended = Vec::new();
    loop {
        world.pass(MINUTE).await?;
        let queued = JobFilter { state: Some(JobState::Queued), ..JobFilter::default() };
        let Some(next) = world.store.jobs(queued).await?.pop() else { break };
        ended.push(worker.run_to_end(&next.id, |_| {}).await?);
    }
    assert_eq!(ended.len(), 8);
    assert!(ended.iter().all(|job| job.state == JobState::Succeeded));
    let refused = world.rows().await?.pop().expect("the last event");
    assert_eq!(refused.state, DeliveryState::Dropped);
    assert!(refused.message.contains("8 events led to this one"), "{}", refused.message);
    Ok(())
}

/// Before a change is visible nobody outside is called, and what a handler says of that decides nothing: it is called again after.
#[tokio::test]
async fn nobody_outside_is_called_before_a_change_is_visible() -> Outcomes {
    let world = World::new(json!({ "how": "call", "what": "course-copied" })).await?;
    world.copy("two").await?;
    assert!(world.rows().await?.is_empty(), "no attempt is counted: {:?}", world.rows().await?);
    world.pass(0).await?;
    let rows = world.rows().await?;
    let first = rows.iter().find(|r| r.name == "course-copied").expect("the copy");
    assert_eq!((first.state, first.attempts, &*first.reason), (DeliveryState::Pending, 1, "denied"));
    assert!(!first.message.contains("before the change"), "{}", first.message);
    let details = world.store.event(&first.event).await?;
    assert_eq!(details.deliveries[0].1.len(), 1);
    Ok(())
}

/// A call does not begin with less time than it may take: that it was late would count against the plugin.
#[tokio::test]
async fn a_call_begins_with_all_of_its_time() -> Outcomes {
    let world = World::new(json!({})).await?;
    let catalog = world.registry.current().await?;
    let plugin = catalog.plugin(WITNESS).expect("the witness").plugin.clone();
    let deliveries = |n: u64| {
        let event = |n: u64| Event {
            id: format!("01890000-0000-7000-8000-{n:012}"),
            source: String::new(),
            time: 0,
            sequence: n,
            what: Happening::CourseDeleted { course: "x:1".into() },
            storage_sequence: 0,
            hops: 0,
        };
        let told = move |n| Delivery {
            target: String::new(),
            event: event(n),
            hidden: None,
            attempt: 1,
            deferred: false,
            replay: false,
            gap_after: None,
        };
        (0..n).map(told).collect::<Vec<_>>()
    };
    let hour = std::time::Duration::from_secs(3600);
    for (all, handled) in [(None, 3), (Some(hour * 2), 3), (Some(hour), 0)] {
        let bounds = HandleBounds { each: hour, all };
        assert_eq!(plugin.handle(deliveries(3), bounds).await.len(), handled, "{all:?}");
    }
    Ok(())
}

/// What an archive names, by what was saved under its id, hears of what comes out of it also when it is not installed then.
#[tokio::test]
async fn an_import_waits_for_whom_the_archive_names() -> Outcomes {
    let world = World::new(json!({})).await?;
    world.call("witness_export", json!({ "courseid": world.course, "backup": "b" })).await?;
    assert!(world.names().await?.contains(&"course-exported".to_owned()));
    world.registry.remove(WITNESS).await?;
    let import = async |shortname: &str, backup: &str| -> Outcomes {
        let fields = CourseFields { fullname: "Two".into(), shortname: shortname.into(), ..CourseFields::default() };
        let mut draft = world.store.draft(fields, Origin::default(), "{}".into(), None).await?;
        draft.add_section(SectionFields { local: 1, ..Default::default() }).await?;
        draft.add_activity(ActivityFields { local: 2, section: 1, ..Default::default() }).await?;
        draft.announce_import(backup.into(), CopyKind::Exact, String::new()).await?;
        draft.publish().await?;
        world.pass(MINUTE).await
    };
    import("two", "b").await?;
    import("three", "c").await?;
    world.store.announce(vec![Happening::CourseDeleted { course: "7".into() }], None).await?;
    // Nor is it forgotten soon.
    world.pass(170 * DAY).await?;
    world.deliveries.keep_to_retention().await?;
    let waiting: Vec<_> = world.in_state(DeliveryState::Pending).await?.into_iter().map(|r| r.name).collect();
    assert_eq!(waiting, ["course-imported", "content-imported"], "of the archive that names it alone");
    world.install(&witness(&[])?, json!({})).await?;
    world.pass(MINUTE).await?;
    let seen = world.seen().await?;
    let imported = seen.iter().find(|s| s["name"] == "course-imported").expect("it was told");
    assert_eq!(
        (&imported["saved"], &imported["deferred"], &imported["attempt"]),
        (&json!(format!("saved of {}", world.course)), &json!(true), &json!(1))
    );
    assert!(world.in_state(DeliveryState::Pending).await?.is_empty());
    // Half a year is the end of it.
    world.registry.remove(WITNESS).await?;
    import("four", "b").await?;
    world.pass(181 * DAY).await?;
    world.deliveries.keep_to_retention().await?;
    let dead = world.in_state(DeliveryState::Dead).await?;
    assert_eq!(dead.iter().map(|r| &*r.reason).collect::<Vec<_>>(), ["expired", "expired"]);
    Ok(())
}
