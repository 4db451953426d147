//! Who may have files of a course, and what is in those that are made of documents.

use super::built::{LATER, START, activity, course, origin, section, student};
use crate::testing::{ask, enrol, host, refused};
use provost_guest::course_store::{
    ArchivedPerson, Draft, FacetedRun, FileFields, GroupColumns, GroupMemberColumns, Owner, PersonChoice, Row,
    RowColumns, Run, Snapshot,
};
use provost_guest::people::{self, Place};
use provost_guest::testing::TestHost;
use provost_guest::{Caller, ErrorKind};
use serde_json::{Value, json};

const FUNCTION: &str = "provost_open_content_file";

/// Parameters for a file of an activity's area.
fn wish(context: u64, component: &str, area: &str, item: u64, name: &str) -> Value {
    json!({ "contextid": context, "component": component, "area": area, "item": item, "path": "/", "filename": name })
}

/// The context of the activity of that local number.
fn context(course: u64, local: u64) -> u64 {
    let activities = Snapshot::open(course).unwrap().activities(0, 1_000).unwrap();
    activities.into_iter().find(|a| a.fields.local == local).unwrap().context
}

/// Whether somebody gets a stored file of the activity's content; the error's code where not.
fn stored(course: u64, local: u64, caller: &Caller) -> Result<(), String> {
    let wish = wish(context(course, local), "mod_resource", "content", 0, "a.pdf");
    match ask(FUNCTION, wish, caller) {
        Ok(answer) => {
            assert_eq!(answer, json!({ "stored": true }));
            Ok(())
        }
        Err(error) => Err(error.code),
    }
}

fn condition(condition: &str) -> String {
    let condition = condition.replace('>', "&gt;");
    format!("<availability>{{\"op\":\"&amp;\",\"c\":[{condition}],\"showc\":[true]}}</availability>")
}

fn of_section(condition: &str) -> String {
    self::condition(condition).replace("availability>", "availabilityjson>")
}

fn from(time: i64) -> String {
    format!("{{\"type\":\"date\",\"d\":\">=\",\"t\":{time}}}")
}

fn login() -> Result<(), String> {
    Err("requireloginerror".into())
}

fn file(host: &TestHost, context: u64, component: &str, area: &str, item: i64, name: &str) -> FileFields {
    FileFields {
        local: 1,
        context,
        component: component.into(),
        area: area.into(),
        item,
        path: "/".into(),
        name: name.into(),
        blob: Some(host.blob(b"12345")),
        mimetype: "text/plain".into(),
        person: 0,
        facets: Vec::new(),
        element: b"<file id=\"1\"></file>".to_vec(),
    }
}

#[test]
fn files_of_what_is_hidden_are_for_those_who_see_it() {
    let host = host();
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        section(draft, 2, 1, false, "");
        activity(draft, 11, 1, "resource", true, "", "");
        activity(draft, 12, 1, "resource", false, "", "");
        activity(draft, 13, 2, "resource", false, "", "");
        // In use though its section is hidden.
        activity(draft, 14, 2, "resource", true, "", "");
    });
    let jane = student(&host, course);
    let admin = host.admin();
    assert_eq!(stored(course, 11, &jane), Ok(()));
    assert_eq!(stored(course, 12, &jane), login());
    assert_eq!(stored(course, 13, &jane), login());
    assert_eq!(stored(course, 14, &jane), Ok(()));
    for local in [11, 12, 13, 14] {
        assert_eq!(stored(course, local, &admin), Ok(()), "{local}");
    }
    let error = ask(FUNCTION, wish(context(course, 12), "mod_resource", "content", 0, "a.pdf"), &jane).unwrap_err();
    assert_eq!(error.message, "Course or activity not accessible. (Activity is hidden)");
    assert_eq!(stored(course, 11, &host.person("stranger")), login());
}

