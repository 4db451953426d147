//! What the handlers share.

use crate::call::Who;
use crate::limit::RateLimit;
use ipnet::IpNet;
use provost_services::Registry;
use provost_wire::Family;
use provost_wire::clean::Installed;
use provost_wire::form::{self, Limits};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Settings of the faces.
#[derive(Debug, Clone)]
pub struct FaceOptions {
    /// Print debug information in errors.
    pub debug: bool,
    /// The family of exception class names clients see.
    pub family: Family,
    /// Answer calls: `webservice/rest/server.php` and `webservice/functions/NAME`. Where this is off they are a 403 without a body.
    pub rest: bool,
    /// Show what there is to call: `webservice/functions` and `webservice/openapi.json`.
    pub discovery: bool,
    /// Say in the HTTP status, too, what an error is. The protocol has 200 for everything; a client can ask for this with the
    /// header `Provost-Http-Status: 1`.
    pub http_status: bool,
    /// The most a request may carry besides files, bytes.
    pub max_request: usize,
    /// The most one uploaded file may have, bytes.
    pub max_upload: u64,
    /// The most variables a request may have; values, where it is JSON.
    pub max_variables: usize,
    /// How deep parameters may be nested, 64 at most.
    pub max_depth: usize,
    /// Calls a token may make in a minute, and whoever has none from one address; 0 is no limit.
    pub requests_per_minute: u32,
    /// Pass what other servers send to `hooks/PLUGIN/…` on to the plugin.
    pub hooks: bool,
    /// What one address may send to one plugin in a minute; 0 is no limit.
    pub hooks_per_minute: u32,
    /// Requests with a wrong token that may come from one address in a minute before it is told to wait; 0 is no limit. Good
    /// tokens from there go on working, since many people may share it.
    pub failures_per_minute: u32,
    /// Failed logins from one address in a minute before it is told to wait, with the right password, too; 0 is no limit.
    pub failed_logins_per_minute: u32,
    /// Proxies whose word on where a request comes from (`X-Forwarded-For`) is taken.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for FaceOptions {
    fn default() -> Self {
        Self {
            debug: false,
            family: Family::Namespaced,
            rest: true,
            discovery: true,
            http_status: false,
            max_request: 16 << 20,
            max_upload: 64 << 30,
            max_variables: form::MAX_VARIABLES,
            max_depth: form::MAX_DEPTH,
            requests_per_minute: 0,
            hooks: true,
            hooks_per_minute: 1_200,
            failures_per_minute: 300,
            failed_logins_per_minute: 20,
            trusted_proxies: Vec::new(),
        }
    }
}

/// The state of the handlers. Cheap to clone.
#[derive(Clone)]
pub struct Faces {
    pub(crate) registry: Arc<Registry>,
    pub(crate) options: Arc<FaceOptions>,
    pub(crate) installed: Arc<Installed>,
    pub(crate) calls: Arc<RateLimit<Who>>,
    /// What servers send to plugins, by plugin and network.
    pub(crate) hooks: Arc<RateLimit<(String, IpAddr)>>,
    /// Wrong tokens by network.
    pub(crate) failures: Arc<RateLimit<IpAddr>>,
    /// Failed logins by network.
    pub(crate) failed_logins: Arc<RateLimit<IpAddr>>,
    /// Turns to have a password looked at.
    pub(crate) logins: Arc<Semaphore>,
}

/// Passwords that are looked at at one time; each takes 19 MiB meanwhile.
const LOGINS: usize = 4;

impl Faces {
    /// Faces of a registry's host.
    pub fn new(registry: Arc<Registry>, options: FaceOptions) -> Self {
        Self {
            registry,
            calls: Arc::new(RateLimit::per_minute(options.requests_per_minute)),
            hooks: Arc::new(RateLimit::per_minute(options.hooks_per_minute)),
            failures: Arc::new(RateLimit::per_minute(options.failures_per_minute)),
            failed_logins: Arc::new(RateLimit::per_minute(options.failed_logins_per_minute)),
            logins: Arc::new(Semaphore::new(LOGINS)),
            options: Arc::new(options),
            installed: Arc::new(Installed::new(["en"], ["boost"])),
        }
    }

    /// What a request's parameters may be.
    pub(crate) fn limits(&self) -> Limits {
        Limits { variables: self.options.max_variables, depth: self.options.max_depth }
    }
}
