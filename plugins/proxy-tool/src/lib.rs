//! The `proxy-tool` plugin: remote tools that are told of events over HTTP, and other sites that tell of theirs.
//!
//! What goes over the wire is made and read by `provost-proxy-wire`; here are the registers of tools and sites, the calls, and what
//! they mean for an event (proxy-tool-events.md 2, 9 and 12).

mod descent;
mod hearing;
mod kept;
mod keys;
mod nonce;
mod notices;
mod random;
mod registering;
mod site;
mod site_functions;
mod telling;
mod tool;
mod tool_functions;

use provost_guest::hook;
use provost_guest::people::{Place, require_capability};
use provost_guest::prelude::*;

/// The plugin.
pub struct ProxyTool;

/// Who may manage remote tools and sites.
const MANAGE: &str = "provost/proxytool:manage";

impl WebService for ProxyTool {
    fn functions() -> Vec<Function> {
        let mut functions = tool_functions::functions();
        functions.extend(site_functions::functions());
        functions.extend(descent::functions());
        functions
    }
}

impl EventHandler for ProxyTool {
    fn events() -> Events {
        Events::new().otherwise(telling::tell)
    }
}

impl WebHook for ProxyTool {
    fn receive(request: hook::Request) -> Result<hook::Response> {
        hearing::receive(&request)
    }
}

export_plugin!(ProxyTool: web_service, events, hooks; manifest = "../plugin.json");

/// What every function of management begins with.
fn managed_by(caller: &Caller) -> Result<()> {
    require_capability(caller.person, MANAGE, Place::Site)
}
