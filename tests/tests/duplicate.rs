//! Copies of whole courses: the functions of MDL-64916, Moodle's synchronous one, the command, and that a copy is its original.

use provost_tests::compare::{Comparison, Ignore, compare};
use provost_tests::generate::SampleSize;
use provost_tests::live::{Rest, Server, Site, fixture, post_like_curl, text, wait_until};
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use serde_json::{Value, json};
use std::path::Path;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const START: &str = "core_course_async_duplicate_course";
const STATUS: &str = "core_course_async_duplicate_course_get_status";
const AT_ONCE: &str = "core_course_duplicate_course";
const COPIES: &str = "core_backup_get_copy_progress";
const ALL: [&str; 6] = ["users", "role_assignments", "comments", "userscompletion", "logs", "grade_histories"];

/// Copies by the command line; gives what it says.
fn duplicate(site: &Site, course: u64, shortname: &str, options: &[String]) -> Value {
    let course = course.to_string();
    let mut command = vec!["course", "duplicate", &course, "--shortname", shortname];
    for option in options {
        command.extend(["--option", option]);
    }
    site.json(&command)
}

/// Backs a course up with everything there is, but for what is to be left out. The archive is one that Moodle would take.
fn back_up(site: &Site, course: u64, without: &[&str]) -> Unpacked {
    let course = course.to_string();
    let mut options: Vec<String> =
        ALL.iter().filter(|name| !without.contains(name)).map(|n| format!("{n}=1")).collect();
    options.extend(without.iter().filter(|name| !ALL.contains(name)).map(|name| format!("{name}=0")));
    let mut command = vec!["backup", "create", &course, "-o", "out.mbz"];
    for option in &options {
        command.extend(["--option", option]);
    }
    site.ok(&command);
    let archive = Unpacked::open(&site.path("out.mbz")).expect("an archive");
    let findings: Vec<String> = validate(&archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    archive
}

/// What a copy has of its own: its names, when it was made, no id number.
fn but_names() -> Ignore {
    Ignore::nothing()
        .place("moodle_backup.xml", "moodle_backup/information/original_course_*")
        .place("moodle_backup.xml", "moodle_backup/information/contents/course*")
        .place("course/course.xml", "course/shortname")
        .place("course/course.xml", "course/fullname")
        .place("course/course.xml", "course/idnumber")
        .place("course/course.xml", "course/timecreated")
        .place("course/course.xml", "course/timemodified")
}

fn assert_same(what: &str, found: &Comparison) {
    assert!(found.differences.is_empty(), "{what}: {found}");
}

fn everything() -> Vec<String> {
    ALL.iter().map(|name| format!("{name}=1")).collect()
}

fn id_of(made: &Value) -> u64 {
    made["courseid"].as_u64().unwrap_or_else(|| panic!("{made}"))
}

#[test]
fn a_copy_is_its_original() {
    let site = Site::warm(PROVOST);
    let mut archives = vec![sample::packed_file()];
    for name in ["mbz/small_test_users1.mbz", "mbz/gen_XS_users1.mbz"] {
        archives.extend(fixture(name));
    }
    for (n, archive) in archives.iter().enumerate() {
        let course = site.import(archive);
        let made = duplicate(&site, course, &format!("copy-{n}"), &everything());
        assert_eq!(made["warnings"], json!([]), "{}", archive.display());
        let there = back_up(&site, course, &[]);
        let here = back_up(&site, id_of(&made), &[]);
        assert_same(&archive.display().to_string(), &compare(&there, &here, &but_names()));
        // And a copy of the copy, after the original is gone.
        site.ok(&["course", "delete", &course.to_string(), "--yes"]);
        site.ok(&["doctor", "--sweep", "0"]);
        let again = duplicate(&site, id_of(&made), &format!("again-{n}"), &everything());
        let third = back_up(&site, id_of(&again), &[]);
        assert_same("a copy of a copy", &compare(&there, &third, &but_names()));
    }
}

/// A course copied without something, backed up whole, is the original backed up without it.
#[test]
fn what_is_not_copied_is_not_there() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let whole = back_up(&site, course, &[]);
    let but_settings = but_names().place("moodle_backup.xml", "moodle_backup/information/settings*");
    for (n, left_out) in [
        "activities",
        "blocks",
        "filters",
        "comments",
        "logs",
        "role_assignments",
        "userscompletion",
        "grade_histories",
    ]
    .into_iter()
    .enumerate()
    {
        let mut options: Vec<String> =
            ALL.iter().filter(|name| **name != left_out).map(|name| format!("{name}=1")).collect();
        options.push(format!("{left_out}=0"));
        let made = duplicate(&site, course, &format!("without-{n}"), &options);
        let here = back_up(&site, id_of(&made), &[]);
        let there = back_up(&site, course, &[left_out]);
        assert_same(left_out, &compare(&there, &here, &but_settings));
        assert!(!compare(&whole, &here, &but_settings).differences.is_empty(), "{left_out} makes no difference");
    }
}

