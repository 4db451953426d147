//! `provost.toml` in the store's directory: what an operator sets for the site. Every process on the store reads it at its start.

use anyhow::{Context, Result};
use bytesize::ByteSize;
use ipnet::IpNet;
use provost_archive::Limits;
use provost_faces::FaceOptions;
use provost_store::StoreOptions;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// The file's name.
pub const FILE: &str = "provost.toml";

/// What the file says; what it leaves out stays as it is without the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Settings {
    limits: SiteLimits,
    web: Web,
    /// Days that rows of the audit log are kept; 0 for ever. Default: 730.
    audit_days: Option<u32>,
    /// Days that plugins keep what they saved with an archive; 0 for ever. Default: 0.
    plugin_backup_days: Option<u32>,
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
    /// The most a request may carry besides files.
    request: Option<ByteSize>,
    /// The most variables a request may have.
    variables: Option<usize>,
    /// How deep parameters may be nested, 64 at most.
    depth: Option<usize>,
    archive_entries: Option<u64>,
    archive_path: Option<ByteSize>,
    archive_entry: Option<ByteSize>,
    archive_unpacked: Option<ByteSize>,
    archive_expansion: Option<u64>,
    archive_free_expansion: Option<ByteSize>,
    archive_spooled_entry: Option<ByteSize>,
    archive_spooled: Option<ByteSize>,
    /// The most the data of one plugin may take; 0 for any size.
    plugin_data: Option<ByteSize>,
}

/// How the web services are answered.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Web {
    /// Answer calls at all. Default: true.
    rest: Option<bool>,
    /// Show the page of functions and the OpenAPI document. Default: true.
    discovery: Option<bool>,
    /// Say in the HTTP status, too, what an error is. Default: false.
    http_status: Option<bool>,
    /// Addresses and ranges of proxies whose word on the client's address is taken.
    trusted_proxies: Vec<Network>,
    /// Calls a token may make in a minute; 0 for any number.
    requests_per_minute: Option<u32>,
    /// Wrong tokens from one address in a minute; 0 for any number.
    failures_per_minute: Option<u32>,
    /// Failed logins from one address in a minute; 0 for any number.
    failed_logins_per_minute: Option<u32>,
}

/// An address, or a range of them such as `192.0.2.0/24`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Network(IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let range = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        range.map(Self).map_err(|_| format!("{text:?} is neither an address nor a range such as 192.0.2.0/24"))
    }
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
        set(&mut options.max_plugin_data, self.limits.plugin_data);
        options.plugin_backup_days = self.plugin_backup_days.unwrap_or(options.plugin_backup_days);
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
        let (limits, web) = (&self.limits, &self.web);
        set(&mut options.max_upload, limits.upload);
        let request = limits.request.and_then(|size| usize::try_from(size.as_u64()).ok());
        replace(&mut options.max_request, request);
        replace(&mut options.max_variables, limits.variables);
        replace(&mut options.max_depth, limits.depth);
        replace(&mut options.rest, web.rest);
        replace(&mut options.discovery, web.discovery);
        replace(&mut options.http_status, web.http_status);
        replace(&mut options.requests_per_minute, web.requests_per_minute);
        replace(&mut options.failures_per_minute, web.failures_per_minute);
        replace(&mut options.failed_logins_per_minute, web.failed_logins_per_minute);
        options.trusted_proxies = web.trusted_proxies.iter().map(|network| network.0).collect();
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

fn replace<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
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
    fn how_the_web_services_are_answered() -> Result<()> {
        let settings: Settings = toml::from_str(
            "[web]\nrest = false\nhttp-status = true\nrequests-per-minute = 60\n\
             trusted-proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n[limits]\nrequest = \"1 MiB\"\nvariables = 10\n",
        )?;
        let faces = settings.faces(false);
        assert_eq!((faces.rest, faces.discovery, faces.http_status), (false, true, true));
        assert_eq!((faces.max_request, faces.max_variables, faces.max_depth), (1 << 20, 10, 64));
        assert_eq!((faces.requests_per_minute, faces.failed_logins_per_minute), (60, 20));
        let proxies: Vec<String> = faces.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(proxies, ["127.0.0.1/32", "10.0.0.0/8"]);
        let error = toml::from_str::<Settings>("[web]\ntrusted-proxies = [\"proxy\"]\n").err().map(|e| e.to_string());
        assert!(error.as_deref().is_some_and(|e| e.contains("neither an address")), "{error:?}");
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_line() {
        let error = toml::from_str::<Settings>("[limits]\nfree-spice = 1\n").err().map(|e| e.to_string());
        assert!(error.as_deref().is_some_and(|e| e.contains("free-spice") && e.contains("line 2")), "{error:?}");
    }
}
