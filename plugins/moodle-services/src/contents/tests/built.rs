//! A course built of documents: who sees what of it.

use crate::testing::{ask, enrol, host};
use provost_guest::Caller;
use provost_guest::course_store::{
    ActivityFields, Binding, CourseFields, Draft, FacetedRun, FileFields, Origin, Owner, Run, SectionFields,
};
use provost_guest::testing::TestHost;
use serde_json::{Value, json};

const START: i64 = 1_767_600_000;
const LATER: i64 = 3_000_000_000;

/// Adds a document.
fn document(draft: &Draft, owner: Owner, name: &str, text: &str) {
    let facets = if matches!(owner, Owner::Activity(_)) { vec!["activity".to_owned()] } else { Vec::new() };
    let part = draft.add_part(owner, name, &facets).unwrap();
    let run = Run::Text(text.as_bytes().to_vec());
    draft.append_runs(part, &[FacetedRun { facets: Vec::new(), run }]).unwrap();
}

fn section(draft: &Draft, local: u64, number: u32, visible: bool, fields: &str) {
    let row = SectionFields { local, number, name: String::new(), visible, delegated_to: 0 };
    let id = draft.add_section(&row).unwrap();
    document(draft, Owner::Section(id), "section.xml", &format!("<section id=\"{local}\">{fields}</section>"));
}

/// An activity: its local id (also that of its instance and, with 50 before it, its context), section, module, visibility, fields of
/// `module.xml` and of its own document.
fn activity(draft: &Draft, local: u64, section: u64, module: &str, visible: bool, fields: &str, own: &str) -> u64 {
    let row = ActivityFields {
        local,
        section,
        module: module.into(),
        instance: local,
        context: 5000 + local,
        name: format!("{module} {local}"),
        visible,
        idnumber: String::new(),
    };
    let id = draft.add_activity(&row).unwrap();
    document(draft, Owner::Activity(id), "module.xml", &format!("<module id=\"{local}\">{fields}</module>"));
    let own = format!("<activity id=\"{local}\"><{module} id=\"{local}\">{own}</{module}></activity>");
    document(draft, Owner::Activity(id), &format!("{module}.xml"), &own);
    id
}

fn origin(course: u64, date_offset: i64) -> Origin {
    Origin {
        site_hash: String::new(),
        site_url: String::new(),
        course,
        context: 70,
        system_context: 1,
        category: 0,
        date_offset,
    }
}

fn course_fields() -> CourseFields {
    CourseFields {
        fullname: "Bees".into(),
        shortname: "bees".into(),
        idnumber: String::new(),
        format: "weeks".into(),
        start_date: START,
        end_date: 0,
        visible: true,
        category: 0,
        created: START,
        modified: START,
    }
}

/// A course with what `fill` puts in; its id.
fn course(fill: impl Fn(&Draft)) -> u64 {
    let extra = json!({ "details": { "enablecompletion": "1" } }).to_string();
    let draft = Draft::create(&course_fields(), &origin(7, 100), &extra).unwrap();
    fill(&draft);
    draft.publish().unwrap()
}

fn contents(course: u64, caller: &Caller) -> Value {
    ask("core_course_get_contents", json!({ "courseid": course }), caller).unwrap()
}

fn contents_with(course: u64, caller: &Caller, option: &str, value: &str) -> Value {
    let options = json!([{ "name": option, "value": value }]);
    ask("core_course_get_contents", json!({ "courseid": course, "options": options }), caller).unwrap()
}

/// Names of the modules of a section.
fn names(section: &Value) -> Vec<&str> {
    section["modules"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect()
}

fn student(host: &TestHost, course: u64) -> Caller {
    let jane = host.person("jane");
    enrol(host, &jane, course, "student");
    jane
}

#[test]
fn what_is_hidden_is_seen_by_those_who_may() {
    let host = host();
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        section(draft, 2, 1, false, "<summary>secret</summary>");
        activity(draft, 11, 1, "page", false, "", "");
        activity(draft, 12, 1, "page", true, "", "");
        activity(draft, 13, 2, "page", true, "", "");
    });
    let jane = student(&host, course);
    let all = contents(course, &host.admin());
    assert_eq!((names(&all[0]), names(&all[1])), (vec!["page 11", "page 12"], vec!["page 13"]));
    assert_eq!((&all[0]["modules"][0]["visible"], &all[0]["modules"][0]["uservisible"]), (&json!(0), &json!(true)));
    assert_eq!((&all[0]["name"], &all[1]["name"]), (&json!("General"), &json!("5 January - 11 January")));
    let seen = contents(course, &jane);
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(names(&seen[0]), ["page 12"]);
    assert!(seen[0]["modules"][0].get("availability").is_none());
    // Who asks for them is given those that can be used all the same.
    let seen = contents_with(course, &jane, "includestealthmodules", "1");
    assert_eq!((&seen[1]["id"], names(&seen[1])), (&json!(-1), vec!["page 13"]));
}

