//! Which plugins are loaded and which functions they offer.
//!
//! The built-in plugins come first and are replaced by an installed plugin of the same id. A change of the installed ones,
//! made by this process or another, is seen at the next [`Registry::current`]: the new catalog is built beside the
//! old one and swapped in whole, calls in flight end on the version they began with.

use crate::delivery::{Clock, Deliveries, DeliveryOptions, RegistryCaller, SystemClock};
use crate::functions::FunctionSpec;
use arc_swap::ArcSwap;
use provost_runtime::{Engine, EventService, Host, LoadError, Offered, Plugin};
use provost_store::api::{BlobRef, Capability, PluginRow, PluginTarget, Service, StoreError, TargetFields};
use provost_wire::description::DescriptionError;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tokio::sync::Mutex;

/// A plugin that comes with the binary.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    /// Its id.
    pub id: &'static str,
    /// The component.
    pub component: &'static [u8],
    /// What the operator's file of settings says of its configuration; null for nothing.
    pub config: serde_json::Value,
}

impl BuiltIn {
    /// The configuration with what is set in the store, which wins.
    fn config_with(&self, set: &serde_json::Value) -> serde_json::Value {
        let objects = [&self.config, set].into_iter().filter_map(serde_json::Value::as_object);
        let values: serde_json::Map<_, _> = objects.flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        serde_json::Value::Object(values)
    }
}

/// Where a loaded plugin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// It came with the binary.
    BuiltIn,
    /// It was installed.
    Installed,
}

/// A loaded plugin.
#[derive(Clone)]
pub struct Loaded {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    /// Where it comes from.
    pub source: Source,
    /// Its row, if it was installed.
    row: Option<PluginRow>,
    /// Its configuration as the operator set it: a JSON object.
    config: serde_json::Value,
}

/// All loaded plugins at one moment.
#[derive(Default)]
pub struct Catalog {
    generation: Option<u64>,
    plugins: BTreeMap<String, Loaded>,
    functions: BTreeMap<String, Arc<FunctionSpec>>,
    /// Installed plugins that did not load, with the reason.
    faulty: BTreeMap<String, String>,
}

/// Why a registry cannot be built or a plugin not taken in.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A plugin does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Two plugins offer one function.
    #[error("plugin {plugin} offers function {function}, which plugin {other} offers already")]
    FunctionTaken {
        /// The one that comes second.
        plugin: String,
        /// The function.
        function: String,
        /// The one that has it.
        other: String,
    },
    /// A function's description is not usable.
    #[error("plugin {plugin}, function {function}: {source}")]
    Description {
        /// The plugin.
        plugin: String,
        /// The function.
        function: String,
        /// What is wrong.
        source: DescriptionError,
    },
}

/// The registry of a process.
pub struct Registry {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<Host>,
    built_in: BTreeMap<String, BuiltIn>,
    current: ArcSwap<Catalog>,
    deliveries: OnceLock<Arc<Deliveries>>,
    /// One change at a time.
    pub(crate) change: Mutex<()>,
}

impl Registry {
    /// Loads the built-in plugins, with all they ask for granted, and the installed ones.
    pub async fn open(engine: Engine, host: Arc<Host>, built_in: &[BuiltIn]) -> Result<Self, RegistryError> {
        let mut components = BTreeMap::new();
        for plugin in built_in {
            let id = provost_runtime::Manifest::of(plugin.component).map_err(LoadError::from)?.id;
            components.insert(id, plugin.clone());
        }
        let registry = Self {
            engine,
            host,
            built_in: components,
            current: ArcSwap::default(),
            deliveries: OnceLock::new(),
            change: Mutex::new(()),
        };
        registry.current().await?;
        Ok(registry)
    }

    /// Delivery of events to these plugins. Made at the first call, with these options; host functions use it from then on.
    pub fn deliveries(self: &Arc<Self>, options: DeliveryOptions) -> Arc<Deliveries> {
        self.deliveries_by(Arc::new(SystemClock), options)
    }

