//! Jobs: kinds of work that outlive a call.

#[cfg(test)]
mod tests;

use crate::bindings::job::exports::provost::plugin::job_runner as wire;
use crate::{Caller, Error, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Implemented by a plugin with jobs.
pub trait JobRunner {
    /// The kinds of job and what runs them.
    fn jobs() -> Jobs;
}

/// What a running job knows of itself.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// Its id.
    pub id: String,
    /// 1 for the first time.
    pub attempt: u32,
    /// Who asked for it.
    pub caller: Caller,
}

impl JobContext {
    /// Reports how far the job is, 0 to 1. An error means: stop now, and pass it on.
    pub fn progress(&self, fraction: f64) -> Result<()> {
        crate::jobs::progress(fraction)
    }
    /// Adds a warning for the owner to read.
    pub fn warn(&self, message: &str) -> Result<()> {
        crate::jobs::warn(message)
    }
}

type Runner = Box<dyn Fn(&JobContext, &str) -> Result<String>>;

/// A table of kinds of job.
#[derive(Default)]
pub struct Jobs(Vec<(&'static str, Runner)>);

impl Jobs {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a kind: its payload and its outcome cross as JSON.
    #[must_use]
    pub fn on<P, R>(mut self, kind: &'static str, run: fn(&JobContext, P) -> Result<R>) -> Self
    where
        P: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        let runner = move |context: &JobContext, payload: &str| {
            let payload =
                serde_json::from_str(payload).map_err(|e| Error::invalid(format!("payload of {kind}: {e}")))?;
            let outcome = run(context, payload)?;
            serde_json::to_string(&outcome).map_err(|e| Error::failed(format!("outcome of {kind}: {e}")))
        };
        self.0.push((kind, Box::new(runner)));
        self
    }
}

/// The export `run`.
pub fn run<P: JobRunner>(job: wire::JobContext) -> Result<String> {
    let jobs = P::jobs();
    let Some((_, runner)) = jobs.0.iter().find(|(kind, _)| *kind == job.kind) else {
        return Err(Error::not_found("job kind", format!("this plugin has no job of kind {:?}", job.kind)));
    };
    runner(&JobContext { id: job.id, attempt: job.attempt, caller: job.caller }, &job.payload)
}