#[test]
fn conditions_hold_back() {
    let host = host();
    let date = |d: &str, t: i64| format!("{{\"type\":\"date\",\"d\":\"{d}\",\"t\":{t}}}");
    let one = |condition: &str, show: bool| {
        format!("<availability>{{\"op\":\"&amp;\",\"c\":[{condition}],\"showc\":[{show}]}}</availability>")
    };
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        activity(draft, 11, 1, "page", true, &one(&date("&gt;=", START), true), "");
        activity(draft, 12, 1, "page", true, &one(&date("&gt;=", LATER), true), "");
        activity(draft, 13, 1, "page", true, &one(&date("&gt;=", LATER), false), "");
        let complete = one("{\"type\":\"completion\",\"cm\":15,\"e\":1}", true);
        activity(draft, 14, 1, "page", true, &complete, "");
        activity(draft, 15, 1, "page", true, "<completion>1</completion>", "");
        activity(draft, 16, 1, "page", true, &one("{\"type\":\"group\",\"id\":3}", true), "");
        activity(draft, 17, 1, "page", true, &one("{\"type\":\"grade\",\"id\":3,\"min\":5}", true), "");
    });
    let jane = student(&host, course);
    let seen = contents(course, &jane);
    let modules = seen[0]["modules"].as_array().unwrap();
    let open = |name: &str| modules.iter().find(|m| m["name"] == name).map(|m| m["uservisible"] == true);
    let told = |name: &str| modules.iter().find(|m| m["name"] == name).unwrap()["availabilityinfo"].clone();
    assert_eq!((open("page 11"), open("page 12"), open("page 13")), (Some(true), Some(false), None));
    assert!(told("page 11").is_null());
    assert!(told("page 12").as_str().unwrap().starts_with("Not available unless: It is after <strong>24 January 2065"));
    assert_eq!(told("page 14"), "Not available unless: The activity <strong>page 15</strong> is marked complete");
    assert_eq!(told("page 16"), "Not available unless: You belong to <strong>(missing group)</strong>");
    // Whether a grade was reached is not known.
    assert_eq!((open("page 16"), open("page 17")), (Some(false), Some(false)));
    let closed = modules.iter().find(|m| m["name"] == "page 12").unwrap();
    assert!(closed.get("contents").is_none());
    let used = modules.iter().find(|m| m["name"] == "page 15").unwrap();
    assert_eq!(used["completiondata"]["valueused"], true);
    assert_eq!(used["completiondata"]["istrackeduser"], true);

    let all = contents(course, &host.admin());
    assert_eq!(names(&all[0]).len(), 7);
    assert!(all[0]["modules"].as_array().unwrap().iter().all(|m| m["uservisible"] == true));
    // Numbers and dates are those of here.
    let (target, conditions) = (&all[0]["modules"][4]["id"], &all[0]["modules"][3]["availability"]);
    let conditions: Value = serde_json::from_str(conditions.as_str().unwrap()).unwrap();
    assert_eq!(&conditions["c"][0]["cm"], target);
    let conditions = all[0]["modules"][1]["availability"].as_str().unwrap();
    assert!(conditions.contains(&(LATER + 100).to_string()), "{conditions}");
}

#[test]
fn dates_move_and_are_labelled_by_the_time() {
    let host = host();
    host.set_time(START);
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        let own = format!("<name>Q</name><timeopen>{}</timeopen><timeclose>{LATER}</timeclose>", START - 200);
        activity(draft, 11, 1, "quiz", true, "<completion>2</completion><completionview>1</completionview>", &own);
    });
    let all = contents(course, &host.admin());
    let quiz = &all[0]["modules"][0];
    assert_eq!(
        quiz["dates"],
        json!([
            { "label": "Opened:", "timestamp": START - 100, "dataid": "timeopen" },
            { "label": "Closes:", "timestamp": LATER + 100, "dataid": "timeclose" }
        ])
    );
    let view = json!([{ "rulename": "completionview", "rulevalue": { "status": 0, "description": "View" } }]);
    assert_eq!(quiz["completiondata"]["details"], view);
}

