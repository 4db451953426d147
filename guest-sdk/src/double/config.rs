//! `config`: what a test set, then the defaults of the manifest.

use super::with;

pub use crate::bindings::imports::provost::plugin::config::SiteFacts;

/// See `config.get` in the contract.
pub fn get(key: &str) -> Option<String> {
    with(|host| {
        let set = host.config.get(key);
        let value = set.or_else(|| host.manifest.as_ref().and_then(|m| m.config_default(key)));
        value.map(ToString::to_string)
    })
}

/// See `config.get-site`.
pub fn get_site() -> SiteFacts {
    with(|host| host.site.clone())
}
