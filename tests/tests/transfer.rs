//! Files over HTTP: downloads by token, uploads, and restores of what was uploaded or stored.

use provost_tests::compare::{Ignore, compare};
use provost_tests::live::{Part, Rest, Server, Site, text};
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::{validate, validate_file_name};
use serde_json::{Value, json};
use std::fs;
use std::io::Cursor;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const RESTORE: &str = "provost_course_restore_async";

fn error_code(body: &Value) -> &str {
    body["errorcode"].as_str().unwrap_or_else(|| panic!("no error: {body}"))
}

#[test]
fn downloads() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file());
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let id = rest.start_backup(course, &[("options[users]", "1")]);
    rest.follow(&id);
    let listed = rest.backups(course);
    let (name, url) = (text(&listed[0]["filename"]), text(&listed[0]["downloadurl"]));

    let whole = rest.download(&url, &[]);
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("content-length"), Some(listed[0]["filesize"].to_string().as_str()));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-type"), Some("application/vnd.moodle.backup"));
    let disposition = whole.header("content-disposition").unwrap_or_default();
    assert!(disposition.starts_with(&format!("attachment; filename=\"{name}\"")), "{disposition}");
    let archive = Unpacked::read(Cursor::new(&whole.body)).expect("an archive");
    assert_eq!(validate(&archive), []);
    assert_eq!(validate_file_name(&name), []);
    ranges(&rest, &url, &whole.body);

    let etag = whole.header("etag").expect("an ETag").to_owned();
    let unchanged = rest.download(&url, &[("If-None-Match", &etag)]);
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(rest.download(&url, &[("If-None-Match", "\"other\"")]).status, 200);

    // The other form of address, inline.
    let path = url.split_once("pluginfile.php").and_then(|(_, rest)| rest.split_once('?')).expect("a path").0;
    let by_query = rest.get(&format!("/webservice/pluginfile.php?file={path}&token={}", rest.token));
    assert_eq!(by_query.body, whole.body);
    assert!(by_query.header("content-disposition").is_some_and(|d| d.starts_with("inline")));
    refused_downloads(&site, &server, &rest, &url, &name);
}

fn ranges(rest: &Rest, url: &str, whole: &[u8]) {
    let size = whole.len();
    let (first, tail, from) = ("bytes=0-99".to_owned(), "bytes=-10".to_owned(), format!("bytes={}-", size - 5));
    for (asked, expected, start) in
        [(first, &whole[..100], 0), (tail, &whole[size - 10..], size - 10), (from, &whole[size - 5..], size - 5)]
    {
        let part = rest.download(url, &[("Range", &asked)]);
        assert_eq!((part.status, part.body.as_slice()), (206, expected), "{asked}");
        let range = format!("bytes {start}-{}/{size}", start + expected.len() - 1);
        assert_eq!(part.header("content-range"), Some(range.as_str()), "{asked}");
    }
    let beyond = rest.download(url, &[("Range", &format!("bytes={size}-"))]);
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
    // Several at once, or what is none: the whole.
    for asked in ["bytes=0-1,5-6", "bytes=9-1", "lines=1-2"] {
        let reply = rest.download(url, &[("Range", asked)]);
        assert_eq!((reply.status, reply.body.len()), (200, size), "{asked}");
    }
    let changed = rest.download(url, &[("Range", "bytes=0-99"), ("If-Range", "\"other\"")]);
    assert_eq!(changed.status, 200);
}

fn refused_downloads(site: &Site, server: &Server, rest: &Rest, url: &str, name: &str) {
    let absent = rest.download(&url.replace(name, "absent.mbz"), &[]);
    assert_eq!(absent.status, 404);
    assert_eq!(
        absent.json(),
        json!({ "error": "Sorry, the requested file could not be found", "errorcode": "filenotfound",
                "stacktrace": null, "debuginfo": null, "reproductionlink": null })
    );
    for path in ["/webservice/pluginfile.php/9999/backup/course/x.mbz", "/webservice/pluginfile.php/x/y"] {
        let reply = rest.get(&format!("{path}?token={}", rest.token));
        assert_eq!((reply.status, error_code(&reply.json())), (404, "filenotfound"), "{path}");
    }
    let download = |token: &str| server.rest(token).download(url, &[]).json();
    assert_eq!(error_code(&download("0123456789abcdef0123456789abcdef")), "invalidtoken");
    let without = rest.get(url.strip_prefix(&server.url).expect("its own address"));
    assert_eq!(error_code(&without.json()), "missingparam");
    assert_eq!(error_code(&download(&site.token("sakura.tanaka"))), "nopermissions");
    site.ok(&["user", "create", "ann"]);
    let code = download(&site.token("ann"));
    assert!(matches!(error_code(&code), "nopermissions" | "requireloginerror"), "{code}");
    // The teacher of the course may.
    assert_eq!(server.rest(&site.token("asa.lindqvist")).download(url, &[]).status, 200);
}

