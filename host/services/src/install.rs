//! Installing, replacing and removing plugins while the host serves.

use crate::delivery;
use crate::registry::{Registry, RegistryError, specs};
use provost_runtime::{Change, LoadError, Manifest, Outcome, Plugin};
use provost_store::api::{Happening, PluginRow, StoreError};
use serde::Serialize;
use std::sync::Arc;

/// Why a plugin is not installed. Whatever served before goes on serving.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It is not a plugin, or does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It clashes with another one.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its gate refused.
    #[error("plugin {plugin} {version} refused to become available: {why}")]
    Gate {
        /// The plugin.
        plugin: String,
        /// The version that refused.
        version: String,
        /// Its words.
        why: String,
    },
    /// A grant was named that it does not ask for.
    #[error("plugin {plugin} does not ask for {grant}")]
    NotAsked {
        /// The plugin.
        plugin: String,
        /// The grant.
        grant: String,
    },
    /// There is no such plugin to remove.
    #[error("no installed plugin {0}")]
    NotInstalled(String),
    /// There is no such plugin to configure.
    #[error("no plugin {0}")]
    NotLoaded(String),
}

/// What an installation did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// The plugin's id.
    pub id: String,
    /// The version that serves now.
    pub version: String,
    /// The version it replaced, if any.
    pub replaced: Option<String>,
    /// Interfaces granted.
    pub grants: Vec<String>,
    /// Interfaces asked for and not granted: their functions answer `denied`.
    pub not_granted: Vec<String>,
    /// Names of its web-service functions.
    pub functions: Vec<String>,
}

impl Registry {
    /// Installs a plugin with these grants: compiled, linked, its functions read, its gate passed, and only then
    /// switched to, at once for this process and at the next call for others on the same store.
    pub async fn install(
        &self,
        wasm: &[u8],
        grants: &[String],
        config: &serde_json::Value,
    ) -> Result<Installed, InstallError> {
        let before = self.current().await?;
        let _one = self.change.lock().await;
        let manifest = Manifest::of(wasm).map_err(LoadError::from)?;
        if let Some(grant) = grants.iter().find(|g| !manifest.grants.contains(g)) {
            return Err(InstallError::NotAsked { plugin: manifest.id, grant: grant.clone() });
        }
        let plugin = Arc::new(Plugin::load(&self.engine, &self.host, wasm, grants, config).await?);
        let functions = specs(&plugin, before.function_map())?;
        let replaced = before.plugin(&manifest.id).map(|l| l.plugin.clone());
        let replaced_version = replaced.as_ref().map(|p| p.manifest().version.clone());
        match plugin.state_change(Change::Available, replaced_version.as_deref()).await {
            Outcome::Ok(()) => {}
            other => {
                let (plugin, version) = (manifest.id, manifest.version);
                return Err(InstallError::Gate { plugin, version, why: other.describe() });
            }
        }
        if let Err(why) = told_of_state(&plugin).await {
            let (plugin, version) = (manifest.id, manifest.version);
            return Err(InstallError::Gate { plugin, version, why });
        }
        let blob = self.host.blobs.put(wasm.to_vec().into()).await?;
        let store = &self.host.store;
        store
            .put_plugin(PluginRow {
                id: manifest.id.clone(),
                version: manifest.version.clone(),
                blob,
                grants: grants.to_vec(),
                config: config.to_string(),
                installed: jiff::Timestamp::now().as_second(),
            })
            .await?;
        self.rebuild(store.plugin_generation().await?).await?;
        farewell(replaced, &manifest.version).await;
        Ok(Installed {
            id: manifest.id,
            version: manifest.version,
            replaced: replaced_version,
            grants: grants.to_vec(),
            not_granted: manifest.grants.into_iter().filter(|g| !grants.contains(g)).collect(),
            functions: functions.into_iter().map(|(name, _)| name).collect(),
        })
    }

    /// Sets a plugin's configuration, at once for this process and at the next call for others on the same store. The
    /// plugin's gate is asked as if a new version came.
    pub async fn configure(&self, id: &str, config: &serde_json::Value) -> Result<(), InstallError> {
        let before = self.current().await?;
        let _one = self.change.lock().await;
        let Some(loaded) = before.plugin(id) else { return Err(InstallError::NotLoaded(id.to_owned())) };
        let manifest = loaded.plugin.manifest();
        let tried = self.with_config(loaded, config).await?;
        match tried.state_change(Change::Available, Some(&manifest.version)).await {
            Outcome::Ok(()) => {}
            other => {
                let (plugin, version) = (manifest.id.clone(), manifest.version.clone());
                return Err(InstallError::Gate { plugin, version, why: other.describe() });
            }
        }
        let store = &self.host.store;
        store.set_plugin_config(id, &config.to_string()).await?;
        self.rebuild(store.plugin_generation().await?).await?;
        Ok(())
    }

    /// Removes an installed plugin; the built-in one of its id, if any, serves again.
    pub async fn remove(&self, id: &str) -> Result<(), InstallError> {
        let before = self.current().await?;
        if before.plugin(id).is_some()
            && let Some(deliveries) = self.delivering()
        {
            deliveries.farewell(id).await?;
        }
        let _one = self.change.lock().await;
        if !self.host.store.remove_plugin(id).await? {
            return Err(InstallError::NotInstalled(id.to_owned()));
        }
        let now = self.rebuild(self.host.store.plugin_generation().await?).await?;
        let version = now.plugin(id).map(|l| l.plugin.manifest().version.clone()).unwrap_or_default();
        farewell(before.plugin(id).map(|l| l.plugin.clone()), &version).await;
        Ok(())
    }
}

/// The gate of a plugin that handles the events of its own state (proxy-tool-events.md 8.5), before it gets any other. What it writes
/// there is not kept: it is not installed yet.
async fn told_of_state(plugin: &Plugin) -> Result<(), String> {
    let wants = plugin.manifest().subscriptions.iter().any(|s| s.event == "target-state");
    if !wants || !plugin.exports().event_handler {
        return Ok(());
    }
    let what = Happening::TargetState { before: "unavailable".into(), after: "available".into() };
    let handled = plugin.handle(vec![delivery::directly("", what)], delivery::GATE_BOUNDS).await;
    handled.first().map_or_else(|| Err("it was not called".into()), delivery::agreed)
}

/// Tells a version that it gets no more traffic. Its answer is only logged.
async fn farewell(plugin: Option<Arc<Plugin>>, by: &str) {
    let Some(plugin) = plugin else { return };
    let outcome = plugin.state_change(Change::Unavailable, Some(by)).await;
    if outcome.reason_code().is_some() {
        let id = &plugin.manifest().id;
        tracing::warn!(plugin = id, "its farewell failed: {}", outcome.describe());
    }
}
