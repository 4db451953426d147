//! `jobs`: work that outlives a call.

use super::events::bounded;
use super::{Answer, answered, attempt};
use crate::bindings::provost::plugin::jobs as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::call::JobRun;
use crate::state::{CallState, error};
use provost_store::api;
use std::sync::Arc;
use std::time::{Duration, Instant};

const INTERFACE: &str = "jobs";
/// Progress is written at most this often; the last word (1) always.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
const MAX_PAYLOAD: usize = 1 << 20;
const MAX_WARNING: usize = 4 << 10;

fn job_out(job: api::Job) -> wit::Job {
    wit::Job {
        id: job.id,
        plugin: job.plugin,
        kind: job.kind,
        state: match job.state {
            api::JobState::Queued => wit::State::Queued,
            api::JobState::Running => wit::State::Running,
            api::JobState::Succeeded => wit::State::Succeeded,
            api::JobState::Failed => wit::State::Failed,
            api::JobState::Cancelled => wit::State::Cancelled,
        },
        progress: job.progress,
        payload: job.payload,
        outcome: job.outcome,
        reason: job.reason,
        warnings: job.warnings,
        attempts: job.attempts,
        person: job.person,
        course: job.course,
        created: job.created,
        started: job.started,
        finished: job.finished,
    }
}

impl CallState {
    async fn own_job(&mut self, id: &str) -> Result<api::Job, Error> {
        self.enter(INTERFACE)?;
        let job = self.host.store.job(id).await?;
        if job.plugin == self.facts.id {
            return Ok(job);
        }
        Err(api::StoreError::NotFound { kind: "job", key: id.to_owned() }.into())
    }

    /// A job that the plugin may look at: its own, or one of a kind that is shared.
    async fn seen_job(&mut self, id: &str) -> Result<api::Job, Error> {
        self.enter(INTERFACE)?;
        let job = self.host.store.job(id).await?;
        if job.shared || job.plugin == self.facts.id {
            return Ok(job);
        }
        Err(api::StoreError::NotFound { kind: "job", key: id.to_owned() }.into())
    }

    /// A job of this plugin to be queued.
    fn new_job(&self, job: wit::NewJob) -> Result<api::NewJob, Error> {
        self.enter(INTERFACE)?;
        let Some(kind) = self.facts.manifest.jobs.iter().find(|k| k.kind == job.kind) else {
            let message = format!("the manifest of plugin {} names no job of kind {:?}", self.facts.id, job.kind);
            return Err(error(ErrorKind::Denied, INTERFACE, message));
        };
        if job.payload.len() > MAX_PAYLOAD {
            return Err(error(ErrorKind::Limit, "payload", "a job's payload may have 1 MiB".into()));
        }
        Ok(api::NewJob {
            plugin: self.facts.id.clone(),
            kind: job.kind,
            payload: job.payload,
            person: job.person,
            course: job.course,
            shared: kind.shared,
            key: job.key,
        })
    }

    fn running_job(&self) -> Result<Arc<JobRun>, Error> {
        self.enter(INTERFACE)?;
        self.job.clone().ok_or_else(|| error(ErrorKind::Invalid, "job", "no job is being run".into()))
    }
}

/// Whether this progress is worth a write now.
fn due(run: &JobRun, fraction: f64) -> bool {
    let Ok(mut written) = run.written.lock() else { return false };
    let (last, at) = *written;
    let due = fraction > last && (fraction >= 1.0 || at.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY));
    if due {
        *written = (fraction, Some(Instant::now()));
    }
    due
}

impl wit::Host for CallState {
    async fn enqueue(&mut self, job: wit::NewJob) -> Answer<String> {
        let new = attempt!(self.new_job(job));
        if let Some(handling) = &mut self.handling {
            if let Some(id) = handling.buffer.queued(&new.key) {
                return Ok(Ok(id.to_owned()));
            }
            let hops = attempt!(bounded(handling.hops + 1));
            let id = hex::encode(rand::random::<[u8; 16]>());
            return Ok(handling.keep(api::Effect::Enqueue { id: id.clone(), job: new, hops }).map(|_| id));
        }
        let id = match self.job.as_ref().map(|run| run.hops).filter(|hops| *hops > 0) {
            // A job that comes of an event passes that on.
            Some(hops) => {
                let id = hex::encode(rand::random::<[u8; 16]>());
                let effect = api::Effect::Enqueue { id: id.clone(), job: new.clone(), hops };
                attempt!(self.host.store.carry_out(&self.facts.id, &[effect]).await);
                // Of two with one key the first is the job.
                if new.key.is_empty() { id } else { attempt!(self.host.store.enqueue(new).await) }
            }
            None => attempt!(self.host.store.enqueue(new).await),
        };
        self.host.job_queued.notify_one();
        Ok(Ok(id))
    }

    async fn enqueue_reserving(&mut self, job: wit::NewJob, shortname: String) -> Answer<String> {
        attempt!(self.enter_changing(INTERFACE));
        let new = attempt!(self.new_job(job));
        let id = attempt!(self.host.store.enqueue_reserving(new, &shortname).await);
        self.host.job_queued.notify_one();
        Ok(Ok(id))
    }

    async fn get(&mut self, id: String) -> Answer<wit::Job> {
        Ok(Ok(job_out(attempt!(self.seen_job(&id).await))))
    }

    async fn cancel(&mut self, id: String) -> Answer<bool> {
        attempt!(self.enter_changing(INTERFACE));
        attempt!(self.own_job(&id).await);
        answered(self.host.store.cancel(&id).await)
    }

    async fn progress(&mut self, fraction: f64) -> Answer<()> {
        let run = attempt!(self.running_job());
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
        if due(&run, fraction) {
            attempt!(self.host.store.set_progress(&run.lease, fraction).await);
        }
        Ok(Ok(()))
    }

    async fn warn(&mut self, mut message: String) -> Answer<()> {
        let run = attempt!(self.running_job());
        message.truncate(message.floor_char_boundary(MAX_WARNING));
        answered(self.host.store.add_warning(&run.lease, &message).await)
    }
}
