//! The host is killed at random moments while a course is copied and told of: what happened is told once, in order, or waits, or is given up
//! with a reason. The copies are in turns a job of the duplicating plugin, which is taken up again, and one call of a plugin, which is not.
//! Two moments by default; `PROVOST_KILL_POINTS` says how many, `PROVOST_KILL_ITEMS` how large the course is.

use provost_store::api::*;
use provost_tests::live::{Site, guests};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
/// Told of everything; refuses to take note of contents; switched off.
const HEALTHY: &str = "witness-a";
const FAILING: &str = "witness-b";
const DISABLED: &str = "witness-c";

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Installs the witness under another id.
fn install(site: &Site, id: &str, config: &Value) {
    let mut wasm = std::fs::read(guests::WITNESS).expect("the witness");
    let at = wasm.windows(HEALTHY.len()).position(|w| w == HEALTHY.as_bytes()).expect("its id");
    wasm[at..at + id.len()].copy_from_slice(id.as_bytes());
    // Functions of plugins have names of their own.
    let mut from = 0;
    while let Some(at) = wasm[from..].windows(8).position(|w| w == b"witness_") {
        from += at;
        wasm[from + 6] = id.as_bytes()[8];
        from += 8;
    }
    let file = site.path(&format!("{id}.wasm"));
    std::fs::write(&file, wasm).expect("a file");
    let config = config.to_string();
    site.ok(&["plugin", "install", file.to_str().expect("a path"), "--grant-all", "--config", &config]);
}

/// All deliveries of a target, oldest first.
async fn deliveries(store: &Arc<dyn Store>, target: &str) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let filter = DeliveryFilter { target: Some(target.into()), after, ..DeliveryFilter::default() };
        let some = store.deliveries(&filter).await?;
        let Some(last) = some.last() else { break };
        after = last.id;
        all.extend(some);
    }
    all.sort_by_key(|row| row.sequence);
    Ok(all)
}

/// What the healthy witness has in its data: by event, how often, and the place in the history of data.
async fn remembered(store: &Arc<dyn Store>) -> Result<BTreeMap<String, (u64, u64)>, StoreError> {
    let mut all = BTreeMap::new();
    let mut after = String::new();
    loop {
        let keys = store.data_keys(HEALTHY, &DataPlace::Site, Namespace::Definition, &after, 1000, 0).await?;
        let Some(last) = keys.last() else { return Ok(all) };
        after.clone_from(last);
        for key in keys {
            let value = store.data(HEALTHY, &DataPlace::Site, Namespace::Definition, &key, 0).await?;
            let Some(value) = value else { continue };
            let seen: Value = serde_json::from_slice(&value.bytes).unwrap_or_default();
            all.insert(key, (seen["times"].as_u64().unwrap_or_default(), value.version));
        }
    }
}

/// Who copies.
#[derive(Debug, Clone, Copy)]
enum How {
    /// The witness, in the call.
    Call,
    /// The duplicating plugin, as a job.
    Job,
}

