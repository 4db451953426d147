//! HTTP statuses for clients that ask for them. The protocol itself answers 200 to everything (webservices 1.5).

use super::{Class, ErrorKind, WireError};

impl WireError {
    /// The status that says in HTTP what the error says: by its code, then by how a plugin sorted it, then by its class.
    pub fn status(&self) -> u16 {
        of_code(&self.errorcode).or_else(|| self.kind.map(of_kind)).unwrap_or_else(|| of_class(self.class))
    }
}

fn of_code(errorcode: &str) -> Option<u16> {
    Some(match errorcode {
        "invalidtoken" | "invalidlogin" | "invalidkey" | "servicerequireslogin" | "passwordisexpired" => 401,
        "invaliduser" | "invalidcoursemodule" | "invalidcourseid" | "filenotfound" => 404,
        "requesttoolarge" | "fileoversized" => 413,
        "ratelimited" => 429,
        "retrylater" | "sitemaintenance" => 503,
        "failed" => 500,
        code if code.starts_with("wsaccessuser") => 403,
        "usernotconfirmed"
        | "usernotallowed"
        | "noguest"
        | "enablewsdescription"
        | "servicenotavailable"
        | "invalidtimedtoken"
        | "invalidiptoken"
        | "missingrequiredcapability"
        | "cannotcreatetoken"
        | "restoredaccountresetpassword"
        | "errorcoursecontextnotvalid"
        | "errorcatcontextnotvalid" => 403,
        code if code.ends_with("taken") => 409,
        _ => return None,
    })
}

fn of_kind(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Denied => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Invalid | ErrorKind::Refused | ErrorKind::Corrupt => 400,
        ErrorKind::Conflict | ErrorKind::Cancelled => 409,
        ErrorKind::Limit => 413,
        ErrorKind::RetryLater => 503,
        ErrorKind::Failed => 500,
    }
}

fn of_class(class: Class) -> u16 {
    match class {
        Class::Moodle | Class::InvalidParameter | Class::BackupDbops => 400,
        Class::RequiredCapability
        | Class::RequireLogin
        | Class::WebserviceAccess
        | Class::RestrictedContext
        | Class::BackupController => 403,
        Class::DmlMissingRecord => 404,
        Class::InvalidResponse | Class::Coding => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_status_of_their_meaning() {
        let plugin = |kind, code: &str| WireError::from_plugin(kind, code, "", |_| None);
        for (error, status) in [
            (WireError::invalid_token(), 401),
            (WireError::invalid_login(), 401),
            (WireError::access_exception("x"), 403),
            (WireError::function_not_in_service("f"), 403),
            (WireError::missing_function(), 400),
            (WireError::unknown_function("f"), 404),
            (WireError::invalid_parameter("x"), 400),
            (WireError::record_not_found("course"), 404),
            (WireError::record_not_found("user"), 404),
            (WireError::no_permissions("x"), 403),
            (WireError::require_login(""), 403),
            (WireError::missing_script_parameter("token"), 400),
            (WireError::file_not_found(), 404),
            (WireError::site_maintenance(), 503),
            (WireError::invalid_response("x"), 500),
            (WireError::coding("x"), 500),
            (WireError::rate_limited(3), 429),
            (WireError::request_too_large("x"), 413),
            (WireError::coded("wsaccessusersuspended", "x"), 403),
            (plugin(ErrorKind::Refused, "shortnametaken"), 409),
            (plugin(ErrorKind::Refused, "invalidextparam"), 400),
            (plugin(ErrorKind::Conflict, "busy"), 409),
            (plugin(ErrorKind::RetryLater, ""), 503),
            (plugin(ErrorKind::Failed, "disk"), 500),
            (plugin(ErrorKind::Limit, ""), 413),
            (plugin(ErrorKind::Denied, "moodle/course:create"), 403),
        ] {
            assert_eq!(error.status(), status, "{error}");
        }
    }
}
