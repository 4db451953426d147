//! The test double of the host: the interfaces a plugin imports, in memory and in one thread, for native builds.
//!
//! Every function and resource has the shape of the bindings it stands in for. What a call answers follows `wit/`, and
//! the real host where that says nothing; archives are read and written by the host's own code. Tests reach the other
//! side through [`crate::testing`].

pub mod archive;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod contents;
mod copy;
pub(crate) mod course;
pub mod course_store;
pub mod courses;
pub mod deliveries;
pub mod enrolments;
pub mod events;
pub mod files;
pub(crate) mod host;
pub mod http;
pub mod jobs;
pub mod log;
pub(crate) mod manifest;
mod moves;
pub mod people;
pub mod plugin_data;
pub mod random;
pub mod services;

#[cfg(test)]
mod roster_tests;
#[cfg(test)]
mod tests;

use crate::{Error, ErrorKind, Result};
use host::Host;
use std::cell::RefCell;

thread_local! {
    static HOST: RefCell<Host> = RefCell::new(Host::new());
}

/// The thread's host. Not to be called within itself.
pub(crate) fn with<R>(f: impl FnOnce(&mut Host) -> R) -> R {
    HOST.with_borrow_mut(f)
}

/// As [`with`], for destructors: does nothing where the host cannot be reached any more.
pub(crate) fn try_with(f: impl FnOnce(&mut Host)) {
    let _ = HOST.try_with(|host| {
        if let Ok(mut host) = host.try_borrow_mut() {
            f(&mut host);
        }
    });
}

/// What every call that can fail begins with: the plugin must be granted the interface, and a job that was asked to
/// stop learns of it.
fn enter(interface: &str) -> Result<()> {
    with(|host| {
        if let Some(manifest) = &host.manifest
            && !manifest.grants.iter().any(|g| g == interface)
        {
            let message = format!("plugin {} was not granted {interface}", manifest.id);
            return Err(Error::new(ErrorKind::Denied, interface, message));
        }
        match host.current_job() {
            Some(job) if job.stop => Err(Error::new(ErrorKind::Cancelled, "job", "the job was asked to stop")),
            _ => Ok(()),
        }
    })
}

/// As `enter`, for what changes something outside of what an event handler may change.
fn enter_changing(interface: &str) -> Result<()> {
    enter(interface)?;
    if with(|host| host.handling.is_none()) {
        return Ok(());
    }
    let message = format!("{interface} changes nothing while an event is handled: enqueue a job for that");
    Err(Error::new(ErrorKind::Refused, "in-handler", message))
}

fn conflict(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::Conflict, what, format!("{what} {name:?} is taken"))
}

/// The most that one call reads, whatever is asked for.
const MAX_READ: u32 = 1 << 20;
/// The most that one call lists.
const MAX_PAGE: u32 = 1_000;

/// A page of what is in the given order: at most `limit`, beginning behind the one whose id is `after`.
fn page<T: Clone>(all: &[T], id: impl Fn(&T) -> u64, after: u64, limit: u32) -> Result<Vec<T>> {
    let from = match after {
        0 => 0,
        after => match all.iter().position(|t| id(t) == after) {
            Some(at) => at + 1,
            None => return Err(Error::invalid(format!("after: nothing in this list has the id {after}"))),
        },
    };
    let most = with(|host| host.page_limit).min(MAX_PAGE);
    Ok(all[from..].iter().take(limit.clamp(1, most) as usize).cloned().collect())
}

/// Up to `limit` bytes from `offset` on.
fn slice(content: &[u8], offset: u64, limit: u32) -> Vec<u8> {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
    let limit = limit.clamp(1, with(|host| host.read_limit).min(MAX_READ)) as usize;
    content[from..].iter().take(limit).copied().collect()
}