#[test]
fn files_of_what_is_not_available_are_refused() {
    let host = host();
    host.set_time(START);
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        section(draft, 2, 1, true, &of_section(&from(LATER)));
        activity(draft, 11, 1, "resource", true, &condition(&from(START - 200)), "");
        activity(draft, 12, 1, "resource", true, &condition(&from(LATER)), "");
        activity(draft, 13, 2, "resource", true, "", "");
        activity(draft, 14, 1, "resource", true, "<completion>1</completion>", "");
        activity(draft, 15, 1, "resource", true, "", "");
        // The one before it whose completion is tracked.
        let done = condition("{\"type\":\"completion\",\"cm\":-1,\"e\":1}");
        activity(draft, 16, 1, "resource", true, &done, "");
        activity(draft, 17, 1, "resource", true, &done.replace("\"e\":1", "\"e\":0"), "");
    });
    let (jane, admin) = (student(&host, course), host.admin());
    assert_eq!((stored(course, 11, &jane), stored(course, 17, &jane)), (Ok(()), Ok(())));
    for local in [12, 13, 16] {
        assert_eq!(stored(course, local, &jane), login(), "{local}");
        assert_eq!(stored(course, local, &admin), Ok(()), "{local}");
    }
    host.set_time(LATER + 200);
    assert_eq!((stored(course, 12, &jane), stored(course, 13, &jane)), (Ok(()), Ok(())));
}

/// Puts a group with one member, of the number 5, into the course.
fn add_group(draft: &Draft, local: u64, person: u64) {
    let archived = ArchivedPerson {
        local: 5,
        username: "kim".into(),
        email: String::new(),
        firstname: String::new(),
        lastname: String::new(),
        idnumber: String::new(),
        first_access: 0,
        deleted: false,
        suspended: false,
        element: b"<user/>".to_vec(),
    };
    draft.add_people(&[(archived, PersonChoice::Link(person))]).unwrap();
    let part = draft.add_part(Owner::Course, "groups.xml", &[]).unwrap();
    let columns = [
        RowColumns::Group(GroupColumns { local, name: "Red".into(), idnumber: String::new() }),
        RowColumns::GroupMember(GroupMemberColumns { local: 1, person: 5, group: local }),
    ];
    let rows = columns.map(|columns| Row { element: Vec::new(), columns }).to_vec();
    draft.append_runs(part, &[FacetedRun { facets: Vec::new(), run: Run::Rows(rows) }]).unwrap();
}

#[test]
fn files_of_what_is_for_a_group_are_for_its_members() {
    let host = host();
    let kim = host.person("kim");
    let course = course(|draft| {
        add_group(draft, 3, kim.person);
        section(draft, 1, 0, true, "");
        activity(draft, 11, 1, "resource", true, &condition("{\"type\":\"group\",\"id\":3}"), "");
        activity(draft, 12, 1, "resource", true, &condition("{\"type\":\"group\",\"id\":4}"), "");
    });
    enrol(&host, &kim, course, "student");
    let jane = student(&host, course);
    assert_eq!((stored(course, 11, &kim), stored(course, 11, &jane)), (Ok(()), login()));
    assert_eq!((stored(course, 12, &kim), stored(course, 12, &host.admin())), (login(), Ok(())));
}

#[test]
fn the_description_on_the_course_page_keeps_its_files() {
    let host = host();
    let shown = "<showdescription>1</showdescription>";
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        let (locked, intro) = (condition(&from(LATER)), "<intro>x</intro>");
        activity(draft, 11, 1, "resource", true, &format!("{shown}{locked}"), intro);
        activity(draft, 12, 1, "resource", true, &locked, intro);
        activity(draft, 13, 1, "resource", false, &format!("{shown}{locked}"), intro);
        activity(draft, 14, 1, "label", true, &locked, intro);
    });
    let jane = student(&host, course);
    let intro = |local, component: &str| wish(context(course, local), component, "intro", 0, "a.png");
    for (local, component) in [(11, "mod_resource"), (14, "mod_label")] {
        assert_eq!(ask(FUNCTION, intro(local, component), &jane).unwrap(), json!({ "stored": true }), "{local}");
    }
    for local in [12, 13] {
        assert_eq!(refused(FUNCTION, intro(local, "mod_resource"), &jane).1, "requireloginerror", "{local}");
    }
    assert_eq!(stored(course, 11, &jane), login());
}

#[test]
fn an_activity_in_a_subsection_is_held_back_with_it() {
    let host = host();
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        activity(draft, 11, 1, "subsection", true, &condition(&from(LATER)), "");
        let inner = provost_guest::course_store::SectionFields {
            local: 2,
            number: 1,
            name: String::new(),
            visible: true,
            delegated_to: 11,
        };
        draft.add_section(&inner).unwrap();
        activity(draft, 12, 2, "resource", true, "", "");
    });
    let jane = student(&host, course);
    assert_eq!((stored(course, 12, &jane), stored(course, 12, &host.admin())), (login(), Ok(())));
}

