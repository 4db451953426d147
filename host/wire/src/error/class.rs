//! Exception classes by their meaning, and their names in the two families Moodle has used.

/// Which spelling of the class names goes out. One per advertised release (webservices 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Bare names, as releases up to 4.4 print them.
    Bare,
    /// Core's classes with their namespace, as 4.5 and later print them.
    #[default]
    Namespaced,
}

impl Family {
    /// The family of an advertised release such as `4.5.6 (Build: 20250811)`. What cannot be read counts as new.
    pub fn of_release(release: &str) -> Family {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), minor) if (major, minor.unwrap_or(0)) < (4, 5) => Family::Bare,
            _ => Family::Namespaced,
        }
    }
}

/// An exception class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The general one, for everything with a code of its own.
    Moodle,
    /// A parameter does not fit its description.
    InvalidParameter,
    /// A result does not fit its description.
    InvalidResponse,
    /// A capability is missing.
    RequiredCapability,
    /// A course or activity is not accessible.
    RequireLogin,
    /// A fault in a program.
    Coding,
    /// The token or the service does not allow the call.
    WebserviceAccess,
    /// A row is missing.
    DmlMissingRecord,
    /// The token is bound to another context.
    RestrictedContext,
    /// A backup could not be set up.
    BackupController,
    /// A backup's record could not be loaded.
    BackupDbops,
}

impl Class {
    /// The name clients see.
    pub fn name(self, family: Family) -> &'static str {
        // Bare, namespaced. The recordings show which classes stay bare in 4.5.
        let (bare, namespaced) = match self {
            Class::Moodle => ("moodle_exception", "core\\exception\\moodle_exception"),
            Class::InvalidParameter => ("invalid_parameter_exception", "core\\exception\\invalid_parameter_exception"),
            Class::InvalidResponse => ("invalid_response_exception", "core\\exception\\invalid_response_exception"),
            Class::RequiredCapability => {
                ("required_capability_exception", "core\\exception\\required_capability_exception")
            }
            Class::RequireLogin => ("require_login_exception", "core\\exception\\require_login_exception"),
            Class::Coding => ("coding_exception", "core\\exception\\coding_exception"),
            Class::RestrictedContext => ("restricted_context_exception", "core_external\\restricted_context_exception"),
            Class::WebserviceAccess => ("webservice_access_exception", "webservice_access_exception"),
            Class::DmlMissingRecord => ("dml_missing_record_exception", "dml_missing_record_exception"),
            Class::BackupController => ("backup_controller_exception", "backup_controller_exception"),
            Class::BackupDbops => ("backup_dbops_exception", "backup_dbops_exception"),
        };
        match family {
            Family::Bare => bare,
            Family::Namespaced => namespaced,
        }
    }

    /// The class an error code is known for (webservices 1.7), else the general one.
    pub fn of_code(errorcode: &str) -> Class {
        match errorcode {
            "invalidparameter" => Class::InvalidParameter,
            "invalidresponse" => Class::InvalidResponse,
            "nopermissions" => Class::RequiredCapability,
            "requireloginerror" => Class::RequireLogin,
            "codingerror" => Class::Coding,
            "accessexception" => Class::WebserviceAccess,
            "invalidrecord" | "invalidrecordunknown" | "invaliduser" | "invalidcoursemodule" => Class::DmlMissingRecord,
            "restrictedcontextexception" => Class::RestrictedContext,
            "backup_check_course_not_exists" | "backup_user_missing_capability" => Class::BackupController,
            code if code.starts_with("backup_controller_dbops_") => Class::BackupDbops,
            _ => Class::Moodle,
        }
    }
}
