//! Web-service functions: name, description and Rust function in one place; and what a call brings beside its parameters.

#[cfg(test)]
mod tests;

use crate::bindings::web_service::exports::provost::plugin::web_service as wire;
use crate::{Caller, Describe, Error, ErrorKind, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::cell::RefCell;

pub use wire::TextSettings;

impl Default for TextSettings {
    /// What holds where the client says nothing (moodle-webservices.md 1.2).
    fn default() -> Self {
        Self { raw: false, file_urls: true, filter: false, language: String::new(), timezone: String::new() }
    }
}

thread_local! {
    /// Settings and service of the call that is being answered.
    static CALL: RefCell<(TextSettings, String)> = RefCell::default();
}

/// How the client of the current call wants texts. Outside of a call: [`TextSettings::default`].
pub fn settings() -> TextSettings {
    CALL.with_borrow(|call| call.0.clone())
}

/// The short name of the service through which the current call came; empty for one without a token, and outside of a
/// call.
pub fn service() -> String {
    CALL.with_borrow(|call| call.1.clone())
}

/// Puts back what [`settings`] and [`service`] say outside of a call.
struct Ended;

impl Drop for Ended {
    fn drop(&mut self) {
        CALL.take();
    }
}

/// Implemented by a plugin with web-service functions.
pub trait WebService {
    /// The functions. Called anew for every call: keep it cheap.
    fn functions() -> Vec<Function>;
}

type Handler = Box<dyn Fn(&Caller, &str) -> Result<String>>;

/// A web-service function.
pub struct Function {
    name: &'static str,
    doc: &'static str,
    parameters: fn() -> serde_json::Value,
    returns: fn() -> Option<serde_json::Value>,
    capabilities: Vec<&'static str>,
    writes: bool,
    public: bool,
    handler: Handler,
}

impl Function {
    /// A function under this name. Parameters and result are described by their types; `()` is none.
    pub fn new<P, R>(name: &'static str, doc: &'static str, function: fn(&Caller, P) -> Result<R>) -> Self
    where
        P: DeserializeOwned + Describe + 'static,
        R: Serialize + Describe + 'static,
    {
        Self {
            name,
            doc,
            parameters: || P::describe().into_json(),
            returns: || {
                let nothing = std::any::TypeId::of::<R>() == std::any::TypeId::of::<()>();
                (!nothing).then(|| R::describe().into_json())
            },
            capabilities: Vec::new(),
            writes: false,
            public: false,
            handler: Box::new(move |caller, parameters| {
                // A function without parameters is given an empty object, which serde does not take for `()`.
                let nothing = std::any::TypeId::of::<P>() == std::any::TypeId::of::<()>();
                let mut parameters = serde_json::from_str(if nothing { "null" } else { parameters })?;
                P::describe().read_integers(&mut parameters);
                let result = function(caller, serde_json::from_value(parameters)?)?;
                serde_json::to_string(&result).map_err(|e| Error::failed(format!("the result of {name}: {e}")))
            }),
        }
    }
    /// Names a capability that the function looks at.
    #[must_use]
    pub fn capability(mut self, name: &'static str) -> Self {
        self.capabilities.push(name);
        self
    }
    /// Says that the function changes something.
    #[must_use]
    pub fn writes(mut self) -> Self {
        self.writes = true;
        self
    }
    /// Lets the function be called without a token too; the caller is then the guest.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }
}

/// The export `functions`.
#[doc(hidden)]
pub fn functions<P: WebService>() -> Vec<wire::Function> {
    let describe = |f: Function| wire::Function {
        name: f.name.into(),
        description: f.doc.into(),
        parameters: (f.parameters)().to_string(),
        returns: (f.returns)().map(|v| v.to_string()).unwrap_or_default(),
        capabilities: f.capabilities.iter().map(|c| (*c).to_owned()).collect(),
        writes: f.writes,
        public: f.public,
    };
    P::functions().into_iter().map(describe).collect()
}

/// The export `call`.
#[doc(hidden)]
pub fn call<P: WebService>(request: wire::Request) -> Result<String> {
    CALL.set((request.settings, request.service));
    let _ended = Ended;
    match P::functions().iter().find(|f| f.name == request.function) {
        Some(function) => (function.handler)(&request.caller, &request.parameters),
        None => Err(Error::new(ErrorKind::NotFound, "function", format!("no function {}", request.function))),
    }
}