#[test]
fn uploads_and_restores() {
    let site = Site::new(PROVOST);
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    uploads(&rest);
    let course = restore_an_upload(&rest);
    restore_a_backup(&rest, course);
    refused_restores(&site, &server, &rest, course);
}

fn uploads(rest: &Rest) {
    let one = rest.upload(&[Part::File("file_1", "note.txt", b"hello")]);
    let keys: Vec<&String> = one[0].as_object().expect("an object").keys().collect();
    let expected = "component contextid userid filearea filename filepath itemid license author source filesize";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    for (key, value) in
        [("component", json!("user")), ("filearea", json!("draft")), ("filepath", json!("/")), ("filesize", json!(5))]
    {
        assert_eq!(one[0][key], value, "{one}");
    }
    let item = one[0]["itemid"].to_string();

    let two = rest.upload(&[Part::File("a", "a.txt", b"aa"), Part::File("b", "b.txt", b"bbb")]);
    let sizes: Vec<&Value> = two.as_array().expect("an array").iter().map(|f| &f["filesize"]).collect();
    assert_eq!(sizes, [2, 3]);
    assert_eq!(two[0]["itemid"], two[1]["itemid"]);
    assert_ne!(two[0]["itemid"], one[0]["itemid"]);

    // Into the same area: another folder is another place, the same place is taken.
    let again = [Part::Text("itemid", &item), Part::Text("filepath", "/folder"), Part::File("f", "note.txt", b"hi")];
    let elsewhere = rest.upload(&again);
    assert_eq!((&elsewhere[0]["itemid"], &elsewhere[0]["filepath"]), (&one[0]["itemid"], &json!("/folder/")));
    let taken = rest.upload(&[Part::Text("itemid", &item), Part::File("f", "note.txt", b"hello")]);
    assert_eq!(taken[0]["errortype"], "filenameexist", "{taken}");
    assert_eq!(taken[0]["filename"], "note.txt");

    // The token as a field, before the files.
    let by_field = rest.upload_plain(&[Part::Text("token", &rest.token), Part::File("f", "x.txt", b"x")]);
    assert_eq!(by_field[0]["filename"], "x.txt");
    // And behind them, as forms have it whose fields are printed in their own order.
    let behind = rest.upload_plain(&[Part::File("f", "y.txt", b"yy"), Part::Text("token", &rest.token)]);
    assert_eq!((&behind[0]["filename"], &behind[0]["filesize"]), (&json!("y.txt"), &json!(2)), "{behind}");
    let bad = [Part::File("f", "x.txt", b"x"), Part::Text("token", "0123456789abcdef0123456789abcdef")];
    assert_eq!(error_code(&rest.upload_plain(&bad)), "invalidtoken");
    let strange = rest.upload(&[Part::File("f", "../../etc/pass\u{e9}wd", b"x")]);
    let name = text(&strange[0]["filename"]);
    assert!(!name.contains('/') && name.contains("pass\u{e9}wd"), "{strange}");
    let bad = [Part::Text("token", "0123456789abcdef0123456789abcdef"), Part::File("f", "x.txt", b"x")];
    assert_eq!(error_code(&rest.upload_plain(&bad)), "invalidtoken");
    assert_eq!(error_code(&rest.upload_plain(&[Part::File("f", "x.txt", b"x")])), "missingparam");
}

fn upload_archive(rest: &Rest, content: &[u8]) -> String {
    rest.upload(&[Part::File("archive", "course.mbz", content)])[0]["itemid"].to_string()
}