#[test]
fn without_users_nothing_of_them_is_there() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let made = duplicate(&site, course, "nobody", &["logs=1".into()]);
    assert_eq!(made["warnings"], json!(["the option logs was set to 0, because it needs users = 1"]));
    let here = back_up(&site, id_of(&made), &[]);
    let there = back_up(
        &site,
        course,
        &["users", "role_assignments", "comments", "userscompletion", "logs", "grade_histories"],
    );
    // Of the enrolment methods a new one by hand is there, and who is asked to be in the archive is nobody.
    let but_methods = but_names()
        .place("moodle_backup.xml", "moodle_backup/information/settings*")
        .place("course/enrolments.xml", "enrolments/enrols*");
    assert_same("without users", &compare(&there, &here, &but_methods));
    let people = site.json(&["course", "participants", &id_of(&made).to_string()]);
    assert_eq!(people, json!([]));
    let counts = &site.json(&["course", "show", &id_of(&made).to_string()])["counts"];
    assert_eq!((&counts["people"], &counts["log_rows"]), (&json!(0), &json!(0)), "{counts}");
}

/// Copies a course, by the functions' form of the seed: everything in the address.
fn asked(server: &Server, token: &str, call: &str) -> String {
    let path = format!("/webservice/rest/server.php?wstoken={token}&wsfunction={call}");
    let reply = post_like_curl(&server.address, &path);
    assert_eq!(reply.status, 200, "{call}");
    reply.text()
}

#[test]
fn the_requests_of_the_issue() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let token = site.token("admin");
    let server = site.serve(&["--workers", "1"]);
    let rest = server.rest(&token);
    // Both names of the course, and the capital that the issue once has.
    for (n, (start, status, key)) in
        [(START, STATUS, "id"), (START, "Core_course_async_duplicate_course_get_status", "courseid")]
            .into_iter()
            .enumerate()
    {
        let call = format!("{start}&{key}={course}&fullname=Copy+{n}&shortname=copy{n}&categoryid=1");
        let answer = asked(&server, &token, &call);
        let (_, rest_of) = answer.split_once("<KEY name=\"duplicateid\"><VALUE>").unwrap_or_else(|| panic!("{answer}"));
        let id = rest_of.get(..32).unwrap_or_default().to_owned();
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n<SINGLE>\n<KEY name=\"duplicateid\"><VALUE>{id}</VALUE>\n</KEY>\n\
             </SINGLE>\n</RESPONSE>\n"
        );
        assert_eq!(answer, expected);
        wait_until("the copy", || (rest.call(STATUS, &[("duplicateid", &id)])["status"] == 1000).then_some(()));
        let answer = asked(&server, &token, &format!("{status}&duplicateid={id}"));
        let key = |name: &str, value: &str| format!("<KEY name=\"{name}\"><VALUE>{value}</VALUE>\n</KEY>\n");
        let inner: String = [("phase", "2"), ("status", "1000"), ("progress", "1"), ("operation", "restore")]
            .map(|(n, v)| key(n, v))
            .concat();
        assert!(answer.contains(&format!("<SINGLE>\n{inner}</SINGLE>")), "{answer}");
    }
    let names: Vec<String> = site
        .json(&["course", "list"])
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| format!("{}: {}", text(&c["shortname"]), text(&c["fullname"])))
        .collect();
    assert!(names.contains(&"copy0: Copy 0".to_owned()) && names.contains(&"copy1: Copy 1".to_owned()), "{names:?}");
}

/// What the status function says until the end, each state once.
fn follow(rest: &Rest, id: &str) -> Vec<(i64, i64, f64)> {
    let mut seen: Vec<(i64, i64, f64)> = Vec::new();
    wait_until("the copy", || {
        let said = rest.call(STATUS, &[("duplicateid", id)]);
        let now = (
            said["phase"].as_i64().expect("a number"),
            said["status"].as_i64().expect("a number"),
            said["progress"].as_f64().expect("a number"),
        );
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        matches!(now.1, 900 | 1000).then_some(())
    });
    seen
}

