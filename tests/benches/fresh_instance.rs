//! What a call of a plugin costs: Provost's (a fresh instance, bounds, one outcome) against bare wasmtime on the same bytes
//! with the same engine settings, in one run. And which engine settings are the fastest: those must be the defaults of
//! [`EngineOptions`].
//!
//! Everything is measured in turns, forwards and backwards, so that what else the machine does falls on all alike.

mod figures;

use clap::Parser;
use figures::{Table, median};
use provost_runtime::bindings::exports::provost::plugin::web_service::GuestIndices;
use provost_runtime::bindings::provost::plugin::types::Error as PluginError;
use provost_runtime::{Caller, Engine, EngineOptions, Host, Outcome, Plugin, Request, TextSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker, TypedFunc};
use wasmtime::error::Context;
use wasmtime::{Result, Store, bail, format_err};

/// The guest: it reads a name from JSON and answers a greeting in JSON.
const GREETER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/greeter-v1.wasm"));

/// How far a setting must be ahead of the default to be named as better.
const CLEARLY: f64 = 1.10;

/// Measures fresh-instance calls against bare wasmtime.
#[derive(Parser)]
struct Arguments {
    /// Turns that each variant gets.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Milliseconds of a turn.
    #[arg(long, default_value_t = 100)]
    slice: u64,
    /// Threads that call at one time in the second half.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Given by `cargo bench`; without it everything is done once, briefly, to see that it works.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The ways of making one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `Plugin::call`.
    Provost,
    /// Store, instance, call, drop, with nothing around: imports trap, no bounds, no state.
    Bare,
    /// The same without async, hence without a stack of its own for the guest: the least that wasmtime can do.
    BareSync,
    /// The call alone, on one instance kept: what of the above is the guest's own work.
    Kept,
}

const WAYS: [Way; 4] = [Way::Provost, Way::Bare, Way::BareSync, Way::Kept];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Provost => "Provost",
            Way::Bare => "bare",
            Way::BareSync => "bare, not async",
            Way::Kept => "bare, instance kept",
        }
    }
}

type CallFunction = TypedFunc<(Request,), (Result<String, PluginError>,)>;

/// An engine, and the guest on it in both forms.
struct Variant {
    name: String,
    plugin: Plugin,
    wasm: wasmtime::Engine,
    pre: InstancePre<()>,
    indices: GuestIndices,
    call: ComponentExportIndex,
}

impl Variant {
    async fn new(name: String, options: &EngineOptions, host: &Arc<Host>) -> Result<Self> {
        let engine = Engine::new(options)?;
        if engine.is_pooling() != options.pooling {
            bail!("{name}: there is no instance pool on this machine, or not with these settings");
        }
        let plugin = Plugin::load(&engine, host, GREETER, &[], &serde_json::json!({})).await?;
        let wasm = engine.wasmtime().clone();
        let component = Component::from_binary(&wasm, GREETER)?;
        let interface = component
            .get_export_index(None, "provost:plugin/web-service@0.1.0")
            .context("the greeter exports no web-service")?;
        let call = component.get_export_index(Some(&interface), "call").context("web-service exports no call")?;
        let mut linker = Linker::new(&wasm);
        linker.define_unknown_imports_as_traps(&component)?;
        let pre = linker.instantiate_pre(&component)?;
        let indices = GuestIndices::new(&pre)?;
        Ok(Self { name, plugin, wasm, pre, indices, call })
    }

    fn store(&self) -> Store<()> {
        let mut store = Store::new(&self.wasm, ());
        // The engine counts epochs for Provost's bounds; here they never end.
        store.set_epoch_deadline(u64::MAX / 2);
        store
    }

