//! `deliveries`: what operators see and do of events, targets and notices.

use super::{Answer, MAX_PAGE, answered, attempt};
use crate::bindings::provost::plugin::deliveries as wit;
use crate::bindings::provost::plugin::targets;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::event_service::{EventService, SwitchFailure};
use crate::state::{CallState, error};
use provost_store::api;
use std::sync::Arc;

const INTERFACE: &str = "deliveries";

fn state_in(state: wit::State) -> api::DeliveryState {
    match state {
        wit::State::Pending => api::DeliveryState::Pending,
        wit::State::InFlight => api::DeliveryState::InFlight,
        wit::State::Done => api::DeliveryState::Done,
        wit::State::Dropped => api::DeliveryState::Dropped,
        wit::State::Dead => api::DeliveryState::Dead,
    }
}

fn delivery_out(row: api::DeliveryRow) -> wit::Delivery {
    wit::Delivery {
        id: row.id,
        event: row.event,
        kind: row.name,
        target: row.target,
        state: match row.state {
            api::DeliveryState::Pending => wit::State::Pending,
            api::DeliveryState::InFlight => wit::State::InFlight,
            api::DeliveryState::Done => wit::State::Done,
            api::DeliveryState::Dropped => wit::State::Dropped,
            api::DeliveryState::Dead => wit::State::Dead,
        },
        sequence: row.sequence,
        time: row.time,
        attempts: row.attempts,
        due: row.due,
        ended: row.ended,
        reason: row.reason,
        message: row.message,
        courses: row.courses,
        replay: row.replay,
    }
}

fn attempt_out(row: api::AttemptRow) -> wit::Attempt {
    wit::Attempt {
        number: row.number,
        time: row.time,
        took: u64::try_from(row.took_us).unwrap_or(0),
        outcome: row.outcome,
        message: row.message,
        digest: row.digest,
    }
}

fn switched(state: api::TargetState) -> targets::State {
    match state {
        api::TargetState::Available => targets::State::Available,
        api::TargetState::Inactive => targets::State::Inactive,
        api::TargetState::Unavailable => targets::State::Unavailable,
    }
}

fn target_out(target: api::Target) -> wit::Target {
    let quarantined = target.health.is_quarantined();
    wit::Target {
        name: target.label(),
        state: match switched(target.state) {
            targets::State::Unavailable => targets::State::Unavailable,
            _ if quarantined => targets::State::Quarantined,
            state => state,
        },
        title: target.fields.title,
        reason: target.reason,
        installed: target.installed,
        since: target.since_ms / 1000,
        subscriptions: target
            .fields
            .subscriptions
            .into_iter()
            .map(|s| targets::Subscription { event: s.event, only_own: s.only_own })
            .collect(),
        remote: target.fields.remote,
        timeout: target.fields.timeout,
        waiting: target.waiting,
        dead: target.dead,
        dropped: target.dropped,
        failing_since: target.health.failing_since_ms / 1000,
        quarantined_until: if quarantined { target.health.open_until_ms / 1000 } else { 0 },
    }
}

fn notice_out(notice: api::Notice) -> wit::Notice {
    wit::Notice {
        id: notice.id,
        person: notice.person,
        kind: notice.kind,
        message: notice.message,
        created: notice.created,
        seen: notice.seen,
    }
}

fn whose(person: u64, operator: bool) -> api::Whose {
    if operator { api::Whose::Administrator(person) } else { api::Whose::Person(person) }
}

fn chosen(choice: wit::Choice) -> Result<api::Chosen, Error> {
    if choice.target.is_none() && choice.event.is_none() {
        return Err(error(ErrorKind::Invalid, INTERFACE, "neither a target nor an event is given".into()));
    }
    Ok(api::Chosen { target: choice.target, event: choice.event, since: choice.since })
}

/// `PLUGIN` or `PLUGIN/NAME`.
fn named(target: &str) -> (&str, &str) {
    target.split_once('/').unwrap_or((target, ""))
}

