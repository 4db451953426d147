use super::*;

fn plain(error: &WireError) -> String {
    error.json(Family::Namespaced, false)
}

#[test]
fn debuginfo_needs_the_flag() {
    let error = WireError::invalid_parameter("courseid => \"x\" & <y>");
    assert_eq!(
        plain(&error),
        r#"{"exception":"core\\exception\\invalid_parameter_exception","errorcode":"invalidparameter","message":"Invalid parameter value detected"}"#
    );
    assert!(error.json(Family::Bare, true).ends_with(r#","debuginfo":"courseid => \"x\" & <y>"}"#));
    assert_eq!(
        error.xml(Family::Bare, true),
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<EXCEPTION class=\"invalid_parameter_exception\">\n\
         <ERRORCODE>invalidparameter</ERRORCODE>\n<MESSAGE>Invalid parameter value detected</MESSAGE>\n\
         <DEBUGINFO>courseid =&gt; &quot;x&quot; &amp; &lt;y&gt;</DEBUGINFO>\n</EXCEPTION>\n"
    );
    assert!(!error.xml(Family::Bare, false).contains("DEBUGINFO"));
}

#[test]
fn an_error_without_code_prints_none() {
    let error = WireError::coded("", "text");
    assert_eq!(plain(&error), r#"{"exception":"core\\exception\\moodle_exception","message":"text"}"#);
    assert!(!error.xml(Family::Bare, false).contains("ERRORCODE"));
}

#[test]
fn codes_and_classes_of_the_table() {
    let cases = [
        (WireError::invalid_token(), "invalidtoken", "moodle_exception"),
        (WireError::access_exception("expired"), "accessexception", "webservice_access_exception"),
        (WireError::function_not_in_service("f"), "accessexception", "webservice_access_exception"),
        (WireError::missing_function(), "invalidparameter", "invalid_parameter_exception"),
        (WireError::unknown_function("f"), "invalidrecord", "dml_missing_record_exception"),
        (WireError::record_not_found("course"), "invalidrecord", "dml_missing_record_exception"),
        (WireError::record_not_found(""), "invalidrecordunknown", "dml_missing_record_exception"),
        (WireError::record_not_found("user"), "invaliduser", "dml_missing_record_exception"),
        (WireError::record_not_found("course_modules"), "invalidcoursemodule", "dml_missing_record_exception"),
        (WireError::no_permissions("Create courses"), "nopermissions", "required_capability_exception"),
        (WireError::require_login(""), "requireloginerror", "require_login_exception"),
        (WireError::restricted_context(), "restrictedcontextexception", "restricted_context_exception"),
        (WireError::coded("shortnametaken", "x"), "shortnametaken", "moodle_exception"),
        (
            WireError::coded("backup_check_course_not_exists", ""),
            "backup_check_course_not_exists",
            "backup_controller_exception",
        ),
        (
            WireError::coded("backup_controller_dbops_nonexisting", ""),
            "backup_controller_dbops_nonexisting",
            "backup_dbops_exception",
        ),
        (WireError::invalid_response("x"), "invalidresponse", "invalid_response_exception"),
        (WireError::coding("x"), "codingerror", "coding_exception"),
    ];
    for (error, code, class) in cases {
        assert_eq!(error.errorcode, code);
        assert_eq!(error.class.name(Family::Bare), class, "{code}");
    }
    assert_eq!(WireError::coded("backup_user_missing_capability", "").message, "error/backup_user_missing_capability");
}

#[test]
fn families_by_release() {
    for (release, family) in [
        ("4.5.6 (Build: 20250811)", Family::Namespaced),
        ("5.0", Family::Namespaced),
        ("5", Family::Namespaced),
        ("4.4.1+", Family::Bare),
        ("3.11", Family::Bare),
        ("4.10", Family::Namespaced),
        ("", Family::Namespaced),
    ] {
        assert_eq!(Family::of_release(release), family, "{release}");
    }
}

#[test]
fn plugin_errors() {
    let label = |code: &str| (code == "moodle/course:create").then(|| "Create courses".to_owned());
    let of = |kind, code, message| WireError::from_plugin(kind, code, message, label);

    let denied = of(ErrorKind::Denied, "moodle/course:create", "in category 3");
    assert_eq!(denied.errorcode, "nopermissions");
    assert_eq!(denied.message, "Sorry, but you do not currently have permissions to do that (Create courses).");
    assert_eq!(denied.debuginfo.as_deref(), Some("in category 3"));
    assert!(of(ErrorKind::Denied, "own/thing", "").message.ends_with("(own/thing)."));

    let missing = of(ErrorKind::NotFound, "course", "no course 9");
    assert_eq!(missing.message, "Can't find data record in database table course.");
    assert_eq!(of(ErrorKind::NotFound, "", "").errorcode, "invalidrecordunknown");

    let invalid = of(ErrorKind::Invalid, "whatever", "users must be 0 or 1");
    assert_eq!(invalid.errorcode, "invalidparameter");
    assert_eq!(invalid.debuginfo.as_deref(), Some("users must be 0 or 1"));

    let taken = of(ErrorKind::Conflict, "shortnametaken", "Short name is already used for another course (x)");
    assert_eq!(taken.class, Class::Moodle);
    assert_eq!(taken.message, "Short name is already used for another course (x)");

    let login = of(ErrorKind::Refused, "requireloginerror", "Course or activity not accessible.");
    assert_eq!(login.class, Class::RequireLogin);
    assert_eq!(of(ErrorKind::Refused, "", "").message, "error/refused");

    let failed = of(ErrorKind::Failed, "", "disk /dev/x is full");
    assert_eq!(failed.message, "error/failed");
    assert!(!failed.json(Family::Bare, false).contains("/dev/x"));
    for kind in [ErrorKind::Corrupt, ErrorKind::Limit, ErrorKind::Cancelled, ErrorKind::RetryLater] {
        let error = of(kind, "", "text");
        assert_eq!(error.class, Class::Moodle);
        assert!(!error.errorcode.is_empty());
    }
}

#[test]
fn script_shape() {
    assert_eq!(
        WireError::invalid_login().with_debuginfo("x").script_json(false),
        r#"{"error":"Invalid login, please try again","errorcode":"invalidlogin","stacktrace":null,"debuginfo":null,"reproductionlink":null}"#
    );
    assert!(WireError::invalid_login().with_debuginfo("x").script_json(true).contains(r#""debuginfo":"x""#));
}