#[test]
fn phases_follow_each_other() {
    let site = Site::warm(PROVOST);
    let size = SampleSize {
        activities: 400,
        people: 100,
        log_rows: 120_000,
        files: 10,
        file_bytes: 1_000,
        compressible_share: 0.5,
    };
    let course = site.import(&site.generated("large.mbz", &size)).to_string();
    let server = site.serve(&["--workers", "1"]);
    let rest = server.rest(&site.token("admin"));
    let start = |name: &str| {
        let wish = [
            ("courseid", course.as_str()),
            ("fullname", name),
            ("shortname", name),
            ("categoryid", "1"),
            ("options[users]", "1"),
            ("options[logs]", "1"),
        ];
        text(&rest.call(START, &wish)["duplicateid"])
    };
    let (first, second) = (start("one"), start("two"));
    // The name is kept from now on, for the one that waits as well.
    let wish = [("courseid", course.as_str()), ("fullname", "x"), ("shortname", "two"), ("categoryid", "1")];
    assert_eq!(rest.refusal(START, &wish), "shortnametaken");
    let copies = |id: &str, operation: &str| {
        rest.call(
            COPIES,
            &[("copies[0][backupid]", id), ("copies[0][restoreid]", id), ("copies[0][operation]", operation)],
        )
    };
    let queued = json!([{ "status": 700, "progress": 0, "backupid": second, "operation": "backup" }]);
    assert_eq!(copies(&second, "backup"), queued);
    let seen = follow(&rest, &second);
    assert_eq!(seen.first(), Some(&(1, 700, 0.0)), "{seen:?}");
    assert_eq!(seen.last(), Some(&(2, 1000, 1.0)), "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].2 <= pair[1].2 && pair[0].0 <= pair[1].0), "{seen:?}");
    for (phase, status, progress) in &seen {
        assert!(*phase == 1 && *progress < 0.5 && *status < 1000 || *phase == 2 && *progress >= 0.5, "{seen:?}");
    }
    assert!(seen.iter().any(|s| s.0 == 1 && s.1 == 800) && seen.iter().any(|s| s.0 == 2 && s.1 < 1000), "{seen:?}");
    assert_eq!(follow(&rest, &first).last(), Some(&(2, 1000, 1.0)));
    let done = json!([{ "status": 1000, "progress": 1, "backupid": second, "operation": "restore" }]);
    assert_eq!((copies(&second, "backup"), copies(&second, "restore")), (done.clone(), done));
    assert_eq!(rest.refusal(STATUS, &[("duplicateid", &"0".repeat(32))]), "invalidrecord");
}

#[test]
fn a_copy_that_is_given_up_leaves_nothing() {
    let site = Site::warm(PROVOST);
    let size =
        SampleSize { activities: 100, people: 50, log_rows: 400_000, files: 0, file_bytes: 0, compressible_share: 0.5 };
    let course = site.import(&site.generated("large.mbz", &size)).to_string();
    let server = site.serve(&["--workers", "1"]);
    let rest = server.rest(&site.token("admin"));
    let wish = [
        ("courseid", course.as_str()),
        ("fullname", "x"),
        ("shortname", "gone"),
        ("categoryid", "1"),
        ("options[users]", "1"),
        ("options[logs]", "1"),
    ];
    let id = text(&rest.call(START, &wish)["duplicateid"]);
    wait_until("some progress", || {
        (rest.call(STATUS, &[("duplicateid", &id)])["progress"].as_f64() > Some(0.0)).then_some(())
    });
    let said = rest.call("provost_course_duplicate_cancel", &[("jobid", &id)]);
    assert_eq!(said, json!({ "cancelled": true }));
    assert_eq!(follow(&rest, &id).last().map(|s| s.1), Some(900));
    assert_eq!(site.json(&["course", "list"]).as_array().map(Vec::len), Some(1));
    // The name is free again, and one that was cancelled in the queue frees its own.
    let again = text(&rest.call(START, &wish)["duplicateid"]);
    let mut other = wish;
    other[2].1 = "waiting";
    let waiting = text(&rest.call(START, &other)["duplicateid"]);
    rest.call("provost_course_duplicate_cancel", &[("jobid", &waiting)]);
    rest.call(START, &other);
    assert_eq!(follow(&rest, &again).last(), Some(&(2, 1000, 1.0)));
}

#[test]
fn dates_move_with_the_start() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let start =
        |id: u64| site.json(&["course", "show", &id.to_string()])["fields"]["start_date"].as_i64().expect("a date");
    let id = course.to_string();
    let made =
        site.json(&["course", "duplicate", &id, "--shortname", "later", "--startdate", "2030-09-02", "--hidden"]);
    let moved = start(id_of(&made)) - start(course);
    assert!(moved > 0, "{made}");
    let shown = site.json(&["course", "show", &id_of(&made).to_string()]);
    assert_eq!(shown["fields"]["visible"], json!(false));
    let archive = site.path("later.mbz");
    site.ok(&["backup", "create", &id_of(&made).to_string(), "-o", "later.mbz"]);
    // The same as an import of the original's archive with that start.
    site.ok(&["backup", "create", &id, "-o", "plain.mbz"]);
    let plain = site.path("plain.mbz");
    let imported = site.json(&[
        "course",
        "import",
        plain.to_str().expect("a readable path"),
        "--startdate",
        "2030-09-02",
        "--shortname",
        "imported",
    ]);
    site.ok(&["backup", "create", &imported["courseid"].to_string(), "-o", "imported.mbz"]);
    let open = |path: &Path| Unpacked::open(path).expect("an archive");
    let but_visible =
        but_names().place("course/course.xml", "course/visible").place("course/enrolments.xml", "enrolments/enrols*");
    assert_same("moved", &compare(&open(&site.path("imported.mbz")), &open(&archive), &but_visible));
}

