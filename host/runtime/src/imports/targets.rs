//! `targets`: those that a plugin speaks for beside itself.

use super::{Answer, answered, attempt};
use crate::bindings::provost::plugin::targets as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::event_service::{EventService, SwitchFailure};
use crate::state::{CallState, error};
use provost_store::api;
use std::sync::Arc;

const INTERFACE: &str = "targets";
/// Targets that one plugin may speak for.
const MOST: usize = 1000;

fn target_in(plugin: &str, target: wit::Target) -> Result<api::TargetFields, Error> {
    let invalid = |what: &str| Err(error(ErrorKind::Invalid, "target", what.into()));
    let name_ok = (1..=64).contains(&target.name.len())
        && target.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b));
    if !name_ok {
        return invalid("a target's name has 1 to 64 of a-z, 0-9, '-', '.', '_'");
    }
    if target.title.len() > 255 || target.subscriptions.len() > 100 {
        return invalid("a target's title has at most 255 bytes, and it has at most 100 subscriptions");
    }
    if target.subscriptions.iter().any(|s| s.event.is_empty() || s.event.len() > 255) {
        return invalid("an event's name has 1 to 255 bytes");
    }
    Ok(api::TargetFields {
        plugin: plugin.to_owned(),
        name: target.name,
        title: target.title,
        subscriptions: target
            .subscriptions
            .into_iter()
            .map(|s| api::Subscription { event: s.event, only_own: s.only_own })
            .collect(),
        remote: target.remote,
        timeout: target.timeout.clamp(1, 120),
    })
}

fn target_out(target: api::Target) -> wit::TargetInfo {
    let state = match target.state {
        api::TargetState::Unavailable => wit::State::Unavailable,
        _ if target.health.is_quarantined() => wit::State::Quarantined,
        api::TargetState::Inactive => wit::State::Inactive,
        api::TargetState::Available => wit::State::Available,
    };
    wit::TargetInfo {
        target: wit::Target {
            name: target.fields.name,
            title: target.fields.title,
            subscriptions: target
                .fields
                .subscriptions
                .into_iter()
                .map(|s| wit::Subscription { event: s.event, only_own: s.only_own })
                .collect(),
            remote: target.fields.remote,
            timeout: target.fields.timeout,
        },
        state,
        waiting: target.waiting,
        dead: target.dead,
        failing_since: target.health.failing_since_ms / 1000,
    }
}

impl CallState {
    /// What every function of the interface begins with: granted, and not in a handler?
    fn enter_targets(&self) -> Result<Arc<dyn EventService>, Error> {
        self.enter_changing(INTERFACE)?;
        let missing = || error(ErrorKind::RetryLater, INTERFACE, "this process delivers no events".into());
        self.host.events().ok_or_else(missing)
    }
}

impl wit::Host for CallState {
    async fn put(&mut self, target: wit::Target) -> Answer<()> {
        let events = attempt!(self.enter_targets());
        let fields = attempt!(target_in(&self.facts.id, target));
        let store = &self.host.store;
        let others = attempt!(store.targets().await);
        let mine = others.iter().filter(|t| t.fields.plugin == fields.plugin && t.fields.name != fields.name);
        if mine.count() >= MOST {
            let message = format!("a plugin may speak for at most {MOST} targets");
            return Ok(Err(error(ErrorKind::Limit, "target", message)));
        }
        answered(store.put_target(fields, events.now_ms()).await)
    }

    async fn remove(&mut self, name: String) -> Answer<()> {
        let events = attempt!(self.enter_targets());
        if attempt!(events.remove_target(&self.facts.id, &name).await) {
            return Ok(Ok(()));
        }
        answered(Err(api::StoreError::NotFound { kind: "target", key: name }))
    }

    async fn list(&mut self) -> Answer<Vec<wit::TargetInfo>> {
        attempt!(self.enter(INTERFACE));
        let all = attempt!(self.host.store.targets().await);
        let own =
            all.into_iter().filter(|t| t.installed && t.fields.plugin == self.facts.id && !t.fields.name.is_empty());
        Ok(Ok(own.map(target_out).collect()))
    }

    async fn set_state(&mut self, name: String, state: wit::State) -> Answer<()> {
        let events = attempt!(self.enter_targets());
        let to = match state {
            wit::State::Available => api::TargetState::Available,
            wit::State::Inactive => api::TargetState::Inactive,
            wit::State::Unavailable => api::TargetState::Unavailable,
            wit::State::Quarantined => {
                let message = "only the host puts a target into quarantine".into();
                return Ok(Err(error(ErrorKind::Invalid, "state", message)));
            }
        };
        Ok(events.switch_target(&self.facts.id, &name, to).await.map_err(|failure| match failure {
            SwitchFailure::Store(failure) => failure.into(),
            SwitchFailure::Refused(why) => error(ErrorKind::Refused, "target", why),
        }))
    }

    async fn heard_of(&mut self, name: String) -> Answer<()> {
        let events = attempt!(self.enter_targets());
        let target = attempt!(self.host.store.target(&self.facts.id, &name).await);
        answered(self.host.store.flush_target(target.id, events.now_ms()).await)
    }
}
