use crate::Restore;
use provost_guest::ErrorKind;
use provost_guest::archive::Format;
use provost_guest::testing::{TestHost, call, run_job};
use serde_json::json;

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
const COURSE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<course id="7" contextid="70"><shortname>bees</shortname><fullname>Bees</fullname><format>topics</format></course>"#;
const SECTION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<section id="3"><number>0</number><name>General</name><visible>1</visible></section>"#;
const USERS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<users>
  <user id="5" contextid="50"><username>jane</username><email>jane@example.org</email></user>
  <user id="2" contextid="20"><username>admin</username><email>root@example.org</email></user>
</users>"#;

fn restore(
    host: &TestHost,
    entries: &[(&str, &str)],
    wish: serde_json::Value,
) -> provost_guest::Result<serde_json::Value> {
    let blob = host.archive(Format::TarGz, entries).unwrap();
    let admin = host.admin();
    let file = provost_guest::files::put(
        &provost_guest::files::NewFile {
            context: host.person_context(admin.person),
            component: "user".into(),
            area: "draft".into(),
            item: 1,
            path: "/".into(),
            name: "a.mbz".into(),
            blob,
            mimetype: String::new(),
            person: admin.person,
        },
        provost_guest::files::OnTaken::AddSuffix,
    )
    .unwrap();
    let mut payload = json!({ "fileid": file.id });
    if let (Some(payload), Some(wish)) = (payload.as_object_mut(), wish.as_object()) {
        payload.extend(wish.clone());
    }
    run_job::<Restore>("restore", payload)
}

fn entries() -> Vec<(&'static str, &'static str)> {
    vec![("moodle_backup.xml", MASTER), ("course/course.xml", COURSE), ("sections/section_3/section.xml", SECTION)]
}

#[test]
fn a_small_archive_becomes_a_course() {
    let host = TestHost::new();
    let made = restore(&host, &entries(), json!({})).unwrap();
    assert_eq!((made["shortname"].as_str(), made["fullname"].as_str()), (Some("bees"), Some("Bees")));
    let courses = host.courses();
    assert_eq!(courses.len(), 1);
    assert_eq!(courses[0].origin.course, 7);
}

#[test]
fn names_are_made_unique_unless_one_was_wished_for() {
    let host = TestHost::new();
    restore(&host, &entries(), json!({})).unwrap();
    let second = restore(&host, &entries(), json!({})).unwrap();
    assert_eq!((second["shortname"].as_str(), second["fullname"].as_str()), (Some("bees_1"), Some("Bees copy 1")));
    let error = restore(&host, &entries(), json!({ "shortname": "bees" })).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Refused, "shortnametaken"));
    assert_eq!(host.courses().len(), 2);
}

#[test]
fn people_are_recognised_and_an_archives_admin_is_not_ours() {
    let host = TestHost::new();
    let before = host.people().len();
    let mut with_people = entries();
    with_people.push(("users.xml", USERS));
    restore(&host, &with_people, json!({})).unwrap();
    let after: Vec<_> = host.people().into_iter().map(|p| p.username).collect();
    assert_eq!(after.len(), before + 2, "{after:?}");
    assert!(after.iter().any(|n| n == "admin_01234567"), "{after:?}");
    restore(&host, &with_people, json!({})).unwrap();
    assert_eq!(host.people().len(), before + 2, "the same people come again");
}

/// A `files.xml` with one file of that content.
fn files_xml(sha1: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<files>\n  <file id=\"1\"><contenthash>{sha1}</contenthash><contextid>70</contextid><component>course</component><filearea>legacy</filearea><itemid>0</itemid><filepath>/</filepath><filename>a</filename><filesize>6</filesize></file>\n</files>"
    )
}