#[test]
fn files_of_sections_are_for_those_who_see_what_they_are_about() {
    let host = host();
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        section(draft, 2, 1, false, "");
        section(draft, 3, 2, true, &of_section(&from(LATER)));
        section(draft, 4, 3, true, &of_section(&from(LATER)).replace("[true]", "[false]"));
    });
    let (jane, admin) = (student(&host, course), host.admin());
    let context = people::context_of(Place::Course(course)).unwrap();
    let of = |item: u64| wish(context, "course", "section", item, "a.png");
    for item in [1, 3] {
        assert_eq!(ask(FUNCTION, of(item), &jane).unwrap(), json!({ "stored": true }), "{item}");
    }
    for item in [2, 4] {
        assert_eq!(refused(FUNCTION, of(item), &jane).1, "requireloginerror", "{item}");
        assert_eq!(ask(FUNCTION, of(item), &admin).unwrap(), json!({ "stored": true }), "{item}");
    }
    assert_eq!(refused(FUNCTION, of(9), &admin), (ErrorKind::NotFound, "file".into()));
    assert_eq!(refused(FUNCTION, of(1), &host.person("stranger")).1, "requireloginerror");
    let overview = wish(context, "course", "overviewfiles", 0, "a.png");
    assert_eq!(ask(FUNCTION, overview, &jane).unwrap(), json!({ "stored": true }));
}

#[test]
fn a_section_of_another_archive_does_not_lend_its_number() {
    let host = host();
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        section(draft, 2, 1, true, "");
        draft.add_files(&[file(&host, 70, "course", "section", 2, "shown.png")]).unwrap();
    });
    let draft = Draft::extend(course, &origin(9, 0)).unwrap();
    section(&draft, 2, 2, false, "");
    draft.add_files(&[file(&host, 70, "course", "section", 2, "hidden.png")]).unwrap();
    draft.publish().unwrap();
    let jane = student(&host, course);
    let context = people::context_of(Place::Course(course)).unwrap();
    let of = |name: &str| wish(context, "course", "section", 2, name);
    assert_eq!(ask(FUNCTION, of("shown.png"), &jane).unwrap(), json!({ "stored": true }));
    assert_eq!(refused(FUNCTION, of("hidden.png"), &jane).1, "requireloginerror");
    assert_eq!(refused(FUNCTION, of("no.png"), &jane), (ErrorKind::NotFound, "file".into()));
}

#[test]
fn a_page_is_made_of_its_text() {
    let host = host();
    host.set_read_limit(16);
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        let own = "<content>&lt;img src=\"@@PLUGINFILE@@/sub/a%20b.png\"&gt; $@PAGEVIEWBYID*11@$</content><contentformat>1</contentformat><revision>4</revision>";
        activity(draft, 11, 1, "page", true, "", own);
        activity(draft, 12, 1, "page", true, "", "<content># *x*</content><contentformat>4</contentformat>");
        activity(draft, 13, 1, "page", true, "", "<content>made</content>");
        draft.add_files(&[file(&host, 5013, "mod_page", "content", 0, "index.html")]).unwrap();
        activity(draft, 14, 1, "page", true, &condition(&from(LATER)), "<content>secret</content>");
        activity(draft, 15, 1, "forum", true, "", "<content>none</content>");
    });
    let jane = student(&host, course);
    let page = |local, name: &str| ask(FUNCTION, wish(context(course, local), "mod_page", "content", 0, name), &jane);
    let id = Snapshot::open(course).unwrap().activities(0, 1).unwrap()[0].id;
    let answer = page(11, "index.html").unwrap();
    assert_eq!((&answer["stored"], &answer["mimetype"]), (&json!(false), &json!("text/html")));
    assert_eq!(
        answer["content"],
        format!(
            "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>page 11</title>\n</head>\n<body>\n<div class=\"no-overflow\"><img src=\"sub/a%20b.png\"> https://lms.example.org/mod/page/view.php?id={id}</div>\n</body>\n</html>\n"
        )
    );
    assert_eq!(page(11, "index.htm").unwrap()["content"], answer["content"]);
    assert!(page(12, "index.html").unwrap()["content"].as_str().unwrap().contains("<h1><em>x</em></h1>"));
    for (local, name) in [(11, "a.png"), (13, "index.html"), (15, "index.html")] {
        assert_eq!(page(local, name).unwrap(), json!({ "stored": true }), "{local} {name}");
    }
    assert_eq!(page(14, "index.html").unwrap_err().code, "requireloginerror");
    // Where every client's texts are wanted as they are kept, a file still is what it is.
    host.set_settings(provost_guest::web_service::TextSettings { raw: true, ..Default::default() });
    assert_eq!(page(11, "index.html").unwrap(), answer);
}

