//! What becomes of events, on real handlers: the acceptance checks of proxy-tool-events.md 15 that are about delivery. Time is set by hand.

use provost_runtime::{
    Caller, Delivery, Engine, EngineOptions, EventService as _, HandleBounds, Host, Outcome, Request, TextSettings,
};
use provost_services::delivery::{Clock as _, Deliveries, DeliveryOptions, SetClock, SwitchError};
use provost_services::{Registry, Worker, WorkerOptions};
use provost_store::api::*;
use provost_tests::live::{Rest, Site, guests, text, wait_until};
use provost_tests::sample;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

type Outcomes = anyhow::Result<()>;

const BEGIN: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const WITNESS: &str = "witness-a";
const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

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
        let grants =
            ["contents", "course-store", "events", "http", "jobs", "plugin-data", "targets"].map(str::to_owned);
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

impl World {
    /// A target that the witness speaks for and that is told of these, separated by spaces.
    async fn speak(&self, name: &str, events: &str) -> Outcomes {
        self.call("witness_speak", json!({ "name": name, "events": events, "state": "available" })).await?;
        Ok(())
    }

    /// What a target of the witness has done, in that order.
    async fn seen_by(&self, target: &str) -> anyhow::Result<Vec<Value>> {
        Ok(self.seen().await?.into_iter().filter(|s| s["target"] == target).collect())
    }

    async fn names_of(&self, target: &str) -> anyhow::Result<Vec<String>> {
        Ok(self.seen_by(target).await?.iter().map(|s| text(&s["name"])).collect())
    }

    async fn activities(&self, course: u64) -> anyhow::Result<Vec<u64>> {
        Ok(self.store.snapshot(course).await?.activities(0, 100).await?.into_iter().map(|a| a.id).collect())
    }
}

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
    assert_eq!(ended.len(), 9);
    assert!(ended[..8].iter().all(|job| job.state == JobState::Succeeded));
    assert_eq!(ended[8].state, JobState::Failed);
    assert!(ended[8].reason.contains("8 events led to this one"), "{}", ended[8].reason);
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
