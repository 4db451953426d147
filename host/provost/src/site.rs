//! Opening the store and what works on it.

use crate::cli::Cli;
use crate::settings::{FILE, Settings};
use anyhow::{Context, Result, anyhow, bail};
use provost_runtime::{CacheDir, Engine, EngineOptions, Host};
use provost_services::delivery::DeliveryOptions;
use provost_services::{BuiltIn, Registry, Worker, WorkerOptions};
use provost_space::Space;
use provost_store::api::{Blobs, Job, JobState, Person, PersonKey, Role, Service, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a command delivers the events that it caused.
const DELIVERING: Duration = Duration::from_secs(5);

/// The store, and on demand the plugins. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn Blobs>,
    pub dir: PathBuf,
    pub settings: Settings,
    lease_seconds: u64,
}

impl Site {
    /// Opens (and on first use creates) the store.
    pub async fn open(cli: &Cli) -> Result<Self> {
        let dir = match &cli.data {
            Some(dir) => dir.clone(),
            None => default_dir()?,
        };
        let settings = Settings::read(&dir)?;
        let opened = provost_store::open_with(&dir, &settings.store()).await;
        let (store, blobs) = opened.with_context(|| format!("cannot open the store in {}", dir.display()))?;
        Ok(Self { store, blobs, dir, settings, lease_seconds: cli.lease })
    }

    /// Loads the plugins.
    pub async fn registry(&self) -> Result<Arc<Registry>> {
        let cache = CacheDir::new(&self.dir.join("compiled")).context("cannot use the cache of compiled plugins")?;
        let options = EngineOptions { cache: Some(cache), ..EngineOptions::default() };
        let scratch = self.dir.join("scratch");
        std::fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
        let site = self.store.site().await?;
        let mut host = Host::new(self.store.clone(), self.blobs.clone(), scratch, site);
        host.archive_limits = self.settings.archives();
        host.max_upload = self.settings.faces(false).max_upload;
        host.outbound.allowed = self.settings.allowed_servers();
        host.space = Space::new(&self.dir, self.settings.store().min_free_bytes);
        if let Some(url) = self.store.setting("public-url").await? {
            host.set_public_url(&url);
        }
        let plugins = provost_builtin::plugins();
        if let Some(unknown) = self.settings.plugins().find(|id| plugins.iter().all(|plugin| plugin.id != *id)) {
            bail!("{}: plugins.{unknown}: there is no built-in plugin of this id", self.dir.join(FILE).display());
        }
        let built_in = plugins.iter().map(|plugin| {
            let config = self.settings.plugin(plugin.id)?;
            Ok(BuiltIn { id: plugin.id, component: plugin.component, config })
        });
        let built_in: Vec<BuiltIn> = built_in.collect::<Result<_>>()?;
        let registry = Arc::new(Registry::open(Engine::new(&options)?, Arc::new(host), &built_in).await?);
        // Whatever runs here tells of what happens.
        registry.deliveries(DeliveryOptions::default());
        Ok(registry)
    }

    /// The person with this username.
    pub async fn person(&self, username: &str) -> Result<Person> {
        let found = self.store.lookup(&[PersonKey::Username(username.to_owned())]).await?;
        found.into_iter().next().flatten().ok_or_else(|| anyhow!("no user {username:?}"))
    }

    /// The role with this short name.
    pub async fn role(&self, shortname: &str) -> Result<Role> {
        let roles = self.store.roles().await?;
        let names = roles.iter().map(|r| r.shortname.as_str()).collect::<Vec<_>>().join(", ");
        let found = roles.into_iter().find(|r| r.shortname == shortname);
        found.ok_or_else(|| anyhow!("no role {shortname:?}; there are {names}"))
    }

    /// The service with this short name, also one that a plugin declares.
    pub async fn service(&self, shortname: &str) -> Result<Service> {
        for load in [false, true] {
            if load {
                self.registry().await?;
            }
            let services = self.store.services().await?;
            if let Some(found) = services.into_iter().find(|s| s.shortname == shortname) {
                return Ok(found);
            }
        }
        bail!("no service {shortname:?}; see `provost service list`")
    }

    /// Who the command line acts as.
    pub async fn operator(&self) -> Result<Person> {
        self.person("admin").await
    }

    /// How jobs are run.
    pub fn worker_options(&self) -> WorkerOptions {
        let defaults = WorkerOptions::default();
        let heartbeat = defaults.heartbeat.min(Duration::from_secs(self.lease_seconds) / 4);
        WorkerOptions { lease_seconds: self.lease_seconds, heartbeat, ..defaults }
    }

    /// Delivers the events that are due, also those that go out slowly to a target that has become available, for a bounded time. The
    /// rest waits for a server, or the next command.
    pub async fn deliver(&self, registry: &Arc<Registry>) {
        let deliveries = registry.deliveries(DeliveryOptions::default());
        match tokio::time::timeout(DELIVERING, deliveries.settle_flushes(DELIVERING)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "events could not be delivered"),
            Err(_) => tracing::info!("events that are left are delivered by a server, or by the next command"),
        }
    }

    /// Runs a job here, unless a server on the same store does, until it has ended. An error unless it succeeded.
    pub async fn wait_for(&self, registry: Arc<Registry>, id: &str, watch: impl FnMut(&Job)) -> Result<Job> {
        let worker = Worker::new(registry.clone(), self.worker_options());
        let job = worker.run_to_end(id, watch).await?;
        self.deliver(&registry).await;
        match job.state {
            JobState::Succeeded => Ok(job),
            JobState::Cancelled => bail!("job {id} was cancelled"),
            _ => bail!("{} (job {id})", job.reason),
        }
    }
}

fn default_dir() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("XDG_DATA_HOME").filter(|d| !d.is_empty()) {
        return Ok(Path::new(&dir).join("provost"));
    }
    match std::env::var_os("HOME") {
        Some(home) => Ok(Path::new(&home).join(".local/share/provost")),
        None => bail!("where is the store? Give --data DIR"),
    }
}
