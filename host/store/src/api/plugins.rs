//! Installed plugins.

use super::{BlobRef, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// An installed version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PluginRow {
    pub id: String,
    pub version: String,
    /// The component.
    pub blob: BlobRef,
    /// Names of the interfaces granted.
    pub grants: Vec<String>,
    /// The operator's configuration: JSON object.
    pub config: String,
    pub installed: i64,
}

/// The registry's rows. One version of an id is active; the one before is kept for going back.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Grows with every change of the registry, so that a running host notices one made by another process.
    async fn plugin_generation(&self) -> Result<u64>;
    /// The active version of every id.
    async fn plugins(&self) -> Result<Vec<PluginRow>>;
    /// Makes a version the active one of its id.
    async fn put_plugin(&self, row: PluginRow) -> Result<()>;
    /// Removes an id. False when there was none.
    async fn remove_plugin(&self, id: &str) -> Result<bool>;
    /// The configuration set for a plugin that is not installed but built in: a JSON object.
    async fn built_in_config(&self, id: &str) -> Result<Option<String>>;
    /// Sets the configuration of the active version of an id or, where none is installed, of the built-in one.
    async fn set_plugin_config(&self, id: &str, config: &str) -> Result<()>;
    /// The version that was active before, if any.
    async fn previous_plugin(&self, id: &str) -> Result<Option<PluginRow>>;
}