    /// As `deliveries`, by this clock.
    pub fn deliveries_by(self: &Arc<Self>, clock: Arc<dyn Clock>, options: DeliveryOptions) -> Arc<Deliveries> {
        let made = self.deliveries.get_or_init(|| {
            let caller = Arc::new(RegistryCaller(Arc::downgrade(self)));
            Deliveries::new(self.host.store.clone(), caller, clock, options)
        });
        let service: Arc<dyn EventService> = made.clone();
        self.host.set_events(Arc::downgrade(&service));
        made.clone()
    }

    /// Milliseconds since 1970, by the clock of deliveries.
    fn now_ms(&self) -> i64 {
        self.delivering().map_or_else(|| SystemClock.now_ms(), |deliveries| deliveries.now_ms())
    }

    /// Delivery of events, where this process has it.
    pub(crate) fn delivering(&self) -> Option<&Arc<Deliveries>> {
        self.deliveries.get()
    }

    /// What host functions work on.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The catalog as the store has it now.
    pub async fn current(&self) -> Result<Arc<Catalog>, RegistryError> {
        let generation = self.host.store.plugin_generation().await?;
        let catalog = self.current.load_full();
        if catalog.generation == Some(generation) {
            return Ok(catalog);
        }
        let _one = self.change.lock().await;
        let catalog = self.current.load_full();
        let generation = self.host.store.plugin_generation().await?;
        if catalog.generation == Some(generation) {
            return Ok(catalog);
        }
        self.rebuild(generation).await
    }

    /// Builds the catalog anew. An installed plugin that does not load is left out, named in [`Catalog::faulty`], and
    /// the version that served before, or the built-in one of its id, goes on serving.
    pub(crate) async fn rebuild(&self, generation: u64) -> Result<Arc<Catalog>, RegistryError> {
        let before = self.current.load_full();
        let mut plugins: BTreeMap<String, Loaded> = BTreeMap::new();
        for (id, built_in) in &self.built_in {
            plugins.insert(id.clone(), self.load_built_in(&before, id, built_in).await?);
        }
        let mut faulty = BTreeMap::new();
        let mut silent = Vec::new();
        for row in self.host.store.plugins().await? {
            let (id, wanted) = (row.id.clone(), row.blob.clone());
            match self.load_installed(&before, row).await {
                Ok(loaded) => {
                    plugins.insert(id, loaded);
                }
                Err(error) => {
                    tracing::error!(plugin = id, %error, "an installed plugin does not load");
                    match before.plugins.get(&id) {
                        Some(serving) => {
                            plugins.insert(id.clone(), serving.clone());
                        }
                        None if !plugins.contains_key(&id) => silent.extend(self.silent_target(&wanted).await),
                        None => {}
                    }
                    faulty.insert(id, error.to_string());
                }
            }
        }
        let mut functions = BTreeMap::new();
        for (id, loaded) in &plugins {
            match specs(&loaded.plugin, &functions) {
                Ok(specs) => functions.extend(specs),
                Err(error) => {
                    tracing::error!(plugin = id, %error, "a plugin's functions are left out");
                    faulty.insert(id.clone(), error.to_string());
                }
            }
        }
        let declared = plugins.values().flat_map(|loaded| capabilities(&loaded.plugin));
        let capabilities: Vec<Capability> = crate::capabilities::own().into_iter().chain(declared).collect();
        self.host.store.declare_capabilities(&capabilities).await?;
        for loaded in plugins.values() {
            for offered in &loaded.plugin.manifest().services {
                self.host.store.declare_service(service(offered)).await?;
            }
        }
        let targets: Vec<PluginTarget> = plugins
            .values()
            .map(|loaded| {
                plugin_target(loaded.plugin.manifest(), loaded.plugin.digest(), loaded.plugin.exports().event_handler)
            })
            .chain(silent)
            .collect();
        self.host.store.sync_targets(&targets, self.now_ms()).await?;
        self.host.set_offered(functions.values().map(|function: &Arc<FunctionSpec>| offered(function)).collect());
        let catalog = Arc::new(Catalog { generation: Some(generation), plugins, functions, faulty });
        self.current.store(catalog.clone());
        Ok(catalog)
    }

