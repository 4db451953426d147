//! The store: courses, people, jobs, files, tokens, plugins and settings as rows, file contents as blobs.
//!
//! [`api`] says what a store does, in small traits; [`sqlite`] does it on an embedded database, [`blobs`] keeps
//! contents through `object_store`. [`conformance`] is the suite that every implementation has to pass.
//!
//! The layers above know only [`api`].

pub mod api;
pub mod blobs;
pub mod conformance;
pub mod passwords;
pub mod sqlite;

use api::{Blobs, Result, Store};
use std::{path::Path, sync::Arc};

/// Opens the store in `dir`, creating directories (for their owner only) and contents where missing: an SQLite database
/// `provost.db`, contents under `blobs`, unfinished ones under `tmp`. Needs a tokio runtime, whose handle it keeps.
pub async fn open(dir: &Path) -> Result<(Arc<dyn Store>, Arc<dyn Blobs>)> {
    open_with(dir, &StoreOptions::default()).await
}

/// What an operator can choose of a store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Bytes that stay free on the store's file system: what would leave fewer is refused with `NoSpace`. Default: 64 MiB; 0 turns
    /// this off.
    pub min_free_bytes: u64,
    /// Bytes that the data of one plugin may take, older versions that copies share included. Default: 4 GiB; 0 for no limit.
    pub max_plugin_data: u64,
    /// Days after which what plugins saved with an archive is removed. Default: 0, never.
    pub plugin_backup_days: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { min_free_bytes: provost_space::DEFAULT_RESERVE, max_plugin_data: 4 << 30, plugin_backup_days: 0 }
    }
}

/// As [`open`], with options.
pub async fn open_with(dir: &Path, options: &StoreOptions) -> Result<(Arc<dyn Store>, Arc<dyn Blobs>)> {
    let store = sqlite::SqliteStore::open(dir, options).await?;
    let blobs = store.blobs();
    Ok((Arc::new(store), blobs))
}
