//! `services` in memory: those a test set up and those of the manifest.

use super::host::Host;
use super::{enter, enter_changing, with};
use crate::{Error, Result};
use sha1::{Digest, Sha1};

pub use crate::bindings::imports::provost::plugin::services::{Offered, PersonId, Service};

const INTERFACE: &str = "services";

fn find(host: &Host, shortname: &str) -> Result<Service> {
    let set = host.services.iter().find(|s| s.shortname == shortname).cloned();
    let declared = || {
        let mut services = host.manifest.iter().flat_map(|m| &m.services);
        services.find(|s| s.shortname == shortname).map(|s| service(&s.shortname, &s.name))
    };
    set.or_else(declared).ok_or_else(|| Error::not_found("service", format!("no service {shortname:?}")))
}

/// A service with everything on.
pub(crate) fn service(shortname: &str, name: &str) -> Service {
    Service {
        shortname: shortname.to_owned(),
        name: name.to_owned(),
        enabled: true,
        download_files: true,
        upload_files: true,
        max_upload: 100 << 20,
    }
}

/// See `services.get` in the contract.
pub fn get(shortname: &str) -> Result<Service> {
    enter(INTERFACE)?;
    with(|host| find(host, shortname))
}

/// See `services.functions`.
pub fn functions(shortname: &str) -> Result<Vec<Offered>> {
    enter(INTERFACE)?;
    with(|host| {
        find(host, shortname)?;
        let mut functions = host.service_functions.get(shortname).unwrap_or(&host.offered).clone();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(functions)
    })
}

/// See `services.file-key`.
pub fn file_key(person: PersonId) -> Result<String> {
    enter_changing(INTERFACE)?;
    with(|host| match host.people.contains_key(&person) {
        true => Ok(hex::encode(&Sha1::digest(format!("file key of {person}"))[..16])),
        false => Err(Error::not_found("person", format!("no person {person}"))),
    })
}
