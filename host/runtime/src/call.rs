//! Calling a plugin: a fresh instance, bounds, one outcome.

use crate::bindings::exports::provost::plugin::{job_runner, lifecycle, web_hook, web_service};
use crate::limits::Growth;
use crate::outcome::from_answer;
use crate::plugin::Plugin;
use crate::state::CallState;
use crate::{LimitKind, Outcome, PluginErrorKind};
use provost_store::api::Lease;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{Instance, ResourceTable};
use wasmtime::{Store, Trap, UpdateDeadline};

/// How long a call waits for a free instance.
const SLOT_WAIT: Duration = Duration::from_secs(30);

/// On whose behalf a call is made.
#[derive(Default)]
pub struct CallContext {
    /// The person.
    pub person: Option<u64>,
    /// The job that is run.
    pub job: Option<Arc<JobRun>>,
}

/// A job while it is run: what the plugin's host functions and the worker share.
pub struct JobRun {
    /// The right to write for the job.
    pub lease: Lease,
    /// Set when the job shall stop: every further host call then answers `cancelled`.
    pub stop: AtomicBool,
    /// The last progress written, and when.
    pub(crate) written: Mutex<(f64, Option<Instant>)>,
    /// The entry of an archive that was read last.
    place: Mutex<String>,
    /// Of events that the job publishes.
    pub(crate) hops: u32,
}