impl CallState {
    /// What functions that change something begin with: granted, and not in a handler?
    fn enter_deliveries(&self) -> Result<Arc<dyn EventService>, Error> {
        self.enter_changing(INTERFACE)?;
        let missing = || error(ErrorKind::RetryLater, INTERFACE, "this process delivers no events".into());
        self.host.events().ok_or_else(missing)
    }
}

fn switch_answer(answer: Result<api::TargetState, SwitchFailure>) -> Answer<targets::State> {
    Ok(match answer {
        Ok(before) => Ok(switched(before)),
        Err(SwitchFailure::Store(failure)) => Err(failure.into()),
        Err(SwitchFailure::Refused(why)) => Err(error(ErrorKind::Refused, "target", why)),
    })
}

impl wit::Host for CallState {
    async fn list(&mut self, filter: wit::Filter, after: u64, limit: u32) -> Answer<Vec<wit::Delivery>> {
        attempt!(self.enter(INTERFACE));
        let filter = api::DeliveryFilter {
            target: filter.target,
            state: filter.state.map(state_in),
            event: filter.event,
            course: filter.course,
            since: filter.since,
            after,
            limit: limit.clamp(1, MAX_PAGE),
            oldest_first: false,
        };
        Ok(Ok(attempt!(self.host.store.deliveries(&filter).await).into_iter().map(delivery_out).collect()))
    }

    async fn show(&mut self, event: String) -> Answer<wit::EventInfo> {
        attempt!(self.enter(INTERFACE));
        let api::EventDetails { event, deliveries } = attempt!(self.host.store.event(&event).await);
        let what = event.what.map(|what| serde_json::to_string(&what)).transpose();
        let unreadable = |e: serde_json::Error| error(ErrorKind::Failed, "event", e.to_string());
        Ok(Ok(wit::EventInfo {
            id: event.id,
            kind: event.name,
            source: event.source,
            time: event.time,
            sequence: event.sequence,
            storage_sequence: event.storage_sequence,
            what: attempt!(what.map_err(unreadable)),
            deliveries: deliveries
                .into_iter()
                .map(|(row, attempts)| (delivery_out(row), attempts.into_iter().map(attempt_out).collect()))
                .collect(),
        }))
    }

    async fn replay(&mut self, choice: wit::Choice) -> Answer<u64> {
        let events = attempt!(self.enter_deliveries());
        answered(self.host.store.replay(&attempt!(chosen(choice)), events.now_ms()).await)
    }

    async fn discard(&mut self, choice: wit::Choice) -> Answer<u64> {
        let events = attempt!(self.enter_deliveries());
        answered(self.host.store.discard(&attempt!(chosen(choice)), events.now_ms()).await)
    }

    async fn targets(&mut self) -> Answer<Vec<wit::Target>> {
        attempt!(self.enter(INTERFACE));
        Ok(Ok(attempt!(self.host.store.targets().await).into_iter().map(target_out).collect()))
    }

    async fn enable(&mut self, target: String) -> Answer<targets::State> {
        let events = attempt!(self.enter_deliveries());
        let (plugin, name) = named(&target);
        switch_answer(events.enable_target(plugin, name).await)
    }

    async fn disable(&mut self, target: String) -> Answer<targets::State> {
        let events = attempt!(self.enter_deliveries());
        let (plugin, name) = named(&target);
        switch_answer(events.disable_target(plugin, name).await)
    }

    async fn notices(
        &mut self,
        person: u64,
        operator: bool,
        unseen: bool,
        before: u64,
        limit: u32,
    ) -> Answer<Vec<wit::Notice>> {
        attempt!(self.enter(INTERFACE));
        let whose = whose(person, operator);
        let filter = api::NoticeFilter { whose, unseen, before, limit: limit.clamp(1, MAX_PAGE) };
        Ok(Ok(attempt!(self.host.store.notices(&filter).await).into_iter().map(notice_out).collect()))
    }

    async fn see_notices(&mut self, person: u64, operator: bool, up_to: u64) -> Answer<u64> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.see_notices(up_to, whose(person, operator)).await)
    }
}
