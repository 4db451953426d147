//! What a call carries with it: who, for which plugin and job, and what it has used.

use crate::bindings::provost::plugin::types as wit;
use crate::call::JobRun;
use crate::engine::TICK;
use crate::handler::Handling;
use crate::host::Host;
use crate::limits::Growth;
use crate::plugin::Facts;
use provost_store::api::StoreError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wasmtime::component::ResourceTable;

/// The data of a wasmtime store: one call.
pub struct CallState {
    pub(crate) host: Arc<Host>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) person: Option<u64>,
    pub(crate) job: Option<Arc<JobRun>>,
    pub(crate) table: ResourceTable,
    pub(crate) growth: Growth,
    pub(crate) cpu_ticks: u64,
    pub(crate) cpu_spent: bool,
    pub(crate) log_lines: u32,
    pub(crate) panic: Option<String>,
    /// The event handler's call that is going on.
    pub(crate) handling: Option<Handling>,
}

impl CallState {
    /// What every host function of a grantable interface begins with: granted? still wanted?
    pub(crate) fn enter(&self, interface: &str) -> Result<(), wit::Error> {
        if !self.facts.grants.contains(interface) {
            return Err(error(
                wit::ErrorKind::Denied,
                interface,
                format!("plugin {} was not granted {interface}", self.facts.id),
            ));
        }
        self.still_wanted()
    }

    /// As `enter`, for functions that change something outside of what an event handler may change.
    pub(crate) fn enter_changing(&self, interface: &str) -> Result<(), wit::Error> {
        self.enter(interface)?;
        if self.handling.is_none() {
            return Ok(());
        }
        let message = format!("{interface} changes nothing while an event is handled: enqueue a job for that");
        Err(error(wit::ErrorKind::Refused, "in-handler", message))
    }

    /// An error for a course that the change which an event is about makes, before it is published: at once, without a look at
    /// the store (proxy-tool-events.md 5.2).
    pub(crate) fn visible_course(&self, course: impl ToString) -> Result<(), wit::Error> {
        match self.handling.as_ref().and_then(|handling| handling.hidden.as_ref()) {
            Some(hidden) if hidden.course(&course.to_string()) => Err(not_visible_yet("course", course)),
            _ => Ok(()),
        }
    }

    /// As `visible_course`, for a content.
    pub(crate) fn visible_content(&self, content: impl ToString) -> Result<(), wit::Error> {
        match self.handling.as_ref().and_then(|handling| handling.hidden.as_ref()) {
            Some(hidden) if hidden.content(&content.to_string()) => Err(not_visible_yet("content", content)),
            _ => Ok(()),
        }
    }

    /// Gives the next call so much CPU time.
    pub(crate) fn allow_cpu(&mut self, seconds: u32) {
        let ticks_per_second = (1_000 / TICK.as_millis()) as u64;
        self.cpu_ticks = u64::from(seconds) * ticks_per_second;
    }

    /// An error when the job behind this call was asked to stop or lost its lease.
    pub(crate) fn still_wanted(&self) -> Result<(), wit::Error> {
        match &self.job {
            Some(job) if job.stop.load(Ordering::Relaxed) => {
                Err(error(wit::ErrorKind::Cancelled, "job", "the job was asked to stop".into()))
            }
            _ => Ok(()),
        }
    }
}

/// An error of the contract.
pub(crate) fn error(kind: wit::ErrorKind, code: &str, message: String) -> wit::Error {
    wit::Error { kind, code: code.into(), message }
}

fn not_visible_yet(what: &str, id: impl ToString) -> wit::Error {
    let message = format!("{what} {} cannot be looked at before the change that makes it is published", id.to_string());
    error(wit::ErrorKind::NotVisibleYet, what, message)
}

/// A store's error as the contract's.
pub(crate) fn store_error(failure: StoreError) -> wit::Error {
    use wit::ErrorKind as Kind;
    let message = failure.to_string();
    let (kind, code) = match &failure {
        StoreError::NotFound { kind, .. } => (Kind::NotFound, *kind),
        StoreError::Conflict { kind, .. } => (Kind::Conflict, *kind),
        StoreError::Reserved { kind: "shortname", .. } => (Kind::Conflict, "shortname-reserved"),
        StoreError::Reserved { kind, .. } => (Kind::Conflict, *kind),
        StoreError::LeaseLost { .. } => (Kind::Cancelled, "job"),
        StoreError::Invalid(_) => (Kind::Invalid, ""),
        StoreError::Corrupt(_) => (Kind::Corrupt, ""),
        StoreError::Busy => (Kind::RetryLater, ""),
        StoreError::NoSpace { .. } => (Kind::Limit, "space"),
        StoreError::QuotaReached { .. } => (Kind::Limit, "quota"),
        StoreError::TooLarge { what, .. } => (Kind::Limit, *what),
        _ => (Kind::Failed, ""),
    };
    if kind == Kind::Failed {
        tracing::error!(error = %message, "the store failed under a plugin");
    }
    error(kind, code, message)
}
