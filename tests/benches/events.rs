//! What telling of events costs: events a second to a handler that does nothing, through the durable outbox, against bare wasmtime that makes
//! an instance and calls it once for each, in one run; and a copy of a course with ten thousand items and three subscribers.

mod figures;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use figures::{Table, median};
use provost_runtime::bindings::exports::provost::plugin::web_service::GuestIndices;
use provost_runtime::{Caller, Engine, EngineOptions, Host, Outcome, Request, TextSettings};
use provost_services::Registry;
use provost_services::delivery::{Deliveries, DeliveryOptions};
use provost_store::api::*;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::Store as Wasm;
use wasmtime::component::{Component, InstancePre, Linker};

const GREETER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/greeter-v1.wasm"));
const WITNESS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/witness.wasm"));

/// Courses of events that need not wait for each other.
const LANES: u32 = 4;

/// Measures delivery of events.
#[derive(Parser)]
struct Arguments {
    /// Turns that each way gets.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Events of a turn.
    #[arg(long, default_value_t = 10_000)]
    events: u32,
    /// Activities of the course.
    #[arg(long, default_value_t = 10_000)]
    items: u64,
    /// Given by `cargo bench`; without it everything is done once, briefly, to see that it works.
    #[arg(long, hide = true)]
    bench: bool,
}

/// An instance of the greeter for each call, with nothing around.
struct Bare {
    wasm: wasmtime::Engine,
    pre: InstancePre<()>,
    indices: GuestIndices,
}

impl Bare {
    fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let wasm = engine.wasmtime().clone();
        let component = Component::from_binary(&wasm, GREETER)?;
        let mut linker = Linker::new(&wasm);
        linker.define_unknown_imports_as_traps(&component)?;
        let pre = linker.instantiate_pre(&component)?;
        let indices = GuestIndices::new(&pre)?;
        Ok(Self { wasm, pre, indices })
    }

    async fn calls(&self, count: u32) -> wasmtime::Result<Duration> {
        let request = request("greeter_greet", r#"{"name":"Ada"}"#.to_owned());
        let begin = Instant::now();
        for _ in 0..count {
            let mut store = Wasm::new(&self.wasm, ());
            store.set_epoch_deadline(u64::MAX / 2);
            let instance = self.pre.instantiate_async(&mut store).await?;
            let guest = self.indices.load(&mut store, &instance)?;
            std::hint::black_box(guest.call_call(&mut store, &request).await?.is_ok());
        }
        Ok(begin.elapsed())
    }
}

fn request(function: &str, parameters: String) -> Request {
    Request {
        function: function.to_owned(),
        parameters,
        caller: Caller { person: 2, username: "admin".into(), site_admin: true },
        settings: TextSettings {
            raw: true,
            file_urls: false,
            filter: false,
            language: String::new(),
            timezone: String::new(),
        },
        service: String::new(),
    }
}

struct World {
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    deliveries: Arc<Deliveries>,
}

