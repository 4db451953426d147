//! What other servers send to a plugin: plugin found and called, noted in the audit log.

use crate::audit;
use crate::registry::Registry;
use provost_runtime::{Outcome, PluginErrorKind, web_hook};
use provost_store::api::NewAuditRow;
use std::net::IpAddr;

pub use provost_runtime::web_hook::{Request as Sent, Response as Answer};

/// Bytes of the path that the audit log keeps.
const MAX_PATH: usize = 500;

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// The plugin answered.
    Answer(web_hook::Response),
    /// It did not, or with an error.
    Refused {
        /// An HTTP status.
        status: u16,
        /// For people.
        message: String,
    },
}

impl Received {
    /// The HTTP status; what a plugin answers that is none is 500.
    pub fn status(&self) -> u16 {
        match self {
            Self::Answer(answer) if (200..600).contains(&answer.status) => answer.status,
            Self::Answer(_) => 500,
            Self::Refused { status, .. } => *status,
        }
    }

    fn refused(status: u16, message: impl Into<String>) -> Self {
        Self::Refused { status, message: message.into() }
    }
}

/// Has a plugin answer what another server sent. What is not merely read (GET) is noted in the audit log, without the query, which
/// may hold secrets.
pub async fn receive(registry: &Registry, plugin: &str, sent: Sent, address: IpAddr) -> Received {
    let catalog = match registry.current().await {
        Ok(catalog) => catalog,
        Err(error) => {
            tracing::error!(%error, "the plugins cannot be looked up");
            return Received::refused(500, "the host failed");
        }
    };
    let Some(loaded) = catalog.plugin(plugin).filter(|loaded| loaded.plugin.exports().web_hook) else {
        return Received::refused(404, "there is nothing here");
    };
    let outcome = loaded.plugin.receive(&sent).await;
    if let Outcome::Trap(_) | Outcome::Timeout | Outcome::Limit(_) | Outcome::Protocol(_) = &outcome {
        tracing::error!(plugin, path = sent.path, "a web hook: {}", outcome.describe());
    }
    let received = received(outcome);
    if sent.method != "GET" {
        let mut detail = format!("{} {}", sent.method, sent.path);
        detail.truncate(detail.floor_char_boundary(MAX_PATH));
        let row = NewAuditRow {
            origin: "hook",
            address: address.to_canonical().to_string(),
            action: format!("hooks/{plugin}"),
            detail,
            outcome: match received.status() {
                200..400 => "ok".to_owned(),
                status => status.to_string(),
            },
            ..NewAuditRow::default()
        };
        audit::note(registry.host().store.as_ref(), row).await;
    }
    received
}

fn received(outcome: Outcome<web_hook::Response>) -> Received {
    match outcome {
        Outcome::Ok(answer) => Received::Answer(answer),
        Outcome::Error(error) => {
            let status = match error.kind {
                PluginErrorKind::Denied => 403,
                PluginErrorKind::NotFound => 404,
                PluginErrorKind::Invalid => 400,
                PluginErrorKind::Limit => 413,
                _ => 500,
            };
            match status {
                500 => {
                    tracing::error!("a web hook failed: {error}");
                    Received::refused(500, "the plugin failed")
                }
                status => Received::refused(status, error.message),
            }
        }
        Outcome::RetryLater(_) | Outcome::Unavailable(_) | Outcome::Interrupted => Received::refused(503, "not now"),
        Outcome::Trap(_) | Outcome::Timeout | Outcome::Limit(_) | Outcome::Protocol(_) => {
            Received::refused(500, "the plugin failed")
        }
    }
}
