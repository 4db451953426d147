use crate::Backup;
use provost_guest::archive::Format;
use provost_guest::course_store::Snapshot;
use provost_guest::enrolments::{self, NewEnrolment, Participant};
use provost_guest::files::{self, NewFile, OnTaken};
use provost_guest::people::{self, Key, Person, Place};
use provost_guest::testing::{TestHost, call, run_job};
use provost_guest::{BlobRef, courses};
use provost_moodle_archive::details::CourseDetails;
use provost_plugin_moodle_services::MoodleServices;
use provost_plugin_restore::Restore;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const MASTER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<moodle_backup>
  <information>
    <backup_version>2024100700</backup_version>
    <original_wwwroot>https://lms.example.org</original_wwwroot>
    <original_site_identifier_hash>0123456789abcdef0123456789abcdef</original_site_identifier_hash>
    <original_course_id>7</original_course_id>
    <original_course_contextid>70</original_course_contextid>
    <original_system_contextid>1</original_system_contextid>
    <details><detail backup_id="x"><type>course</type></detail></details>
    <contents>
      <sections><section><sectionid>3</sectionid><title>0</title><directory>sections/section_3</directory></section></sections>
    </contents>
  </information>
</moodle_backup>"#;
const COURSE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<course id=\"7\" contextid=\"70\">\n  <shortname>bees</shortname>\n  <fullname>Bees</fullname>\n  <summary>All of them</summary>\n  <format>topics</format>\n  <startdate>86400</startdate>\n</course>";
const SECTION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<section id=\"3\"><number>0</number><name>General</name><visible>1</visible></section>";
/// The second person has the number of somebody here.
const USERS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<users>\n  <user id=\"50\" contextid=\"9000\">\n    <username>jane</username>\n    <email>jane@example.org</email>\n    <city>Ulm</city>\n  </user>\n  <user id=\"HERE\" contextid=\"9001\">\n    <username>joe</username>\n    <email>joe@example.org</email>\n  </user>\n</users>";
const ENROLMENTS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<enrolments>\n  <enrols>\n    <enrol id=\"4\">\n      <enrol>manual</enrol>\n      <status>0</status>\n      <user_enrolments>\n        <enrolment id=\"8\">\n          <status>0</status>\n          <userid>50</userid>\n          <timestart>0</timestart>\n          <timeend>0</timeend>\n        </enrolment>\n        <enrolment id=\"9\">\n          <status>0</status>\n          <userid>HERE</userid>\n          <timestart>0</timestart>\n          <timeend>0</timeend>\n        </enrolment>\n      </user_enrolments>\n    </enrol>\n  </enrols>\n</enrolments>";
const ROLES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<roles>\n  <role_overrides>\n  </role_overrides>\n  <role_assignments>\n    <assignment id=\"6\">\n      <roleid>3</roleid>\n      <userid>50</userid>\n      <component></component>\n      <itemid>0</itemid>\n    </assignment>\n  </role_assignments>\n</roles>";
/// Its number is that of another role here.
const ROLE_DEFINITIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<roles_definition>\n  <role id=\"3\">\n    <name></name>\n    <shortname>student</shortname>\n    <archetype>student</archetype>\n  </role>\n</roles_definition>";
const REFERENCES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<inforef>\n  <userref>\n    <user>\n      <id>50</id>\n    </user>\n    <user>\n      <id>HERE</id>\n    </user>\n  </userref>\n  <roleref>\n    <role>\n      <id>3</id>\n    </role>\n  </roleref>\n</inforef>";

/// A plugin that may do everything the tests do.
const EVERYTHING: &str = r#"{
  "id": "everything", "version": "1", "description": "",
  "grants": ["archive", "blobs", "course-store", "courses", "enrolments", "files", "jobs", "people"],
  "file-areas": [{ "component": "user", "area": "draft" }, { "component": "backup", "area": "course", "item": "none" }],
  "jobs": [{ "kind": "backup" }, { "kind": "restore" }]
}"#;

fn host() -> TestHost {
    let host = TestHost::new();
    host.manifest(EVERYTHING).unwrap();
    host
}

