//! What becomes of events, on real handlers: the acceptance checks of proxy-tool-events.md 15 that are about delivery. Time is set by hand.

use provost_runtime::{Caller, Engine, EngineOptions, EventService as _, Host, Outcome, Request, TextSettings};
use provost_services::Registry;
use provost_services::delivery::{Clock as _, Deliveries, DeliveryOptions, SetClock, SwitchError};
use provost_store::api::*;
use provost_tests::live::guests;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

type Outcomes = anyhow::Result<()>;

const BEGIN: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const WITNESS: &str = "witness-a";

struct World {
    dir: tempfile::TempDir,
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    deliveries: Arc<Deliveries>,
    clock: Arc<SetClock>,
    course: u64,
}

/// The witness, after some letters of it are changed.
fn witness(changes: &[(&str, &str)]) -> anyhow::Result<Vec<u8>> {
    let mut wasm = std::fs::read(guests::WITNESS)?;
    for (from, to) in changes {
        assert_eq!(from.len(), to.len());
        let at = wasm.windows(from.len()).position(|w| w == from.as_bytes());
        let at = at.ok_or_else(|| anyhow::anyhow!("no {from:?} in the witness"))?;
        wasm[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    Ok(wasm)
}

impl World {
    /// A course with three activities, and a witness that does as it is configured to.
    async fn new(config: Value) -> anyhow::Result<Self> {
        Self::open(tempfile::tempdir()?, config).await
    }

    async fn open(dir: tempfile::TempDir, config: Value) -> anyhow::Result<Self> {
        let (store, blobs) = provost_store::open(&dir.path().join("store")).await?;
        let scratch = dir.path().join("scratch");
        std::fs::create_dir_all(&scratch)?;
        let host = Arc::new(Host::new(store.clone(), blobs, scratch, store.site().await?));
        let engine = Engine::new(&EngineOptions::default())?;
        let registry = Arc::new(Registry::open(engine, host, &[]).await?);
        let clock = Arc::new(SetClock::new(BEGIN));
        let deliveries = registry.deliveries_by(clock.clone(), DeliveryOptions::default());
        let fields = CourseFields { fullname: "One".into(), shortname: "one".into(), ..CourseFields::default() };
        let mut draft = store.draft(fields, Origin::default(), "{}".into(), None).await?;
        draft.add_section(SectionFields { local: 1, ..Default::default() }).await?;
        for local in 2..5 {
            draft.add_activity(ActivityFields { local, section: 1, ..Default::default() }).await?;
        }
        let course = draft.publish().await?;
        let world = Self { dir, store, registry, deliveries, clock, course };
        world.install(&witness(&[])?, config).await?;
        Ok(world)
    }

    async fn install(&self, wasm: &[u8], config: Value) -> anyhow::Result<()> {
        let grants = ["course-store", "events", "plugin-data", "targets"].map(str::to_owned);
        self.registry.install(wasm, &grants, &config).await?;
        Ok(())
    }

    async fn call(&self, function: &str, parameters: Value) -> anyhow::Result<Value> {
        let catalog = self.registry.current().await?;
        let plugin = catalog.plugin(WITNESS).ok_or_else(|| anyhow::anyhow!("no witness"))?.plugin.clone();
        let request = Request {
            function: function.into(),
            parameters: parameters.to_string(),
            caller: Caller { person: 2, username: "admin".into(), site_admin: true },
            settings: TextSettings {
                raw: true,
                file_urls: false,
                filter: false,
                language: String::new(),
                timezone: String::new(),
            },
            service: String::new(),
        };
        match plugin.call(&request).await {
            Outcome::Ok(answer) => Ok(serde_json::from_str(&answer)?),
            other => anyhow::bail!("{function}: {}", other.describe()),
        }
    }

    async fn copy(&self, shortname: &str) -> anyhow::Result<u64> {
        let copied =
            self.call("witness_copy", json!({ "courseid": self.course, "shortname": shortname, "keep": true })).await?;
        copied["courseid"].as_u64().ok_or_else(|| anyhow::anyhow!("{copied}"))
    }

    /// What the witness has done, in that order.
    async fn seen(&self) -> anyhow::Result<Vec<Value>> {
        let seen = self.call("witness_seen", json!({})).await?;
        Ok(seen["seen"].as_array().cloned().unwrap_or_default())
    }

    async fn names(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.seen().await?.iter().map(|s| s["name"].as_str().unwrap_or_default().to_owned()).collect())
    }

    async fn rows(&self) -> anyhow::Result<Vec<DeliveryRow>> {
        Ok(self.store.deliveries(&DeliveryFilter { oldest_first: true, ..Default::default() }).await?)
    }

    async fn in_state(&self, state: DeliveryState) -> anyhow::Result<Vec<DeliveryRow>> {
        Ok(self.rows().await?.into_iter().filter(|r| r.state == state).collect())
    }

    /// Lets time pass, delivering what becomes due.
    async fn pass(&self, ms: i64) -> anyhow::Result<()> {
        let until = self.clock.now_ms() + ms;
        loop {
            match self.deliveries.settle_down().await? {
                Some(next) if next <= until => self.clock.set(next.max(self.clock.now_ms() + 1)),
                _ => {
                    self.clock.set(until);
                    return Ok(());
                }
            }
        }
    }
}

/// Lines of the level `error` while it lives.
struct Errors(Arc<Mutex<Vec<u8>>>, #[allow(dead_code)] tracing::subscriber::DefaultGuard);

#[derive(Clone)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Errors {
    fn watch() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Lines(lines.clone());
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::ERROR)
            .with_ansi(false)
            .with_writer(move || into.clone())
            .finish();
        Self(lines, tracing::subscriber::set_default(subscriber))
    }

    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.0.lock().expect("unpoisoned")).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}

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
    assert_eq!(waiting.len(), 5, "{waiting:?}");
    assert!(waiting.iter().all(|r| r.attempts == 0));
    world.deliveries.switch(WITNESS, "", TargetState::Available, "operator").await?;
    // No time passes.
    world.deliveries.settle_down().await?;
    let seen = world.seen().await?;
    assert_eq!(seen.len(), 5);
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
    assert_eq!(world.seen().await?.len(), 4);
    Ok(())
}

/// Copy with delete while disabled, then enable: copy is delivered before delete.
#[tokio::test]
async fn acceptance_12_the_copy_comes_before_the_deletion() -> Outcomes {
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
    assert!(rows[0].message.contains("panics as asked"), "{rows:?}");
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

/// Export with the plugin disabled: archive made, nothing queued; import later: "no snapshot" path.
#[tokio::test]
async fn acceptance_14_an_export_waits_for_nobody() -> Outcomes {
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
    assert_eq!(world.seen().await?.len(), 4);
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
    let told = world.store.notices(Some(2), 10).await?;
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
