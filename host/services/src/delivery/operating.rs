//! What operators do to targets: by the command line, or by a plugin that was granted `deliveries`.

use super::engine::Deliveries;
use super::switching::SwitchError;
use provost_store::api::{BY_OPERATOR, TargetState};

impl Deliveries {
    /// Makes a target available, if its gate lets it; what waits is due then. One that is available already, but in quarantine, is
    /// tried at once. Returns the state before.
    pub async fn enable(&self, plugin: &str, name: &str) -> Result<TargetState, SwitchError> {
        let before = self.switch(plugin, name, TargetState::Available, "").await?;
        if before != TargetState::Unavailable {
            // The change of state does this only for one that got nothing.
            let target = self.store.target(plugin, name).await?;
            self.store.flush_target(target.id, self.now_ms()).await?;
        }
        self.store.published().notify_one();
        Ok(before)
    }

    /// Makes a target unavailable: its events wait. Returns the state before.
    pub async fn disable(&self, plugin: &str, name: &str) -> Result<TargetState, SwitchError> {
        self.switch(plugin, name, TargetState::Unavailable, BY_OPERATOR).await
    }
}
