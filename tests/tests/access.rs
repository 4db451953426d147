//! Who may do what: passwords, roles, services, enrolments and the audit log, by the command line and as clients see them.

use provost_tests::live::{Rest, Server, Site, get, post_form, text};
use provost_tests::sample;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// Runs a command with a line on its standard input; it must succeed.
fn with_input(site: &Site, arguments: &[&str], line: &str) {
    let mut command = site.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    writeln!(input, "{line}").expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn login(server: &Server, username: &str, password: &str, service: &str) -> Value {
    let fields = [("username", username), ("password", password), ("service", service)];
    let reply = post_form(&format!("{}/login/token.php", server.url), &fields);
    assert_eq!(reply.status, 200);
    reply.json()
}

fn code(answer: &Value) -> &str {
    answer["errorcode"].as_str().unwrap_or_else(|| panic!("no error: {answer}"))
}

#[test]
fn passwords_open_services() {
    let site = Site::new(PROVOST);
    with_input(&site, &["user", "create", "erika", "--password-stdin"], "Correct-horse.1");
    let server = site.serve(&[]);
    let answer = login(&server, "erika", "Correct-horse.1", "moodle_mobile_app");
    let token = text(&answer["token"]);
    assert_eq!((token.len(), &answer["privatetoken"]), (32, &Value::Null));
    let again = login(&server, " Erika ", "Correct-horse.1", "moodle_mobile_app");
    assert_eq!(text(&again["token"]), token, "the same one until it is revoked");

    for (username, password) in [("erika", "correct-horse.1"), ("erika", ""), ("nobody", "x"), ("admin", "")] {
        let refused = login(&server, username, password, "moodle_mobile_app");
        assert_eq!(code(&refused), "invalidlogin", "{username}: {refused}");
        assert_eq!(refused["error"], "Invalid login, please try again");
    }
    assert_eq!(code(&login(&server, "erika", "Correct-horse.1", "nope")), "servicenotavailable");

    with_input(&site, &["user", "password", "erika"], "Battery-staple.2");
    assert_eq!(code(&login(&server, "erika", "Correct-horse.1", "moodle_mobile_app")), "invalidlogin");
    assert_eq!(text(&login(&server, "erika", "Battery-staple.2", "moodle_mobile_app")["token"]), token);
    let listed = site.json(&["token", "list"]);
    let id = listed[0]["id"].to_string();
    site.ok(&["token", "revoke", &id]);
    let rest = server.rest(&token);
    assert_eq!(rest.refusal("core_course_backup_list_backups", &[("courseid", "2")]), "invalidtoken");
    assert_ne!(text(&login(&server, "erika", "Battery-staple.2", "moodle_mobile_app")["token"]), token);

    site.ok(&["user", "suspend", "erika"]);
    assert_eq!(code(&login(&server, "erika", "Battery-staple.2", "moodle_mobile_app")), "wsaccessusersuspended");
    assert_eq!(code(&login(&server, "erika", "wrong", "moodle_mobile_app")), "invalidlogin", "no word to strangers");
    site.ok(&["user", "suspend", "erika", "--undo"]);

    // A restricted service, and one that needs a capability.
    site.ok(&["service", "set", "reports", "--function", "core_course_backup_list_backups", "--restricted", "true"]);
    assert_eq!(code(&login(&server, "erika", "Battery-staple.2", "reports")), "usernotallowed");
    site.ok(&["service", "add-user", "reports", "erika", "--addresses", "192.0.2.0/24"]);
    assert_eq!(code(&login(&server, "erika", "Battery-staple.2", "reports")), "invalidiptoken");
    site.ok(&["service", "add-user", "reports", "erika"]);
    assert!(login(&server, "erika", "Battery-staple.2", "reports")["token"].is_string());
    site.ok(&["service", "set", "reports", "--required-capability", "moodle/course:view"]);
    assert_eq!(code(&login(&server, "erika", "Battery-staple.2", "reports")), "missingrequiredcapability");
    site.ok(&["role", "prevent", "user", "moodle/webservice:createtoken"]);
    assert_eq!(code(&login(&server, "erika", "Battery-staple.2", "moodle_mobile_app")), "cannotcreatetoken");

    let log = site.ok(&["audit", "--action", "login/"]);
    assert!(log.contains("invalidlogin") && log.contains("usernotallowed") && log.contains("erika"), "{log}");
    assert!(!log.contains("staple") && !log.contains("horse"), "no password is kept: {log}");
    assert!(!site.ok(&["audit", "--failed", "--user", "erika"]).contains(" ok "));
}

#[test]
fn roles_and_enrolments_decide() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    site.ok(&["user", "create", "kim", "--firstname", "Kim"]);
    let token = site.token("kim");
    let server = site.serve(&[]);
    let rest = server.rest(&token);
    let ask = |rest: &Rest| rest.json("core_course_backup_list_backups", &[("courseid", course.as_str())]);

    assert_eq!(code(&ask(&rest)), "requireloginerror");
    site.ok(&["course", "enrol", &course, "kim"]);
    assert_eq!(code(&ask(&rest)), "nopermissions", "a student sees no backups");
    site.ok(&["role", "allow", "student", "moodle/backup:backupcourse"]);
    assert_eq!(ask(&rest), json!([]));
    site.ok(&["role", "reset", "student", "moodle/backup:backupcourse"]);
    assert_eq!(code(&ask(&rest)), "nopermissions");
    site.ok(&["course", "enrol", &course, "kim", "--role", "editingteacher"]);
    assert_eq!(ask(&rest), json!([]));
    let listed = site.json(&["course", "participants", &course]);
    let kim = listed.as_array().expect("a list").iter().find(|p| p["username"] == "kim").expect("there");
    assert_eq!(kim["roles"], json!(["editingteacher", "student"]));
    assert_eq!(kim["methods"], json!(["manual"]));
    site.ok(&["course", "enrol", &course, "kim", "--role", "editingteacher", "--suspended"]);
    let listed = site.json(&["course", "participants", &course]);
    let kim = listed.as_array().expect("a list").iter().find(|p| p["username"] == "kim").expect("there");
    assert_eq!(kim["active"], false);
    site.ok(&["course", "unenrol", &course, "kim"]);
    assert_eq!(code(&ask(&rest)), "requireloginerror");

    // A role of one's own, in the category.
    site.ok(&["role", "create", "keeper", "--like", "manager"]);
    let category = site.json(&["category", "list"])[0]["id"].to_string();
    site.ok(&["user", "role", "kim", "keeper", "--category", &category]);
    assert_eq!(ask(&rest), json!([]));
    site.ok(&["role", "prevent", "user", "webservice/rest:use"]);
    assert_eq!(code(&ask(&rest)), "accessexception");
    assert_eq!(ask(&server.rest(&site.token("admin"))), json!([]), "administrators may everything");

    let shown = site.ok(&["role", "show", "user"]);
    assert!(shown.contains("may not webservice/rest:use"), "{shown}");
    let said = site.refused(&["role", "allow", "student", "no/such:thing"]);
    assert!(said.contains("no/such:thing"), "{said}");
    let said = site.refused(&["course", "enrol", &course, "kim", "--role", "pope"]);
    assert!(said.contains("pope") && said.contains("student"), "{said}");
}

