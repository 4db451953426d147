//! A host with a witness of events and a clock that is set by hand.

use provost_runtime::{Caller, Engine, EngineOptions, Host, Outcome, Request, TextSettings};
use provost_services::Registry;
use provost_services::delivery::{Clock as _, Deliveries, DeliveryOptions, SetClock};
use provost_store::api::*;
use provost_tests::live::{guests, text};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

pub type Outcomes = anyhow::Result<()>;

pub const BEGIN: i64 = 1_800_000_000_000;
pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 24 * 60 * MINUTE;
pub const WITNESS: &str = "witness-a";
pub const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// A store with a witness, and time that is set by hand.
pub struct World {
    pub dir: tempfile::TempDir,
    pub store: Arc<dyn Store>,
    pub registry: Arc<Registry>,
    pub deliveries: Arc<Deliveries>,
    pub clock: Arc<SetClock>,
    pub course: u64,
}

/// The witness, after some letters of it are changed.
pub fn witness(changes: &[(&str, &str)]) -> anyhow::Result<Vec<u8>> {
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
    pub async fn new(config: Value) -> anyhow::Result<Self> {
        Self::open(tempfile::tempdir()?, config).await
    }

    pub async fn open(dir: tempfile::TempDir, config: Value) -> anyhow::Result<Self> {
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

    pub async fn install(&self, wasm: &[u8], config: Value) -> anyhow::Result<()> {
        let grants =
            ["contents", "course-store", "events", "http", "jobs", "plugin-data", "targets"].map(str::to_owned);
        self.registry.install(wasm, &grants, &config).await?;
        Ok(())
    }

    pub async fn call(&self, function: &str, parameters: Value) -> anyhow::Result<Value> {
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

    pub async fn copy(&self, shortname: &str) -> anyhow::Result<u64> {
        let copied =
            self.call("witness_copy", json!({ "courseid": self.course, "shortname": shortname, "keep": true })).await?;
        copied["courseid"].as_u64().ok_or_else(|| anyhow::anyhow!("{copied}"))
    }

    /// What the witness has done, in that order.
    pub async fn seen(&self) -> anyhow::Result<Vec<Value>> {
        let seen = self.call("witness_seen", json!({})).await?;
        Ok(seen["seen"].as_array().cloned().unwrap_or_default())
    }

    pub async fn names(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.seen().await?.iter().map(|s| s["name"].as_str().unwrap_or_default().to_owned()).collect())
    }

    pub async fn rows(&self) -> anyhow::Result<Vec<DeliveryRow>> {
        Ok(self.store.deliveries(&DeliveryFilter { oldest_first: true, ..Default::default() }).await?)
    }

    pub async fn in_state(&self, state: DeliveryState) -> anyhow::Result<Vec<DeliveryRow>> {
        Ok(self.rows().await?.into_iter().filter(|r| r.state == state).collect())
    }

    /// Lets time pass, delivering what becomes due.
    pub async fn pass(&self, ms: i64) -> anyhow::Result<()> {
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

    /// A target that the witness speaks for and that is told of these, separated by spaces.
    pub async fn speak(&self, name: &str, events: &str) -> Outcomes {
        self.call("witness_speak", json!({ "name": name, "events": events, "state": "available" })).await?;
        Ok(())
    }

    /// What a target of the witness has done, in that order.
    pub async fn seen_by(&self, target: &str) -> anyhow::Result<Vec<Value>> {
        Ok(self.seen().await?.into_iter().filter(|s| s["target"] == target).collect())
    }

    pub async fn names_of(&self, target: &str) -> anyhow::Result<Vec<String>> {
        Ok(self.seen_by(target).await?.iter().map(|s| text(&s["name"])).collect())
    }

    pub async fn activities(&self, course: u64) -> anyhow::Result<Vec<u64>> {
        Ok(self.store.snapshot(course).await?.activities(0, 100).await?.into_iter().map(|a| a.id).collect())
    }
}

/// Lines of the level `error` while it lives.
pub struct Errors(Arc<Mutex<Vec<u8>>>, #[allow(dead_code)] tracing::subscriber::DefaultGuard);

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
    pub fn watch() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Lines(lines.clone());
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::ERROR)
            .with_ansi(false)
            .with_writer(move || into.clone())
            .finish();
        Self(lines, tracing::subscriber::set_default(subscriber))
    }

    pub fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.0.lock().expect("unpoisoned")).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}