fn restore(host: &TestHost, blob: BlobRef) -> u64 {
    let admin = host.admin();
    let file = NewFile {
        context: host.person_context(admin.person),
        component: "user".into(),
        area: "draft".into(),
        item: 1,
        path: "/".into(),
        name: "a.mbz".into(),
        blob,
        mimetype: String::new(),
        person: admin.person,
    };
    let file = files::put(&file, OnTaken::AddSuffix).unwrap();
    let made = run_job::<Restore>("restore", json!({ "fileid": file.id })).unwrap();
    made["courseid"].as_u64().unwrap()
}

/// A course with two people, one of whom had at the origin the number of `here`.
fn course(host: &TestHost, here: u64) -> u64 {
    let with = |text: &str| text.replace("HERE", &here.to_string());
    let (users, enrolments, references) = (with(USERS), with(ENROLMENTS), with(REFERENCES));
    let entries = [
        ("moodle_backup.xml", MASTER),
        ("course/course.xml", COURSE),
        ("course/enrolments.xml", &enrolments),
        ("course/roles.xml", ROLES),
        ("course/inforef.xml", &references),
        ("sections/section_3/section.xml", SECTION),
        ("users.xml", &users),
        ("roles.xml", ROLE_DEFINITIONS),
    ];
    restore(host, host.archive(Format::TarGz, &entries).unwrap())
}

/// A backup: the blob and its documents.
fn backup(host: &TestHost, course: u64, options: &[(&str, &str)]) -> (BlobRef, BTreeMap<String, String>) {
    let pairs: Vec<Value> = options.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    // What its manifest asks for is enough.
    host.manifest(include_str!("../../plugin.json")).unwrap();
    let stored = run_job::<Backup>("backup", json!({ "courseid": course, "options": pairs })).unwrap();
    host.manifest(EVERYTHING).unwrap();
    assert_eq!(host.warnings(), Vec::<String>::new());
    let blob = files::get(stored["fileid"].as_u64().unwrap()).unwrap().blob;
    let text = |content: Vec<u8>| String::from_utf8_lossy(&content).into_owned();
    let documents = host.entries(&blob).unwrap().into_iter().map(|(path, content)| (path, text(content)));
    (blob, documents.collect())
}

fn enrol(course: u64, person: u64, role: &str, suspended: bool, end: i64) {
    let role = people::roles().unwrap().into_iter().find(|r| r.shortname == role).unwrap().id;
    enrolments::enrol(&[NewEnrolment { course, person, role, start: 100, end, suspended }]).unwrap();
}

/// What is told of each participant, by username: enrolments and roles, wherever they were made.
fn taking_part(course: u64) -> BTreeMap<String, String> {
    let all = enrolments::participants(course, 0, 100).unwrap();
    let of = |p: Participant| {
        let enrolments: Vec<_> = p.enrolments.into_iter().map(|e| (e.method, e.suspended, e.start, e.end)).collect();
        (p.person.username, format!("{enrolments:?} {:?}", p.roles))
    };
    all.into_iter().map(of).collect()
}

const USERS_AND_ROLES: &[(&str, &str)] = &[("users", "1"), ("role_assignments", "1")];