    /// What an installed plugin that does not load wants to be told of: that waits until it does.
    async fn silent_target(&self, component: &BlobRef) -> Option<PluginTarget> {
        let wasm = self.host.blobs.read(&component.sha1, 0, component.size).await.ok()?;
        let manifest = provost_runtime::Manifest::of(&wasm).ok()?;
        Some(plugin_target(&manifest, &hex::encode(Sha256::digest(&wasm)), true))
    }

    async fn load_built_in(&self, before: &Catalog, id: &str, built_in: &BuiltIn) -> Result<Loaded, RegistryError> {
        let config = self.host.store.built_in_config(id).await?.unwrap_or_default();
        let config: serde_json::Value = serde_json::from_str(&config).unwrap_or_default();
        if let Some(loaded) = before.plugins.get(id)
            && loaded.source == Source::BuiltIn
            && loaded.config == config
        {
            return Ok(loaded.clone());
        }
        let plugin = self.load_component(built_in, &config).await?;
        Ok(Loaded { plugin: Arc::new(plugin), source: Source::BuiltIn, row: None, config })
    }

    /// Loads a built-in plugin, with all it asks for granted. A configuration in the store that does not fit it (any more) is
    /// left out, since the plugin must be there.
    async fn load_component(&self, built_in: &BuiltIn, config: &serde_json::Value) -> Result<Plugin, RegistryError> {
        let wasm = built_in.component;
        let grants = provost_runtime::Manifest::of(wasm).map_err(LoadError::from)?.grants;
        let config = built_in.config_with(config);
        match Plugin::load(&self.engine, &self.host, wasm, &grants, &config).await {
            Err(error @ LoadError::Configuration { .. }) if config != built_in.config => {
                tracing::error!(%error, "the configuration of a built-in plugin is left out");
                Ok(Plugin::load(&self.engine, &self.host, wasm, &grants, &built_in.config).await?)
            }
            loaded => Ok(loaded?),
        }
    }

    /// A loaded plugin's component once more, with another configuration.
    pub(crate) async fn with_config(
        &self,
        loaded: &Loaded,
        config: &serde_json::Value,
    ) -> Result<Plugin, RegistryError> {
        let id = &loaded.plugin.manifest().id;
        let grants: Vec<String> = loaded.plugin.grants().map(str::to_owned).collect();
        let (wasm, config) = match (&loaded.row, self.built_in.get(id)) {
            (Some(row), _) => (self.host.blobs.read(&row.blob.sha1, 0, row.blob.size).await?, config.clone()),
            (None, Some(built_in)) => (built_in.component.into(), built_in.config_with(config)),
            (None, None) => return Err(StoreError::NotFound { kind: "plugin", key: id.clone() }.into()),
        };
        Ok(Plugin::load(&self.engine, &self.host, &wasm, &grants, &config).await?)
    }

    async fn load_installed(&self, before: &Catalog, row: PluginRow) -> Result<Loaded, RegistryError> {
        if let Some(loaded) = before.plugins.get(&row.id)
            && loaded.row.as_ref() == Some(&row)
        {
            return Ok(loaded.clone());
        }
        let wasm = self.host.blobs.read(&row.blob.sha1, 0, row.blob.size).await?;
        let config = serde_json::from_str(&row.config).unwrap_or_default();
        let plugin = Plugin::load(&self.engine, &self.host, &wasm, &row.grants, &config).await?;
        Ok(Loaded { plugin: Arc::new(plugin), source: Source::Installed, row: Some(row), config })
    }
}

/// A plugin as one that is told of events.
fn plugin_target(manifest: &provost_runtime::Manifest, digest: &str, handles: bool) -> PluginTarget {
    let own = (handles && !manifest.subscriptions.is_empty()).then(|| TargetFields {
        plugin: manifest.id.clone(),
        name: String::new(),
        title: manifest.id.clone(),
        subscriptions: manifest.subscriptions.clone(),
        remote: false,
        timeout: 5,
    });
    PluginTarget { plugin: manifest.id.clone(), digest: digest.to_owned(), own }
}

