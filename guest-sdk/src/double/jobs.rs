//! `jobs` in memory. Nothing runs by itself: a test says when.

use super::host::{Host, JobEntry};
use super::{conflict, enter, with};
use crate::{Error, ErrorKind, Result};

pub use crate::bindings::imports::provost::plugin::jobs::{
    Caller, CourseId, Job, JobId, NewJob, PersonId, State, Timestamp,
};

const INTERFACE: &str = "jobs";
const MAX_PAYLOAD: usize = 1 << 20;
const MAX_WARNING: usize = 4 << 10;

impl Host {
    /// Queues a job, or finds the one with its key.
    pub(crate) fn enqueue(&mut self, new: &NewJob) -> JobId {
        if !new.key.is_empty()
            && let Some(same) = self.jobs.iter().find(|entry| entry.key == new.key && entry.job.plugin == self.plugin())
        {
            return same.job.id.clone();
        }
        self.next.job += 1;
        let id = format!("{:032x}", self.next.job);
        let shared = self.manifest.as_ref().is_some_and(|m| m.jobs.iter().any(|k| k.kind == new.kind && k.shared));
        let job = Job {
            id: id.clone(),
            plugin: self.plugin().to_owned(),
            kind: new.kind.clone(),
            state: State::Queued,
            progress: 0.0,
            payload: new.payload.clone(),
            outcome: String::new(),
            reason: String::new(),
            warnings: Vec::new(),
            attempts: 0,
            person: new.person,
            course: new.course,
            created: self.now,
            started: 0,
            finished: 0,
        };
        self.jobs.push(JobEntry { job, key: new.key.clone(), shared, stop: false, reported: Vec::new() });
        id
    }

    fn running_job(&mut self) -> Result<&mut JobEntry> {
        match self.running.clone() {
            Some(id) => self.job(&id),
            None => Err(Error::new(ErrorKind::Invalid, "job", "no job is being run")),
        }
    }
}

/// See `jobs.enqueue` in the contract.
pub fn enqueue(job: &NewJob) -> Result<JobId> {
    queue(job, None)
}

/// See `jobs.enqueue-reserving`.
pub fn enqueue_reserving(job: &NewJob, shortname: &str) -> Result<JobId> {
    queue(job, Some(shortname))
}

fn queue(job: &NewJob, shortname: Option<&str>) -> Result<JobId> {
    enter(INTERFACE)?;
    with(|host| {
        if let Some(manifest) = &host.manifest
            && !manifest.jobs.iter().any(|k| k.kind == job.kind)
        {
            let message = format!("the manifest of plugin {} names no job of kind {:?}", manifest.id, job.kind);
            return Err(Error::new(ErrorKind::Denied, INTERFACE, message));
        }
        if job.payload.len() > MAX_PAYLOAD {
            return Err(Error::new(ErrorKind::Limit, "payload", "a job's payload may have 1 MiB"));
        }
        if let Some(name) = shortname {
            let published = host.courses.values().any(|c| c.record.fields.shortname == name);
            if published || !host.reserved_shortnames.insert(name.to_owned()) {
                return Err(conflict("shortname", name));
            }
        }
        let id = host.enqueue(job);
        if let Some(name) = shortname {
            host.job_shortnames.insert(name.to_owned(), id.clone());
        }
        Ok(id)
    })
}

/// See `jobs.get`.
pub fn get(id: &str) -> Result<Job> {
    enter(INTERFACE)?;
    with(|host| {
        let own = host.manifest.as_ref().map(|m| m.id.clone());
        let entry = host.job(id)?;
        match own {
            Some(own) if !entry.shared && entry.job.plugin != own => {
                Err(Error::not_found("job", format!("no job {id}")))
            }
            _ => Ok(entry.job.clone()),
        }
    })
}

/// See `jobs.cancel`.
pub fn cancel(id: &str) -> Result<bool> {
    enter(INTERFACE)?;
    with(|host| {
        let now = host.now;
        let own = host.manifest.as_ref().map(|m| m.id.clone());
        let entry = host.job(id)?;
        if own.is_some_and(|own| own != entry.job.plugin) {
            return Err(Error::not_found("job", format!("no job {id}")));
        }
        match entry.job.state {
            State::Queued => {
                entry.job.state = State::Cancelled;
                entry.job.finished = now;
            }
            State::Running => entry.stop = true,
            State::Succeeded | State::Failed | State::Cancelled => return Ok(false),
        }
        Ok(true)
    })
}

/// See `jobs.progress`.
pub fn progress(fraction: f64) -> Result<()> {
    enter(INTERFACE)?;
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    with(|host| {
        let entry = host.running_job()?;
        entry.reported.push(fraction);
        entry.job.progress = entry.job.progress.max(fraction);
        Ok(())
    })
}

/// See `jobs.warn`.
pub fn warn(message: &str) -> Result<()> {
    enter(INTERFACE)?;
    let message = &message[..message.floor_char_boundary(MAX_WARNING)];
    with(|host| {
        host.running_job()?.job.warnings.push(message.to_owned());
        Ok(())
    })
}
