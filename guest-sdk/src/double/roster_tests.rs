//! Categories, courses as rows, people, roles, enrolments and services of the double.

use super::course_store::{CourseFields, Draft, Origin};
use super::{courses, enrolments, people, services};
use crate::testing::TestHost;
use crate::{Error, ErrorKind, Result};
use enrolments::NewEnrolment;
use people::{Key, PersonFields, Place};

fn draft(shortname: &str) -> Result<Draft> {
    let fields = CourseFields {
        fullname: "A course".into(),
        shortname: shortname.into(),
        idnumber: String::new(),
        format: "topics".into(),
        start_date: 0,
        end_date: 0,
        visible: true,
        category: 0,
        created: 5,
        modified: 5,
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
    Draft::create(&fields, &origin, "{}")
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> (ErrorKind, String) {
    let error: Error = result.expect_err("an error");
    (error.kind, error.code)
}

fn is(kind: ErrorKind, code: &str) -> (ErrorKind, String) {
    (kind, code.to_owned())
}

fn somebody(username: &str) -> (PersonFields, Option<String>) {
    let fields = PersonFields {
        username: username.into(),
        email: String::new(),
        firstname: username.into(),
        lastname: "Example".into(),
        idnumber: format!("n-{username}"),
        suspended: false,
        extra: r#"{"city":"Ulm"}"#.into(),
    };
    (fields, Some("secret".into()))
}

#[test]
fn several_drafts_are_published_together_or_not_at_all() -> Result<()> {
    let host = TestHost::new();
    let there = draft("there")?.publish()?;
    let ids = Draft::publish_all(vec![draft("a")?, draft("b")?])?;
    assert_eq!(courses::list(there, 10)?.into_iter().map(|c| c.id).collect::<Vec<_>>(), ids);

    let origin = courses::lookup(&[courses::Key::Id(there)])?.remove(0).map(|c| c.origin);
    let lost = Draft::extend(there, &origin.ok_or_else(|| Error::failed("no course"))?)?;
    courses::delete(there)?;
    assert_eq!(code(Draft::publish_all(vec![draft("c")?, lost])), is(ErrorKind::NotFound, "course"));
    assert_eq!(host.courses().len(), 2);
    // The name is free again.
    draft("c")?.publish()?;
    Ok(())
}

#[test]
fn courses_are_found_changed_and_deleted() -> Result<()> {
    let _host = TestHost::new();
    let (a, b) = (draft("a")?.publish()?, draft("b")?.publish()?);
    let mut record = courses::lookup(&[courses::Key::Shortname("b".into())])?.remove(0).expect("a course");
    assert_eq!(record.id, b);
    record.fields.shortname = "a".into();
    assert_eq!(code(courses::update(b, &record.fields, "{}")), is(ErrorKind::Conflict, "shortname"));
    (record.fields.shortname, record.fields.idnumber, record.fields.created) = ("b2".into(), "B".into(), 9);
    courses::update(b, &record.fields, r#"{"x":1}"#)?;
    let found = courses::lookup(&[courses::Key::Idnumber("B".into()), courses::Key::Idnumber(String::new())])?;
    assert_eq!(found[0].as_ref().map(|c| (c.extra.as_str(), c.fields.created)), Some((r#"{"x":1}"#, 5)));
    assert_eq!(found[1], None);
    courses::delete(a)?;
    assert_eq!(code(courses::delete(a)), is(ErrorKind::NotFound, "course"));
    Ok(())
}

#[test]
fn categories_are_listed_as_they_are_nested() -> Result<()> {
    let host = TestHost::new();
    let fields = |name: &str, parent| courses::CategoryFields {
        name: name.into(),
        parent,
        idnumber: String::new(),
        visible: true,
        extra: "{}".into(),
    };
    assert_eq!(
        code(courses::create_categories(&[fields("x", 0), fields("y", 99)])),
        is(ErrorKind::NotFound, "category")
    );
    let ids = courses::create_categories(&[fields("second", 0), fields("inside the first", 1)])?;
    draft("a")?.publish()?;
    let listed: Vec<_> = courses::categories()?.into_iter().map(|c| (c.id, c.courses)).collect();
    assert_eq!(listed, [(1, 1), (ids[1], 0), (ids[0], 0)]);
    let context = people::context_of(Place::Category(ids[1]))?;
    assert_eq!(people::place_of(context)?, Place::Category(ids[1]));
    assert_eq!(code(people::place_of(1 << 40)), is(ErrorKind::NotFound, "context"));
    assert_eq!(people::course_of(Place::Category(ids[1]))?, None);
    assert_eq!(people::course_of(Place::Site)?, None);
    assert_eq!(code(people::course_of(Place::Course(1 << 40))), is(ErrorKind::NotFound, "course"));
    assert_eq!(code(people::course_of(Place::Activity(1 << 40))), is(ErrorKind::NotFound, "activity"));
    drop(host);
    Ok(())
}

#[test]
fn people_are_created_all_or_none() -> Result<()> {
    let host = TestHost::new();
    let taken = people::create(&[somebody("ada"), somebody("admin")]);
    assert_eq!(code(taken), is(ErrorKind::Conflict, "username"));
    let ids = people::create(&[somebody("ada"), somebody("ben")])?;
    assert!(host.has_password(ids[0]));
    let found = people::lookup(&[Key::Idnumber("n-ben".into()), Key::Idnumber(String::new())])?;
    assert_eq!(found[0].as_ref().map(|p| (p.id, p.extra.as_str())), Some((ids[1], r#"{"city":"Ulm"}"#)));
    assert_eq!(found[1], None);
    assert_eq!(code(people::update(ids[0], &somebody("ben").0)), is(ErrorKind::Conflict, "username"));
    people::update(ids[0], &PersonFields { suspended: true, ..somebody("ada").0 })?;
    assert!(people::lookup(&[Key::Id(ids[0])])?[0].as_ref().is_some_and(|p| p.suspended));
    Ok(())
}

#[test]
fn enrolments_come_with_their_role_and_go_with_it() -> Result<()> {
    let host = TestHost::new();
    host.set_time(1_000);
    let course = draft("a")?.publish()?;
    let (ada, ben) = (host.person("ada").person, host.person("ben").person);
    let new = |person, role, end| NewEnrolment { course, person, role, start: 0, end, suspended: false };
    assert_eq!(code(enrolments::enrol(&[new(ada, 5, 0), new(99, 5, 0)])), is(ErrorKind::NotFound, "person"));
    assert_eq!(code(enrolments::enrol(&[new(ada, 77, 0)])), is(ErrorKind::NotFound, "role"));
    assert_eq!(enrolments::participants(course, 0, 10)?, []);
    enrolments::enrol(&[new(ada, 5, 0), new(ben, 3, 999)])?;
    let listed: Vec<_> =
        enrolments::participants(course, 0, 10)?.into_iter().map(|p| (p.person.id, p.active, p.roles)).collect();
    assert_eq!(listed, [(ada, true, vec![5]), (ben, false, vec![3])]);
    assert_eq!(enrolments::courses_of(ben)?, [(course, false)]);
    people::require_course_access(ada, course)?;
    enrolments::unenrol(course, ada, "self")?;
    assert!(enrolments::participant_of(course, ada)?.is_some());
    enrolments::unenrol(course, ada, "manual")?;
    assert_eq!(enrolments::participant_of(course, ada)?, None);
    assert_eq!(code(people::require_course_access(ada, course)), is(ErrorKind::Refused, "requireloginerror"));
    Ok(())
}

#[test]
fn a_hidden_course_is_for_who_may_view_hidden_ones() -> Result<()> {
    let host = TestHost::new();
    let course = draft("a")?.publish()?;
    let mut fields = host.courses().remove(0).fields;
    fields.visible = false;
    courses::update(course, &fields, "{}")?;
    let ada = host.person("ada").person;
    host.enrol(ada, course);
    assert_eq!(code(people::require_course_access(ada, course)), is(ErrorKind::Refused, "requireloginerror"));
    host.allow(ada, "moodle/course:viewhiddencourses", Place::Course(course));
    people::require_course_access(ada, course)
}

#[test]
fn services_offer_what_they_list() -> Result<()> {
    let host = TestHost::new();
    host.add_service("office", &[("b", "2"), ("a", "1")]);
    let listed: Vec<_> = services::functions("office")?.into_iter().map(|o| (o.name, o.version)).collect();
    assert_eq!(listed, [("a".into(), "1".into()), ("b".into(), "2".into())]);
    assert_eq!(code(services::get("other")), is(ErrorKind::NotFound, "service"));
    host.manifest(
        r#"{"id": "x", "version": "1", "description": "", "grants": ["services"],
            "services": [{"shortname": "app", "name": "The app"}]}"#,
    )?;
    assert_eq!(services::get("app")?.name, "The app");
    let key = services::file_key(host.admin().person)?;
    assert!(key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()));
    Ok(())
}

#[test]
fn a_shared_job_of_another_plugin_is_seen() -> Result<()> {
    use super::jobs;
    let host = TestHost::new();
    let manifest = |id: &str| {
        let jobs = r#"[{"kind": "open", "shared": true}, {"kind": "own"}]"#;
        host.manifest(&format!(
            r#"{{"id": "{id}", "version": "1", "description": "", "grants": ["jobs"], "jobs": {jobs}}}"#
        ))
    };
    manifest("a")?;
    let new = |kind: &str| jobs::NewJob {
        kind: kind.into(),
        payload: "null".into(),
        person: host.admin().person,
        course: None,
        key: String::new(),
    };
    let (open, own) = (jobs::enqueue(&new("open"))?, jobs::enqueue(&new("own"))?);
    assert_eq!(jobs::get(&own)?.plugin, "a");
    manifest("b")?;
    assert_eq!(jobs::get(&open)?.plugin, "a");
    assert_eq!(code(jobs::get(&own)), is(ErrorKind::NotFound, "job"));
    assert_eq!(code(jobs::cancel(&open)), is(ErrorKind::NotFound, "job"));
    Ok(())
}
