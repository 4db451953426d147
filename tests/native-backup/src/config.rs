//! `config` of the contract.

use crate::host::host;
use sdk::config::SiteFacts;

/// Nothing is configured: every setting has its default.
pub fn get(_: &str) -> Option<String> {
    None
}

/// The site.
pub fn get_site() -> SiteFacts {
    let of_host = host().ok();
    SiteFacts {
        name: of_host.map(|h| h.site.name.clone()).unwrap_or_default(),
        url: of_host.map(|h| h.public_url.clone()).unwrap_or_default(),
        hash: of_host.map(|h| h.site.hash.clone()).unwrap_or_default(),
        language: "en".into(),
        system_context: of_host.map_or(0, |h| h.site.system_context),
    }
}
