//! A function as its plugin declares it, with the descriptions read.

use provost_runtime::{Function, Plugin};
use provost_wire::Description;
use provost_wire::description::DescriptionError;
use std::sync::Arc;

/// A web-service function and who answers it.
pub struct FunctionSpec {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Its parameters.
    pub parameters: Description,
    /// Its result; none for a function that returns nothing.
    pub returns: Option<Description>,
    /// Capabilities it looks at.
    pub capabilities: Vec<String>,
    /// Whether it changes anything.
    pub writes: bool,
    /// Whether it may be called without a token.
    pub public: bool,
    /// The version of the plugin that answers. A call keeps it, so a swap lets it end where it began.
    pub plugin: Arc<Plugin>,
}

impl FunctionSpec {
    /// Reads a plugin's declaration.
    pub(crate) fn new(plugin: &Arc<Plugin>, function: &Function) -> Result<Self, DescriptionError> {
        Ok(Self {
            name: function.name.clone(),
            description: function.description.clone(),
            parameters: Description::parameters(&function.parameters)?,
            returns: Description::returns(&function.returns)?,
            capabilities: function.capabilities.clone(),
            writes: function.writes,
            public: function.public,
            plugin: plugin.clone(),
        })
    }
}
