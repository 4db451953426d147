//! Errors as the wire knows them: exception class, error code, message and, for developers, debug information.
//!
//! Texts and codes are those of webservices 1.7; clients compare the code, people read the message. The protocol's
//! answers have status 200 all the same; [`WireError::status`] is for those who ask for more.

mod class;
mod plugin;
mod status;

use serde_json::{Map, Value};

pub use class::{Class, Family};
pub use plugin::ErrorKind;

use crate::format::Format;
use crate::respond;

/// The message of every fault in the parameters; also part of the paths in debug information.
pub(crate) const INVALID_PARAMETER: &str = "Invalid parameter value detected";
/// The same for results.
pub(crate) const INVALID_RESPONSE: &str = "Invalid response value detected";

/// A refusal on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{errorcode}: {message}{}", debuginfo.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
pub struct WireError {
    /// The exception class the client is told.
    pub class: Class,
    /// The stable code clients act on; empty for an exception without one, which then prints none.
    pub errorcode: String,
    /// The English text for people.
    pub message: String,
    /// What was wrong and where. Printed only when the site's debugging is on.
    pub debuginfo: Option<String>,
    /// How a plugin sorted it, if it comes from one.
    pub kind: Option<ErrorKind>,
    /// After how many seconds the same call may work, if that is known. Goes out as the header `Retry-After`.
    pub retry_after: Option<u64>,
}

impl WireError {
    fn new(class: Class, errorcode: impl Into<String>, message: impl Into<String>) -> WireError {
        let (errorcode, message) = (errorcode.into(), message.into());
        WireError { class, errorcode, message, debuginfo: None, kind: None, retry_after: None }
    }

    /// The same error with debug information.
    #[must_use]
    pub fn with_debuginfo(mut self, debuginfo: impl Into<String>) -> WireError {
        self.debuginfo = Some(debuginfo.into());
        self
    }

    /// No token, an unknown or a deleted one.
    pub fn invalid_token() -> WireError {
        WireError::new(Class::Moodle, "invalidtoken", "Invalid token - token not found")
    }

    /// Token expired or used from a forbidden address, protocol capability missing. `reason` is for developers.
    pub fn access_exception(reason: impl Into<String>) -> WireError {
        WireError::new(Class::WebserviceAccess, "accessexception", "Access control exception").with_debuginfo(reason)
    }

    /// The function exists, but no service open to the token lists it.
    pub fn function_not_in_service(function: &str) -> WireError {
        WireError::access_exception(format!(
            "Access to the function {function}() is not allowed: the token's service does not list it, or the service \
             is not open to this person."
        ))
    }

    /// The call names no function.
    pub fn missing_function() -> WireError {
        WireError::invalid_parameter("Missing function name: the parameter wsfunction is not set.")
    }

    /// The call names a function nobody offers.
    pub fn unknown_function(function: &str) -> WireError {
        WireError::record_not_found("external_functions").with_debuginfo(format!("No function {function}."))
    }

    /// A parameter is missing, unexpected or of the wrong type; `debuginfo` says which and why.
    pub fn invalid_parameter(debuginfo: impl Into<String>) -> WireError {
        WireError::new(Class::InvalidParameter, "invalidparameter", INVALID_PARAMETER).with_debuginfo(debuginfo)
    }

    /// No such row in `table`. People and activities have codes of their own; with an empty table name the table is not
    /// known.
    pub fn record_not_found(table: &str) -> WireError {
        let (code, message) = match table {
            "" => ("invalidrecordunknown", "Can't find data record in database.".to_owned()),
            "user" => ("invaliduser", "Invalid user".to_owned()),
            "course_modules" => ("invalidcoursemodule", "Invalid course module ID".to_owned()),
            table => ("invalidrecord", format!("Can't find data record in database table {table}.")),
        };
        WireError::new(Class::DmlMissingRecord, code, message)
    }

    /// The caller lacks a capability; `label` is its name for people, such as "Create courses".
    pub fn no_permissions(label: &str) -> WireError {
        WireError::new(
            Class::RequiredCapability,
            "nopermissions",
            format!("Sorry, but you do not currently have permissions to do that ({label})."),
        )
    }

    /// The course or activity is closed to the caller (not enrolled, hidden). `reason` is appended; may be empty.
    pub fn require_login(reason: &str) -> WireError {
        let text = "Course or activity not accessible.";
        let message = if reason.is_empty() { text.to_owned() } else { format!("{text} ({reason})") };
        WireError::new(Class::RequireLogin, "requireloginerror", message)
    }

    /// Any coded error. The class is the one the code is known for, else the general one; without a message the
    /// text is `error/CODE`, as for a code without a string.
    pub fn coded(errorcode: impl Into<String>, message: impl Into<String>) -> WireError {
        let (errorcode, mut message) = (errorcode.into(), message.into());
        if message.is_empty() {
            message = format!("error/{errorcode}");
        }
        WireError::new(Class::of_code(&errorcode), errorcode, message)
    }

    /// The course's context does not let the caller in, as reported by functions that read a course.
    pub fn course_context_not_valid(course: i64, reason: &str) -> WireError {
        WireError::coded(
            "errorcoursecontextnotvalid",
            format!(
                "You cannot execute functions in the course context (course id:{course}). The context error message was: {reason}"
            ),
        )
    }

