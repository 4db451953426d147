//! `provost.toml` in the store's directory: what an operator sets for the site. Every process on the store reads it at its start.

use anyhow::{Context, Result};
use bytesize::ByteSize;
use provost_archive::Limits;
use provost_faces::FaceOptions;
use provost_store::StoreOptions;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The file's name.
pub const FILE: &str = "provost.toml";

/// What the file says; what it leaves out stays as it is without the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Settings {
    limits: SiteLimits,
    /// Days that rows of the audit log are kept; 0 for ever. Default: 730.
    audit_days: Option<u32>,
    /// Configuration of built-in plugins by their ids.
    plugins: BTreeMap<String, toml::Table>,
}

/// Bounds. Sizes are numbers of bytes or texts such as `"64 MiB"`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct SiteLimits {
    /// Bytes that stay free on the store's file system; 0 for none.
    free_space: Option<ByteSize>,
    /// The most one uploaded file may have.
    upload: Option<ByteSize>,
    archive_entries: Option<u64>,
    archive_path: Option<ByteSize>,
    archive_entry: Option<ByteSize>,
    archive_unpacked: Option<ByteSize>,
    archive_expansion: Option<u64>,
    archive_free_expansion: Option<ByteSize>,
    archive_spooled_entry: Option<ByteSize>,
    archive_spooled: Option<ByteSize>,
}

impl Settings {
    /// Reads the file in `dir`, if there is one.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            // A store that cannot be is said to be by whoever opens it.
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        toml::from_str(&text).with_context(|| format!("{} is not as it should be", path.display()))
    }

    /// For the store.
    pub fn store(&self) -> StoreOptions {
        let mut options = StoreOptions::default();
        set(&mut options.min_free_bytes, self.limits.free_space);
        options
    }

    /// Seconds that rows of the audit log are kept; none for ever.
    pub fn audit_seconds(&self) -> Option<i64> {
        let days = self.audit_days.unwrap_or(730);
        (days != 0).then(|| i64::from(days) * 24 * 3600)
    }

    /// For archives that are read.
    pub fn archives(&self) -> Limits {
        let mut limits = Limits::default();
        let of = &self.limits;
        set(&mut limits.min_free_bytes, of.free_space);
        set(&mut limits.max_entry_bytes, of.archive_entry);
        set(&mut limits.max_total_bytes, of.archive_unpacked);
        set(&mut limits.free_expansion_bytes, of.archive_free_expansion);
        set(&mut limits.max_spooled_entry_bytes, of.archive_spooled_entry);
        set(&mut limits.max_spooled_bytes, of.archive_spooled);
        limits.max_entries = of.archive_entries.unwrap_or(limits.max_entries);
        limits.max_expansion = of.archive_expansion.unwrap_or(limits.max_expansion);
        let path = of.archive_path.and_then(|size| usize::try_from(size.as_u64()).ok());
        limits.max_path_bytes = path.unwrap_or(limits.max_path_bytes);
        limits
    }

    /// For the protocols' faces.
    pub fn faces(&self, debug: bool) -> FaceOptions {
        let mut options = FaceOptions { debug, ..FaceOptions::default() };
        set(&mut options.max_upload, self.limits.upload);
        options
    }

    /// The configuration of a built-in plugin; null where nothing is set.
    pub fn plugin(&self, id: &str) -> Result<serde_json::Value> {
        match self.plugins.get(id) {
            Some(table) => serde_json::to_value(table).with_context(|| format!("{FILE}: plugins.{id}")),
            None => Ok(serde_json::Value::Null),
        }
    }

    /// The plugins that are configured.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.plugins.keys().map(String::as_str)
    }
}

fn set(target: &mut u64, size: Option<ByteSize>) {
    *target = size.map_or(*target, |size| size.as_u64());
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use anyhow::Result;

    #[test]
    fn what_is_set_holds_and_the_rest_stays() -> Result<()> {
        let settings: Settings = toml::from_str(
            "[limits]\nfree-space = \"1 GiB\"\narchive-entries = 5\narchive-spooled = 1000\n[plugins.restore]\nxml-depth = 40\n",
        )?;
        let limits = settings.archives();
        assert_eq!((limits.max_entries, limits.max_spooled_bytes, limits.max_expansion), (5, 1000, 200));
        assert_eq!((settings.store().min_free_bytes, limits.min_free_bytes), (1 << 30, 1 << 30));
        assert_eq!(settings.plugin("restore")?, serde_json::json!({ "xml-depth": 40 }));
        assert_eq!(settings.plugin("backup")?, serde_json::Value::Null);
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_line() {
        let error = toml::from_str::<Settings>("[limits]\nfree-spice = 1\n").err().map(|e| e.to_string());
        assert!(error.as_deref().is_some_and(|e| e.contains("free-spice") && e.contains("line 2")), "{error:?}");
    }
}
