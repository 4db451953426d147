use super::*;
use crate::Backup;
use crate::tests::course;
use provost_guest::jobs::{self, Job, State};
use provost_guest::people::context_of;
use provost_guest::testing::{TestHost, call, run_enqueued};
use serde_json::{Value, json};
use std::path::Path;

const PROGRESS: &str = "core_backup_get_async_backup_progress";
const LINKS: &str = "core_backup_get_async_backup_links_backup";

/// What a Moodle answered, of the recordings, if they are there.
fn recorded(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/recordings").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: no recording at {}", path.display());
        return None;
    };
    let body = text.lines().rev().find(|line| !line.is_empty()).unwrap();
    Some(serde_json::from_str(body).unwrap())
}

/// Names and kinds of what is in an answer.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(shape).collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Bool(_) | Value::Null => "other".into(),
    }
}

/// A course with a backup that waits: the course, its context and the backup's id.
fn started(host: &TestHost) -> (u64, u64, String) {
    let course = course(host);
    let started = call::<Backup>("core_course_backup_async", json!({ "courseid": course }), &host.admin()).unwrap();
    let context = context_of(Place::Course(course)).unwrap();
    (course, context, started["backupid"].as_str().unwrap().to_owned())
}

/// A restore of another plugin, under that id.
fn restoring(host: &TestHost, id: &str, course: Option<u64>) {
    let job =
        Job { id: id.to_owned(), kind: "restore".into(), course, state: State::Running, progress: 0.25, ..blank(host) };
    host.add_job(job, true);
}

fn blank(host: &TestHost) -> Job {
    Job {
        id: String::new(),
        plugin: "restore".into(),
        kind: String::new(),
        state: State::Queued,
        progress: 0.0,
        payload: "{}".into(),
        outcome: String::new(),
        reason: String::new(),
        warnings: Vec::new(),
        attempts: 0,
        person: host.admin().person,
        course: None,
        created: 0,
        started: 0,
        finished: 0,
    }
}

#[test]
fn progress_is_told_as_moodle_tells_it() {
    let host = TestHost::new();
    let (course, context, id) = started(&host);
    let ask = |ids: &[&str]| call::<Backup>(PROGRESS, json!({ "backupids": ids, "contextid": context }), &host.admin());
    let waiting = json!([{ "status": 700, "progress": 0.0, "backupid": id, "operation": "backup" }]);
    assert_eq!(ask(&[&id]).unwrap(), waiting);
    if let Some(recorded) = recorded("async_progress_scheduled.json.txt") {
        assert_eq!(shape(&waiting), shape(&recorded));
        assert_eq!(recorded[0]["status"], 700);
    }
    run_enqueued::<Backup>();
    let done = ask(&[&id]).unwrap();
    assert_eq!(done, json!([{ "status": 1000, "progress": 1.0, "backupid": id, "operation": "backup" }]));
    if let Some(recorded) = recorded("async_progress_finished.json.txt") {
        assert_eq!((shape(&done), &recorded[0]["status"]), (shape(&recorded), &done[0]["status"]));
    }
    let restore = "0123456789abcdef0123456789abcdef";
    restoring(&host, restore, Some(course));
    let both = ask(&[restore, &id]).unwrap();
    assert_eq!(both[0], json!({ "status": 800, "progress": 0.25, "backupid": restore, "operation": "restore" }));
    assert_eq!(both[1]["operation"], "backup");
    assert_eq!(ask(&[]).unwrap(), json!([]));
}

