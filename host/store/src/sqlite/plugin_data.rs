//! Plugins' own data in transactions of others.

use crate::api::{Effect, Happening, Result, StoreError};
use sqlx::SqliteConnection;

/// Takes the snapshot of all plugins' data for a copy, as of storage sequence `at` (0 for now); the storage sequence.
pub async fn copy_for(_tx: &mut SqliteConnection, _change: Option<i64>, _what: &Happening, _at: u64) -> Result<u64> {
    Ok(0)
}

/// Does one effect on data or external ids.
pub async fn apply(_tx: &mut SqliteConnection, _plugin: &str, _change: Option<i64>, _effect: &Effect) -> Result<()> {
    Err(StoreError::Invalid("this store keeps no data of plugins".into()))
}
