//! Courses as they are listed, found, made, changed and deleted.

use crate::testing::{ask, assert_described_as, assert_same_shape, course, enrol, host, recorded_json, refused};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use provost_guest::testing::{TestHost, run_enqueued, run_job};
use provost_guest::{courses, files};
use serde_json::{Value, json};

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn make(host: &TestHost, course: Value) -> Result<Value> {
    ask("core_course_create_courses", json!({ "courses": [course] }), &host.admin())
}

#[test]
fn courses_are_shaped_as_recorded() {
    let host = host();
    let id = course(&host, "bees");
    let one = ask("core_course_get_courses", json!({"options": {"ids": [id]}}), &host.admin()).expect("listed");
    assert_eq!(
        (&one[0]["id"], &one[0]["numsections"], &one[0]["categorysortorder"]),
        (&json!(id), &json!(4), &json!(10_001))
    );
    if let Some(recorded) = recorded_json("get_courses.json.txt") {
        assert_same_shape(&one, &recorded, "get_courses");
        assert_eq!(one[0]["courseformatoptions"], recorded[0]["courseformatoptions"]);
    }
    let all = ask("core_course_get_courses", json!({}), &host.admin()).expect("listed");
    assert_eq!(list(&all).iter().map(|c| c["id"].clone()).collect::<Vec<_>>(), [json!(1), json!(id)]);
    if let Some(recorded) = recorded_json("get_courses_all.json.txt") {
        assert_same_shape(&all[0], &recorded[0], "site");
        assert_same_shape(&all[1], &recorded[1], "course");
    }
    assert_described_as("core_course_get_courses", "get_courses.xml.txt");
    let none = ask("core_course_get_courses", json!({"options": {"ids": [99_999]}}), &host.admin());
    assert_eq!(none, Ok(json!([])));
}

#[test]
fn a_course_one_may_not_enter_fails_the_whole_call() {
    let host = host();
    let (open, closed) = (course(&host, "open"), course(&host, "closed"));
    let ada = host.person("ada");
    let both = json!({"options": {"ids": [open, closed]}});
    host.allow(ada.person, "moodle/course:view", Place::Course(open));
    let error = ask("core_course_get_courses", both.clone(), &ada).expect_err("closed");
    assert_eq!(error.code, "errorcoursecontextnotvalid");
    assert_eq!(
        error.message,
        format!(
            "You cannot execute functions in the course context (course id:{closed}). The context error message was: Course or activity not accessible."
        )
    );
    enrol(&host, &ada, closed, "student");
    let denied = refused("core_course_get_courses", both.clone(), &ada);
    assert_eq!(denied, (ErrorKind::Denied, "moodle/course:view".into()));
    host.allow(ada.person, "moodle/course:view", Place::Course(closed));
    let listed = ask("core_course_get_courses", both, &ada).expect("listed");
    assert_eq!(list(&listed).len(), 2);
    for key in ["idnumber", "categorysortorder", "numsections", "visible", "courseformatoptions", "timecreated"] {
        assert!(listed[0].get(key).is_none(), "{key}");
    }
}