#[test]
fn a_chapter_is_made_of_its_text() {
    let host = host();
    let chapter = |id: u64, fields: &str| {
        format!(
            "<chapter id=\"{id}\"><pagenum>{id}</pagenum><content>text {id} @@PLUGINFILE@@/a.png</content><contentformat>1</contentformat>{fields}</chapter>"
        )
    };
    let chapters = [
        chapter(1, "<title>One &amp;amp; only</title><subchapter>1</subchapter>"),
        chapter(2, "<title>Hidden</title><hidden>1</hidden>"),
        chapter(3, "<title>Hidden with it</title><subchapter>1</subchapter>"),
        chapter(4, "<title>Two</title>"),
        chapter(5, "<title>Two one</title><subchapter>1</subchapter>"),
    ];
    let course = course(|draft| {
        section(draft, 1, 0, true, "");
        let list = format!("<chapters>{}</chapters>", chapters.concat());
        let fields =
            |numbering, custom| format!("<numbering>{numbering}</numbering><customtitles>{custom}</customtitles>");
        activity(draft, 11, 1, "book", true, "", &format!("{}{list}", fields(1, 0)));
        activity(draft, 12, 1, "book", true, "", &format!("{}{list}", fields(0, 0)));
        activity(draft, 13, 1, "book", true, "", &format!("{}{list}", fields(1, 1)));
    });
    let (jane, admin) = (student(&host, course), host.admin());
    let read = |local, item, name: &str, caller: &Caller| {
        ask(FUNCTION, wish(context(course, local), "mod_book", "chapter", item, name), caller)
    };
    let body = |local, item, caller: &Caller| {
        let answer = read(local, item, "index.html", caller).unwrap();
        assert_eq!((&answer["stored"], &answer["mimetype"]), (&json!(false), &json!("text/html")));
        let content = answer["content"].as_str().unwrap().to_owned();
        let text = format!("<div class=\"no-overflow\">text {item} a.png</div>\n</body>\n</html>\n");
        assert!(content.starts_with("<!DOCTYPE html>") && content.ends_with(&text), "{content}");
        content.split_once("<body>\n").unwrap().1.split_once("<div").unwrap().0.to_owned()
    };
    assert_eq!(body(11, 1, &jane), "<h3>1. One &amp; only</h3>");
    assert_eq!(body(11, 5, &jane), "<h3>2. Two</h3><h4>2.1. Two one</h4>");
    assert_eq!(body(11, 5, &admin), "<h3>2. Two</h3><h4>2.1. Two one</h4>");
    assert_eq!(body(11, 3, &admin), "<h3>x. Hidden</h3><h4>x.x. Hidden with it</h4>");
    assert_eq!((body(12, 4, &jane), body(13, 4, &jane)), ("<h3>Two</h3>".into(), String::new()));
    assert_eq!(read(11, 4, "a.png", &jane).unwrap(), json!({ "stored": true }));
    // Neither the text of a hidden chapter nor its pictures, nor what lies within it.
    for (item, name) in [(2, "index.html"), (2, "a.png"), (3, "index.html"), (9, "index.html")] {
        let error = read(11, item, name, &jane).unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NotFound, "file"), "{item} {name}");
    }
    assert_eq!(read(11, 2, "a.png", &admin).unwrap(), json!({ "stored": true }));
}

#[test]
fn what_is_no_place_of_a_course_has_no_files() {
    let host = host();
    let jane = host.person("jane");
    for context in [host.person_context(jane.person), people::context_of(Place::Category(1)).unwrap(), 1 << 40] {
        let wish = wish(context, "mod_page", "content", 0, "index.html");
        assert_eq!(refused(FUNCTION, wish, &jane), (ErrorKind::NotFound, "file".into()), "{context}");
    }
}

#[test]
fn every_area_of_content_is_opened_by_the_function() {
    let manifest: Value = serde_json::from_str(include_str!("../../../plugin.json")).unwrap();
    for area in manifest["file-areas"].as_array().unwrap() {
        assert_eq!((&area["content"], &area["opened-by"]), (&json!(true), &json!(FUNCTION)), "{area}");
    }
}