impl World {
    async fn new(engine: &Engine) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (store, blobs) = provost_store::open(&folder.path().join("store")).await?;
        let scratch = folder.path().join("scratch");
        std::fs::create_dir_all(&scratch)?;
        let host = Arc::new(Host::new(store.clone(), blobs, scratch, store.site().await?));
        let registry = Arc::new(Registry::open(engine.clone(), host, &[]).await?);
        let deliveries = registry.deliveries(DeliveryOptions::default());
        Ok(Self { _folder: folder, store, registry, deliveries })
    }

    /// Installs the witness as `witness-` and this letter.
    async fn install(&self, letter: u8, how: &str) -> Result<()> {
        let mut wasm = WITNESS.to_vec();
        let id = b"witness-a";
        let at = wasm.windows(id.len()).position(|w| w == id).context("the witness's id")?;
        wasm[at + 8] = letter;
        let mut from = 0;
        while let Some(at) = wasm[from..].windows(8).position(|w| w == b"witness_") {
            wasm[from + at + 6] = letter;
            from += at + 8;
        }
        let grants = ["course-store", "events", "plugin-data", "targets"].map(str::to_owned);
        self.registry.install(&wasm, &grants, &json!({ "how": how })).await?;
        Ok(())
    }

    /// Tells of so many events in so many lanes; the time until they are recorded, and until they are done.
    async fn tell(&self, count: u32, lanes: u32) -> Result<(Duration, Duration)> {
        let happenings = (0..count).map(|n| Happening::ContentDeleted {
            content: Address { course: (n % lanes).to_string(), content: n.to_string() },
            external_id: String::new(),
            cause: DeletionCause::Delete,
        });
        let begin = Instant::now();
        self.store.announce(happenings.collect(), None).await?;
        let recorded = begin.elapsed();
        self.deliveries.settle_down().await?;
        let done = begin.elapsed();
        let waiting: u64 = self.store.targets().await?.iter().map(|t| t.waiting).sum();
        if waiting > 0 {
            bail!("{waiting} events wait");
        }
        Ok((recorded, done))
    }

    /// Copies the course and tells of it; the time of the copy, and until everybody is told.
    async fn copy(&self, course: u64, name: &str) -> Result<(Duration, Duration)> {
        let catalog = self.registry.current().await?;
        let plugin = catalog.plugin("witness-a").context("the witness")?.plugin.clone();
        let wish = json!({ "courseid": course, "shortname": name, "keep": true }).to_string();
        let begin = Instant::now();
        match plugin.call(&request("witnesa_copy", wish)).await {
            Outcome::Ok(_) => {}
            other => bail!("no copy: {}", other.describe()),
        }
        let copied = begin.elapsed();
        self.deliveries.settle_down().await?;
        Ok((copied, begin.elapsed()))
    }
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        (arguments.rounds, arguments.events, arguments.items) = (1, 200, 50);
    }
    println!("Delivery of events: {}", figures::circumstances());
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    executor.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<()> {
    let engine = Engine::new(&EngineOptions::default())?;
    let bare = Bare::new(&engine).map_err(|e| anyhow::anyhow!("{e:#}"))?;
    let world = World::new(&engine).await?;
    world.install(b'a', "nothing").await?;
    let count = f64::from(arguments.events);
    let (mut plain, mut told, mut recorded, mut in_lanes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        plain.push(count / bare.calls(arguments.events).await.map_err(|e| anyhow::anyhow!("{e:#}"))?.as_secs_f64());
        let (record, done) = world.tell(arguments.events, 1).await?;
        recorded.push(count / record.as_secs_f64());
        told.push(count / done.as_secs_f64());
        let (_, done) = world.tell(arguments.events, LANES).await?;
        in_lanes.push(count / done.as_secs_f64());
    }
    let mut table = Table::new(["way", "events/s", "of bare"]);
    let plain = median(plain);
    for (way, rate) in [
        ("bare wasmtime: instance and call", plain),
        ("recorded", median(recorded)),
        ("recorded, delivered, done: one course", median(told)),
        ("recorded, delivered, done: four courses", median(in_lanes)),
    ] {
        table.row([way.to_owned(), format!("{rate:.0}"), format!("{:.2}", rate / plain)]);
    }
    table.print();

    let world = World::new(&engine).await?;
    let fields = CourseFields { fullname: "One".into(), shortname: "one".into(), ..CourseFields::default() };
    let mut draft = world.store.draft(fields, Origin::default(), "{}".into(), None).await?;
    draft.add_section(SectionFields { local: 1, ..Default::default() }).await?;
    for local in 0..arguments.items {
        draft.add_activity(ActivityFields { local: local + 2, section: 1, ..Default::default() }).await?;
    }
    let course = draft.publish().await?;
    let mut table = Table::new(["subscribers", "copy, s", "everybody told, s", "deliveries/s"]);
    for subscribers in [1_u8, 3] {
        for letter in b'a'..b'a' + subscribers {
            world.install(letter, "nothing").await?;
        }
        let (copied, done) = world.copy(course, &format!("copy for {subscribers}")).await?;
        let deliveries = (arguments.items + 1) * u64::from(subscribers);
        #[allow(clippy::cast_precision_loss)]
        let rate = deliveries as f64 / done.as_secs_f64();
        table.row([
            subscribers.to_string(),
            format!("{:.2}", copied.as_secs_f64()),
            format!("{:.2}", done.as_secs_f64()),
            format!("{rate:.0}"),
        ]);
    }
    table.print();
    Ok(())
}