#[test]
fn contents_of_this_site_are_found_by_hash_and_nobody_elses() {
    let host = TestHost::new();
    let blob = provost_guest::blobs::put(b"secret").unwrap();
    let here = provost_guest::config::get_site().hash;
    let content_of = |master: &str, sha1: &str, wish: serde_json::Value| {
        let files = files_xml(sha1);
        let mut all = entries();
        all[0].1 = master;
        all.push(("files.xml", &files));
        let made = restore(&host, &all, wish).unwrap();
        let course = provost_guest::course_store::Snapshot::open(made["courseid"].as_u64().unwrap()).unwrap();
        course.files(0, 10).unwrap()[0].fields.blob.clone().map(|blob| blob.sha1)
    };
    let of_site = |master: &str, hash: &str| master.replace("0123456789abcdef0123456789abcdef", hash);
    let without = MASTER.replace("<original_wwwroot>", "<include_files>0</include_files><original_wwwroot>");
    let (own, inside) = (of_site(&without, &here), of_site(MASTER, &here));
    let (elsewhere, unknown) = (of_site(&without, "ffffffffffffffffffffffffffffffff"), of_site(&without, ""));
    assert_eq!(content_of(&own, &blob.sha1, json!({})), Some(blob.sha1.clone()));
    assert_eq!(host.warnings().len(), 0);
    for (master, warnings) in [(&elsewhere, 0), (&unknown, 0), (&inside, 1)] {
        assert_eq!(content_of(master, &blob.sha1, json!({})), None, "{master}");
        assert_eq!(host.warnings().len(), warnings, "{:?}", host.warnings());
    }
    // One that is not here either is missing, which is told.
    assert_eq!(content_of(&own, "aabbccddeeff00112233445566778899aabbccdd", json!({})), None);
    assert_eq!(host.warnings().len(), 1);
}

#[test]
fn what_is_no_backup_is_refused_and_leaves_nothing() {
    let host = TestHost::new();
    let error = restore(&host, &[("readme.txt", "hello")], json!({})).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Corrupt, "missing_moodle_backup_xml_file"));
    let mut damaged = entries();
    damaged[2].1 = "<section id=\"3\"><number>0</number>";
    let error = restore(&host, &damaged, json!({})).unwrap_err();
    assert!(error.message.contains("sections/section_3/section.xml"), "{}", error.message);
    let wrong = [("files/aa/aabbccddeeff00112233445566778899aabbccdd", "not that")];
    let mut wrong_hash = entries();
    wrong_hash.extend(wrong);
    let error = restore(&host, &wrong_hash, json!({})).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(host.courses().is_empty());
    restore(&host, &wrong_hash, json!({ "keepgoing": true })).unwrap();
    assert_eq!(host.warnings().len(), 1);
}

#[test]
fn details_of_the_course_are_kept_in_its_row() {
    let host = TestHost::new();
    let course = COURSE.replace(
        "</course>",
        "<summary>&lt;p&gt;A&lt;/p&gt;</summary><summaryformat>1</summaryformat><startdate>86400</startdate><lang></lang><pdfexportfont>$@NULL@$</pdfexportfont><timemodified>5</timemodified><tags>\n</tags><courseformatoptions><courseformatoption><format>topics</format><sectionid>0</sectionid><name>startdate</name><value>86400</value></courseformatoption></courseformatoptions></course>",
    );
    let mut all = entries();
    all[1].1 = &course;
    restore(&host, &all, json!({})).unwrap();
    restore(&host, &all, json!({ "startdate": 90_000 })).unwrap();
    let of = |course: usize| serde_json::from_str::<serde_json::Value>(&host.courses()[course].extra).unwrap();
    let details = json!({ "summary": "<p>A</p>", "summaryformat": "1", "lang": "", "pdfexportfont": null });
    let first = of(0);
    assert_eq!(first["details"], details);
    assert_eq!(first["formatoptions"], json!([{ "name": "startdate", "value": "86400" }]));
    assert_eq!((&first["tags"], &first["customfields"]), (&json!([]), &json!([])));
    assert_eq!(first["backup_version"], "2024100700");
    // A date among them moves with the course.
    assert_eq!((&of(1)["details"], &of(1)["formatoptions"][0]["value"]), (&details, &json!("90000")));
}

