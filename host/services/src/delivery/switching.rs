//! Targets' states: gates and notices (proxy-tool-events.md 1.1 and 8.5).

use super::engine::Deliveries;
use provost_runtime::{Handled, Outcome, Verdict};
use provost_store::api::{Happening, StoreError, Subscription, Target, TargetState};

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
}

fn wants(target: &Target, event: &str) -> bool {
    target.fields.subscriptions.iter().any(|Subscription { event: wanted, .. }| wanted == event)
}

impl Deliveries {
    /// Changes a target's state. A change to `available` is announced first and may be refused; others are told and happen. What waits
    /// goes out once it is available.
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
        self.store.set_target_state(target.id, to, reason, self.now_ms()).await?;
        tracing::info!(target = target.label(), from = before.name(), to = to.name(), "the target's state is changed");
        Ok(before)
    }

    /// Tells a plugin's targets, before it is removed, that they are taken away. Their answers are only logged.
    pub async fn farewell(&self, plugin: &str) -> Result<(), StoreError> {
        let (targets, _) = self.store.listeners().await?;
        for target in targets.iter().filter(|t| t.fields.plugin == plugin && wants(t, "target-removed")) {
            let handled = self.call_once(target, Happening::TargetRemoved).await;
            match agreed(&handled) {
                Ok(()) => self.store.carry_out(plugin, &handled.effects).await?,
                Err(why) => tracing::warn!(target = target.label(), why, "its farewell failed"),
            }
        }
        Ok(())
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
