//! Runs jobs: claims a lease, keeps it alive, acts on the outcome (architecture.md 5).

use crate::registry::Registry;
use provost_runtime::{Caller, JobContext, JobRun, LimitKind, Outcome, PluginErrorKind};
use provost_store::api::{ClaimedJob, Job, JobEnd, JobState, PersonKey, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a stopping host waits for its jobs to stop.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Jobs at one time.
    pub parallel: usize,
    /// How long a lease lasts without a heartbeat.
    pub lease_seconds: u64,
    /// Time between heartbeats; also how soon a running job hears that it was cancelled.
    pub heartbeat: Duration,
    /// How often the queue is looked at when nothing wakes the worker.
    pub poll: Duration,
    /// Runs a job gets before it has failed.
    pub max_attempts: u32,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            parallel: 2,
            lease_seconds: 30,
            heartbeat: Duration::from_secs(1),
            poll: Duration::from_millis(500),
            max_attempts: 3,
        }
    }
}

/// A worker of this process.
#[derive(Clone)]
pub struct Worker {
    registry: Arc<Registry>,
    options: WorkerOptions,
    name: String,
}

impl Worker {
    /// A worker on a registry.
    pub fn new(registry: Arc<Registry>, options: WorkerOptions) -> Self {
        let name = format!("worker-{}", std::process::id());
        Self { registry, options, name }
    }