#[test]
fn people_who_are_made_bring_what_is_known_of_them() {
    let host = TestHost::new();
    let users = USERS.replace(
        "<username>jane</username>",
        "<username>jane</username><password>$2y$10$abc</password><secret>s</secret><lastip>1.2.3.4</lastip><city>Ulm</city><lang>de</lang><description>$@NULL@$</description><custom_fields>\n</custom_fields>",
    );
    let mut all = entries();
    all.push(("users.xml", &users));
    restore(&host, &all, json!({})).unwrap();
    let jane = host.people().into_iter().find(|p| p.username == "jane").unwrap();
    let extra: serde_json::Value = serde_json::from_str(&jane.extra).unwrap();
    assert_eq!(extra, json!({ "city": "Ulm", "lang": "de", "description": null }));
}

/// In an archive of this site may be numbers of several, so that a number does not make one person another.
#[test]
fn in_an_archive_of_this_site_a_number_alone_names_nobody() {
    let host = TestHost::new();
    let here = provost_guest::config::get_site().hash;
    let master = MASTER.replace("0123456789abcdef0123456789abcdef", &here);
    let restored = |users: &str| {
        let mut all = entries();
        all[0].1 = &master;
        all.push(("users.xml", users));
        restore(&host, &all, json!({})).unwrap();
    };
    restored(USERS);
    let before = host.people().len();
    restored(USERS);
    assert_eq!(host.people().len(), before, "the same people come again");
    restored(&USERS.replace("jane", "mary"));
    assert_eq!(host.people().len(), before + 1, "another one under the same number");
    assert!(host.people().iter().any(|p| p.username == "mary"));
}

#[test]
fn the_address_of_what_was_restored_is_told() {
    const LINK: &str = "core_backup_get_async_backup_links_restore";
    let host = TestHost::new();
    let admin = host.admin();
    let made = restore(&host, &entries(), json!({})).unwrap();
    let course = made["courseid"].as_u64().unwrap();
    let id = host.jobs().last().unwrap().id.clone();
    let context = provost_guest::people::context_of(provost_guest::people::Place::Course(course)).unwrap();
    let site = provost_guest::config::get_site().url;
    for context in [0, context] {
        // The double's jobs have no outcome when they are run by hand: it is that of a job that was queued.
        let job = host.job(&id).unwrap();
        let of_course = provost_guest::jobs::Job { id: format!("{context:032}"), outcome: made.to_string(), ..job };
        host.add_job(of_course, false);
        let asked = json!({ "backupid": format!("{context:032}"), "contextid": context });
        let link = call::<Restore>(LINK, asked, &admin).unwrap();
        assert_eq!(link, json!({ "restoreurl": format!("{site}/course/view.php?id={course}") }));
    }
    let refused = |id: &str, context: i64, caller: &provost_guest::Caller| {
        let asked = json!({ "backupid": id, "contextid": context });
        let error = call::<Restore>(LINK, asked, caller).unwrap_err();
        (error.kind, error.code)
    };
    let known = format!("{context:032}");
    let here = i64::try_from(context).unwrap();
    assert_eq!(refused("00", 0, &admin), (ErrorKind::NotFound, "backup_controllers".into()));
    assert_eq!(refused("00", 999_999, &admin), (ErrorKind::NotFound, "context".into()));
    assert_eq!(refused("00", -1, &admin), (ErrorKind::NotFound, "context".into()));
    let stranger = host.person("stranger");
    assert_eq!(refused(&known, 0, &stranger), (ErrorKind::NotFound, "backup_controllers".into()));
    assert_eq!(refused(&known, here, &stranger), (ErrorKind::Refused, "requireloginerror".into()));
    host.enrol(stranger.person, course);
    assert_eq!(refused(&known, here, &stranger), (ErrorKind::Denied, "moodle/restore:restorecourse".into()));
}
