//! The store that everything works on. One per process.

use provost_store::api::{Blobs, Person, PersonKey, Site, Store, StoreError};
use sdk::{Error, ErrorKind};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What the functions of the contract work on.
pub struct Host {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn Blobs>,
    pub scratch: PathBuf,
    pub site: Site,
    pub public_url: String,
    runtime: tokio::runtime::Handle,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// Opens the store; returns the operator.
pub async fn open(dir: &Path) -> anyhow::Result<Person> {
    let (store, blobs) = provost_store::open(dir).await?;
    let scratch = dir.join("scratch");
    std::fs::create_dir_all(&scratch)?;
    let site = store.site().await?;
    let public_url = store.setting("public-url").await?.unwrap_or_else(|| "http://localhost".into());
    let found = store.lookup(&[PersonKey::Username("admin".into())]).await?;
    let operator = found.into_iter().next().flatten();
    let runtime = tokio::runtime::Handle::current();
    if HOST.set(Host { store, blobs, scratch, site, public_url, runtime }).is_err() {
        anyhow::bail!("the store is open already");
    }
    operator.ok_or_else(|| anyhow::anyhow!("the store has no operator"))
}

/// The host.
pub fn host() -> Result<&'static Host, Error> {
    HOST.get().ok_or_else(|| Error::failed("no store is open"))
}

/// Waits for an answer of the store.
pub fn wait<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Error> {
    host()?.runtime.block_on(work).map_err(store_error)
}

/// A store's error as the contract's.
pub fn store_error(failure: StoreError) -> Error {
    let (kind, code) = match &failure {
        StoreError::NotFound { kind, .. } => (ErrorKind::NotFound, *kind),
        StoreError::Conflict { kind, .. } => (ErrorKind::Conflict, *kind),
        _ => (ErrorKind::Failed, ""),
    };
    Error::new(kind, code, failure.to_string())
}