#[test]
fn courses_are_found_by_every_field() {
    let host = host();
    let admin = host.admin();
    make(&host, json!({"fullname": "Bees & more", "shortname": "bees", "categoryid": 1, "idnumber": "B"}))
        .expect("made");
    let id = host.courses()[0].id;
    let other = course(&host, "other");
    let by = |field: &str, value: String| {
        let found =
            ask("core_course_get_courses_by_field", json!({"field": field, "value": value}), &admin).expect("found");
        list(&found["courses"]).iter().filter_map(|c| c["id"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(by("id", id.to_string()), [id]);
    assert_eq!(by("ids", format!("{id},{other},{id},4711")), [other, id]);
    assert_eq!(by("shortname", "bees".into()), [id]);
    assert_eq!(by("idnumber", "B".into()), [id]);
    assert_eq!(by("category", "1".into()), [other, id]);
    assert_eq!(by("", String::new()), [other, id]);
    let section =
        provost_guest::course_store::Snapshot::open(other).expect("open").sections(0, 9).expect("sections")[2].id;
    assert_eq!(by("sectionid", section.to_string()), [other]);
    let none = ask("core_course_get_courses_by_field", json!({"field": "shortname", "value": "x"}), &admin);
    assert_eq!(none, Ok(json!({"courses": [], "warnings": []})));
    let wrong = json!({"field": "colour", "value": "x"});
    assert_eq!(refused("core_course_get_courses_by_field", wrong, &admin).0, ErrorKind::Invalid);
}

#[test]
fn what_is_found_depends_on_who_looks() {
    let host = host();
    let id = course(&host, "bees");
    let (ada, ben) = (host.person("ada"), host.person("ben"));
    enrol(&host, &ben, id, "editingteacher");
    let look = |caller: &Caller| {
        ask("core_course_get_courses_by_field", json!({"field": "id", "value": id.to_string()}), caller).expect("found")
    };
    let full = look(&ben);
    assert_eq!(full["courses"][0]["contacts"], json!([{"id": ben.person, "fullname": "ben Example"}]));
    assert_eq!(full["courses"][0]["enrollmentmethods"], json!(["manual"]));
    if let Some(recorded) = recorded_json("get_courses_by_field.json.txt") {
        let mut recorded = recorded["courses"][0].clone();
        // It has no picture.
        recorded.as_object_mut().expect("an object").shift_remove("courseimage");
        assert_same_shape(&full["courses"][0], &recorded, "course");
        assert_eq!(full["courses"][0]["courseformatoptions"], recorded["courseformatoptions"]);
    }
    assert_described_as("core_course_get_courses_by_field", "get_courses_by_field.xml.txt");
    let public = look(&ada);
    assert_eq!(public["courses"][0]["fullname"], "Course bees");
    for key in ["format", "visible", "idnumber", "filters"] {
        assert!(public["courses"][0].get(key).is_none(), "{key}");
    }
    let hide = json!({"courses": [{"id": id, "visible": 0}]});
    assert_eq!(ask("core_course_update_courses", hide, &host.admin()), Ok(json!({"warnings": []})));
    assert_eq!(look(&ada)["courses"], json!([]));
    assert_eq!(list(&look(&ben)["courses"]).len(), 1);
}

#[test]
fn courses_are_made_all_or_none() {
    let host = host();
    let admin = host.admin();
    let new = |name: &str| json!({"fullname": "A course", "shortname": name, "categoryid": 1});
    let made = ask("core_course_create_courses", json!({"courses": [new("a"), new("b")]}), &admin).expect("made");
    assert_eq!((&made[0]["shortname"], list(&made).len()), (&json!("a"), 2));
    if let Some(recorded) = recorded_json("create_courses_json.json.txt") {
        assert_same_shape(&made, &recorded, "create_courses");
    }
    for (wrong, code) in [
        (new("a"), "shortnametaken"),
        (new("c"), "shortnametaken"),
        (json!({"fullname": " ", "shortname": "x", "categoryid": 1}), "errorinvalidparam"),
        (json!({"fullname": "x", "shortname": "", "categoryid": 1}), "errorinvalidparam"),
        (json!({"fullname": "x", "shortname": "x", "categoryid": 77}), "errorcatcontextnotvalid"),
        (
            json!({"fullname": "x", "shortname": "x", "categoryid": 1, "startdate": 9, "enddate": 8}),
            "enddatebeforestartdate",
        ),
        (json!({"fullname": "x", "shortname": "x", "categoryid": 1, "numsections": -1}), "errorinvalidparam"),
        (json!({"fullname": "x", "shortname": "x", "categoryid": 1, "idnumber": "C"}), "courseidnumbertaken"),
    ] {
        let mut first = new("c");
        first["idnumber"] = "C".into();
        assert_eq!(refused("core_course_create_courses", json!({"courses": [first, wrong]}), &admin).1, code);
        assert_eq!(host.courses().len(), 2, "{code}");
    }
    let taken = ask("core_course_create_courses", json!({"courses": [new("a")]}), &admin).expect_err("taken");
    assert_eq!(taken.message, "Short name is already used for another course (a)");
    let denied = refused("core_course_create_courses", json!({"courses": [new("d")]}), &host.person("ada"));
    assert_eq!(denied, (ErrorKind::Denied, "moodle/course:create".into()));
}

#[test]
fn a_new_course_survives_a_backup_and_a_restore() {
    use provost_plugin_backup::Backup;
    use provost_plugin_restore::Restore;
    let host = host();
    let new = json!({
        "fullname": "Bees & <more>", "shortname": "bees", "categoryid": 1, "summary": "<p>Über & so</p>", "format": "weeks",
        "numsections": 2, "startdate": 1_700_000_000, "lang": "de", "enablecompletion": 1,
        "courseformatoptions": [{"name": "coursedisplay", "value": "1"}],
    });
    // The type of a name is TEXT: the host would not let tags through.
    let id = make(&host, new).expect("made")[0]["id"].as_u64().expect("an id");
    host.manifest(include_str!("../../../backup/plugin.json")).expect("a manifest");
    let backup = json!({"courseid": id, "options": []});
    provost_guest::testing::call::<Backup>("core_course_backup_async", backup, &host.admin()).expect("queued");
    let jobs = run_enqueued::<Backup>();
    assert!(jobs[0].warnings.is_empty() && jobs[0].reason.is_empty(), "{jobs:?}");
    let context = files::course_context(id).expect("a context");
    let file = files::in_area(context, "backup", "course", 0).expect("files").remove(0);
    let entries = host.entries(&file.blob).expect("an archive");
    let document = |path: &str| {
        let found = entries.iter().find(|(name, _)| name == path).unwrap_or_else(|| panic!("no {path}"));
        String::from_utf8(found.1.clone()).expect("text")
    };
    let course = document("course/course.xml");
    for part in [
        format!("<course id=\"{id}\" contextid=\"{context}\">"),
        "<fullname>Bees &amp; &lt;more&gt;</fullname>".into(),
        "<summary>&lt;p&gt;Über &amp; so&lt;/p&gt;</summary>".into(),
        "<format>weeks</format>".into(),
        "<lang>de</lang>".into(),
        "<name>coursedisplay</name>\n      <value>1</value>".into(),
    ] {
        assert!(course.contains(&part), "{part} is not in {course}");
    }
    let master = document("moodle_backup.xml");
    assert!(master.contains(&format!("<original_course_id>{id}</original_course_id>")), "{master}");
    assert!(master.contains(&format!("<original_course_contextid>{context}</original_course_contextid>")));
    assert!(document("course/enrolments.xml").contains("<enrol>manual</enrol>"));
    assert!(document("sections/section_3/section.xml").contains("<number>2</number>"));

    host.manifest(include_str!("../../../restore/plugin.json")).expect("a manifest");
    let restored = run_job::<Restore>("restore", json!({"fileid": file.id, "shortname": "again"})).expect("restored");
    assert!(host.warnings().is_empty(), "{:?}", host.warnings());
    let again = restored["courseid"].as_u64().expect("an id");
    let found = courses::lookup(&[courses::Key::Id(again)]);
    assert_eq!(found.expect_err("not granted to a restore").kind, ErrorKind::Denied);
    let record = host.courses().pop().expect("a course");
    assert_eq!(
        (record.id, record.fields.fullname.as_str(), record.fields.format.as_str()),
        (again, "Bees & <more>", "weeks")
    );
}

#[test]
fn changes_are_made_course_by_course() {
    let host = host();
    let admin = host.admin();
    let (a, b) = (course(&host, "a"), course(&host, "b"));
    host.add_category(2, 0);
    let changes = json!({"courses": [
        {"id": a, "fullname": "New", "categoryid": 2, "summary": "S", "newsitems": 3, "hiddensections": 0, "idnumber": "N",
         "startdate": 5, "forcetheme": "classic", "courseformatoptions": [{"name": "coursedisplay", "value": "1"}]},
        {"id": 4711, "fullname": "x"},
        {"id": b, "shortname": "a"},
        {"id": b, "idnumber": "N"},
        {"id": b, "categoryid": 99},
        {"id": b, "startdate": 9, "enddate": 8},
        {"id": b, "fullname": ""},
    ]});
    let answer = ask("core_course_update_courses", changes, &admin).expect("answered");
    let codes: Vec<_> =
        list(&answer["warnings"]).iter().map(|w| (w["itemid"].clone(), w["warningcode"].clone())).collect();
    let expected = [
        (json!(4711), "invalidrecord"),
        (json!(b), "shortnametaken"),
        (json!(b), "courseidnumbertaken"),
        (json!(b), "invalidrecord"),
        (json!(b), "enddatebeforestartdate"),
        (json!(b), "errorinvalidparam"),
    ];
    assert_eq!(codes, expected.map(|(id, code)| (id, json!(code))));
    let shown = ask("core_course_get_courses", json!({"options": {"ids": [a, b]}}), &admin).expect("listed");
    let of = |key: &str| shown[0][key].clone();
    assert_eq!(
        (of("fullname"), of("categoryid"), of("summary"), of("newsitems")),
        (json!("New"), json!(2), json!("S"), json!(3))
    );
    assert_eq!((of("hiddensections"), of("forcetheme"), of("startdate")), (json!(0), json!("classic"), json!(5)));
    assert_eq!((&shown[1]["shortname"], &shown[1]["fullname"]), (&json!("b"), &json!("Course b")));
}

#[test]
fn a_change_keeps_what_others_keep_with_the_course() {
    let host = host();
    let id = course(&host, "a");
    let record = host.courses().remove(0);
    let mut extra: Value = serde_json::from_str(&record.extra).expect("JSON");
    extra["moodle_release"] = "4.1".into();
    courses::update(id, &record.fields, &extra.to_string()).expect("updated");
    ask("core_course_update_courses", json!({"courses": [{"id": id, "lang": "fr"}]}), &host.admin()).expect("answered");
    let extra: Value = serde_json::from_str(&host.courses()[0].extra).expect("JSON");
    assert_eq!((&extra["moodle_release"], &extra["details"]["lang"]), (&json!("4.1"), &json!("fr")));
}

#[test]
fn changes_need_their_capabilities() {
    let host = host();
    let id = course(&host, "a");
    let ada = host.person("ada");
    let change = json!({"courses": [{"id": id, "fullname": "x"}]});
    let code = |caller: &Caller| {
        let answer = ask("core_course_update_courses", change.clone(), caller).expect("answered");
        (answer["warnings"][0]["warningcode"].clone(), answer["warnings"][0]["message"].clone())
    };
    assert_eq!(code(&ada), (json!("requireloginerror"), json!("Course or activity not accessible.")));
    enrol(&host, &ada, id, "student");
    let denied = "Sorry, but you do not currently have permissions to do that (Update course settings).";
    assert_eq!(code(&ada), (json!("nopermissions"), json!(denied)));
    host.allow(ada.person, "moodle/course:update", Place::Course(id));
    let denied = "Sorry, but you do not currently have permissions to do that (Change course full name).";
    assert_eq!(code(&ada), (json!("nopermissions"), json!(denied)));
    host.give_role(ada.person, "editingteacher", Place::Course(id));
    assert_eq!(code(&ada), (Value::Null, Value::Null));
}

#[test]
fn deleting_warns_as_recorded() {
    let host = host();
    let (a, ada) = (course(&host, "a"), host.person("ada"));
    let delete = |id: u64, caller: &Caller| {
        ask("core_course_delete_courses", json!({"courseids": [id]}), caller).expect("answered")
    };
    let refused = delete(a, &ada);
    assert_eq!(refused["warnings"][0]["warningcode"], "cannotdeletecourse");
    if let Some(recorded) = recorded_json("err_delete_nopermission.json.txt") {
        assert_same_shape(&refused, &recorded, "refused");
        let theirs = recorded["warnings"][0]["message"].as_str().expect("a message").replace('7', &a.to_string());
        assert_eq!(refused["warnings"][0]["message"], theirs);
    }
    let unknown = delete(99_999, &host.admin());
    if let Some(recorded) = recorded_json("delete_nonexistent.json.txt") {
        assert_eq!(unknown, recorded);
    }
    assert_eq!(delete(1, &host.admin())["warnings"][0]["warningcode"], "cannotdeletecourse");
    assert_eq!(delete(a, &host.admin()), json!({"warnings": []}));
    assert_eq!(host.courses().len(), 0);
    assert_described_as("core_course_delete_courses", "delete_nonexistent.xml.txt");
}
