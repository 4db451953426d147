//! `deliveries` in memory: events, targets and notices that a test set up. Nothing is delivered.

use super::{MAX_PAGE, enter, enter_changing, with};
use crate::{Error, ErrorKind, Result};

pub use crate::bindings::imports::provost::plugin::deliveries::{
    Attempt, Choice, Delivery, EventInfo, Filter, Notice, PersonId, State, Subscription, Target, TargetState, Timestamp,
};

const INTERFACE: &str = "deliveries";

/// What there is to operate on.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) events: Vec<EventInfo>,
    pub(crate) targets: Vec<Target>,
    /// Targets that do not agree to be available.
    pub(crate) refusing: Vec<String>,
    pub(crate) notices: Vec<Notice>,
}

impl Outbox {
    fn target(&mut self, name: &str) -> Result<&mut Target> {
        let found = self.targets.iter_mut().find(|t| t.name == name);
        found.ok_or_else(|| Error::not_found("target", format!("no target {name}")))
    }

    fn event(&self, id: &str) -> Result<&EventInfo> {
        let found = self.events.iter().find(|e| e.id == id);
        found.ok_or_else(|| Error::not_found("event", format!("no event {id}")))
    }

    /// Deliveries that are chosen. Errors: `invalid`, `not-found`.
    fn chosen(&mut self, choice: &Choice) -> Result<impl Iterator<Item = &mut Delivery>> {
        if choice.target.is_none() && choice.event.is_none() {
            return Err(Error::new(ErrorKind::Invalid, INTERFACE, "neither a target nor an event is given"));
        }
        if let Some(target) = &choice.target {
            self.target(target)?;
        }
        if let Some(event) = &choice.event {
            self.event(event)?;
        }
        let Choice { target, event, since } = choice.clone();
        // What has lost its content cannot be sent again.
        let events = self.events.iter_mut().filter(move |e| {
            e.what.is_some() && event.as_ref().is_none_or(|id| *id == e.id) && since.is_none_or(|since| e.time >= since)
        });
        let deliveries = events.flat_map(|e| &mut e.deliveries).map(|(delivery, _)| delivery);
        Ok(deliveries.filter(move |d| target.as_ref().is_none_or(|name| *name == d.target)))
    }

    fn switch(&mut self, name: &str, to: TargetState, reason: &str, now: i64) -> Result<TargetState> {
        let refuses = to == TargetState::Available && self.refusing.iter().any(|r| r == name);
        let target = self.target(name)?;
        if !target.installed {
            return Err(Error::refused("target", format!("the plugin of target {name} is not installed")));
        }
        if refuses {
            return Err(Error::refused("target", format!("{name} refused to become available")));
        }
        let before = target.state;
        (target.state, target.reason, target.since) = (to, reason.to_owned(), now);
        Ok(before)
    }
}

fn told(notice: &Notice, person: PersonId, operator: bool) -> bool {
    notice.person.map_or(operator, |whom| whom == person)
}

/// See `deliveries.list` in the contract.
pub fn list(filter: &Filter, after: u64, limit: u32) -> Result<Vec<Delivery>> {
    enter(INTERFACE)?;
    with(|host| {
        if let Some(target) = &filter.target {
            host.outbox.target(target)?;
        }
        let fits = |d: &&Delivery| {
            filter.target.as_ref().is_none_or(|name| *name == d.target)
                && filter.state.is_none_or(|state| state == d.state)
                && filter.event.as_ref().is_none_or(|kind| *kind == d.kind)
                && filter.course.as_ref().is_none_or(|course| d.courses.contains(course))
                && filter.since.is_none_or(|since| d.time >= since)
                && (after == 0 || d.id < after)
        };
        let all = host.outbox.events.iter().flat_map(|e| &e.deliveries).map(|(delivery, _)| delivery);
        let mut found: Vec<Delivery> = all.filter(fits).cloned().collect();
        found.sort_by_key(|d| std::cmp::Reverse(d.id));
        found.truncate(limit.clamp(1, host.page_limit.min(MAX_PAGE)) as usize);
        Ok(found)
    })
}

/// See `deliveries.show`.
pub fn show(event: &str) -> Result<EventInfo> {
    enter(INTERFACE)?;
    with(|host| host.outbox.event(event).cloned())
}

/// See `deliveries.replay`.
pub fn replay(choice: &Choice) -> Result<u64> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let now = host.now;
        let one = choice.event.is_some();
        let over = host.outbox.chosen(choice)?.filter(|d| match d.state {
            State::Dead => true,
            State::Done | State::Dropped => one,
            State::Pending | State::InFlight => false,
        });
        Ok(over.fold(0, |count, d| {
            (d.state, d.replay, d.attempts, d.due, d.ended) = (State::Pending, true, 0, now, 0);
            (d.reason, d.message) = (String::new(), String::new());
            count + 1
        }))
    })
}

/// See `deliveries.discard`.
pub fn discard(choice: &Choice) -> Result<u64> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let now = host.now;
        let open = host.outbox.chosen(choice)?.filter(|d| matches!(d.state, State::Pending | State::Dead));
        Ok(open.fold(0, |count, d| {
            (d.state, d.reason, d.due, d.ended) = (State::Dropped, "discarded".into(), 0, now);
            count + 1
        }))
    })
}

/// See `deliveries.targets`.
pub fn targets() -> Result<Vec<Target>> {
    enter(INTERFACE)?;
    with(|host| Ok(host.outbox.targets.clone()))
}

/// See `deliveries.enable`.
pub fn enable(target: &str) -> Result<TargetState> {
    enter_changing(INTERFACE)?;
    with(|host| host.outbox.switch(target, TargetState::Available, "", host.now))
}

/// See `deliveries.disable`.
pub fn disable(target: &str) -> Result<TargetState> {
    enter_changing(INTERFACE)?;
    with(|host| host.outbox.switch(target, TargetState::Unavailable, "operator", host.now))
}

/// See `deliveries.notices`.
pub fn notices(person: PersonId, operator: bool, unseen: bool, before: u64, limit: u32) -> Result<Vec<Notice>> {
    enter(INTERFACE)?;
    with(|host| {
        let fits = |n: &&Notice| told(n, person, operator) && !(unseen && n.seen) && (before == 0 || n.id < before);
        let most = limit.clamp(1, host.page_limit.min(MAX_PAGE)) as usize;
        Ok(host.outbox.notices.iter().rev().filter(fits).take(most).cloned().collect())
    })
}

/// See `deliveries.see-notices`.
pub fn see_notices(person: PersonId, operator: bool, up_to: u64) -> Result<u64> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let all = host.outbox.notices.iter_mut();
        let new = all.filter(|n| told(n, person, operator) && !n.seen && n.id <= up_to);
        Ok(new.fold(0, |count, n| {
            n.seen = true;
            count + 1
        }))
    })
}