    /// Runs jobs until `stop` turns true. Jobs under way then are asked to stop and go back to the queue without the
    /// attempt being counted; one that does not stop in time is left to its lease.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let slots = Arc::new(tokio::sync::Semaphore::new(self.options.parallel));
        let mut running = tokio::task::JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            let slot = tokio::select! {
                slot = slots.clone().acquire_owned() => slot,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok(slot) = slot else { break };
            match self.claim(None).await {
                Ok(Some(claimed)) => {
                    let (worker, stop) = (self.clone(), stop.clone());
                    running.spawn(async move {
                        worker.perform(claimed, Some(stop)).await;
                        drop(slot);
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "cannot look at the queue"),
            }
            drop(slot);
            tokio::select! {
                () = self.registry.host().job_queued.notified() => {}
                () = tokio::time::sleep(self.options.poll) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs this job here unless another worker has it, and returns it when it has ended. `watch` sees it as it goes on.
    pub async fn run_to_end(&self, id: &str, mut watch: impl FnMut(&Job)) -> Result<Job, StoreError> {
        let store = &self.registry.host().store;
        loop {
            let job = store.job(id).await?;
            watch(&job);
            match job.state {
                JobState::Succeeded | JobState::Failed | JobState::Cancelled => return Ok(job),
                JobState::Queued | JobState::Running => {}
            }
            if let Some(claimed) = self.claim(Some(id)).await? {
                let worker = self.clone();
                let mut running = tokio::spawn(async move { worker.perform(claimed, None).await });
                loop {
                    tokio::select! {
                        _ = &mut running => break,
                        () = tokio::time::sleep(Duration::from_millis(200)) => watch(&store.job(id).await?),
                    }
                }
            } else {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }

    async fn claim(&self, only: Option<&str>) -> Result<Option<ClaimedJob>, StoreError> {
        let WorkerOptions { lease_seconds, max_attempts, .. } = self.options;
        self.registry.host().store.claim(&self.name, only, lease_seconds, max_attempts).await
    }

    /// Runs a claimed job and ends it; interrupts it when `stop` turns true.
    async fn perform(&self, claimed: ClaimedJob, stop: Option<watch::Receiver<bool>>) {
        let ClaimedJob { job, lease } = claimed;
        let begin = Instant::now();
        let run = Arc::new(JobRun::new(lease.clone()).caused(job.hops));
        let beating = tokio::spawn(self.clone().heartbeat(run.clone()));
        let span = tracing::info_span!("job", id = job.id, kind = job.kind, attempt = job.attempts);
        let end = {
            use tracing::Instrument as _;
            let outcome = self.outcome(&job, run.clone()).instrument(span.clone());
            match interrupted(outcome, &run, stop).await {
                Some(end) => end,
                None => {
                    beating.abort();
                    tracing::warn!(job = job.id, "the job did not stop in time; its lease will lapse");
                    return;
                }
            }
        };
        beating.abort();
        let _entered = span.enter();
        match &end {
            JobEnd::Succeeded(_) => tracing::info!(seconds = begin.elapsed().as_secs_f64(), "done"),
            JobEnd::Failed(reason) => tracing::warn!(reason, "failed"),
            JobEnd::Retry(reason, seconds) => tracing::warn!(reason, seconds, "to be tried again"),
            JobEnd::Cancelled => tracing::info!("cancelled"),
            JobEnd::Interrupted => tracing::info!("interrupted; back in the queue"),
        }
        drop(_entered);
        match self.registry.host().store.end(&lease, end, self.options.max_attempts).await {
            Ok(()) => {}
            Err(StoreError::LeaseLost { .. }) => tracing::warn!(job = job.id, "another worker has the job"),
            Err(error) => tracing::error!(job = job.id, %error, "cannot write down how the job ended"),
        }
    }

    /// Renews the lease until it is lost or the job shall stop, and then says so to the run.
    async fn heartbeat(self, run: Arc<JobRun>) {
        let store = &self.registry.host().store;
        loop {
            tokio::time::sleep(self.options.heartbeat).await;
            match store.heartbeat(&run.lease, self.options.lease_seconds).await {
                Ok(()) => {}
                Err(StoreError::LeaseLost { .. }) => {
                    run.request_stop();
                    return;
                }
                Err(error) => tracing::warn!(job = run.lease.job, %error, "heartbeat failed"),
            }
        }
    }

    /// The one for whom a job runs. A plugin's own work is nobody's: 0, without a name or any right.
    async fn caller(&self, person: u64) -> Result<Option<Caller>, StoreError> {
        if person == 0 {
            return Ok(Some(Caller { person, username: String::new(), site_admin: false }));
        }
        let found = self.registry.host().store.lookup(&[PersonKey::Id(person)]).await?.into_iter().next().flatten();
        Ok(found.map(|p| Caller { person: p.id, username: p.username, site_admin: p.site_admin }))
    }

    async fn outcome(&self, job: &Job, run: Arc<JobRun>) -> JobEnd {
        let plugin = match self.registry.current().await {
            Ok(catalog) => catalog.plugin(&job.plugin).map(|loaded| loaded.plugin.clone()),
            Err(error) => return JobEnd::Retry(error.to_string(), 10),
        };
        let Some(plugin) = plugin else {
            return JobEnd::Retry(format!("plugin {} is not installed", job.plugin), 60);
        };
        let caller = match self.caller(job.person).await {
            Ok(Some(caller)) => caller,
            Ok(None) => return JobEnd::Failed("the person who asked for it is no longer there".into()),
            Err(error) => return JobEnd::Retry(error.to_string(), 10),
        };
        let context = JobContext {
            id: job.id.clone(),
            kind: job.kind.clone(),
            payload: job.payload.clone(),
            attempt: job.attempts,
            caller,
        };
        // A thread of its own: native work of a job (reading and packing archives) blocks, and must not hold up
        // the threads that answer calls.
        let handle = tokio::runtime::Handle::current();
        let watched = run.clone();
        let running = tokio::task::spawn_blocking(move || handle.block_on(plugin.run_job(&context, run)));
        match running.await {
            Ok(outcome) => end_of(outcome, job.attempts, watched.place()),
            Err(error) => JobEnd::Retry(format!("the host failed while running it: {error}"), 10),
        }
    }
}

/// Waits for a run's end. When `stop` turns true before that, the run is asked to stop, and what it then ends in is an
/// interruption, unless it was done; none when it does not stop in time.
async fn interrupted(
    outcome: impl Future<Output = JobEnd>,
    run: &JobRun,
    stop: Option<watch::Receiver<bool>>,
) -> Option<JobEnd> {
    tokio::pin!(outcome);
    let Some(mut stop) = stop else { return Some(outcome.await) };
    tokio::select! {
        end = &mut outcome => return Some(end),
        _ = stop.wait_for(|stop| *stop) => run.request_stop(),
    }
    match tokio::time::timeout(STOP_WAIT, outcome).await {
        Ok(JobEnd::Succeeded(result)) => Some(JobEnd::Succeeded(result)),
        Ok(_) => Some(JobEnd::Interrupted),
        Err(_) => None,
    }
}

/// What an outcome means for a job: a decision is final, silence is tried again (proxy-tool-events.md 8.1).
///
/// `place` is what a run that could not speak for itself was at.
fn end_of(outcome: Outcome<String>, attempt: u32, place: Option<String>) -> JobEnd {
    let pause = 5 * u64::from(attempt) * u64::from(attempt);
    let mut reason = outcome.describe();
    if let (Outcome::Trap(_) | Outcome::Timeout | Outcome::Limit(_), Some(place)) = (&outcome, place) {
        reason.push_str(&format!(", at {place}"));
    }
    match outcome {
        Outcome::Ok(result) => JobEnd::Succeeded(result),
        Outcome::Error(error) => match error.kind {
            PluginErrorKind::Cancelled => JobEnd::Cancelled,
            PluginErrorKind::Failed => JobEnd::Retry(reason, pause),
            _ => JobEnd::Failed(reason),
        },
        // A spent CPU budget or memory would be spent again.
        Outcome::Limit(LimitKind::Cpu | LimitKind::Memory | LimitKind::Output) => JobEnd::Failed(reason),
        // It was asked to stop, or lost its lease, and then its end is not written.
        Outcome::Interrupted => JobEnd::Cancelled,
        Outcome::RetryLater(_)
        | Outcome::Trap(_)
        | Outcome::Timeout
        | Outcome::Protocol(_)
        | Outcome::Unavailable(_) => JobEnd::Retry(reason, pause),
    }
}
