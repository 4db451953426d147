//! A web-service call: function found, parameters checked, plugin called, answer checked.

use crate::access::{Access, store_error};
use crate::functions::FunctionSpec;
use crate::registry::{Catalog, Registry};
use provost_runtime::{Caller, Outcome, PluginError, PluginErrorKind, Request};
use provost_store::api::{Service, Store};
use provost_wire::clean::Installed;
use provost_wire::form::Tree;
use provost_wire::{ErrorKind, WireError, validate};
use std::sync::Arc;

/// An answer on its way to a client.
pub struct Answer {
    /// The function that answered, with the description of its result.
    pub function: Arc<FunctionSpec>,
    /// What it answered; the face cleans and prints it.
    pub result: serde_json::Value,
}

/// Calls a function on behalf of a token's owner (steps 10 to 14 of moodle-webservices.md 1.6).
pub async fn call(
    registry: &Registry,
    access: &Access,
    name: &str,
    parameters: Tree,
    installed: &Installed,
) -> Result<Answer, WireError> {
    let catalog = registry.current().await.map_err(registry_error)?;
    let function = function_of(&catalog, &access.service, name)?;
    let parameters = validate::parameters(&function.parameters, parameters, installed)?;
    let store = registry.host().store.as_ref();
    let caller = Caller {
        person: access.person.id,
        username: access.person.username.clone(),
        site_admin: access.person.site_admin,
    };
    let request = Request { function: function.name.clone(), parameters: parameters.to_string(), caller };
    let outcome = function.plugin.call(&request).await;
    let plugin = function.plugin.manifest().id.as_str();
    if let Outcome::Trap(_) | Outcome::Timeout | Outcome::Limit(_) | Outcome::Protocol(_) = &outcome {
        tracing::error!(plugin, function = name, "{}", outcome.describe());
    }
    let answer = match outcome {
        Outcome::Ok(answer) => answer,
        Outcome::Error(error) | Outcome::RetryLater(error) => return Err(plugin_error(store, error).await),
        Outcome::Unavailable(why) => {
            return Err(WireError::coded("retrylater", "The function is not available now").with_debuginfo(why));
        }
        other => return Err(WireError::coding(&other.describe())),
    };
    let result = serde_json::from_str(&answer)
        .map_err(|e| WireError::invalid_response(format!("plugin {plugin} did not answer with JSON: {e}")))?;
    Ok(Answer { function, result })
}

/// The function, if it exists and the service has it.
fn function_of(catalog: &Catalog, service: &Service, name: &str) -> Result<Arc<FunctionSpec>, WireError> {
    let function = catalog.function(name).ok_or_else(|| WireError::unknown_function(name))?;
    let listed = service.functions.as_ref().is_none_or(|functions| functions.contains(&function.name));
    if listed { Ok(function.clone()) } else { Err(WireError::function_not_in_service(name)) }
}

async fn plugin_error(store: &dyn Store, error: PluginError) -> WireError {
    let kind = match error.kind {
        PluginErrorKind::Denied => ErrorKind::Denied,
        PluginErrorKind::NotFound => ErrorKind::NotFound,
        PluginErrorKind::Invalid => ErrorKind::Invalid,
        PluginErrorKind::Conflict => ErrorKind::Conflict,
        PluginErrorKind::Refused => ErrorKind::Refused,
        PluginErrorKind::Corrupt => ErrorKind::Corrupt,
        PluginErrorKind::Limit => ErrorKind::Limit,
        PluginErrorKind::Cancelled => ErrorKind::Cancelled,
        PluginErrorKind::RetryLater => ErrorKind::RetryLater,
        PluginErrorKind::Failed => ErrorKind::Failed,
    };
    let label = match kind {
        ErrorKind::Denied => match store.capability_label(&error.code).await {
            Ok(label) => label,
            Err(failure) => return store_error(failure),
        },
        _ => None,
    };
    WireError::from_plugin(kind, &error.code, &error.message, |_| label)
}

fn registry_error(error: crate::RegistryError) -> WireError {
    match error {
        crate::RegistryError::Store(error) => store_error(error),
        other => {
            tracing::error!(error = %other, "the plugin registry failed");
            WireError::coded("failed", "The site could not answer").with_debuginfo(other.to_string())
        }
    }
}
