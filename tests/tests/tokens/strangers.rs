//! What every function tells somebody who takes part in nothing. A new function needs a line here.

use super::SITE_INFO;

/// The id of an event that is not there.
const EVENT: &str = "01890000-0000-7000-8000-000000000001";

/// What somebody who takes part in nothing gets from a function.
pub enum Gets {
    /// One of these codes.
    Refused(&'static [&'static str]),
    /// An answer in which none of these texts are.
    Without(&'static [&'static str]),
}

/// A function, parameters, and what comes of them.
pub type Expected = (&'static str, &'static [(&'static str, &'static str)], Gets);

/// Every function that is offered, with parameters that would do for an administrator. `COURSE`, `JOB`, `RESTORE`, `CONTEXT`,
/// `CATEGORY`, `PAGE`, `MODULE`, `ADMIN` and `SELF` stand for ids.
pub const FUNCTIONS: &[Expected] = &[
    (SITE_INFO, &[], Gets::Without(&["\"admin\"", "\"userissiteadmin\":true"])),
    ("tool_mobile_get_public_config", &[], Gets::Without(&["admin"])),
    ("core_course_backup_async", &[("courseid", "COURSE")], Gets::Refused(&["requireloginerror"])),
    ("core_course_backup_list_backups", &[("courseid", "COURSE")], Gets::Refused(&["requireloginerror"])),
    ("core_course_backup_async_get_status", &[("backupid", "JOB")], Gets::Refused(&["invalidrecord"])),
    ("provost_course_backup_get_details", &[("jobid", "JOB")], Gets::Refused(&["invalidrecord"])),
    ("provost_course_backup_cancel", &[("jobid", "JOB")], Gets::Refused(&["invalidrecord"])),
    ("provost_course_restore_get_details", &[("jobid", "RESTORE")], Gets::Refused(&["invalidrecord"])),
    (
        "provost_course_copy_items",
        &[("courseid", "COURSE"), ("items[0]", "MODULE")],
        Gets::Refused(&["requireloginerror"]),
    ),
    (
        "provost_course_move_items",
        &[("courseid", "COURSE"), ("items[0]", "MODULE")],
        Gets::Refused(&["requireloginerror"]),
    ),
    (
        "provost_course_delete_items",
        &[("courseid", "COURSE"), ("items[0]", "MODULE")],
        Gets::Refused(&["requireloginerror"]),
    ),
    ("core_course_delete_modules", &[("cmids[0]", "MODULE")], Gets::Refused(&["requireloginerror"])),
    ("provost_course_restore_cancel", &[("jobid", "RESTORE")], Gets::Refused(&["invalidrecord"])),
    (
        "provost_course_restore_async",
        &[("courseid", "COURSE"), ("filename", "FILE")],
        Gets::Refused(&["requireloginerror", "nopermissions"]),
    ),
    (
        "core_course_async_duplicate_course",
        &[("courseid", "COURSE"), ("fullname", "New"), ("shortname", "new-one"), ("categoryid", "CATEGORY")],
        Gets::Refused(&["requireloginerror"]),
    ),
    (
        "core_course_duplicate_course",
        &[("courseid", "COURSE"), ("fullname", "New"), ("shortname", "new-two"), ("categoryid", "CATEGORY")],
        Gets::Refused(&["requireloginerror"]),
    ),
    ("core_course_async_duplicate_course_get_status", &[("duplicateid", "JOB")], Gets::Refused(&["invalidrecord"])),
    ("provost_course_duplicate_get_details", &[("jobid", "JOB")], Gets::Refused(&["invalidrecord"])),
    ("provost_course_duplicate_cancel", &[("jobid", "JOB")], Gets::Refused(&["invalidrecord"])),
    (
        "core_backup_get_copy_progress",
        &[("copies[0][backupid]", "JOB"), ("copies[0][restoreid]", "JOB"), ("copies[0][operation]", "backup")],
        Gets::Refused(&["invalidrecord"]),
    ),
    (
        "core_backup_get_async_backup_progress",
        &[("backupids[0]", "JOB"), ("contextid", "CONTEXT")],
        Gets::Refused(&["requireloginerror", "nopermissions"]),
    ),
    (
        "core_backup_get_async_backup_links_backup",
        &[("filename", "FILE"), ("contextid", "CONTEXT"), ("backupid", "JOB")],
        Gets::Refused(&["requireloginerror", "nopermissions"]),
    ),
    (
        "core_backup_get_async_backup_links_restore",
        &[("contextid", "CONTEXT"), ("backupid", "RESTORE")],
        Gets::Refused(&["requireloginerror", "nopermissions", "invalidrecord"]),
    ),
    (
        "core_course_get_courses",
        &[("options[ids][0]", "COURSE")],
        Gets::Refused(&["errorcoursecontextnotvalid", "nopermissions"]),
    ),
    // Everybody may see that a course is there (a catalogue), not what it is set to.
    (
        "core_course_get_courses_by_field",
        &[("field", "id"), ("value", "COURSE")],
        Gets::Without(&["showgrades", "maxbytes", "timecreated"]),
    ),
    ("core_course_get_contents", &[("courseid", "COURSE")], Gets::Refused(&["errorcoursecontextnotvalid"])),
    (
        "core_course_create_courses",
        &[("courses[0][fullname]", "x"), ("courses[0][shortname]", "x"), ("courses[0][categoryid]", "CATEGORY")],
        Gets::Refused(&["nopermissions"]),
    ),
    (
        "core_course_update_courses",
        &[("courses[0][id]", "COURSE"), ("courses[0][fullname]", "Stolen")],
        Gets::Without(&["\"warnings\":[]"]),
    ),
    ("core_course_delete_courses", &[("courseids[0]", "COURSE")], Gets::Without(&["\"warnings\":[]"])),
    ("core_course_get_categories", &[], Gets::Without(&["\"path\":null"])),
    ("core_course_create_categories", &[("categories[0][name]", "x")], Gets::Refused(&["nopermissions"])),
    (
        "core_enrol_get_enrolled_users",
        &[("courseid", "COURSE")],
        Gets::Refused(&["errorcoursecontextnotvalid", "requireloginerror", "nopermissions"]),
    ),
    ("core_enrol_get_users_courses", &[("userid", "ADMIN")], Gets::Without(&["shortname"])),
    ("core_enrol_get_course_enrolment_methods", &[("courseid", "COURSE")], Gets::Without(&["password"])),
    (
        "enrol_manual_enrol_users",
        &[("enrolments[0][roleid]", "5"), ("enrolments[0][userid]", "ADMIN"), ("enrolments[0][courseid]", "COURSE")],
        Gets::Refused(&["errorcoursecontextnotvalid", "requireloginerror", "nopermissions"]),
    ),
    (
        "enrol_manual_unenrol_users",
        &[("enrolments[0][userid]", "ADMIN"), ("enrolments[0][courseid]", "COURSE")],
        Gets::Refused(&["errorcoursecontextnotvalid", "requireloginerror", "nopermissions"]),
    ),
    ("core_user_get_users_by_field", &[("field", "username"), ("values[0]", "admin")], Gets::Without(&["@"])),
    (
        "core_user_get_users",
        &[("criteria[0][key]", "username"), ("criteria[0][value]", "admin")],
        Gets::Refused(&["nopermissions"]),
    ),
    (
        "core_user_create_users",
        &[
            ("users[0][username]", "x"),
            ("users[0][firstname]", "x"),
            ("users[0][lastname]", "x"),
            ("users[0][email]", "x@example.org"),
            ("users[0][password]", "Long enough. 1"),
        ],
        Gets::Refused(&["nopermissions"]),
    ),
    (
        "provost_open_content_file",
        &[
            ("contextid", "PAGE"),
            ("component", "mod_page"),
            ("area", "content"),
            ("item", "0"),
            ("path", "/"),
            ("filename", "index.html"),
        ],
        Gets::Refused(&["requireloginerror", "nopermissions"]),
    ),
    (
        "core_role_assign_roles",
        &[
            ("assignments[0][roleid]", "3"),
            ("assignments[0][userid]", "SELF"),
            ("assignments[0][contextlevel]", "course"),
            ("assignments[0][instanceid]", "COURSE"),
        ],
        Gets::Refused(&["requireloginerror", "nopermissions"]),
    ),
    (
        "core_role_unassign_roles",
        &[
            ("unassignments[0][roleid]", "3"),
            ("unassignments[0][userid]", "ADMIN"),
            ("unassignments[0][contextlevel]", "course"),
            ("unassignments[0][instanceid]", "COURSE"),
        ],
        Gets::Refused(&["requireloginerror", "nopermissions"]),
    ),
    (
        "core_files_upload",
        &[
            ("component", "user"),
            ("filearea", "draft"),
            ("itemid", "0"),
            ("filepath", "/"),
            ("filename", "x.txt"),
            ("filecontent", "aGVsbG8K"),
            ("contextlevel", "user"),
            ("instanceid", "ADMIN"),
        ],
        Gets::Refused(&["nopermissions", "nofile", "requireloginerror"]),
    ),
    (
        "provost_proxy_tool_register",
        &[("name", "x"), ("url", "https://x.example"), ("events[0][event]", "ping")],
        Gets::Refused(&["nopermissions"]),
    ),
    (
        "provost_proxy_tool_update",
        &[("name", "x"), ("url", "https://x.example"), ("events[0][event]", "ping")],
        Gets::Refused(&["nopermissions"]),
    ),
    ("provost_proxy_tool_list", &[], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_tool_remove", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_tool_activate", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_tool_deactivate", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_tool_ping", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_tool_reregister", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_tool_rotate_key", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_site_register", &[("name", "x"), ("url", "https://x.example")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_site_update", &[("name", "x"), ("url", "https://x.example")], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_site_list", &[], Gets::Refused(&["nopermissions"])),
    ("provost_proxy_site_remove", &[("name", "x")], Gets::Refused(&["nopermissions"])),
    ("provost_content_get_history", &[("courseid", "COURSE")], Gets::Refused(&["requireloginerror"])),
    ("provost_event_list", &[], Gets::Refused(&["nopermissions"])),
    ("provost_event_show", &[("id", EVENT)], Gets::Refused(&["nopermissions"])),
    ("provost_event_replay", &[("id", EVENT)], Gets::Refused(&["nopermissions"])),
    ("provost_event_discard", &[("id", EVENT)], Gets::Refused(&["nopermissions"])),
    ("provost_target_list", &[], Gets::Refused(&["nopermissions"])),
    ("provost_target_show", &[("target", "backup")], Gets::Refused(&["nopermissions"])),
    ("provost_target_enable", &[("target", "backup")], Gets::Refused(&["nopermissions"])),
    ("provost_target_disable", &[("target", "backup")], Gets::Refused(&["nopermissions"])),
    // One's own notices: somebody who takes part in nothing has none.
    ("provost_notice_list", &[], Gets::Without(&["\"message\""])),
    ("provost_notice_seen", &[("id", "1000000")], Gets::Without(&["message"])),
];
