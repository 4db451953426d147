//! The manifest that travels in a plugin's custom section `provost:manifest`: what it is and what it asks for.

use crate::Limits;
use provost_store::api::Subscription;
use serde::{Deserialize, Serialize};

/// Names of the contract's interfaces a plugin may ask for. The others (`log`, `clock`, `random`, `config`) need no grant.
pub(crate) const GRANTABLE: &[&str] = &[
    "course-store",
    "archive",
    "blobs",
    "files",
    "people",
    "courses",
    "enrolments",
    "services",
    "events",
    "plugin-data",
    "contents",
    "http",
    "targets",
    "deliveries",
    "jobs",
];

/// What a plugin is and asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Lowercase letters, digits and `-`, starting with a letter. A later plugin of the same id replaces this one.
    pub id: String,
    /// For people and for the log, for example `1.2.0`.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Interfaces asked for.
    #[serde(default)]
    pub grants: Vec<String>,
    /// Capabilities that its functions look at, with the archetypes of roles that have them by default.
    #[serde(default)]
    pub capabilities: Vec<CapabilityAsked>,
    /// File areas it keeps.
    #[serde(default)]
    pub file_areas: Vec<FileArea>,
    /// Services it offers, with every function of the loaded plugins. What an operator changed of one stays.
    #[serde(default)]
    pub services: Vec<ServiceOffered>,
    /// Kinds of job it runs.
    #[serde(default)]
    pub jobs: Vec<JobKind>,
    /// Events it is told of, as a target of its own.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
    /// Who copies its data when something is copied.
    #[serde(default)]
    pub snapshot: Snapshots,
    /// Bounds it asks for.
    #[serde(default)]
    pub limits: Limits,
    /// JSON schema of its configuration; `default`s in it hold where the operator sets nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Value>,
}

/// Who copies a plugin's data when a content or course is copied (proxy-tool-events.md 5.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Snapshots {
    /// The host, at the moment of the copy: the event only announces it.
    #[default]
    Host,
    /// The plugin, whose data is elsewhere, when it is told.
    #[serde(rename = "self")]
    Plugin,
}

/// A capability as a manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CapabilityAsked {
    /// For example `moodle/backup:backupcourse`.
    pub name: String,
    /// For people.
    pub label: String,
    /// Archetypes of roles that have it by default.
    #[serde(default)]
    pub archetypes: Vec<String>,
}

/// A file area a plugin keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileArea {
    /// For example `backup`.
    pub component: String,
    /// For example `course`.
    pub area: String,
    /// What a person needs, in the area's context, to download from it. None: nobody downloads.
    #[serde(default)]
    pub capability: Option<String>,
    /// What addresses of its files say of the item.
    #[serde(default)]
    pub item: ItemInUrl,
    /// Whether it is an area of courses' own content, which the plugin opens for download but does not keep.
    #[serde(default)]
    pub content: bool,
    /// A function that is asked, for somebody who may enter the course and has the capability, whether they may have a file of
    /// a content area. It may answer with a content of its own, in place of a stored one or where there is none.
    #[serde(default)]
    pub opened_by: Option<String>,
}

/// What stands between a file's area and its path in an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemInUrl {
    /// Nothing: the item is 0.
    #[default]
    None,
    /// The item.
    Number,
    /// A number that means nothing: the item is 0.
    Revision,
}

/// A service a plugin offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceOffered {
    /// The name clients use.
    pub shortname: String,
    /// For people.
    pub name: String,
}

/// A kind of job a plugin runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JobKind {
    /// For example `backup`.
    pub kind: String,
    /// Whether other plugins may look at such jobs.
    #[serde(default)]
    pub shared: bool,
}

/// Why a manifest is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("the file has no provost:manifest section: build it with the SDK's export_plugin!")]
    Missing,
    /// It is not the JSON expected.
    #[error("the manifest is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// A field has a value that is not possible.
    #[error("the manifest's {field} is not valid: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// Why.
        why: String,
    },
    /// The file could not be read as WebAssembly.
    #[error(transparent)]
    Wasm(#[from] provost_componentize::ComponentizeError),
}

impl Manifest {
    /// Reads the manifest of a module or component without running it.
    pub fn of(wasm: &[u8]) -> Result<Self, ManifestError> {
        let section = provost_componentize::manifest_section(wasm)?.ok_or(ManifestError::Missing)?;
        let manifest: Manifest = serde_json::from_slice(section)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether other plugins may look at jobs of this kind.
    pub fn shares(&self, kind: &str) -> bool {
        self.jobs.iter().any(|job| job.kind == kind && job.shared)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let field = |field, why: &str| Err(ManifestError::Field { field, why: why.into() });
        let id_ok = self.id.len() <= 64
            && self.id.starts_with(|c: char| c.is_ascii_lowercase())
            && self.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !id_ok {
            return field("id", "lowercase letters, digits and '-', at most 64, starting with a letter");
        }
        let subscription_ok = |s: &Subscription| !s.event.is_empty() && s.event.len() <= 255 && s.event.is_ascii();
        if self.subscriptions.len() > 100 || !self.subscriptions.iter().all(subscription_ok) {
            return field("subscriptions", "at most 100 names of events, each of 1 to 255 ASCII characters");
        }
        if self.version.is_empty() || self.version.len() > 64 {
            return field("version", "between 1 and 64 characters");
        }
        if let Some(unknown) = self.grants.iter().find(|g| !GRANTABLE.contains(&g.as_str())) {
            let known = GRANTABLE.join(", ");
            return field("grants", &format!("{unknown:?} is not an interface of this host; there are {known}"));
        }
        Ok(())
    }
}
