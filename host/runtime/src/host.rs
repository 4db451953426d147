//! What host functions work on.

use crate::event_service::EventService;
use provost_outbound::{Allowed, Client};
use provost_space::Space;
use provost_store::api::{Blobs, Site, Store};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, RwLock, Weak};
use tokio::sync::Notify;

/// A web-service function and who answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The function.
    pub name: String,
    /// The plugin.
    pub plugin: String,
    /// That one's version.
    pub version: String,
}

/// How plugins call other servers.
#[derive(Default)]
pub struct Outbound {
    /// Makes the calls.
    pub client: Client,
    /// Servers that the operator opened, by plugin.
    pub allowed: BTreeMap<String, Allowed>,
}

/// The services of a host that its imports use. One per process.
pub struct Host {
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Contents.
    pub blobs: Arc<dyn Blobs>,
    /// Where spools and the like go: files without a name, which are gone with the process.
    pub scratch: PathBuf,
    /// Woken when a job is queued in this process.
    pub job_queued: Notify,
    site: Site,
    public_url: RwLock<String>,
    /// Bytes that entries of an archive may not exceed and so on.
    pub archive_limits: provost_archive::Limits,
    /// Threads that compress.
    pub compression_threads: usize,
    /// The most one uploaded file may have, bytes.
    pub max_upload: u64,
    offered: RwLock<Arc<[Offered]>>,
    /// Calls of other servers.
    pub outbound: Outbound,
    events: OnceLock<Weak<dyn EventService>>,
    /// The room of the file system that the store and `scratch` are on.
    pub space: Space,
}

impl Host {
    /// A host on a store. `scratch` must exist; `site` is the store's own.
    pub fn new(store: Arc<dyn Store>, blobs: Arc<dyn Blobs>, scratch: PathBuf, site: Site) -> Self {
        Self {
            store,
            blobs,
            outbound: Outbound::default(),
            space: Space::new(&scratch, provost_space::DEFAULT_RESERVE),
            scratch,
            job_queued: Notify::new(),
            site,
            public_url: RwLock::new("http://localhost".into()),
            archive_limits: provost_archive::Limits::default(),
            max_upload: 64 << 30,
            offered: RwLock::new(Arc::new([])),
            events: OnceLock::new(),
            compression_threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
        }
    }

    /// The site's identity.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Delivery of events, where this process has it.
    pub fn events(&self) -> Option<Arc<dyn EventService>> {
        self.events.get().and_then(Weak::upgrade)
    }

    /// Says who delivers events, once.
    pub fn set_events(&self, service: Weak<dyn EventService>) {
        // A second one in one process delivers as well, and is not asked by host functions.
        let _ = self.events.set(service);
    }

    /// The web-service functions of the loaded plugins, by name.
    pub fn offered(&self) -> Arc<[Offered]> {
        self.offered.read().map(|all| all.clone()).unwrap_or_else(|poisoned| poisoned.into_inner().clone())
    }

    /// Says what the loaded plugins offer.
    pub fn set_offered(&self, functions: Vec<Offered>) {
        match self.offered.write() {
            Ok(mut slot) => *slot = functions.into(),
            Err(poisoned) => *poisoned.into_inner() = functions.into(),
        }
    }

    /// The site's public address, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url.read().map(|url| url.clone()).unwrap_or_else(|poisoned| poisoned.into_inner().clone())
    }

    /// Sets the public address.
    pub fn set_public_url(&self, url: &str) {
        let url = url.trim_end_matches('/').to_owned();
        match self.public_url.write() {
            Ok(mut slot) => *slot = url,
            Err(poisoned) => *poisoned.into_inner() = url,
        }
    }
}