    /// Makes calls until `end`; nanoseconds of each.
    async fn calls(&self, way: Way, request: &Request, end: Instant) -> Result<Vec<u32>> {
        let mut spent = Vec::with_capacity(1 << 14);
        let mut store = self.store();
        let kept = match way {
            Way::Kept => {
                let instance = self.pre.instantiate_async(&mut store).await?;
                Some(self.indices.load(&mut store, &instance)?)
            }
            _ => None,
        };
        loop {
            let begin = Instant::now();
            let answer = match (way, &kept) {
                (Way::Provost, _) => match self.plugin.call(request).await {
                    Outcome::Ok(answer) => answer,
                    other => bail!("the greeter failed: {}", other.describe()),
                },
                (_, Some(guest)) => answered(guest.call_call(&mut store, request).await?)?,
                (Way::Bare | Way::Kept, None) => {
                    let mut store = self.store();
                    let instance = self.pre.instantiate_async(&mut store).await?;
                    let guest = self.indices.load(&mut store, &instance)?;
                    answered(guest.call_call(&mut store, request).await?)?
                }
                (Way::BareSync, None) => {
                    let mut store = self.store();
                    let instance = self.pre.instantiate(&mut store)?;
                    let call: CallFunction = instance.get_typed_func(&mut store, self.call)?;
                    answered(call.call(&mut store, (request.clone(),))?.0)?
                }
            };
            let now = Instant::now();
            spent.push(u32::try_from((now - begin).as_nanos()).unwrap_or(u32::MAX));
            std::hint::black_box(answer);
            if now >= end {
                return Ok(spent);
            }
        }
    }
}

fn answered(answer: Result<String, PluginError>) -> Result<String> {
    answer.map_err(|error| format_err!("the greeter failed: {}", error.message))
}

/// Whether wasmtime was built with its feature `component-model-async`, which the host's is not.
fn has_concurrency() -> bool {
    Engine::new(&EngineOptions { concurrency: true, pooling: false, ..Default::default() }).is_ok()
}

/// The engine settings that are compared, the defaults first.
fn settings() -> Vec<(String, EngineOptions)> {
    let concurrency: &[bool] = if has_concurrency() { &[false, true] } else { &[false] };
    let mut all = vec![("defaults".to_owned(), EngineOptions::default())];
    for &concurrency in concurrency {
        for (pooling, keep_mib) in [(true, 1), (true, 0), (false, 0)] {
            let options = EngineOptions { pooling, keep_resident: keep_mib << 20, concurrency, ..Default::default() };
            let pool = if pooling { format!("pool, {keep_mib} MiB kept") } else { "no pool".to_owned() };
            let name = if concurrency { format!("{pool}, concurrency") } else { pool };
            let default = &mut all[0];
            let same = |a: &EngineOptions, b: &EngineOptions| {
                (a.pooling, a.concurrency) == (b.pooling, b.concurrency)
                    && (!a.pooling || a.keep_resident == b.keep_resident)
            };
            if same(&options, &default.1) {
                default.0 = format!("{name} (default)");
            } else {
                all.push((name, options));
            }
        }
    }
    all
}

/// What one variant, way and number of threads gave.
#[derive(Default)]
struct Figures {
    /// Median microseconds of each turn.
    medians: Vec<f64>,
    /// Calls a second of each turn, all threads together.
    rates: Vec<f64>,
    /// Nanoseconds of every call.
    all: Vec<u32>,
}

impl Figures {
    fn p99(&self) -> f64 {
        let mut all = self.all.clone();
        all.sort_unstable();
        all.get(all.len().saturating_sub(1) * 99 / 100).map_or(f64::NAN, |&ns| f64::from(ns) / 1e3)
    }
}

