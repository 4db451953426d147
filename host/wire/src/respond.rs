//! Results: cleaned by their description, then printed as JSON or XML (webservices 1.5).

mod json;
mod xml;

use serde_json::Value;

pub use json::json;
pub use xml::xml;
pub(crate) use xml::{DECLARATION as XML_DECLARATION, escape as escape_xml};

use crate::check::{Check, Side};
use crate::clean::Installed;
use crate::description::Description;
use crate::error::WireError;
use crate::format::Format;

/// Cleans what a function returned: keys in order of declaration, unknown keys dropped, defaults filled in; a map none of
/// whose keys is set becomes an empty list, as in every JSON PHP prints. A function without a description of its result gives null, whatever it returned.
///
/// # Errors
/// `invalidresponse` if a required key is missing or a type is wrong, with the path to it as debug information.
pub fn clean(returns: Option<&Description>, result: &Value, installed: &Installed) -> Result<Value, WireError> {
    let Some(returns) = returns else { return Ok(Value::Null) };
    let check = Check { side: Side::Result, installed };
    check.json(returns, result).map_err(|fault| fault.into_error(Side::Result))
}

/// Cleans a result and prints it.
///
/// # Errors
/// As [`clean`].
pub fn answer(
    format: Format,
    returns: Option<&Description>,
    result: &Value,
    installed: &Installed,
) -> Result<String, WireError> {
    let cleaned = clean(returns, result, installed)?;
    Ok(match format {
        Format::Json => json(&cleaned),
        Format::Xml => xml(returns, &cleaned),
    })
}

#[cfg(test)]
mod tests;
