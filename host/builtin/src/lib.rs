//! The plugins that come with Provost. They are ordinary components, embedded in the binary, first in line and replaceable
//! by id (architecture.md 6); the build script compiles them.

/// A plugin that comes with Provost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The id in its manifest.
    pub id: &'static str,
    /// The component's bytes; its manifest is inside.
    pub component: &'static [u8],
}

static PLUGINS: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

/// The built-in plugins, in the order in which they are loaded.
#[must_use]
pub fn plugins() -> &'static [BuiltIn] {
    PLUGINS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_component_with_its_manifest() {
        assert!(!plugins().is_empty());
        for plugin in plugins() {
            assert_eq!(provost_componentize::componentize(plugin.component).expect("component"), plugin.component);
            let manifest =
                provost_componentize::manifest_section(plugin.component).expect("readable").expect("manifest");
            let manifest: serde_json::Value = serde_json::from_slice(manifest).expect("JSON");
            assert_eq!(manifest["id"], plugin.id);
        }
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = plugins().iter().map(|plugin| plugin.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), plugins().len());
    }
}
