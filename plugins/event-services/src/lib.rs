//! The `event-services` plugin: what the commands `event`, `target` and `notice` do, as functions for clients.
//!
//! Events and targets are for whoever has `provost/event:manage` on the site. Notices are everybody's own.

mod events;
mod notices;
mod targets;

#[cfg(test)]
mod tests;

use provost_guest::people::{Place, require_capability};
use provost_guest::prelude::*;

/// The plugin.
pub struct EventServices;

/// What lets somebody see and do all this.
const MANAGE: &str = "provost/event:manage";

impl WebService for EventServices {
    fn functions() -> Vec<Function> {
        let mut functions = Vec::new();
        functions.extend(events::functions());
        functions.extend(targets::functions());
        functions.extend(notices::functions());
        functions
    }
}

fn require(caller: &Caller) -> Result<()> {
    require_capability(caller.person, MANAGE, Place::Site)
}

/// A number as a client gave it. What cannot be one is one that names nothing.
fn number(given: i64) -> u64 {
    u64::try_from(given).unwrap_or(u64::MAX)
}

/// How many a client wants of a list: at least one.
fn wanted(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0).clamp(1, 1000)
}

/// Up to `limit` entries of a list that comes in pages; `page` is asked for what follows an id, with how many are left.
fn pages<T>(
    after: u64,
    limit: usize,
    id: impl Fn(&T) -> u64,
    mut page: impl FnMut(u64, u32) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let (mut found, mut after) = (Vec::new(), after);
    while found.len() < limit {
        let left = u32::try_from(limit - found.len()).unwrap_or(u32::MAX);
        let more = page(after, left)?;
        let Some(last) = more.last() else { break };
        after = id(last);
        found.extend(more);
    }
    Ok(found)
}

export_plugin!(EventServices: web_service; manifest = "../plugin.json");
