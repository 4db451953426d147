//! Targets' states: gates and notices (proxy-tool-events.md 1.1 and 8.5).

use super::early::as_claimed;
use super::engine::{Deliveries, happening_now, not_called};
use super::judge::judge;
use provost_runtime::{Handled, Outcome, SwitchFailure, Verdict};
use provost_store::api::{BY_OPERATOR, BY_PLUGIN, Happening, Sign, StoreError, Subscription, Target, TargetState};

/// Why a target's state is not changed.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// The store failed, or there is no such target.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target does not want to be available.
    #[error("{target} refused to become available: {why}")]
    Refused {
        /// The target.
        target: String,
        /// Its words, or that it gave no answer.
        why: String,
    },
    /// Its plugin is not there.
    #[error("the plugin of target {0} is not installed")]
    NotInstalled(String),
    /// A plugin wants to switch on what an operator switched off.
    #[error("an operator made {0} unavailable: only an operator makes it available again (`provost target enable`)")]
    Operator(String),
}

impl From<SwitchError> for SwitchFailure {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Store(error) => Self::Store(error),
            refused => Self::Refused(refused.to_string()),
        }
    }
}

/// Whether a target is told of events of this name.
pub(super) fn wants(target: &Target, event: &str) -> bool {
    target.fields.subscriptions.iter().any(|Subscription { event: wanted, .. }| wanted == event)
}

impl Deliveries {
    /// Changes a target's state for this reason. A change to `available` is announced first and may be refused; others are told and happen.
    /// What waits goes out once it is available. What an operator switched off ([`BY_OPERATOR`]) a plugin ([`BY_PLUGIN`]) leaves so.
    pub async fn switch(
        &self,
        plugin: &str,
        name: &str,
        to: TargetState,
        reason: &str,
    ) -> Result<TargetState, SwitchError> {
        let target = self.store.target(plugin, name).await?;
        if !target.installed {
            return Err(SwitchError::NotInstalled(target.label()));
        }
        let before = target.state;
        let label = target.label();
        let is_kept_off = reason == BY_PLUGIN && before == TargetState::Unavailable && target.reason == BY_OPERATOR;
        if is_kept_off && to == TargetState::Unavailable {
            return Ok(before);
        } else if is_kept_off {
            return Err(SwitchError::Operator(label));
        }
        if wants(&target, "target-state") {
            let what = Happening::TargetState { before: before.name().into(), after: to.name().into() };
            let handled = self.call_once(&target, what).await;
            match (agreed(&handled), to) {
                (Ok(()), _) => self.store.carry_out(plugin, &handled.effects).await?,
                (Err(why), TargetState::Available) => {
                    return Err(SwitchError::Refused { target: target.label(), why });
                }
                (Err(why), _) => {
                    tracing::warn!(target = target.label(), why, "the target did not take note of its state")
                }
            }
        }
        match self.store.set_target_state(target.id, to, reason, self.now_ms()).await {
            Ok(()) => {}
            // Switched off by an operator while the target was told.
            Err(StoreError::Conflict { kind: "operator", .. }) => return Err(SwitchError::Operator(label)),
            Err(error) => return Err(error.into()),
        }
        tracing::info!(target = target.label(), from = before.name(), to = to.name(), "the target's state is changed");
        Ok(before)
    }

    /// Tells a plugin's targets, before it is removed, that they are taken away. Their answers are only logged.
    pub async fn farewell(&self, plugin: &str) -> Result<(), StoreError> {
        let (targets, _) = self.store.listeners().await?;
        for target in targets.iter().filter(|t| t.fields.plugin == plugin) {
            self.say_farewell(target).await;
        }
        Ok(())
    }

    /// Tells a target, whatever its state, that it is taken away.
    async fn say_farewell(&self, target: &Target) {
        if !wants(target, "target-removed") {
            return;
        }
        let handled = self.call_once(target, Happening::TargetRemoved).await;
        let done = match agreed(&handled) {
            Ok(()) => self.store.carry_out(&target.fields.plugin, &handled.effects).await.map_err(|e| e.to_string()),
            Err(why) => Err(why),
        };
        if let Err(why) = done {
            tracing::warn!(target = target.label(), why, "its farewell failed");
        }
    }

    /// Takes a target away that a plugin speaks for, after telling it so; false when there is none of that name.
    pub async fn take_away(&self, plugin: &str, name: &str) -> Result<bool, StoreError> {
        let target = match self.store.target(plugin, name).await {
            Ok(target) if target.installed && !name.is_empty() => target,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        self.say_farewell(&target).await;
        self.store.remove_target(plugin, name, self.now_ms()).await
    }

    /// Asks a target in quarantine whether it is there. Silence, or a no, prolongs the quarantine.
    pub(super) async fn answers_ping(&self, target: &Target) -> Result<bool, StoreError> {
        let called = self.ask(target, Happening::TargetPing).await;
        let handled = called.handled.into_iter().next().unwrap_or_else(not_called);
        let Err(why) = agreed(&handled) else { return Ok(true) };
        let now = self.now_ms();
        let claimed = as_claimed(&happening_now(Happening::TargetPing), now);
        let judged = judge(target, &claimed, handled, &called.digest, now);
        tracing::info!(
            target = target.label(),
            code = judged.settled.code,
            why,
            "a target in quarantine is still away"
        );
        if judged.gone {
            self.switch_off(target, "gone", "it says that it is gone").await?;
        } else if judged.settled.sign.is_none() {
            // Nothing was asked of it.
            self.pause(target.id);
        } else if self.store.note_sign(target.id, Sign::Silence, now).await? {
            self.switch_off(target, "failing", "every call of it has failed for five days").await?;
        }
        Ok(false)
    }

    /// Asks a target whether it is there; true too where it has no handler for that.
    pub async fn ping(&self, plugin: &str, name: &str) -> Result<bool, StoreError> {
        let target = self.store.target(plugin, name).await?;
        if !wants(&target, "target-ping") {
            return Ok(true);
        }
        let handled = self.call_once(&target, Happening::TargetPing).await;
        Ok(agreed(&handled).is_ok())
    }
}

/// Whether a call ended in a plain yes; else the words for people.
pub(crate) fn agreed(handled: &Handled) -> Result<(), String> {
    match &handled.outcome {
        Outcome::Ok(Verdict::Done) => Ok(()),
        Outcome::Ok(Verdict::RetryLater(_)) => Err("it asked for another try later".into()),
        Outcome::Ok(Verdict::Abort(reason)) => Err(reason.clone()),
        Outcome::Ok(Verdict::NoAnswer { message, .. }) => Err(message.clone()),
        other => Err(other.describe()),
    }
}