/// The functions of a plugin, none of which may be taken.
pub(crate) fn specs(
    plugin: &Arc<Plugin>,
    taken: &BTreeMap<String, Arc<FunctionSpec>>,
) -> Result<Vec<(String, Arc<FunctionSpec>)>, RegistryError> {
    let id = &plugin.manifest().id;
    let spec = |function: &provost_runtime::Function| {
        if let Some(other) = taken.get(&function.name)
            && other.plugin.manifest().id != *id
        {
            return Err(RegistryError::FunctionTaken {
                plugin: id.clone(),
                function: function.name.clone(),
                other: other.plugin.manifest().id.clone(),
            });
        }
        let spec = FunctionSpec::new(plugin, function).map_err(|source| RegistryError::Description {
            plugin: id.clone(),
            function: function.name.clone(),
            source,
        })?;
        Ok((function.name.clone(), Arc::new(spec)))
    };
    plugin.functions().iter().map(spec).collect()
}

/// A service that a plugin declares: enabled, with files both ways and every function.
fn service(offered: &provost_runtime::ServiceOffered) -> Service {
    Service {
        id: 0,
        shortname: offered.shortname.clone(),
        name: offered.name.clone(),
        enabled: true,
        download_files: true,
        upload_files: true,
        functions: None,
        required_capability: String::new(),
        restricted: false,
    }
}

fn offered(function: &FunctionSpec) -> Offered {
    let manifest = function.plugin.manifest();
    Offered { name: function.name.clone(), plugin: manifest.id.clone(), version: manifest.version.clone() }
}

fn capabilities(plugin: &Plugin) -> Vec<Capability> {
    let declared = plugin.manifest().capabilities.iter();
    declared
        .map(|c| Capability { name: c.name.clone(), label: c.label.clone(), archetypes: c.archetypes.clone() })
        .collect()
}

impl Loaded {
    /// Its configuration as the operator set it: a JSON object, or null where nothing is set.
    pub fn config(&self) -> &serde_json::Value {
        &self.config
    }
}

impl Catalog {
    /// A function by name. One whose first letter is a capital is found in lower case too, for clients that copied
    /// a documented slip (moodle-webservices.md 2.1).
    pub fn function(&self, name: &str) -> Option<&Arc<FunctionSpec>> {
        self.functions.get(name).or_else(|| {
            let first = name.chars().next().filter(char::is_ascii_uppercase)?;
            self.functions.get(&format!("{}{}", first.to_ascii_lowercase(), &name[1..]))
        })
    }
    /// All functions by name.
    pub fn functions(&self) -> impl Iterator<Item = &Arc<FunctionSpec>> {
        self.functions.values()
    }
    pub(crate) fn function_map(&self) -> &BTreeMap<String, Arc<FunctionSpec>> {
        &self.functions
    }
    /// A plugin by id.
    pub fn plugin(&self, id: &str) -> Option<&Loaded> {
        self.plugins.get(id)
    }
    /// All plugins by id.
    pub fn plugins(&self) -> impl Iterator<Item = &Loaded> {
        self.plugins.values()
    }
    /// The plugin that runs jobs of this kind: an installed one before a built-in one, then by id.
    pub fn job_plugin(&self, kind: &str) -> Option<&Arc<Plugin>> {
        let runs = |loaded: &&Loaded| loaded.plugin.manifest().jobs.iter().any(|j| j.kind == kind);
        let first = self.plugins.values().filter(runs).min_by_key(|loaded| loaded.source == Source::BuiltIn);
        first.map(|loaded| &loaded.plugin)
    }
    /// The declaration of a file area, by component and area.
    pub fn file_area(&self, component: &str, area: &str) -> Option<&provost_runtime::FileArea> {
        let areas = self.plugins.values().flat_map(|loaded| &loaded.plugin.manifest().file_areas);
        areas.into_iter().find(|a| a.component == component && a.area == area)
    }
    /// Plugins that are installed but faulty, with the reason.
    pub fn faulty(&self) -> &BTreeMap<String, String> {
        &self.faulty
    }
}
