//! The web-service functions of MDL-64914: its curl requests as printed there, what they answer, options and errors.

use provost_tests::generate::SampleSize;
use provost_tests::live::{
    Part, Rest, Server, Site, between, get, post_form, post_like_curl, post_multipart, text, wait_until,
};
use provost_tests::sample;
use serde_json::{Value, json};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const START: &str = "core_course_backup_async";
const STATUS: &str = "core_course_backup_async_get_status";
const LIST: &str = "core_course_backup_list_backups";

/// An answer as the issue prints it.
fn response(inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n{inner}</RESPONSE>\n")
}

fn key(name: &str, value: &str) -> String {
    format!("<KEY name=\"{name}\"><VALUE>{value}</VALUE>\n</KEY>\n")
}

/// A request of the issue: everything in the address, a POST without a body.
fn asked(server: &Server, token: &str, call: &str) -> String {
    let path = format!("/webservice/rest/server.php?wstoken={token}&wsfunction={call}");
    let reply = post_like_curl(&server.address, &path);
    assert_eq!(reply.status, 200, "{call}");
    assert_eq!(reply.header("content-type"), Some("application/xml; charset=utf-8"), "{call}");
    reply.text()
}

#[test]
fn the_requests_of_the_issue() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file());
    let token = site.token("admin");
    let server = site.serve(&[]);
    let empty = asked(&server, &token, &format!("{LIST}&courseid={course}"));
    assert_eq!(empty, response("<MULTIPLE>\n</MULTIPLE>\n"));

    for run in 0..3 {
        let answer = asked(&server, &token, &format!("{START}&courseid={course}"));
        let id = between(&answer, "<VALUE>", "</VALUE>").to_owned();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{answer}");
        assert_eq!(answer, response(&format!("<SINGLE>\n{}</SINGLE>\n", key("backupid", &id))));

        let answer = asked(&server, &token, &format!("{STATUS}&backupid={id}"));
        let (status, progress) =
            (between(&answer, "\"status\"><VALUE>", "<"), between(&answer, "\"progress\"><VALUE>", "<"));
        assert!(matches!(status, "700" | "800" | "1000"), "{answer}");
        let both = key("status", status) + &key("progress", progress);
        assert_eq!(answer, response(&format!("<MULTIPLE>\n<SINGLE>\n{both}</SINGLE>\n</MULTIPLE>\n")));

        let seen = server.rest(&token).follow(&id);
        assert_eq!(seen.last(), Some(&(1000, 1.0)), "run {run}: {seen:?}");
        let done = key("status", "1000") + &key("progress", "1");
        let answer = asked(&server, &token, &format!("{STATUS}&backupid={id}"));
        assert_eq!(answer, response(&format!("<MULTIPLE>\n<SINGLE>\n{done}</SINGLE>\n</MULTIPLE>\n")));
    }

    // The list, built from what the command line knows.
    let context = site.json(&["course", "show", &course.to_string()])["contextid"].to_string();
    let files = site.json(&["backup", "list", &course.to_string()]);
    let files = files.as_array().expect("an array");
    assert_eq!(files.len(), 3, "three in one minute keep names of their own");
    let mut expected = String::new();
    for file in files {
        let name = text(&file["filename"]);
        let url = format!("{}/webservice/pluginfile.php/{context}/backup/course/{name}?forcedownload=1", server.url);
        expected += "<SINGLE>\n";
        expected += &key("filename", &name);
        expected += &key("filesize", &file["filesize"].to_string());
        // The issue's text calls it `download`, its example `downloadurl`: both are there.
        expected += &(key("downloadurl", &url) + &key("download", &url));
        expected += "</SINGLE>\n";
    }
    let answer = asked(&server, &token, &format!("{LIST}&courseid={course}"));
    assert_eq!(answer, response(&format!("<MULTIPLE>\n{expected}</MULTIPLE>\n")));
}

