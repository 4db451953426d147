//! The manifest as far as the test double heeds it.

use serde::Deserialize;
use serde_json::Value;

/// A plugin's `plugin.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) version: String,
    #[serde(rename = "description")]
    _description: String,
    #[serde(default)]
    pub(crate) grants: Vec<String>,
    #[serde(default)]
    capabilities: Vec<Capability>,
    #[serde(default)]
    file_areas: Vec<FileArea>,
    #[serde(default)]
    pub(crate) jobs: Vec<JobKind>,
    #[serde(default)]
    pub(crate) services: Vec<DeclaredService>,
    #[serde(default, rename = "subscriptions")]
    _subscriptions: Value,
    #[serde(default, rename = "snapshot")]
    _snapshot: Value,
    #[serde(default, rename = "limits")]
    _limits: Value,
    #[serde(default)]
    config: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Capability {
    name: String,
    #[serde(rename = "label")]
    _label: String,
    #[serde(default)]
    archetypes: Vec<String>,
}

/// A file area the plugin keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct FileArea {
    component: String,
    area: String,
    #[serde(default, rename = "capability")]
    _capability: Option<String>,
    /// Whether it is files of courses' own content that are reached here, rather than files of the area.
    #[serde(default, rename = "content")]
    _content: bool,
    /// The function that decides who may have a file of that content.
    #[serde(default, rename = "opened-by")]
    _opened_by: Option<String>,
    #[serde(default)]
    pub(crate) item: ItemSegment,
}

/// What stands for the item in an area's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ItemSegment {
    /// Nothing: the item is always 0.
    #[default]
    None,
    /// Its number.
    Number,
    /// A number that changes with the content; the item is always 0.
    Revision,
}

/// A service the plugin declares: with every function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclaredService {
    pub(crate) shortname: String,
    pub(crate) name: String,
}

/// A kind of job the plugin runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobKind {
    pub(crate) kind: String,
    /// Whether other plugins may see jobs of this kind.
    #[serde(default)]
    pub(crate) shared: bool,
}

impl Manifest {
    /// The default of a configuration value.
    pub(crate) fn config_default(&self, key: &str) -> Option<&Value> {
        self.config.get("properties")?.get(key)?.get("default")
    }

    /// Whether a role of this archetype has the capability by default.
    pub(crate) fn gives(&self, archetype: &str, capability: &str) -> bool {
        let mut named = self.capabilities.iter().filter(|c| c.name == capability);
        named.any(|c| c.archetypes.iter().any(|a| a == archetype))
    }

    /// An area it keeps.
    pub(crate) fn file_area(&self, component: &str, area: &str) -> Option<&FileArea> {
        self.file_areas.iter().find(|a| a.component == component && a.area == area)
    }
}