#[test]
fn who_was_enrolled_here_comes_along_and_back() {
    let host = host();
    let ada = host.person("ada").person;
    let extra = json!({ "city": "Wien", "password": "x", "lang": "de" }).to_string();
    host.set_person(Person { extra, ..people::lookup(&[Key::Id(ada)]).unwrap()[0].clone().unwrap() });
    let bob = host.person("bob").person;
    let course = course(&host, ada);
    let (_, before) = backup(&host, course, USERS_AND_ROLES);
    enrol(course, ada, "editingteacher", false, 0);
    enrol(course, bob, "student", true, 5_000);
    // Jane is enrolled by the course's own documents, and gets a second role here.
    let jane = people::lookup(&[Key::Username("jane".into())]).unwrap()[0].clone().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&jane.extra).unwrap(), json!({ "city": "Ulm" }));
    let teacher = people::roles().unwrap().into_iter().find(|r| r.shortname == "teacher").unwrap().id;
    people::assign_role(jane.id, teacher, Place::Course(course)).unwrap();

    let (blob, documents) = backup(&host, course, USERS_AND_ROLES);
    // Ada's number was that of Joe, Bob's was free.
    let enrolments = &documents["course/enrolments.xml"];
    assert_eq!(enrolments.matches("<enrolment ").count(), 4, "{enrolments}");
    assert_eq!(enrolments.matches("<enrol ").count(), 1, "{enrolments}");
    assert_eq!(enrolments.matches(&format!("<userid>{ada}</userid>")).count(), 1, "{enrolments}");
    assert_eq!(enrolments.matches(&format!("<userid>{bob}</userid>")).count(), 1, "{enrolments}");
    let users = &documents["users.xml"];
    assert_eq!(users.matches("<user ").count(), 4, "{users}");
    assert!(users.contains("<city>Wien</city>") && users.contains("<lang>de</lang>"), "{users}");
    assert!(!users.contains("password"), "{users}");
    assert!(documents["roles.xml"].contains("<shortname>editingteacher</shortname>"));
    assert_eq!(documents["roles.xml"].matches("<shortname>student</shortname>").count(), 1);
    assert_eq!(documents["course/inforef.xml"].matches("<user>").count(), 4);
    // With numbers of two sites it is this site's archive.
    let site = provost_guest::config::get_site().hash;
    assert!(documents["moodle_backup.xml"].contains(&site), "{}", documents["moodle_backup.xml"]);
    // Nothing else changed.
    for (path, content) in &before {
        let changed = [
            "course/enrolments.xml",
            "course/roles.xml",
            "course/inforef.xml",
            "users.xml",
            "roles.xml",
            "moodle_backup.xml",
        ];
        assert!(changed.contains(&path.as_str()) || documents[path] == *content, "{path}");
    }

    let people_before = host.people().len();
    let again = restore(&host, blob);
    assert_eq!(host.people().len(), people_before);
    assert_eq!(taking_part(again), taking_part(course));
    assert_eq!(taking_part(again).len(), 4);
    // What was made here has come with the new course.
    let came = enrolments::participants(again, 0, 100).unwrap();
    assert!(came.iter().all(|p| p.roles_here.is_empty() && p.enrolments.iter().all(|e| !e.here)));
    // And a backup of that is the same archive but for what is said of it.
    let (_, twice) = backup(&host, again, USERS_AND_ROLES);
    for (path, content) in &documents {
        assert!(path == "moodle_backup.xml" || path == "course/course.xml" || twice[path] == *content, "{path}");
    }
}

#[test]
fn options_say_what_comes_along() {
    let host = host();
    let ada = host.person("ada").person;
    let course = course(&host, 60);
    let (_, before) = backup(&host, course, &[]);
    let (_, hidden_before) = backup(&host, course, &[("users", "1"), ("anonymize", "1")]);
    enrol(course, ada, "editingteacher", false, 0);
    let (_, without) = backup(&host, course, &[]);
    assert_eq!(without["course/enrolments.xml"], before["course/enrolments.xml"]);
    assert!(!without.contains_key("users.xml"));
    assert_eq!(without["course/roles.xml"], before["course/roles.xml"]);

    let (_, unroled) = backup(&host, course, &[("users", "1"), ("role_assignments", "0")]);
    assert!(unroled["course/enrolments.xml"].contains(&format!("<userid>{ada}</userid>")));
    assert!(!unroled["course/roles.xml"].contains("<assignment "));
    assert!(!unroled["roles.xml"].contains("editingteacher"));

    let (_, hidden) = backup(&host, course, &[("users", "1"), ("anonymize", "1")]);
    assert_eq!(hidden["users.xml"].matches("<user ").count(), hidden_before["users.xml"].matches("<user ").count() + 1);
    assert!(hidden["users.xml"].contains("<username>anon3</username>"), "{}", hidden["users.xml"]);
    assert!(hidden.values().all(|document| !document.contains("ada@")));
}

#[test]
fn a_course_without_anybody_gets_people_and_loses_them() {
    let host = host();
    let ada = host.person("ada").person;
    let entries =
        [("moodle_backup.xml", MASTER), ("course/course.xml", COURSE), ("sections/section_3/section.xml", SECTION)];
    let course = restore(&host, host.archive(Format::Zip, &entries).unwrap());
    enrol(course, ada, "student", false, 0);
    let (blob, documents) = backup(&host, course, USERS_AND_ROLES);
    assert!(documents["course/enrolments.xml"].contains("<enrol>manual</enrol>"));
    assert!(documents["users.xml"].contains(&format!("<user id=\"{ada}\"")));
    let again = restore(&host, blob);
    assert_eq!(taking_part(again), taking_part(course));
    assert_eq!(taking_part(again).keys().collect::<Vec<_>>(), ["ada"]);

    // Who is no longer enrolled, here or by the course, is not in a backup.
    enrolments::unenrol(again, ada, "manual").unwrap();
    let (_, documents) = backup(&host, again, USERS_AND_ROLES);
    assert!(!documents["course/enrolments.xml"].contains("<enrolment "), "{}", documents["course/enrolments.xml"]);
    assert!(!documents["course/roles.xml"].contains("<assignment "));
}

