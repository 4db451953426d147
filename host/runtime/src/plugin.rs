//! One version of a plugin, ready to be called.

use crate::bindings::exports::provost::plugin::{event_handler, job_runner, lifecycle, web_hook, web_service};
use crate::bindings::provost::plugin as imports;
use crate::engine::{Engine, EngineError};
use crate::host::Host;
use crate::manifest::{GRANTABLE, Manifest, ManifestError};
use crate::state::CallState;
use crate::{Limits, Outcome, configuration};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{HasSelf, InstancePre, Linker};

/// What host functions need to know of the plugin that calls them.
pub(crate) struct Facts {
    pub id: String,
    pub grants: BTreeSet<String>,
    pub manifest: Manifest,
    /// The operator's configuration over the schema's defaults.
    pub config: serde_json::Map<String, serde_json::Value>,
}

/// Which interfaces a component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Exports {
    /// Functions to call.
    pub web_service: bool,
    /// Jobs to run.
    pub job_runner: bool,
    /// A gate.
    pub lifecycle: bool,
    /// A handler of events.
    pub event_handler: bool,
    /// Requests of other servers.
    pub web_hook: bool,
}

/// Why a plugin cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The manifest is missing or wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Not a component and cannot be made one.
    #[error(transparent)]
    Component(#[from] provost_componentize::ComponentizeError),
    /// It does not compile.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It imports what its manifest does not ask for.
    #[error("plugin {plugin} imports {interface}, which its manifest does not ask for")]
    NotAsked {
        /// The plugin.
        plugin: String,
        /// The interface.
        interface: String,
    },
    /// It imports what this host does not offer, or in another shape.
    #[error("plugin {plugin} does not fit this host: {why}")]
    Link {
        /// The plugin.
        plugin: String,
        /// What wasmtime said.
        why: String,
    },
    /// Its configuration is not what its manifest describes.
    #[error("plugin {plugin}: {why}")]
    Configuration {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        why: configuration::ConfigurationError,
    },
    /// A call during loading failed.
    #[error("plugin {plugin}: {what}: {why}")]
    Call {
        /// The plugin.
        plugin: String,
        /// Which call.
        what: &'static str,
        /// How it ended.
        why: String,
    },
}

/// A plugin's version: compiled, linked, probed. Cheap to share.
pub struct Plugin {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<Host>,
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) limits: Limits,
    pub(crate) web_service: Option<web_service::GuestIndices>,
    pub(crate) job_runner: Option<job_runner::GuestIndices>,
    pub(crate) lifecycle: Option<lifecycle::GuestIndices>,
    pub(crate) event_handler: Option<event_handler::GuestIndices>,
    pub(crate) web_hook: Option<web_hook::GuestIndices>,
    digest: String,
    functions: Vec<web_service::Function>,
}

impl Plugin {
    /// Loads a component (or a bare module with embedded metadata). `grants` is what the operator granted of what the
    /// manifest asks for: other host functions answer `denied`.
    ///
    /// Nothing of the plugin runs except, at the end, its `functions`.
    pub async fn load(
        engine: &Engine,
        host: &Arc<Host>,
        wasm: &[u8],
        grants: &[String],
        config: &serde_json::Value,
    ) -> Result<Self, LoadError> {
        let manifest = Manifest::of(wasm)?;
        configuration::check(manifest.config.as_ref(), config)
            .map_err(|why| LoadError::Configuration { plugin: manifest.id.clone(), why })?;
        let compiled = {
            let (engine, wasm) = (engine.clone(), wasm.to_vec());
            tokio::task::spawn_blocking(move || {
                let digest = hex::encode(Sha256::digest(&wasm));
                engine.component(&wasm, &digest).map(|component| (component, digest))
            })
            .await
        };
        let (component, digest) = compiled.map_err(|e| EngineError::Compile(e.to_string()))??;
        let id = manifest.id.clone();

        for (name, import) in component.component_type().imports(engine.wasmtime()) {
            if let Some(interface) = grantable(name)
                && can_be_called(engine.wasmtime(), &import.ty)
                && !manifest.grants.iter().any(|g| g == interface)
            {
                return Err(LoadError::NotAsked { plugin: id, interface: interface.to_owned() });
            }
        }
        let link = |e: wasmtime::Error| LoadError::Link { plugin: id.clone(), why: format!("{e:#}") };
        let linker = linker(engine.wasmtime()).map_err(link)?;
        let pre = linker.instantiate_pre(&component).map_err(link)?;

        let facts = Facts {
            id: id.clone(),
            grants: grants.iter().filter(|g| manifest.grants.contains(g)).cloned().collect(),
            config: configuration::effective(manifest.config.as_ref(), config),
            manifest,
        };
        let limits = facts.manifest.limits.at_most(&Limits::ceiling());
        let mut plugin = Self {
            engine: engine.clone(),
            host: host.clone(),
            web_service: web_service::GuestIndices::new(&pre).ok(),
            job_runner: job_runner::GuestIndices::new(&pre).ok(),
            lifecycle: lifecycle::GuestIndices::new(&pre).ok(),
            event_handler: event_handler::GuestIndices::new(&pre).ok(),
            web_hook: web_hook::GuestIndices::new(&pre).ok(),
            digest,
            pre,
            facts: Arc::new(facts),
            limits,
            functions: Vec::new(),
        };
        if plugin.web_service.is_some() {
            match plugin.list_functions().await {
                Outcome::Ok(functions) => plugin.functions = functions,
                other => {
                    return Err(LoadError::Call { plugin: id, what: "listing its functions", why: other.describe() });
                }
            }
        }
        Ok(plugin)
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.facts.manifest
    }
    /// What it was granted.
    pub fn grants(&self) -> impl Iterator<Item = &str> {
        self.facts.grants.iter().map(String::as_str)
    }
    /// What it offers.
    pub fn exports(&self) -> Exports {
        Exports {
            web_service: self.web_service.is_some(),
            job_runner: self.job_runner.is_some(),
            lifecycle: self.lifecycle.is_some(),
            event_handler: self.event_handler.is_some(),
            web_hook: self.web_hook.is_some(),
        }
    }
    /// Its web-service functions.
    pub fn functions(&self) -> &[web_service::Function] {
        &self.functions
    }
    /// SHA-256 of its file, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
    /// Its bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// The grantable interface behind an import's name (`provost:plugin/archive@0.1.0`), if it is one.
fn grantable(import: &str) -> Option<&str> {
    let name = import.strip_prefix("provost:plugin/")?;
    let name = name.split('@').next()?;
    GRANTABLE.contains(&name).then_some(name)
}

/// Whether an import is more than types, which other interfaces speak of and which give nobody any access.
fn can_be_called(engine: &wasmtime::Engine, import: &ComponentItem) -> bool {
    match import {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, export)| !matches!(export.ty, ComponentItem::Type(_)))
        }
        _ => true,
    }
}

fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    fn state(state: &mut CallState) -> &mut CallState {
        state
    }
    let mut linker = Linker::new(engine);
    imports::types::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::course_store::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::archive::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::blobs::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::files::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::people::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::courses::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::enrolments::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::services::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::http::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::targets::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::deliveries::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::jobs::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::events::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::plugin_data::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::contents::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::log::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::clock::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::random::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    imports::config::add_to_linker::<_, HasSelf<_>>(&mut linker, state)?;
    Ok(linker)
}