fn restore_an_upload(rest: &Rest) -> u64 {
    let archive = fs::read(sample::packed_file()).expect("the sample course");
    let item = upload_archive(rest, &archive);
    let started = rest.call(RESTORE, &[("itemid", &item), ("shortname", "Bees 2"), ("fullname", "Bees & more")]);
    let details = rest.ended("restore", &text(&started["restoreid"]));
    assert_eq!((&details["state"], &details["status"]), (&json!("succeeded"), &json!(1000)), "{details}");
    let course = details["courseid"].as_u64().unwrap_or_else(|| panic!("no course: {details}"));

    // The course is whole: what is backed up of it is what came, under its new names.
    let users: Vec<String> = ["users", "role_assignments", "comments", "userscompletion", "logs", "grade_histories"]
        .iter()
        .map(|option| format!("options[{option}]"))
        .collect();
    let options: Vec<(&str, &str)> = users.iter().map(|option| (option.as_str(), "1")).collect();
    let id = rest.start_backup(course, &options);
    rest.follow(&id);
    let url = text(&rest.backups(course)[0]["downloadurl"]);
    let ours = Unpacked::read(Cursor::new(rest.download(&url, &[]).body)).expect("an archive");
    let named = |place: &str| format!("moodle_backup/information/original_course_{place}");
    let ignore = Ignore::nothing()
        .place("moodle_backup.xml", "moodle_backup/information/details/detail*")
        .place("moodle_backup.xml", &named("*name"))
        .place("moodle_backup.xml", "moodle_backup/information/contents/course/title")
        .place("course/course.xml", "course/fullname")
        .place("course/course.xml", "course/shortname");
    let theirs = Unpacked::open(&sample::packed_file()).expect("an archive");
    let found = compare(&theirs, &ours, &ignore);
    assert!(found.differences.is_empty(), "{found}");
    course
}

fn restore_a_backup(rest: &Rest, course: u64) {
    let filename = text(&rest.backups(course)[0]["filename"]);
    let started = rest.call(RESTORE, &[("courseid", &course.to_string()), ("filename", &filename)]);
    let details = rest.ended("restore", &text(&started["restoreid"]));
    assert_eq!(details["state"], "succeeded", "{details}");
    assert_ne!(details["courseid"], course);
    // The new course can be backed up at once.
    let id = rest.start_backup(details["courseid"].as_u64().expect("a course"), &[]);
    assert_eq!(rest.follow(&id).last(), Some(&(1000, 1.0)));
}

fn refused_restores(site: &Site, server: &Server, rest: &Rest, course: u64) {
    let course = course.to_string();
    let archive = fs::read(sample::packed_file()).expect("the sample course");
    let item = upload_archive(rest, &archive);
    assert_eq!(rest.refusal(RESTORE, &[]), "invalidparameter");
    assert_eq!(rest.refusal(RESTORE, &[("itemid", &item), ("courseid", &course)]), "invalidparameter");
    assert_eq!(rest.refusal(RESTORE, &[("itemid", "4711")]), "invalidrecord");
    assert_eq!(rest.refusal(RESTORE, &[("courseid", &course), ("filename", "absent.mbz")]), "invalidrecord");
    assert_eq!(rest.refusal("provost_course_restore_get_details", &[("jobid", "0")]), "invalidrecord");
    site.ok(&["user", "create", "ann"]);
    let ann = server.rest(&site.token("ann"));
    let own = upload_archive(&ann, &archive);
    assert_eq!(ann.refusal(RESTORE, &[("itemid", &own)]), "nopermissions");
    site.ok(&["user", "role", "ann", "manager"]);
    assert_eq!(ann.refusal(RESTORE, &[("itemid", &item)]), "invalidrecord", "another's upload");

    // The reason of a failure is told, and no course is left.
    let courses = site.json(&["course", "list"]);
    let taken = rest.call(RESTORE, &[("itemid", &item), ("shortname", "Bees 2")]);
    let details = rest.ended("restore", &text(&taken["restoreid"]));
    assert_eq!((&details["state"], &details["status"]), (&json!("failed"), &json!(900)), "{details}");
    assert!(text(&details["reason"]).contains("Short name is already used"), "{details}");
    let rubbish = upload_archive(rest, b"this is no archive");
    let started = rest.call(RESTORE, &[("itemid", &rubbish)]);
    let details = rest.ended("restore", &text(&started["restoreid"]));
    assert!(text(&details["reason"]).contains("not an archive"), "{details}");
    let cut = upload_archive(rest, &archive[..archive.len() / 2]);
    let started = rest.call(RESTORE, &[("itemid", &cut)]);
    let details = rest.ended("restore", &text(&started["restoreid"]));
    assert_eq!(details["state"], "failed", "{details}");
    assert!(!text(&details["reason"]).is_empty(), "{details}");
    assert_eq!(site.json(&["course", "list"]), courses);

    // A restore that has ended is not cancelled any more.
    let id = text(&started["restoreid"]);
    assert_eq!(rest.call("provost_course_restore_cancel", &[("jobid", &id)]), json!({ "cancelled": false }));
}
