//! What a test sets up for plugins that operate on events, targets and notices.

use super::TestHost;
use crate::bindings::imports::provost::plugin::deliveries::{EventInfo, Notice, Target};
use crate::double::with;

impl TestHost {
    /// Adds an event with its deliveries, whose ids grow in the order of events.
    pub fn add_event(&self, event: EventInfo) {
        with(|host| host.outbox.events.push(event));
    }
    /// Adds a target.
    pub fn add_target(&self, target: Target) {
        with(|host| host.outbox.targets.push(target));
    }
    /// Has a target refuse to become available.
    pub fn refuse_target(&self, name: &str) {
        with(|host| host.outbox.refusing.push(name.to_owned()));
    }
    /// Tells a person or (none) the operator something; the notice's id.
    pub fn notify(&self, person: Option<u64>, kind: &str, message: &str) -> u64 {
        with(|host| {
            let id = host.outbox.notices.last().map_or(1, |last| last.id + 1);
            let (kind, message, created) = (kind.to_owned(), message.to_owned(), host.now);
            host.outbox.notices.push(Notice { id, person, kind, message, created, seen: false });
            id
        })
    }
}