#[test]
fn what_came_later_is_in_its_section_with_its_own_numbers() {
    let host = host();
    host.set_page_limit(1);
    host.set_read_limit(16);
    let intro =
        "<intro>&lt;img src=\"@@PLUGINFILE@@/a%20b.png\"&gt; $@PAGEVIEWBYID*11@$</intro><introformat>1</introformat>";
    let shown = "<showdescription>1</showdescription>";
    let first = course(|draft| {
        section(draft, 1, 0, true, "");
        section(draft, 2, 1, true, "");
        activity(draft, 11, 2, "page", true, "", "");
    });
    let scope = provost_guest::course_store::Snapshot::open(first).unwrap().scopes().unwrap()[0].id;
    let draft = Draft::extend(first, &origin(9, 0)).unwrap();
    let bound = Binding { kind: "section".into(), local: 1, target_scope: scope, target: 2 };
    draft.bind(&[bound]).unwrap();
    activity(&draft, 11, 1, "folder", true, shown, &format!("{intro}<revision>4</revision>"));
    let file = |local: u64, name: &str, context: u64, order: u32| FileFields {
        local,
        context,
        component: "mod_folder".into(),
        area: "content".into(),
        item: 0,
        path: "/ü/".into(),
        name: name.into(),
        blob: Some(host.blob(b"12345")),
        mimetype: "text/plain".into(),
        person: 0,
        facets: vec!["activity".into()],
        element: format!("<file id=\"{local}\"><timecreated>5</timecreated><sortorder>{order}</sortorder></file>")
            .into(),
    };
    let files =
        [file(1, "a.txt", 5011, 0), file(2, ".", 5011, 0), file(3, "b c.txt", 5011, 1), file(4, "no.txt", 5012, 0)];
    draft.add_files(&files).unwrap();
    draft.publish().unwrap();

    let all = contents(first, &host.admin());
    assert_eq!((names(&all[0]), names(&all[1])), (vec![], vec!["page 11", "folder 11"]));
    let folder = &all[1]["modules"][1];
    let (id, context) = (folder["id"].as_u64().unwrap(), folder["contextid"].as_u64().unwrap());
    assert_ne!(id, all[1]["modules"][0]["id"].as_u64().unwrap());
    assert_eq!(
        folder["description"],
        format!(
            "<div class=\"no-overflow\"><img src=\"https://lms.example.org/webservice/pluginfile.php/{context}/mod_folder/intro/a%20b.png\"> https://lms.example.org/mod/page/view.php?id={id}</div>"
        )
    );
    let listed = folder["contents"].as_array().unwrap();
    assert_eq!(listed.iter().map(|f| f["filename"].as_str().unwrap()).collect::<Vec<_>>(), ["b c.txt", "a.txt"]);
    assert_eq!(
        listed[0]["fileurl"],
        format!(
            "https://lms.example.org/webservice/pluginfile.php/{context}/mod_folder/content/4/%C3%BC/b%20c.txt?forcedownload=1"
        )
    );
    assert_eq!(folder["contentsinfo"]["filessize"], 10);

    let only = contents_with(first, &host.admin(), "cmid", &id.to_string());
    assert_eq!((names(&only[0]), names(&only[1])), (vec![], vec!["folder 11"]));
    let section = all[1]["id"].as_u64().unwrap().to_string();
    assert_eq!(contents_with(first, &host.admin(), "sectionid", &section).as_array().unwrap().len(), 1);
    assert_eq!(contents_with(first, &host.admin(), "sectionnumber", "0").as_array().unwrap().len(), 1);
    let bare = contents_with(first, &host.admin(), "excludecontents", "1");
    assert_eq!(bare[1]["modules"][1]["contents"], json!([]));
    assert!(names(&contents_with(first, &host.admin(), "excludemodules", "1")[1]).is_empty());
}

#[test]
fn a_course_that_is_not_there_is_not_found() {
    let host = host();
    let error = ask("core_course_get_contents", json!({ "courseid": 99 }), &host.admin()).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (provost_guest::ErrorKind::NotFound, "course"));
}