#[test]
fn refusals() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let wish = |changes: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
        let mut wish: Vec<(String, String)> =
            [("courseid", course.as_str()), ("fullname", "New"), ("shortname", "new"), ("categoryid", "1")]
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .to_vec();
        for (name, value) in changes {
            wish.retain(|(n, _)| n != name);
            if !value.is_empty() {
                wish.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        wish
    };
    let refusal = |function: &str, changes: &[(&'static str, &'static str)]| {
        let wish = wish(changes);
        let wish: Vec<(&str, &str)> = wish.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        rest.refusal(function, &wish)
    };
    for function in [START, AT_ONCE] {
        assert_eq!(refusal(function, &[("options[bogus]", "1")]), "invalidextparam", "{function}");
        assert_eq!(refusal(function, &[("options[users]", "2")]), "invalidextparam", "{function}");
        assert_eq!(refusal(function, &[("options[format]", "zip")]), "invalidextparam", "{function}");
        assert_eq!(refusal(function, &[("shortname", "BEES101")]), "shortnametaken", "{function}");
        assert_eq!(refusal(function, &[("fullname", "")]), "invalidparameter", "{function}");
    }
    assert_eq!(refusal(START, &[("courseid", "99")]), "invalidrecord");
    assert_eq!(refusal(AT_ONCE, &[("courseid", "99")]), "invalidcourseid");
    assert_eq!(
        refusal(START, &[("options[0][name]", "users"), ("options[0][value]", "1"), ("options[users]", "0")]),
        "invalidextparam"
    );

    // Who may read may not copy.
    site.ok(&["user", "create", "teacher", "--email", "t@example.org", "--firstname", "T", "--lastname", "T"]);
    site.ok(&["course", "enrol", &course, "teacher", "--role", "editingteacher"]);
    let teacher = server.rest(&site.token("teacher"));
    let plain = wish(&[]);
    let plain: Vec<(&str, &str)> = plain.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    for function in [START, AT_ONCE] {
        assert_eq!(teacher.refusal(function, &plain), "nopermissions", "{function}");
    }
    assert_eq!(site.json(&["course", "list"]).as_array().map(Vec::len), Some(1));

    // The synchronous one reads values as numbers: what is none is 0.
    let made = rest.call(
        AT_ONCE,
        &[&plain[..], &[("options[0][name]", "users"), ("options[0][value]", "abc")], &[("visible", "0")]].concat(),
    );
    assert_eq!(made["shortname"], json!("new"), "{made}");
    let shown = site.json(&["course", "show", &made["id"].to_string()]);
    assert_eq!((&shown["fields"]["visible"], &shown["counts"]["people"]), (&json!(false), &json!(0)), "{shown}");
}
