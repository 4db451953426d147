//! The store on an embedded SQLite database: one writer, many readers, several processes on one directory.
//!
//! Base tables are named `t_*`; the views of `migrations/0002_views.sql` show published changes only, and everything that
//! answers a reader goes through them. Writes are short: bulk work is cut into slices ([`db::SLICE`] rows), so that
//! heartbeats are not delayed (architecture.md 2.4).

mod audit;
mod capabilities;
mod categories;
mod contexts;
mod copy;
mod copy_tables;
mod courses;
mod db;
mod draft;
mod draft_people;
mod draft_rows;
mod enrolments;
mod files;
mod jobs;
mod names;
pub mod outbox;
mod outbox_api;
mod outbox_lanes;
mod outbox_settle;
mod outbox_targets;
mod outbox_upkeep;
mod people;
pub mod plugin_data;
mod plugins;
mod publish;
mod read_part;
mod removal;
mod rows;
mod secret;
mod settings;
mod snapshot;
mod sweep;
mod tokens;

use crate::StoreOptions;
use crate::api::{Blobs, Result, Settings as _};
use crate::blobs::ObjectBlobs;
use db::Db;
use provost_space::Space;
use std::{path::Path, sync::Arc};

/// A store in a directory. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore {
    db: Arc<Db>,
    blobs: Arc<ObjectBlobs>,
    /// What secrets of logins are derived from.
    secret: secret::Secret,
}

impl SqliteStore {
    /// Opens the database `dir/provost.db` and the blobs beside it, creating what is missing.
    pub async fn open(dir: &Path, options: &StoreOptions) -> Result<Self> {
        let db = Db::open(dir).await?;
        let secret = secret::Secret::of(dir)?;
        let space = Space::new(dir, options.min_free_bytes);
        let blobs = Arc::new(ObjectBlobs::local(db.clone(), &dir.join("blobs"), &dir.join("tmp"), space)?);
        let store = Self { db, blobs, secret };
        let kept = [
            ("plugin-data.limit", options.max_plugin_data.to_string()),
            ("plugin-data.backup-days", options.plugin_backup_days.to_string()),
        ];
        for (name, value) in kept {
            if store.setting(name).await?.as_ref() != Some(&value) {
                store.set_setting(name, Some(&value)).await?;
            }
        }
        Ok(store)
    }

    /// The contents of this store.
    pub fn blobs(&self) -> Arc<dyn Blobs> {
        self.blobs.clone()
    }
}