#[test]
fn changed_details_leave_with_the_course() {
    let host = host();
    let id = course(&host, 60);
    let record = Snapshot::open(id).unwrap().course();
    let mut details = CourseDetails::read(&record.extra);
    assert_eq!(details.text("summary"), Some("All of them"));
    assert!(record.extra.contains("backup_release"), "{}", record.extra);
    let (_, before) = backup(&host, id, &[]);
    assert_eq!(before["course/course.xml"], COURSE);
    details.set("summary", Some("Some <of> them"));
    details.set("lang", Some("de"));
    courses::update(id, &record.fields, &details.write(&record.extra)).unwrap();
    let (blob, after) = backup(&host, id, &[]);
    let expected =
        COURSE.replace("All of them", "Some &lt;of&gt; them").replace("\n</course>", "\n  <lang>de</lang>\n</course>");
    assert_eq!(after["course/course.xml"], expected);
    let again = Snapshot::open(restore(&host, blob)).unwrap().course();
    assert_eq!(CourseDetails::read(&again.extra), details);
}

#[test]
fn a_real_course_keeps_every_other_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/mbz/small_test_users1.tgz.mbz");
    let Ok(archive) = std::fs::read(&path) else {
        eprintln!("skipped: no archive at {}", path.display());
        return;
    };
    let host = host();
    let course = restore(&host, host.blob(&archive));
    let everything: Vec<_> = ["users", "role_assignments", "comments", "userscompletion", "logs", "grade_histories"]
        .map(|name| (name, "1"))
        .into();
    let (_, before) = backup(&host, course, &everything);
    let before_people = taking_part(course);
    let ada = host.person("ada").person;
    enrol(course, ada, "manager", false, 0);
    let (blob, after) = backup(&host, course, &everything);
    let changed: Vec<&String> =
        after.iter().filter(|(path, content)| before.get(*path) != Some(content)).map(|(path, _)| path).collect();
    let expected = [
        "course/enrolments.xml",
        "course/inforef.xml",
        "course/roles.xml",
        "moodle_backup.xml",
        "roles.xml",
        "users.xml",
    ];
    assert_eq!(changed, expected);
    for path in expected.iter().filter(|path| !path.starts_with("moodle_backup")) {
        let mut lines = after[*path].lines();
        assert!(before[*path].lines().all(|line| lines.any(|found| found == line)), "{path} only grew");
    }
    let again = restore(&host, blob);
    assert_eq!(taking_part(again), taking_part(course));
    assert_eq!(taking_part(again).len(), before_people.len() + 1);
}

#[test]
fn a_course_made_here_leaves_and_comes_back() {
    let host = host();
    let wish = json!({ "courses": [{ "fullname": "Bees", "shortname": "bees", "categoryid": 1, "summary": "All" }] });
    let made = call::<MoodleServices>("core_course_create_courses", wish, &host.admin()).unwrap();
    let course = made[0]["id"].as_u64().unwrap();
    let (_, before) = backup(&host, course, &[]);
    let document = before["course/course.xml"].clone();
    let (ada, bob) = (host.person("ada").person, host.person("bob").person);
    enrol(course, ada, "editingteacher", false, 0);
    enrol(course, bob, "student", false, 9_000);
    let (blob, documents) = backup(&host, course, USERS_AND_ROLES);
    assert_eq!(documents["course/course.xml"], document, "nothing was changed");
    for person in [ada, bob] {
        assert!(documents["users.xml"].contains(&format!("<user id=\"{person}\"")), "numbers are those of here");
    }
    let people_before = host.people().len();
    let again = restore(&host, blob);
    assert_eq!((taking_part(again), host.people().len()), (taking_part(course), people_before));
    let extra = |course| Snapshot::open(course).unwrap().course().extra;
    assert_eq!(CourseDetails::read(&extra(again)), CourseDetails::read(&extra(course)));
}
