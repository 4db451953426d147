//! `services`: what this host offers to web-service clients.

use super::{Answer, answered, attempt};
use crate::bindings::provost::plugin::services as wit;
use crate::bindings::provost::plugin::types::Error;
use crate::state::CallState;
use provost_store::api;

const INTERFACE: &str = "services";

impl CallState {
    async fn service(&mut self, shortname: &str) -> Result<api::Service, Error> {
        let services = self.host.store.services().await?;
        let found = services.into_iter().find(|service| service.shortname == shortname);
        Ok(found.ok_or_else(|| api::StoreError::NotFound { kind: "service", key: shortname.to_owned() })?)
    }
}

impl wit::Host for CallState {
    async fn get(&mut self, shortname: String) -> Answer<wit::Service> {
        attempt!(self.enter(INTERFACE));
        let service = attempt!(self.service(&shortname).await);
        Ok(Ok(wit::Service {
            shortname: service.shortname,
            name: service.name,
            enabled: service.enabled,
            download_files: service.download_files,
            upload_files: service.upload_files,
            max_upload: self.host.max_upload,
        }))
    }

    async fn functions(&mut self, shortname: String) -> Answer<Vec<wit::Offered>> {
        attempt!(self.enter(INTERFACE));
        let service = attempt!(self.service(&shortname).await);
        let offered = self.host.offered();
        let listed = |name: &String| service.functions.as_ref().is_none_or(|functions| functions.contains(name));
        let out = |f: &crate::Offered| wit::Offered {
            name: f.name.clone(),
            plugin: f.plugin.clone(),
            version: f.version.clone(),
        };
        Ok(Ok(offered.iter().filter(|f| listed(&f.name)).map(out).collect()))
    }

    async fn file_key(&mut self, person: u64) -> Answer<String> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.file_key(person).await)
    }
}