#[test]
fn status_goes_700_800_1000_and_progress_grows() {
    let site = Site::new(PROVOST);
    let size = SampleSize {
        activities: 700,
        people: 100,
        log_rows: 20_000,
        files: 60,
        file_bytes: 400_000,
        compressible_share: 0.5,
    };
    let course = site.import(&site.generated("large.mbz", &size));
    // One job at a time: the second backup waits while the first one runs.
    let server = site.serve(&["--workers", "1"]);
    let rest = server.rest(&site.token("admin"));
    let options = [("options[0][name]", "users"), ("options[0][value]", "1"), ("options[logs]", "1")];
    let first = rest.start_backup(course, &options);
    let second = rest.start_backup(course, &options);
    assert_eq!(rest.status(&second), (700, 0.0));
    let seen = rest.follow(&second);
    let mut states: Vec<i64> = seen.iter().map(|s| s.0).collect();
    states.dedup();
    assert_eq!(states, [700, 800, 1000], "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1), "progress never falls: {seen:?}");
    let steps = seen.iter().filter(|(status, progress)| *status == 800 && *progress > 0.0 && *progress < 1.0);
    assert!(steps.count() >= 3, "progress in several steps: {seen:?}");
    assert_eq!(seen.last(), Some(&(1000, 1.0)));
    assert_eq!(rest.status(&first), (1000, 1.0));
}

fn json_answers(rest: &Rest, course: &str) {
    let started = rest.call(START, &[("courseid", course)]);
    let id = text(&started["backupid"]);
    assert_eq!(started, json!({ "backupid": id }));
    rest.follow(&id);
    assert_eq!(rest.call(STATUS, &[("backupid", &id)]), json!([{ "status": 1000, "progress": 1 }]));
    let listed = rest.call(LIST, &[("courseid", course)]);
    let keys: Vec<&String> = listed[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["filename", "filesize", "downloadurl", "download"]);
    assert!(listed[0]["filesize"].is_u64() && listed[0]["download"] == listed[0]["downloadurl"], "{listed}");

    let details = rest.details("backup", &id);
    for (key, value) in [("state", json!("succeeded")), ("reason", json!("")), ("warnings", json!([]))] {
        assert_eq!(details[key], value, "{details}");
    }
    assert_eq!(details["attempts"], 1, "{details}");
    assert!(details["timefinished"].as_i64() >= details["timecreated"].as_i64(), "{details}");
}

/// Options in the three spellings (moodle-webservices.md 2.2): what is made tells what was understood.
fn spellings(rest: &Rest, course: &str) {
    let users: [&[(&str, &str)]; 4] = [
        &[("options[0][name]", "users"), ("options[0][value]", "1")],
        &[("options[0][users]", "1")],
        &[("options[users]", "1")],
        // Several, mixed, one of them twice with one value.
        &[
            ("options[0][name]", "users"),
            ("options[0][value]", "1"),
            ("options[1][logs]", "0"),
            ("options[users]", "1"),
        ],
    ];
    for options in users {
        let id = rest.start_backup(course.parse().expect("a number"), options);
        rest.follow(&id);
        let listed = rest.backups(course.parse().expect("a number"));
        let newest = text(&listed.last().expect("a file")["filename"]);
        assert!(!newest.contains("-nu"), "{options:?}: {newest}");
    }
    let id = rest.start_backup(course.parse().expect("a number"), &[("options[logs]", "1")]);
    rest.follow(&id);
    let warnings = rest.details("backup", &id)["warnings"].to_string();
    assert!(warnings.contains("logs") && warnings.contains("users"), "what needs users is switched off: {warnings}");
    for options in [
        &[("options[nonsense]", "1")][..],
        &[("options[0][name]", "users"), ("options[0][value]", "2")],
        &[("options[users]", "yes")],
        &[("options[0][users]", "1"), ("options[users]", "0")],
        &[("options[0][name]", "users"), ("options[0][value]", "1"), ("options[1][users]", "0")],
    ] {
        let mut parameters = vec![("courseid", course)];
        parameters.extend(options);
        assert_eq!(rest.refusal(START, &parameters), "invalidextparam", "{options:?}");
    }
}

fn errors(rest: &Rest, course: &str) {
    // The course's id has two names.
    for both in [&[("id", course)][..], &[("id", course), ("courseid", course)]] {
        rest.call(LIST, both);
        rest.follow(&text(&rest.call(START, both)["backupid"]));
    }
    for function in [START, LIST] {
        assert_eq!(rest.refusal(function, &[("id", "1"), ("courseid", course)]), "invalidparameter");
        assert_eq!(rest.refusal(function, &[]), "invalidparameter");
        for typed in ["abc", "", "2.0", "02", " 2", "-1"] {
            let code = rest.refusal(function, &[("courseid", typed)]);
            assert!(matches!(code.as_str(), "invalidparameter" | "invalidrecord"), "{typed:?}: {code}");
            assert!(typed == "-1" || code == "invalidparameter", "{typed:?}: {code}");
        }
        assert_eq!(rest.refusal(function, &[("courseid[0]", course)]), "invalidparameter");
        assert_eq!(rest.refusal(function, &[("courseid", course), ("surplus", "1")]), "invalidparameter");
        assert_eq!(rest.refusal(function, &[("courseid", "4711")]), "invalidrecord");
    }
    assert_eq!(rest.refusal(STATUS, &[]), "invalidparameter");
    assert_eq!(rest.refusal(STATUS, &[("backupid", "not/alphanumeric")]), "invalidparameter");
    assert_eq!(rest.refusal(STATUS, &[("backupid", "00000000000000000000000000000000")]), "invalidrecord");
    assert_eq!(rest.refusal("no_such_function", &[]), "invalidrecord");
    assert_eq!(rest.refusal("core_course_backup_Async", &[]), "invalidrecord");
    // A capital at the beginning is a known slip of the issue MDL-64916.
    rest.call("Core_course_backup_list_backups", &[("courseid", course)]);

    let nameless = rest.send(&[("wstoken", &rest.token), ("moodlewsrestformat", "json")], &[]).json();
    assert_eq!(nameless["errorcode"], "invalidparameter");
    assert_eq!(nameless["message"], "Invalid parameter value detected");
    assert!(nameless.get("debuginfo").is_none(), "{nameless}");
    for token in [&[][..], &[("wstoken", "")], &[("wstoken", "0123456789abcdef0123456789abcdef")]] {
        let mut control = vec![("wsfunction", LIST), ("moodlewsrestformat", "json")];
        control.extend(token);
        let expected = json!({ "exception": "core\\exception\\moodle_exception", "errorcode": "invalidtoken",
                               "message": "Invalid token - token not found" });
        assert_eq!(rest.send(&control, &[("courseid", course)]).json(), expected);
    }
    let reply = rest.xml("no_such_function", &[]);
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n\
                    <EXCEPTION class=\"dml_missing_record_exception\">\n<ERRORCODE>invalidrecord</ERRORCODE>\n\
                    <MESSAGE>Can't find data record in database table external_functions.</MESSAGE>\n</EXCEPTION>\n";
    assert_eq!(reply.text(), expected);
    assert_eq!(reply.header("content-type"), Some("application/xml; charset=utf-8"));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
}

/// The forms of request that clients send (moodle-webservices.md 1.2 and 7).
fn request_forms(server: &Server, token: &str, course: &str) {
    let url = format!("{}/webservice/rest/server.php", server.url);
    let control = format!("{url}?wstoken={token}&wsfunction={LIST}&moodlewsrestformat=json");
    let fields = [("wstoken", token), ("wsfunction", LIST), ("moodlewsrestformat", "json"), ("courseid", course)];
    let parts: Vec<Part<'_>> = fields.iter().map(|(name, value)| Part::Text(name, value)).collect();
    let expected = post_form(&url, &fields).json();
    assert!(expected[0]["filename"].is_string(), "{expected}");
    for (form, reply) in [
        ("all in the query", get(&format!("{control}&courseid={course}"), &[])),
        ("parameters in the body", post_form(&control, &[("courseid", course)])),
        ("the function in both", post_form(&control, &[("wsfunction", LIST), ("courseid", course)])),
        ("the body wins", post_form(&format!("{control}&courseid=4711"), &[("courseid", course)])),
        ("multipart", post_multipart(&url, &parts)),
        ("settings besides", get(&format!("{control}&courseid={course}&moodlewssettingfilter=true"), &[])),
    ] {
        assert_eq!(reply.json(), expected, "{form}");
    }
    let strange = get(&format!("{}&courseid={course}", control.replace("=json", "=yaml")), &[]);
    assert!(strange.text().starts_with("<?xml"), "an unknown format is none: {}", strange.text());
}

/// Who may do what: a token's bounds, a person's standing, roles and enrolment.
fn rights(site: &Site, server: &Server, course: u64) {
    let course_id = course.to_string();
    let call = |token: &str| {
        let answer: Value = server.rest(token).json(LIST, &[("courseid", &course_id)]);
        answer.get("errorcode").map(text).unwrap_or_default()
    };
    let bound = |more: &[&str]| {
        let mut command = vec!["token", "create", "--user", "admin"];
        command.extend(more);
        site.ok(&command).trim_end().to_owned()
    };
    let short_lived = bound(&["--expires", "1s"]);
    assert_eq!(call(&bound(&["--addresses", "192.0.2.0/24"])), "accessexception");
    assert_eq!(call(&bound(&["--addresses", "192.0.2.0/24, 127.0.0.0/8"])), "");
    let revoked = site.json(&["token", "create", "--user", "admin"]);
    assert_eq!(call(&text(&revoked["token"])), "");
    site.ok(&["token", "revoke", &revoked["id"].to_string()]);
    assert_eq!(call(&text(&revoked["token"])), "invalidtoken");
    wait_until("the token has expired", || (call(&short_lived) == "accessexception").then_some(()));

    site.ok(&["user", "create", "ann"]);
    let ann = site.token("ann");
    assert_eq!(call(&ann), "requireloginerror");
    // People who came with the course: a student, and its teacher, who may back up but not take people's data.
    let (student, teacher) = (site.token("sakura.tanaka"), site.token("asa.lindqvist"));
    assert_eq!(call(&student), "nopermissions");
    assert_eq!(call(&teacher), "");
    let teacher = server.rest(&teacher);
    let id = teacher.start_backup(course, &[]);
    assert_eq!(teacher.follow(&id).last(), Some(&(1000, 1.0)));
    let with_users = [("courseid", course_id.as_str()), ("options[users]", "1")];
    let refused = teacher.json(START, &with_users);
    assert_eq!(refused["errorcode"], "nopermissions");
    assert_eq!(refused["exception"], "core\\exception\\required_capability_exception");
    assert_eq!(refused["message"], "Sorry, but you do not currently have permissions to do that (Backup user data).");
    // Nobody learns of another's job.
    assert_eq!(server.rest(&ann).refusal(STATUS, &[("backupid", &id)]), "invalidrecord");
    assert_eq!(server.rest(&student).refusal(STATUS, &[("backupid", &id)]), "invalidrecord");

    site.ok(&["user", "role", "ann", "manager"]);
    assert_eq!(call(&ann), "");
    let id = server.rest(&ann).start_backup(course, &[("options[users]", "1")]);
    assert_eq!(server.rest(&ann).follow(&id).last(), Some(&(1000, 1.0)));
    site.ok(&["user", "suspend", "ann"]);
    assert_eq!(call(&ann), "wsaccessusersuspended");
    site.ok(&["user", "suspend", "ann", "--undo"]);
    assert_eq!(call(&ann), "");
}

#[test]
fn answers_options_errors_and_rights() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file());
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    json_answers(&rest, &course.to_string());
    spellings(&rest, &course.to_string());
    errors(&rest, &course.to_string());
    request_forms(&server, &rest.token, &course.to_string());
    rights(&site, &server, course);
}