/// One turn: `threads` threads, each with an executor of its own, call for `slice`.
fn turn(variant: &Variant, way: Way, threads: usize, slice: Duration, request: &Request) -> Result<Vec<Vec<u32>>> {
    let end = Instant::now() + slice;
    std::thread::scope(|scope| {
        let run = || -> Result<Vec<u32>> {
            let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            executor.block_on(variant.calls(way, request, end))
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread of the measurement panicked")))
            .collect()
    })
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        (arguments.rounds, arguments.slice) = (1, 5);
    }
    let slice = Duration::from_millis(arguments.slice);
    println!("Fresh instance per call: {}", figures::circumstances());
    println!(
        "{} turns of {} ms each, in turns; guest of {} KiB\n",
        arguments.rounds,
        arguments.slice,
        GREETER.len() >> 10
    );

    let folder = tempfile::tempdir()?;
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let variants = executor.block_on(async {
        let (store, blobs) = provost_store::open(folder.path()).await?;
        let site = store.site().await?;
        let host = Arc::new(Host::new(store, blobs, folder.path().to_owned(), site));
        let mut variants = Vec::new();
        for (name, options) in settings() {
            variants.push(Variant::new(name, &options, &host).await?);
        }
        Ok::<_, wasmtime::Error>(variants)
    })?;
    let request = Request {
        function: "greeter_greet".to_owned(),
        parameters: r#"{"name":"Ada"}"#.to_owned(),
        caller: Caller { person: 1, username: "ada".to_owned(), site_admin: false },
        settings: TextSettings {
            raw: false,
            file_urls: true,
            filter: false,
            language: String::new(),
            timezone: String::new(),
        },
        service: "provost".to_owned(),
    };

    let mut best: Vec<(f64, String)> = Vec::new();
    for threads in [1, arguments.threads] {
        let plan: Vec<(usize, Way)> = (0..variants.len()).flat_map(|variant| WAYS.map(|way| (variant, way))).collect();
        let mut results: Vec<Figures> = plan.iter().map(|_| Figures::default()).collect();
        for round in 0..=arguments.rounds {
            let order: Vec<usize> =
                if round % 2 == 0 { (0..plan.len()).collect() } else { (0..plan.len()).rev().collect() };
            for index in order {
                let (variant, way) = plan[index];
                let spent = turn(&variants[variant], way, threads, slice, &request)?;
                if round == 0 {
                    continue; // Warms up: pages of the pool, the processor's clock.
                }
                let figures = &mut results[index];
                // Whole calls of each thread by its own time: the last ones end after the slice.
                let rate =
                    |calls: &Vec<u32>| calls.len() as f64 / calls.iter().map(|&ns| f64::from(ns) / 1e9).sum::<f64>();
                figures.rates.push(spent.iter().map(rate).sum());
                figures.medians.push(median(spent.iter().flatten().map(|&ns| f64::from(ns) / 1e3)));
                figures.all.extend(spent.into_iter().flatten());
            }
        }
        println!("{threads} thread{}:\n", if threads == 1 { "" } else { "s" });
        let mut table = Table::new(["engine settings", "way", "median µs", "p99 µs", "calls/s", "× bare"]);
        for (index, &(variant, way)) in plan.iter().enumerate() {
            let figures = &results[index];
            let bare = plan.iter().position(|&other| other == (variant, Way::Bare)).map(|i| &results[i].medians);
            let times = median(figures.medians.iter().zip(bare.into_iter().flatten()).map(|(ours, bare)| ours / bare));
            table.row([
                variants[variant].name.clone(),
                way.name().to_owned(),
                format!("{:.1}", median(figures.medians.iter().copied())),
                format!("{:.1}", figures.p99()),
                format!("{:.0}", median(figures.rates.iter().copied())),
                format!("{times:.2}"),
            ]);
            if threads == arguments.threads && way == Way::Provost {
                best.push((median(figures.rates.iter().copied()), variants[variant].name.clone()));
            }
        }
        table.print();
    }
    conclude(&best);
    Ok(())
}

/// Says whether the defaults (the first) are the fastest.
fn conclude(rates: &[(f64, String)]) {
    let Some((default, _)) = rates.first() else { return };
    match rates.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((rate, name)) if *rate > default * CLEARLY => {
            println!("{name} is {:.2} times as fast as the defaults: the defaults should change.", rate / default);
        }
        _ => println!("No settings are clearly faster than the defaults of EngineOptions."),
    }
    if !has_concurrency() {
        println!("wasmtime's concurrency support is not in this build: see tests/benches/README.md.");
    }
}
