mod here;

use crate::Backup;
use provost_guest::course_store::{CourseFields, Draft, FacetedRun, Origin, Owner, Run, SectionFields};
use provost_guest::testing::{TestHost, call, run_enqueued};
use provost_guest::{ErrorKind, files};
use serde_json::json;

/// A course with one section and comments that are user data.
pub fn course(host: &TestHost) -> u64 {
    let _ = host;
    let fields = CourseFields {
        fullname: "Bees <b>&".into(),
        shortname: "bees".into(),
        idnumber: String::new(),
        format: "topics".into(),
        start_date: 0,
        end_date: 0,
        visible: true,
        category: 0,
        created: 1,
        modified: 1,
    };
    let origin = Origin {
        site_hash: String::new(),
        site_url: String::new(),
        course: 0,
        context: 0,
        system_context: 0,
        category: 0,
        date_offset: 0,
    };
    let draft = Draft::create(&fields, &origin, "{}").unwrap();
    let text = |text: &str| FacetedRun { facets: vec![], run: Run::Text(text.as_bytes().to_vec()) };
    let part = draft.add_part(Owner::Course, "course/course.xml", &[]).unwrap();
    let document = "<course id=\"1\" contextid=\"1\"><shortname>old</shortname><fullname>Old</fullname><visible>1</visible></course>";
    draft.append_runs(part, &[text(document)]).unwrap();
    let part = draft.add_part(Owner::Course, "course/comments.xml", &["comment".into()]).unwrap();
    draft.append_runs(part, &[text("<comments>\n</comments>")]).unwrap();
    let section = SectionFields { local: 3, number: 0, name: "General".into(), visible: true, delegated_to: 0 };
    let section = draft.add_section(&section).unwrap();
    let part = draft.add_part(Owner::Section(section), "section.xml", &[]).unwrap();
    let document = "<section id=\"3\"><number>0</number><name>General</name><visible>1</visible></section>";
    draft.append_runs(part, &[text(document)]).unwrap();
    draft.publish().unwrap()
}

#[test]
fn a_backup_runs_and_is_listed() {
    let host = TestHost::new();
    let course = course(&host);
    let admin = host.admin();
    let started = call::<Backup>("core_course_backup_async", json!({ "id": course }), &admin).unwrap();
    let of = json!({ "backupid": started["backupid"] });
    let status = call::<Backup>("core_course_backup_async_get_status", of.clone(), &admin).unwrap();
    assert_eq!(status, json!([{ "status": 700, "progress": 0.0 }]));
    let jobs = run_enqueued::<Backup>();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let status = call::<Backup>("core_course_backup_async_get_status", of, &admin).unwrap();
    assert_eq!((status[0]["status"].as_i64(), status[0]["progress"].as_f64()), (Some(1000), Some(1.0)), "{jobs:?}");

    let listed = call::<Backup>("core_course_backup_list_backups", json!({ "courseid": course }), &admin).unwrap();
    let name = listed[0]["filename"].as_str().unwrap();
    assert!(name.starts_with("backup-moodle2-course-") && name.ends_with("-nu.mbz"), "{name}");
    let stored = files::in_area(files::course_context(course).unwrap(), "backup", "course", 0).unwrap();
    let entries = host.entries(&stored[0].blob).unwrap();
    let find = |path: &str| {
        let found = entries.iter().find(|(p, _)| p == path).map(|(_, content)| content.clone());
        found.map(|content| String::from_utf8(content).unwrap())
    };
    let document = find("course/course.xml").unwrap();
    assert!(document.contains("<shortname>bees</shortname>"), "the row's column wins: {document}");
    assert!(find("course/comments.xml").is_none(), "comments are off");
    assert!(find("users.xml").is_none(), "users are off");
    assert!(find("sections/section_3/inforef.xml").is_some());
    let master = find("moodle_backup.xml").unwrap();
    assert!(master.contains("<original_course_fullname>Bees &amp;</original_course_fullname>"), "{master}");
}

#[test]
fn options_are_checked_before_anything_is_queued() {
    let host = TestHost::new();
    let course = course(&host);
    let wrong = json!({ "courseid": course, "options": [{ "name": "bogus", "value": "1" }] });
    let error = call::<Backup>("core_course_backup_async", wrong, &host.admin()).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Refused, "invalidextparam"));
    assert_eq!(error.message, "Invalid external api parameter: bogus");
    assert!(host.jobs().is_empty());
}

#[test]
fn forced_options_are_warned_of() {
    let host = TestHost::new();
    let course = course(&host);
    let wish = json!({ "courseid": course, "options": [{ "name": "logs", "value": "1" }] });
    let started = call::<Backup>("core_course_backup_async", wish, &host.admin()).unwrap();
    run_enqueued::<Backup>();
    let of = json!({ "jobid": started["backupid"] });
    let details = call::<Backup>("provost_course_backup_get_details", of, &host.admin()).unwrap();
    assert_eq!(details["state"], "succeeded");
    assert_eq!(details["warnings"].as_array().unwrap().len(), 1, "{details}");
}

#[test]
fn strangers_are_refused_and_learn_nothing() {
    let host = TestHost::new();
    let course = course(&host);
    let stranger = host.person("stranger");
    let wish = json!({ "courseid": course });
    let error = call::<Backup>("core_course_backup_async", wish.clone(), &stranger).unwrap_err();
    assert_eq!(error.code, "requireloginerror");
    host.enrol(stranger.person, course);
    let error = call::<Backup>("core_course_backup_async", wish.clone(), &stranger).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, "moodle/backup:backupcourse"));
    let started = call::<Backup>("core_course_backup_async", wish, &host.admin()).unwrap();
    let of = json!({ "backupid": started["backupid"] });
    let known = call::<Backup>("core_course_backup_async_get_status", of, &stranger).unwrap_err();
    let never = json!({ "backupid": "00000000000000000000000000000000" });
    let unknown = call::<Backup>("core_course_backup_async_get_status", never, &stranger).unwrap_err();
    assert_eq!((known.kind, known.code), (unknown.kind, unknown.code));
}

#[test]
fn a_course_that_cannot_be_is_one_that_is_not_there() {
    let host = TestHost::new();
    let admin = host.admin();
    for function in ["core_course_backup_async", "core_course_backup_list_backups"] {
        for id in [-1, i64::MIN, 0, 999] {
            let error = call::<Backup>(function, json!({ "courseid": id }), &admin).unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NotFound, "course"), "{function} {id}");
        }
    }
}