#[test]
fn progress_is_refused_as_moodle_refuses_it() {
    let host = TestHost::new();
    host.manifest(include_str!("../../plugin.json")).unwrap();
    let student = host.person("student");
    let stranger = host.person("stranger");
    host.manifest(r#"{ "id": "x", "version": "1", "description": "", "grants": ["course-store"] }"#).unwrap();
    let course = course(&host);
    host.enrol(student.person, course);
    host.manifest(include_str!("../../plugin.json")).unwrap();
    let started = call::<Backup>("core_course_backup_async", json!({ "courseid": course }), &host.admin()).unwrap();
    let context = context_of(Place::Course(course)).unwrap();
    let id = started["backupid"].as_str().unwrap().to_owned();
    let never = "0123456789abcdef0123456789abcdef";
    let ask = |caller: &Caller, ids: &[&str], context: i64| {
        call::<Backup>(PROGRESS, json!({ "backupids": ids, "contextid": context }), caller).unwrap_err()
    };
    let of = |error: Error| (error.kind, error.code);
    let here = i64::try_from(context).unwrap();

    // The context comes first, then whether one may enter, then the capability, then the ids.
    for context in [999_999, -1, 0] {
        assert_eq!(of(ask(&host.admin(), &[never], context)), (ErrorKind::NotFound, "context".into()), "{context}");
    }
    assert_eq!(of(ask(&stranger, &[never], here)), (ErrorKind::Refused, "requireloginerror".into()));
    assert_eq!(of(ask(&student, &[never], here)), (ErrorKind::Denied, BACKUP.into()));
    assert_eq!(of(ask(&host.admin(), &[&id, never], here)), (ErrorKind::NotFound, "backup_controllers".into()));
    // A job of a kind that is neither is none, and so is one that somebody else may not see.
    let job = Job { id: never.into(), kind: "other".into(), ..blank(&host) };
    host.add_job(job, true);
    assert_eq!(of(ask(&host.admin(), &[never], here)), (ErrorKind::NotFound, "backup_controllers".into()));
    host.allow(student.person, BACKUP, Place::Course(course));
    restoring(&host, "ffff", None);
    assert_eq!(of(ask(&student, &["ffff"], here)), (ErrorKind::NotFound, "backup_controllers".into()));

    let message = |name: &str| recorded(name).map(|error| error["message"].as_str().unwrap().to_owned());
    for (name, table) in [("err_async_progress_badctx", "context"), ("err_async_progress_badid", "backup_controllers")]
    {
        if let Some(message) = message(&format!("{name}.json.txt")) {
            assert!(message.ends_with(&format!("table {table}.")), "{message}");
        }
    }
    if let Some(message) = message("err_async_progress_noperm.json.txt") {
        let manifest: Value = serde_json::from_str(include_str!("../../plugin.json")).unwrap();
        let named = manifest["capabilities"].as_array().unwrap().iter().find(|c| c["name"] == BACKUP).unwrap();
        assert!(message.ends_with(&format!("({}).", named["label"].as_str().unwrap())), "{message}");
    }
}

#[test]
fn links_lead_to_the_file() {
    let host = TestHost::new();
    let (course, context, id) = started(&host);
    run_enqueued::<Backup>();
    let admin = host.admin();
    let stored = files::in_area(context, COMPONENT, AREA, 0).unwrap();
    let name = &stored[0].name;
    let ask = |wish: Value| call::<Backup>(LINKS, wish, &admin);
    let links = ask(json!({ "filename": name, "contextid": context, "backupid": id })).unwrap();
    assert_eq!(links["filesize"], size(stored[0].blob.size));
    let address = links["fileurl"].as_str().unwrap();
    let site = config::get_site().url;
    let expected = format!("{site}/pluginfile.php/{context}/{COMPONENT}/{AREA}/");
    assert!(address.starts_with(&expected) && address.ends_with(&format!("{name}?forcedownload=1")), "{address}");
    assert_eq!(
        links["restoreurl"],
        format!(
            "{site}/backup/restorefile.php?action=choosebackupfile&filename={name}&filepath=%2F&component=backup\
             &filearea=course&filecontextid={context}&contextid={context}&itemid=0"
        )
    );
    // Older clients name no backup.
    assert_eq!(ask(json!({ "filename": name, "contextid": context })).unwrap(), links);

    let refused = |wish: Value| {
        let error = ask(wish).unwrap_err();
        (error.kind, error.code)
    };
    let unknown = (ErrorKind::NotFound, "backup_controllers".to_owned());
    let never = "0123456789abcdef0123456789abcdef";
    assert_eq!(refused(json!({ "filename": name, "contextid": context, "backupid": never })), unknown);
    restoring(&host, never, Some(course));
    assert_eq!(refused(json!({ "filename": name, "contextid": context, "backupid": never })), unknown);
    let none = (ErrorKind::NotFound, "files".to_owned());
    assert_eq!(refused(json!({ "filename": "none.mbz", "contextid": context })), none);
    let site = context_of(Place::Site).unwrap();
    assert_eq!(refused(json!({ "filename": name, "contextid": site })), none);
    assert_eq!(refused(json!({ "filename": name, "contextid": site, "backupid": id })), unknown);
    let student = host.person("student");
    host.enrol(student.person, course);
    let error = call::<Backup>(LINKS, json!({ "filename": name, "contextid": context }), &student).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, BACKUP));
}

#[test]
fn a_restore_is_no_backup() {
    let host = TestHost::new();
    let (course, _, id) = started(&host);
    let restore = "0123456789abcdef0123456789abcdef";
    restoring(&host, restore, Some(course));
    for (function, name) in [
        ("core_course_backup_async_get_status", "backupid"),
        ("provost_course_backup_get_details", "jobid"),
        ("provost_course_backup_cancel", "jobid"),
    ] {
        let error = call::<Backup>(function, json!({ name: restore }), &host.admin()).unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NotFound, "backup_controllers"), "{function}");
    }
    assert_eq!(jobs::get(&id).unwrap().kind, "backup");
}

#[test]
fn sizes_are_as_people_read_them() {
    for (bytes, text) in [
        (0, "0 bytes"),
        (1_023, "1023 bytes"),
        (1_024, "1.0 KB"),
        (24_781, "24.2 KB"),
        (5 << 20, "5.0 MB"),
        (u64::MAX, "16384.0 PB"),
    ] {
        assert_eq!(size(bytes), text);
    }
}
