//! A web-service call: function found, parameters checked, plugin called, answer checked.

use crate::access::{Access, registry_error, store_error};
use crate::audit;
use crate::functions::FunctionSpec;
use crate::registry::{Catalog, Registry};
use provost_runtime::{Caller, Outcome, PluginError, PluginErrorKind, Request, TextSettings};
use provost_store::api::{Person, Store};
use provost_wire::clean::Installed;
use provost_wire::form::Tree;
use provost_wire::{ErrorKind, WireError, validate};
use std::net::IpAddr;
use std::sync::Arc;

/// An answer on its way to a client.
pub struct Answer {
    /// The function that answered, with the description of its result.
    pub function: Arc<FunctionSpec>,
    /// What it answered; the face cleans and prints it.
    pub result: serde_json::Value,
}

/// A call on its way to a function.
pub struct Call<'a> {
    /// Who calls; none for somebody without a token, who may call public functions only.
    pub access: Option<&'a Access>,
    /// The function.
    pub name: &'a str,
    /// The function's parameters.
    pub parameters: Tree,
    /// How texts are wanted.
    pub settings: TextSettings,
    /// From where.
    pub address: IpAddr,
}

/// Calls a function on behalf of a token's owner (steps 10 to 14 of moodle-webservices.md 1.6), or of the guest. A call of one that changes something
/// is noted in the audit log, however it ends.
pub async fn call(registry: &Registry, call: Call<'_>, installed: &Installed) -> Result<Answer, WireError> {
    let catalog = registry.current().await.map_err(registry_error)?;
    let store = registry.host().store.as_ref();
    let Call { access, name, parameters, settings, address } = call;
    let function = function_of(&catalog, access, name)?;
    let checked = validate::parameters(&function.parameters, parameters, installed);
    let noted = function.writes.then(|| match &checked {
        Ok(parameters) => audit::detail(&function.parameters, parameters),
        Err(_) => String::new(),
    });
    let ended = match checked {
        Ok(parameters) => answer(store, &function, access, parameters, settings).await,
        Err(error) => Err(error),
    };
    if let Some(detail) = noted {
        let person = access.map(|a| &a.person);
        let row = audit::row("service", person, address, &function.name, detail, ended.as_ref().map(drop));
        audit::note(store, row).await;
    }
    Ok(Answer { function, result: ended? })
}

/// Has the plugin answer.
async fn answer(
    store: &dyn Store,
    function: &FunctionSpec,
    access: Option<&Access>,
    parameters: serde_json::Value,
    settings: TextSettings,
) -> Result<serde_json::Value, WireError> {
    let service = access.map(|access| access.service.shortname.as_str()).unwrap_or_default();
    ask(store, function, access.map(|access| &access.person), service, &parameters, settings).await
}

/// Has the plugin answer a person (none is the guest), whose call came through a service (empty for none). The parameters are taken as
/// they are.
pub(crate) async fn ask(
    store: &dyn Store,
    function: &FunctionSpec,
    person: Option<&Person>,
    service: &str,
    parameters: &serde_json::Value,
    settings: TextSettings,
) -> Result<serde_json::Value, WireError> {
    let caller = match person {
        Some(person) => Caller { person: person.id, username: person.username.clone(), site_admin: person.site_admin },
        None => Caller { person: GUEST, username: "guest".into(), site_admin: false },
    };
    let request = Request {
        function: function.name.clone(),
        parameters: parameters.to_string(),
        caller,
        settings,
        service: service.to_owned(),
    };
    let outcome = function.plugin.call(&request).await;
    let plugin = function.plugin.manifest().id.as_str();
    if let Outcome::Trap(_) | Outcome::Timeout | Outcome::Limit(_) | Outcome::Protocol(_) = &outcome {
        tracing::error!(plugin, function = function.name, "{}", outcome.describe());
    }
    let answer = match outcome {
        Outcome::Ok(answer) => answer,
        Outcome::Error(error) | Outcome::RetryLater(error) => return Err(plugin_error(store, error).await),
        Outcome::Unavailable(why) => {
            return Err(WireError::coded("retrylater", "The function is not available now").with_debuginfo(why));
        }
        other => return Err(WireError::coding(&other.describe())),
    };
    serde_json::from_str(&answer)
        .map_err(|e| WireError::invalid_response(format!("plugin {plugin} did not answer with JSON: {e}")))
}

/// Whom a call without a token is made as.
const GUEST: u64 = 1;

/// The function, if it exists and may be called: the token's service has it, or it is public.
fn function_of(catalog: &Catalog, access: Option<&Access>, name: &str) -> Result<Arc<FunctionSpec>, WireError> {
    let function = catalog.function(name).ok_or_else(|| WireError::unknown_function(name))?;
    let Some(access) = access else {
        return match function.public {
            true => Ok(function.clone()),
            false => Err(WireError::coded("servicerequireslogin", "Session expired or login required")),
        };
    };
    let functions = access.service.functions.as_ref();
    let listed = functions.is_none_or(|functions| functions.contains(&function.name));
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
        PluginErrorKind::RetryLater | PluginErrorKind::NotVisibleYet => ErrorKind::RetryLater,
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