    /// The token is bound to another context.
    pub fn restricted_context() -> WireError {
        WireError::coded("restrictedcontextexception", "Context of the token does not include this one")
    }

    /// An option or parameter a function's own rules refuse.
    pub fn invalid_external_parameter(name: &str) -> WireError {
        WireError::coded("invalidextparam", format!("Invalid external api parameter: {name}"))
    }

    /// A script (token, upload, file download) was called without a parameter it needs.
    pub fn missing_script_parameter(name: &str) -> WireError {
        WireError::coded("missingparam", format!("A required parameter ({name}) was missing"))
    }

    /// Wrong user name or password.
    pub fn invalid_login() -> WireError {
        WireError::coded("invalidlogin", "Invalid login, please try again")
    }

    /// The file asked for does not exist. The one error that goes out with status 404.
    pub fn file_not_found() -> WireError {
        WireError::coded("filenotfound", "Sorry, the requested file could not be found")
    }

    /// The site is closed for maintenance.
    pub fn site_maintenance() -> WireError {
        WireError::coded("sitemaintenance", "The site is undergoing maintenance and is currently not available")
    }

    /// More calls or failed logins than are allowed in a time. The same call may work after `seconds`.
    pub fn rate_limited(seconds: u64) -> WireError {
        let mut error = WireError::coded("ratelimited", format!("Too many requests. Try again in {seconds} seconds."));
        error.retry_after = Some(seconds);
        error
    }

    /// The request's body is larger than the site takes.
    pub fn request_too_large(debuginfo: impl Into<String>) -> WireError {
        WireError::coded("requesttoolarge", "The request is larger than this site takes").with_debuginfo(debuginfo)
    }

    /// What a function returned does not fit its description.
    pub fn invalid_response(debuginfo: impl Into<String>) -> WireError {
        WireError::new(Class::InvalidResponse, "invalidresponse", INVALID_RESPONSE).with_debuginfo(debuginfo)
    }

    /// A fault in a program, not in the call.
    pub fn coding(what: &str) -> WireError {
        WireError::coded("codingerror", format!("Coding error detected, it must be fixed by a programmer: {what}"))
    }

    /// Prints the error as the REST server does.
    pub fn body(&self, format: Format, family: Family, debug: bool) -> String {
        match format {
            Format::Json => self.json(family, debug),
            Format::Xml => self.xml(family, debug),
        }
    }

    /// The REST server's JSON: `exception`, `errorcode`, `message` and, if `debug`, `debuginfo`. No line end.
    pub fn json(&self, family: Family, debug: bool) -> String {
        let mut object = Map::new();
        object.insert("exception".to_owned(), self.class.name(family).into());
        if !self.errorcode.is_empty() {
            object.insert("errorcode".to_owned(), self.errorcode.as_str().into());
        }
        object.insert("message".to_owned(), self.message.as_str().into());
        if let Some(debuginfo) = self.shown_debuginfo(debug) {
            object.insert("debuginfo".to_owned(), debuginfo.into());
        }
        respond::json(&Value::Object(object))
    }

    /// The REST server's XML, ending in a line end.
    pub fn xml(&self, family: Family, debug: bool) -> String {
        let mut out = String::from(respond::XML_DECLARATION);
        out.push_str("<EXCEPTION class=\"");
        respond::escape_xml(self.class.name(family), &mut out);
        out.push_str("\">\n");
        let parts = [
            ("ERRORCODE", Some(self.errorcode.as_str()).filter(|code| !code.is_empty())),
            ("MESSAGE", Some(self.message.as_str())),
            ("DEBUGINFO", self.shown_debuginfo(debug)),
        ];
        for (element, text) in parts {
            let Some(text) = text else { continue };
            out.push_str(&format!("<{element}>"));
            respond::escape_xml(text, &mut out);
            out.push_str(&format!("</{element}>\n"));
        }
        out.push_str("</EXCEPTION>\n");
        out
    }

    /// The JSON of the scripts beside the REST server (webservices 1.5, last example).
    pub fn script_json(&self, debug: bool) -> String {
        respond::json(&serde_json::json!({
            "error": self.message,
            "errorcode": self.errorcode,
            "stacktrace": null,
            "debuginfo": self.shown_debuginfo(debug),
            "reproductionlink": null,
        }))
    }

    /// The exception in an answer of `lib/ajax/service.php`.
    pub fn ajax(&self, debug: bool) -> Value {
        let mut exception = serde_json::json!({
            "message": self.message,
            "errorcode": self.errorcode,
            "link": "",
            "moreinfourl": "",
        });
        if let (Some(debuginfo), Some(object)) = (self.shown_debuginfo(debug), exception.as_object_mut()) {
            object.insert("debuginfo".to_owned(), debuginfo.into());
        }
        exception
    }

    fn shown_debuginfo(&self, debug: bool) -> Option<&str> {
        self.debuginfo.as_deref().filter(|text| debug && !text.is_empty())
    }
}

#[cfg(test)]
mod tests;