impl JobRun {
    /// A run under this lease.
    pub fn new(lease: Lease) -> Self {
        let (stop, written, place) = (AtomicBool::new(false), Mutex::new((0.0, None)), Mutex::default());
        Self { lease, stop, written, place, hops: 0 }
    }
    /// The same, of a job that a handler queued ([`provost_store::api::Job::hops`]).
    pub fn caused(self, hops: u32) -> Self {
        Self { hops, ..self }
    }
    /// Notes which entry of an archive the run reads.
    pub(crate) fn reads(&self, entry: &str) {
        if let Ok(mut place) = self.place.lock()
            && *place != entry
        {
            place.clear();
            place.push_str(entry);
        }
    }
    /// The entry of an archive that the run read last, to be named where the run itself cannot say what it died of. None if it
    /// read none.
    pub fn place(&self) -> Option<String> {
        self.place.lock().ok().map(|place| place.clone()).filter(|place| !place.is_empty())
    }
    /// Asks the run to stop.
    pub fn request_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Plugin {
    /// The functions it offers.
    pub(crate) async fn list_functions(&self) -> Outcome<Vec<web_service::Function>> {
        let Some(indices) = &self.web_service else { return Outcome::Ok(Vec::new()) };
        self.with_instance(CallContext::default(), self.call_bounds(), async |store, instance| {
            let guest = indices.load(&mut *store, instance)?;
            Ok(Outcome::Ok(guest.call_functions(store).await?))
        })
        .await
    }

    /// Calls a web-service function; the answer is JSON.
    pub async fn call(&self, request: &web_service::Request) -> Outcome<String> {
        let Some(indices) = &self.web_service else {
            return Outcome::Unavailable("it has no web-service functions".into());
        };
        let context = CallContext { person: Some(request.caller.person), job: None };
        let outcome = self
            .with_instance(context, self.call_bounds(), async |store, instance| {
                let guest = indices.load(&mut *store, instance)?;
                Ok(from_answer(guest.call_call(store, request).await?))
            })
            .await;
        self.bounded(outcome)
    }

    /// Runs a job; the outcome is JSON.
    pub async fn run_job(&self, context: &job_runner::JobContext, run: Arc<JobRun>) -> Outcome<String> {
        let Some(indices) = &self.job_runner else {
            return Outcome::Unavailable("it has no jobs".into());
        };
        let bounds = Bounds { cpu_seconds: self.limits.job_cpu_seconds, wall: self.limits.job_time() };
        let call = CallContext { person: Some(context.caller.person), job: Some(run.clone()) };
        let outcome = self
            .with_instance(call, bounds, async |store, instance| {
                let guest = indices.load(&mut *store, instance)?;
                Ok(from_answer(guest.call_run(store, context).await?))
            })
            .await;
        match self.bounded(outcome) {
            Outcome::Error(error) if error.kind == PluginErrorKind::Cancelled && run.stop.load(Ordering::Relaxed) => {
                Outcome::Interrupted
            }
            other => other,
        }
    }

    /// Passes the gate; a plugin without one passes.
    pub async fn state_change(&self, change: lifecycle::Change, other: Option<&str>) -> Outcome<()> {
        let Some(indices) = &self.lifecycle else { return Outcome::Ok(()) };
        self.with_instance(CallContext::default(), self.call_bounds(), async |store, instance| {
            let guest = indices.load(&mut *store, instance)?;
            Ok(from_answer(guest.call_state_change(store, change, other).await?))
        })
        .await
    }

    /// Answers what another server sent to the plugin's own address.
    pub async fn receive(&self, request: &web_hook::Request) -> Outcome<web_hook::Response> {
        let Some(indices) = &self.web_hook else { return Outcome::Unavailable("it has no web hooks".into()) };
        let outcome = self
            .with_instance(CallContext::default(), self.call_bounds(), async |store, instance| {
                let guest = indices.load(&mut *store, instance)?;
                Ok(from_answer(guest.call_receive(store, request).await?))
            })
            .await;
        match outcome {
            Outcome::Ok(answer) if answer.body.len() > self.limits.output_bytes() => Outcome::Limit(LimitKind::Output),
            other => other,
        }
    }

    fn call_bounds(&self) -> Bounds {
        Bounds { cpu_seconds: self.limits.call_cpu_seconds, wall: self.limits.call_time() }
    }

    fn bounded(&self, outcome: Outcome<String>) -> Outcome<String> {
        match outcome {
            Outcome::Ok(answer) if answer.len() > self.limits.output_bytes() => Outcome::Limit(LimitKind::Output),
            other => other,
        }
    }

    /// Room for an instance, and a store for it; none when there is no room in time.
    pub(crate) async fn check_out(
        &self,
        context: CallContext,
        bounds: Bounds,
    ) -> Option<(OwnedSemaphorePermit, Store<CallState>)> {
        let slot = tokio::time::timeout(SLOT_WAIT, self.engine.slots.clone().acquire_owned()).await.ok()?.ok()?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(self.limits.resources as usize);
        let mut state = CallState {
            host: self.host.clone(),
            facts: self.facts.clone(),
            person: context.person,
            job: context.job,
            table,
            growth: Growth::new(&self.limits),
            cpu_ticks: 0,
            cpu_spent: false,
            log_lines: self.limits.log_lines,
            panic: None,
            handling: None,
        };
        state.allow_cpu(bounds.cpu_seconds);
        let mut store = Store::new(&self.engine.wasm, state);
        store.limiter(|state| &mut state.growth);
        store.set_epoch_deadline(1);
        // Called at most once a tick while the guest computes, and never while it waits in a host call: what it counts
        // is CPU time. Yielding lets other tasks of the thread go on.
        store.epoch_deadline_callback(|mut store| {
            let state = store.data_mut();
            match state.cpu_ticks.checked_sub(1) {
                Some(left) => {
                    state.cpu_ticks = left;
                    Ok(UpdateDeadline::Yield(1))
                }
                None => {
                    state.cpu_spent = true;
                    Ok(UpdateDeadline::Interrupt)
                }
            }
        });
        Some((slot, store))
    }

    /// Runs `call` on a fresh instance. After anything but an answer the instance's store is dropped, never reused.
    async fn with_instance<R>(
        &self,
        context: CallContext,
        bounds: Bounds,
        call: impl AsyncFnOnce(&mut Store<CallState>, &Instance) -> wasmtime::Result<Outcome<R>>,
    ) -> Outcome<R> {
        let Some((_slot, mut store)) = self.check_out(context, bounds).await else {
            return Outcome::Unavailable("no free instance in time".into());
        };
        let work = async {
            let instance = match self.pre.instantiate_async(&mut store).await {
                Ok(instance) => instance,
                Err(error) => return Err((true, error)),
            };
            call(&mut store, &instance).await.map_err(|error| (false, error))
        };
        let ended = tokio::time::timeout(bounds.wall, work).await;
        match ended {
            Err(_) => Outcome::Timeout,
            Ok(Ok(outcome)) => outcome,
            Ok(Err((instantiating, error))) => classify(store.data(), &error, instantiating),
        }
    }
}

/// What one call may take.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub cpu_seconds: u32,
    pub wall: Duration,
}

/// What an error of wasmtime means. The one place where that is decided.
pub(crate) fn classify<R>(state: &CallState, error: &wasmtime::Error, instantiating: bool) -> Outcome<R> {
    if state.cpu_spent {
        return Outcome::Limit(LimitKind::Cpu);
    }
    let trap = error.downcast_ref::<Trap>();
    if state.growth.refused && (trap.is_some() || instantiating) {
        return Outcome::Limit(LimitKind::Memory);
    }
    if let Some(trap) = trap {
        let message = state.panic.clone().unwrap_or_else(|| trap.to_string());
        return Outcome::Trap(message);
    }
    if instantiating { Outcome::Unavailable(format!("{error:#}")) } else { Outcome::Protocol(format!("{error:#}")) }
}