#[test]
fn what_changes_something_is_noted() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let token = site.token("admin");
    let server = site.serve(&[]);
    let rest = server.rest(&token);
    rest.call("core_course_backup_async", &[("courseid", course.as_str())]);
    rest.refusal("core_course_backup_async", &[("courseid", "9999")]);
    rest.call("core_course_backup_list_backups", &[("courseid", course.as_str())]);
    let upload = format!("{}/webservice/upload.php", server.url);
    let parts =
        [provost_tests::live::Part::Text("token", &token), provost_tests::live::Part::File("file", "a.txt", b"hello")];
    assert_eq!(provost_tests::live::post_multipart(&upload, &parts).status, 200);
    let rows = site.json(&["audit"]);
    let rows: Vec<(String, String, String, String)> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| (text(&r["origin"]), text(&r["username"]), text(&r["action"]), text(&r["outcome"])))
        .collect();
    let seen: Vec<(&str, &str, &str)> =
        rows.iter().map(|(origin, _, action, outcome)| (origin.as_str(), action.as_str(), outcome.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("upload", "webservice/upload.php", "ok"),
            ("service", "core_course_backup_async", "invalidrecord"),
            ("service", "core_course_backup_async", "ok"),
            ("command", "token create", "ok"),
            ("command", "course import", "ok"),
        ],
        "newest first; what only reads leaves none"
    );
    let service = site.json(&["audit", "--action", "core_course_backup_async", "--limit", "1"]);
    assert_eq!((text(&service[0]["username"]).as_str(), text(&service[0]["address"]).as_str()), ("admin", "127.0.0.1"));
    assert!(text(&service[0]["detail"]).contains("9999"), "{service}");
    let everything = site.ok(&["audit"]);
    assert!(!everything.contains(&token), "no token is kept");
}

#[test]
fn functions_are_described_for_people_and_programs() {
    let site = Site::new(PROVOST);
    let server = site.serve(&[]);
    let document = get(&format!("{}/webservice/openapi.json", server.url), &[]).json();
    assert!(text(&document["openapi"]).starts_with("3."), "{document}");
    assert!(document.to_string().contains("core_course_backup_async"));
    let page = get(&format!("{}/webservice/functions", server.url), &[]);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("core_course_backup_async_get_status"));
}