impl How {
    /// Address and form of a request for a copy.
    fn request(self, url: &str, token: &str, course: &str, name: &str) -> (String, Vec<(String, String)>) {
        let own: &[(&str, &str)] = match self {
            How::Call => &[("wsfunction", "witnesa_copy"), ("keep", "1")],
            How::Job => &[
                ("wsfunction", "core_course_async_duplicate_course"),
                ("fullname", "Copy"),
                ("categoryid", "1"),
                ("options[0][name]", "users"),
                ("options[0][value]", "1"),
            ],
        };
        let all = [("wstoken", token), ("moodlewsrestformat", "json"), ("courseid", course), ("shortname", name)];
        let form = all.iter().chain(own).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        (format!("{url}/webservice/rest/server.php"), form.collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_is_told_once_or_waits() -> Result<(), Box<dyn std::error::Error>> {
    let (points, items) = (number("PROVOST_KILL_POINTS", 2), number("PROVOST_KILL_ITEMS", 300));
    let site = Site::warm(PROVOST);
    install(&site, HEALTHY, &json!({}));
    install(&site, FAILING, &json!({ "how": "panic", "what": "content-copied" }));
    install(&site, DISABLED, &json!({}));
    let token = site.token("admin");
    let (store, _) = provost_store::open(&site.data()).await?;
    let fields = CourseFields { fullname: "One".into(), shortname: "one".into(), ..CourseFields::default() };
    let mut draft = store.draft(fields, Origin::default(), "{}".into(), None).await?;
    draft.add_section(SectionFields { local: 1, ..Default::default() }).await?;
    for local in 0..u64::from(items) {
        draft.add_activity(ActivityFields { local: local + 2, section: 1, ..Default::default() }).await?;
    }
    let course = draft.publish().await?.to_string();
    let disabled = store.target(DISABLED, "").await?.id;
    store.set_target_state(disabled, TargetState::Unavailable, "operator", 0).await?;

    let mut random = StdRng::seed_from_u64(5);
    // Long enough for a copy and what is told of it, measured once.
    let begun = std::time::Instant::now();
    let server = site.serve(&[]);
    let copy = |url: &str, how: How, name: &str| how.request(url, &token, &course, name);
    let (url, form) = copy(&server.url, How::Call, "whole");
    let first = tokio::task::spawn_blocking(move || post(&url, &form)).await?;
    assert!(first.is_some_and(|answer| answer.contains("courseid")), "the copy that is left alone");
    settled(&store).await?;
    let longest = begun.elapsed().max(Duration::from_millis(300));
    server.kill();

    for point in 0..points {
        let server = site.serve(&[]);
        let how = if point % 2 == 0 { How::Job } else { How::Call };
        let (url, form) = copy(&server.url, how, &format!("copy {point}"));
        let asked = tokio::task::spawn_blocking(move || post(&url, &form));
        let moment = random.random_range(0.0..1.0) * longest.as_secs_f64();
        tokio::time::sleep(Duration::from_secs_f64(moment)).await;
        server.kill();
        let _ = asked.await;
        // Another one goes on.
        let server = site.serve(&[]);
        settled(&store).await?;
        check(&store, u64::from(items)).await.map_err(|why| format!("after {moment:.3} s of point {point}: {why}"))?;
        server.kill();
    }
    Ok(())
}

fn post(url: &str, form: &[(String, String)]) -> Option<String> {
    let form = form.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    ureq::post(url).send_form(form).ok()?.body_mut().read_to_string().ok()
}

/// Waits until no job is left and the healthy target has everything.
async fn settled(store: &Arc<dyn Store>) -> Result<(), StoreError> {
    let begun = std::time::Instant::now();
    loop {
        let jobs = store.jobs(JobFilter { course: None, state: None, limit: 1000 }).await?;
        let unfinished = jobs.iter().filter(|j| matches!(j.state, JobState::Queued | JobState::Running)).count();
        // In this order: what is handed out between the two looks is seen by the second.
        let (_, untold) = store.listeners().await?;
        let waiting = store.target(HEALTHY, "").await?.waiting;
        if unfinished == 0 && waiting == 0 && !untold {
            return Ok(());
        }
        if begun.elapsed() > provost_tests::live::PATIENCE {
            let what = format!("{unfinished} jobs and {waiting} events of the healthy target are left");
            return Err(StoreError::Invalid(what));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn check(store: &Arc<dyn Store>, items: u64) -> Result<(), String> {
    let fault = |e: StoreError| e.to_string();
    let courses = store.courses(0, 1000).await.map_err(fault)?;
    let copies = courses.len() as u64 - 1;
    // Every job that was taken on has made one course, however often it was begun.
    for job in store.jobs(JobFilter { course: None, state: None, limit: 1000 }).await.map_err(fault)? {
        let outcome: Value = serde_json::from_str(&job.outcome).unwrap_or_default();
        let made = outcome["courseid"].as_u64().filter(|id| courses.iter().any(|c| c.id == *id));
        if job.state != JobState::Succeeded || made.is_none() {
            return Err(format!("{job:?}"));
        }
    }
    let courses: BTreeSet<String> = courses.iter().map(|c| c.id.to_string()).collect();
    let healthy = deliveries(store, HEALTHY).await.map_err(fault)?;
    // Every copy that is there has all its events, and none that is not has any.
    // The course itself, its section and its activities.
    let expected = copies * (items + 2);
    if healthy.len() as u64 != expected {
        return Err(format!("{copies} copies have {} events in place of {expected}", healthy.len()));
    }
    let remembered = remembered(store).await.map_err(fault)?;
    if remembered.len() != healthy.len() {
        return Err(format!("{} of {} events left something", remembered.len(), healthy.len()));
    }
    let mut last = 0;
    for row in &healthy {
        if row.state != DeliveryState::Done || row.courses.iter().any(|c| !courses.contains(c)) {
            return Err(format!("{row:?}"));
        }
        // All copies are of one course, so all of it is one lane.
        match remembered.get(&row.event) {
            // What was told before a copy was visible became so at one moment.
            Some((1, place)) if *place >= last => last = *place,
            other => return Err(format!("event {} of place {}: {other:?} after {last}", row.event, row.sequence)),
        }
    }
    for target in [FAILING, DISABLED] {
        let rows = deliveries(store, target).await.map_err(fault)?;
        if rows.len() as u64 != expected {
            return Err(format!("{target} has {} events in place of {expected}", rows.len()));
        }
        let wrong = rows.iter().find(|row| match row.state {
            DeliveryState::Pending => target == DISABLED && row.attempts > 0,
            DeliveryState::InFlight => target == DISABLED,
            DeliveryState::Done => target == DISABLED || row.name == "content-copied",
            DeliveryState::Dropped | DeliveryState::Dead => target == DISABLED || row.reason.is_empty(),
        });
        if let Some(wrong) = wrong {
            return Err(format!("{target}: {wrong:?}"));
        }
    }
    Ok(())
}
