//! The double against what `wit/` promises.

use super::course_store::{
    ActivityFields, ArchivedPerson, BlockFields, CourseFields, Draft, EnrolmentColumns, Entry, FacetedRun, FileFields,
    NewPerson, Origin, Owner, PersonChoice, Reference, Row, RowColumns, Run, SectionFields, Snapshot,
};
use super::{archive, blobs, files, people};
use crate::testing::TestHost;
use crate::{Error, ErrorKind, Result};

const SITE: &str = "ffffffffffffffffffffffffffffffff";

fn course_fields(shortname: &str) -> CourseFields {
    CourseFields {
        fullname: "A course".into(),
        shortname: shortname.into(),
        idnumber: String::new(),
        format: "topics".into(),
        start_date: 0,
        end_date: 0,
        visible: true,
        category: 0,
        created: 1,
        modified: 2,
    }
}

fn draft(shortname: &str) -> Result<Draft> {
    let origin = Origin {
        site_hash: SITE.into(),
        site_url: "https://there.example.org".into(),
        course: 4,
        context: 44,
        system_context: 1,
        category: 1,
        date_offset: 0,
    };
    Draft::create(&course_fields(shortname), &origin, "{}")
}

fn create(username: &str) -> PersonChoice {
    PersonChoice::Create(NewPerson { username: username.to_owned(), extra: "{}".into() })
}

fn person(local: u64, username: &str) -> ArchivedPerson {
    ArchivedPerson {
        local,
        username: username.into(),
        email: format!("{username}@there.example.org"),
        firstname: username.into(),
        lastname: "There".into(),
        idnumber: String::new(),
        first_access: 0,
        deleted: false,
        suspended: false,
        element: b"<user/>".to_vec(),
    }
}

fn section(local: u64, number: u32) -> SectionFields {
    SectionFields { local, number, name: String::new(), visible: true, delegated_to: 0 }
}

fn activity(local: u64, section: u64) -> ActivityFields {
    ActivityFields {
        local,
        section,
        module: "forum".into(),
        instance: local,
        context: 100 + local,
        name: format!("Forum {local}"),
        visible: true,
        idnumber: String::new(),
    }
}

fn text(facets: &[&str], text: &str) -> FacetedRun {
    FacetedRun { facets: names(facets), run: Run::Text(text.as_bytes().to_vec()) }
}

fn names(facets: &[&str]) -> Vec<String> {
    facets.iter().map(|f| (*f).to_owned()).collect()
}

fn code(error: Result<impl Sized>) -> (ErrorKind, String) {
    match error {
        Ok(_) => panic!("an error was expected"),
        Err(Error { kind, code, .. }) => (kind, code),
    }
}

fn is(kind: ErrorKind, what: &str) -> (ErrorKind, String) {
    (kind, what.to_owned())
}

/// A course with a part that shows three ways.
fn with_part() -> Result<(Snapshot, u64)> {
    let draft = draft("PARTS")?;
    let part = draft.add_part(Owner::Course, "forum.xml", &names(&["activity"]))?;
    draft.append_runs(
        part,
        &[text(&[], "<a>"), text(&["user-data"], "<posts/>"), text(&["user-data", "log"], "<log/>")],
    )?;
    draft.append_runs(part, &[text(&[], "</a>")])?;
    Ok((Snapshot::open(draft.publish()?)?, part))
}

#[test]
fn facets_decide_what_a_part_shows() -> Result<()> {
    let host = TestHost::new();
    let (snapshot, part) = with_part()?;
    let read = |facets: &[&str]| {
        let bytes = snapshot.read_part(part, &names(facets), 0, 1_000);
        bytes.map(|b| String::from_utf8_lossy(&b).into_owned())
    };
    assert_eq!(read(&["activity"])?, "<a></a>");
    assert_eq!(read(&["activity", "user-data"])?, "<a><posts/></a>");
    assert_eq!(read(&["log", "user-data", "activity"])?, "<a><posts/><log/></a>");
    assert_eq!(read(&["activity", "log"])?, "<a></a>");
    assert_eq!(read(&["user-data"])?, "");
    assert_eq!(snapshot.parts(0, 10)?[0].size, 21);
    assert_eq!(snapshot.read_part(part, &names(&["activity"]), 3, 2)?, b"</");
    assert_eq!(snapshot.read_part(part, &names(&["activity"]), 9, 2)?, b"");
    host.set_read_limit(2);
    assert_eq!(snapshot.read_part(part, &names(&["activity"]), 0, 1_000)?, b"<a");
    assert_eq!(code(snapshot.read_part(1, &[], 0, 1)), is(ErrorKind::NotFound, "part"));
    Ok(())
}

#[test]
fn lists_come_in_pages_and_in_course_order() -> Result<()> {
    let host = TestHost::new();
    let draft = draft("PAGES")?;
    draft.add_section(&section(20, 1))?;
    draft.add_section(&section(10, 0))?;
    let first = draft.add_activity(&activity(1, 20))?;
    for (local, section) in [(2, 10), (3, 20), (4, 10)] {
        draft.add_activity(&activity(local, section))?;
    }
    draft.add_part(Owner::Activity(first), "forum.xml", &[])?;
    draft.add_part(Owner::Course, "course.xml", &[])?;
    draft.add_part(Owner::Activity(first), "grades.xml", &[])?;
    let block = BlockFields { local: 1, name: "html".into(), context: 7, activity: Some(first) };
    draft.add_block(&block)?;
    assert_eq!(code(draft.add_block(&BlockFields { activity: Some(1), ..block })), is(ErrorKind::NotFound, "activity"));
    assert_eq!(code(draft.add_part(Owner::Section(1), "section.xml", &[])), is(ErrorKind::NotFound, "section"));
    assert_eq!(code(draft.add_part(Owner::Course, "course.xml", &[])), is(ErrorKind::Conflict, "part"));
    let snapshot = Snapshot::open(draft.publish()?)?;

    assert_eq!(snapshot.sections(0, 10)?.iter().map(|s| s.fields.local).collect::<Vec<_>>(), [10, 20]);
    let part_names: Vec<_> = snapshot.parts(0, 10)?.into_iter().map(|p| p.name).collect();
    assert_eq!(part_names, ["course.xml", "forum.xml", "grades.xml"]);
    assert_eq!(snapshot.blocks(0, 10)?.len(), 1);
    for limit in [1, 3, 10] {
        let mut locals = Vec::new();
        let mut after = 0;
        loop {
            let page = snapshot.activities(after, limit)?;
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = last.id;
            locals.extend(page.iter().map(|a| a.fields.local));
        }
        assert_eq!(locals, [2, 4, 1, 3]);
    }
    host.set_page_limit(1);
    assert_eq!(snapshot.activities(0, 1_000)?.len(), 1);
    assert_eq!(snapshot.activities(1, 10).err().map(|e| e.kind), Some(ErrorKind::Invalid));
    Ok(())
}

#[test]
fn a_draft_is_unseen_until_published() -> Result<()> {
    let host = TestHost::new();
    let made = draft("A")?;
    let id = made.course();
    let link = (person(7, "ada"), create("ada"));
    let ids = made.add_people(std::slice::from_ref(&link))?;
    assert_eq!(code(Snapshot::open(id)), is(ErrorKind::NotFound, "course"));
    assert_eq!(people::lookup(&[people::Key::Username("ada".into())])?, [None]);
    assert_eq!(code(draft("A")), is(ErrorKind::Conflict, "shortname"));
    let other = draft("B")?;
    assert_eq!(code(other.add_people(&[link])), is(ErrorKind::Conflict, "username"));
    assert_eq!(made.publish(), Ok(id));
    assert_eq!(code(made.publish()), is(ErrorKind::Invalid, "draft"));
    assert_eq!(code(draft("A")), is(ErrorKind::Conflict, "shortname"));
    assert_eq!(host.courses().iter().map(|c| c.id).collect::<Vec<_>>(), [id]);
    let keys = [people::Key::Username("ada".into()), people::Key::Origin((SITE.into(), 7)), people::Key::Id(ids[0])];
    assert!(people::lookup(&keys)?.iter().all(|p| p.as_ref().is_some_and(|p| p.id == ids[0])));
    Ok(())
}

#[test]
fn a_dropped_draft_leaves_nothing() -> Result<()> {
    let host = TestHost::new();
    let gone = draft("A")?;
    gone.add_people(&[(person(7, "ada"), create("ada"))])?;
    drop(gone);
    let again = draft("A")?;
    again.add_people(&[(person(7, "ada"), create("ada"))])?;
    drop(again);
    assert!(host.courses().is_empty());
    assert_eq!(host.people().len(), 1);

    // A draft that outlives its host does not touch the next one.
    let stale = draft("A")?;
    let _host = TestHost::new();
    let _fresh = draft("A")?;
    drop(stale);
    assert_eq!(code(draft("A")), is(ErrorKind::Conflict, "shortname"));
    Ok(())
}

#[test]
fn a_draft_is_checked() -> Result<()> {
    let host = TestHost::new();
    let nowhere = CourseFields { category: 9, ..course_fields("X") };
    let origin = Origin {
        site_hash: String::new(),
        site_url: String::new(),
        course: 0,
        context: 0,
        system_context: 0,
        category: 0,
        date_offset: 0,
    };
    assert_eq!(code(Draft::create(&nowhere, &origin, "{}")), is(ErrorKind::NotFound, "category"));
    let draft = draft("X")?;
    assert_eq!(code(draft.append_runs(1, &[])), is(ErrorKind::NotFound, "part"));
    let people = [(person(1, "ada"), create("ada")), (person(2, "ben"), PersonChoice::Link(999))];
    assert_eq!(code(draft.add_people(&people)), is(ErrorKind::NotFound, "person"));
    assert_eq!(draft.add_people(&people[..1])?.len(), 1, "the refused call took no name");
    let file = FileFields {
        local: 1,
        context: 1,
        component: "mod_forum".into(),
        area: "attachment".into(),
        item: -1,
        path: "/".into(),
        name: "a.txt".into(),
        blob: Some(crate::BlobRef { sha1: "0".repeat(40), size: 1 }),
        mimetype: "text/plain".into(),
        person: 0,
        facets: vec![],
        element: vec![],
    };
    assert_eq!(code(draft.add_files(std::slice::from_ref(&file))), is(ErrorKind::NotFound, "blob"));
    draft
        .add_files(&[FileFields { blob: Some(host.blob(b"x")), ..file.clone() }, FileFields { blob: None, ..file }])?;
    host.begin_job("restore", &host.admin());
    host.cancel_job();
    assert_eq!(code(draft.publish()), is(ErrorKind::Cancelled, "job"));
    assert!(host.courses().is_empty());
    Ok(())
}

#[test]
fn references_and_entries_are_chosen() -> Result<()> {
    let _host = TestHost::new();
    let draft = draft("REFS")?;
    let reference = |kind: &str, local, facets: &[&str]| Reference { kind: kind.into(), local, facets: names(facets) };
    draft.add_references(
        Owner::Course,
        &[
            reference("user", 5, &["log"]),
            reference("role", 3, &[]),
            reference("user", 5, &["user-data"]),
            reference("user", 4, &["user-data"]),
        ],
    )?;
    let entry = |kind: &str, local| Entry {
        kind: kind.into(),
        local,
        name: "x".into(),
        archetype: String::new(),
        element: vec![],
    };
    draft.add_entries(&[entry("role", 2), entry("scale", 1), entry("role", 1)])?;
    let snapshot = Snapshot::open(draft.publish()?)?;
    let taken = |facets: &[&str]| -> Result<Vec<(String, u64)>> {
        let references = snapshot.references(Owner::Course, &names(facets))?;
        Ok(references.into_iter().map(|r| (r.kind, r.local)).collect())
    };
    assert_eq!(taken(&[])?, [("role".to_owned(), 3)]);
    assert_eq!(taken(&["log"])?, [("role".to_owned(), 3), ("user".to_owned(), 5)]);
    let all = [("role".to_owned(), 3), ("user".to_owned(), 4), ("user".to_owned(), 5)];
    assert_eq!(taken(&["log", "user-data"])?, all);
    assert_eq!(snapshot.entries("role")?.iter().map(|e| e.entry.local).collect::<Vec<_>>(), [2, 1]);
    Ok(())
}

#[test]
fn archives_are_written_and_read_again() -> Result<()> {
    let host = TestHost::new();
    let (snapshot, part) = with_part()?;
    let blob = host.blob(&[7; 3_000]);
    for format in [archive::Format::Zip, archive::Format::TarGz] {
        let writer = archive::Writer::create(format)?;
        writer.add_bytes("a.txt", b"aa")?;
        writer.begin_entry("dir/b.txt")?;
        writer.write(b"b")?;
        writer.write(b"bb")?;
        writer.end_entry()?;
        assert_eq!(writer.add_part("forum.xml", &snapshot, part, &names(&["activity"]))?, 7);
        assert_eq!(writer.add_part("nothing.xml", &snapshot, part, &[])?, 0);
        assert_eq!(code(writer.add_part("x", &snapshot, 1, &[])), is(ErrorKind::NotFound, "part"));
        let gone = crate::BlobRef { sha1: "0".repeat(40), size: 0 };
        assert_eq!(code(writer.add_blob("gone", &gone)), is(ErrorKind::NotFound, "blob"));
        writer.add_blob("files/70", &blob)?;
        let written = writer.finish()?;
        assert_eq!(code(writer.finish()), is(ErrorKind::Invalid, "archive"));
        let paths: Vec<_> = host.entries(&written)?.into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a.txt", "dir/b.txt", "forum.xml", "files/70"]);

        let reader = archive::Reader::open(&written)?;
        assert_eq!(reader.format(), format);
        reader.next_entry()?;
        assert_eq!(reader.next_entry()?.map(|e| e.path).as_deref(), Some("dir/b.txt"));
        assert_eq!(reader.read(2)?, b"bb");
        assert_eq!(reader.read(2)?, b"b");
        assert_eq!(reader.read(2)?, b"");
        reader.next_entry()?;
        assert_eq!(reader.spool_entry()?, 7);
        reader.next_entry()?;
        assert_eq!(reader.copy_entry_to_blob()?, blob);
        assert_eq!(reader.read_spooled("forum.xml", 3, 2)?, b"</");
        assert_eq!(code(reader.read_spooled("a.txt", 0, 2)), is(ErrorKind::NotFound, "entry"));
        assert_eq!(reader.next_entry()?, None);
        assert_eq!(reader.position().1, written.size);
        assert!(reader.skipped().is_empty());
    }
    let packed = host.archive(archive::Format::Zip, &[("x", "1"), ("y", "2")])?;
    assert_eq!(host.entries(&packed)?, [("x".to_owned(), b"1".to_vec()), ("y".to_owned(), b"2".to_vec())]);
    assert_eq!(code(archive::Reader::open(&host.blob(b"not an archive"))).0, ErrorKind::Corrupt);
    Ok(())
}

#[test]
fn blobs_are_named_by_content() -> Result<()> {
    let _host = TestHost::new();
    let blob = blobs::put(b"abc")?;
    assert_eq!((blob.sha1.as_str(), blob.size), ("a9993e364706816aba3e25717850c26c9cd0d89d", 3));
    assert_eq!(blobs::put(b"abc")?, blob);
    assert_eq!(blobs::read(&blob.sha1, 1, 10)?, b"bc");
    assert_eq!(blobs::read(&blob.sha1, 3, 10)?, b"");
    assert!(blobs::exists(&blob.sha1)?);
    assert!(!blobs::exists("00")?);
    assert_eq!(code(blobs::read("00", 0, 1)), is(ErrorKind::NotFound, "blob"));
    Ok(())
}

#[test]
fn areas_keep_files_apart_by_name() -> Result<()> {
    let host = TestHost::new();
    let ada = host.person("ada");
    let new = |name: &str, context| files::NewFile {
        context,
        component: "backup".into(),
        area: "course".into(),
        item: 0,
        path: "/".into(),
        name: name.into(),
        blob: host.blob(name.as_bytes()),
        mimetype: "application/vnd.moodle.backup".into(),
        person: ada.person,
    };
    let first = files::put(&new("a.b.mbz", 9), files::OnTaken::Refuse)?;
    assert_eq!(code(files::put(&new("a.b.mbz", 9), files::OnTaken::Refuse)), is(ErrorKind::Conflict, "file"));
    assert_eq!(files::put(&new("a.b.mbz", 9), files::OnTaken::AddSuffix)?.name, "a.b_2.mbz");
    assert_eq!(files::put(&new("a.b.mbz", 9), files::OnTaken::AddSuffix)?.name, "a.b_3.mbz");
    files::put(&new("plain", 9), files::OnTaken::AddSuffix)?;
    assert_eq!(files::put(&new("plain", 9), files::OnTaken::AddSuffix)?.name, "plain_2");
    assert_eq!(files::put(&new("a.b.mbz", 8), files::OnTaken::Refuse)?.name, "a.b.mbz");
    let replaced = files::put(&new("a.b.mbz", 9), files::OnTaken::Replace)?;
    assert_eq!(code(files::get(first.id)), is(ErrorKind::NotFound, "file"));
    assert_eq!(files::get(replaced.id)?, replaced);
    assert_eq!(files::in_area(9, "backup", "course", 0)?.len(), 5);
    assert_eq!(files::in_area(9, "backup", "course", 1)?.len(), 0);
    files::delete(replaced.id)?;
    assert_eq!(files::in_area(9, "backup", "course", 0)?.len(), 4);
    assert_eq!(code(files::delete(replaced.id)), is(ErrorKind::NotFound, "file"));

    host.manifest(
        r#"{"id": "x", "version": "1", "description": "", "grants": ["files"],
            "file-areas": [{"component": "backup", "area": "course"}]}"#,
    )?;
    let odd = files::put(&new("ä b.mbz", 9), files::OnTaken::Refuse)?;
    let url = "https://lms.example.org/webservice/pluginfile.php/9/backup/course/%C3%A4%20b.mbz?forcedownload=1";
    assert_eq!(files::download_url(odd.id)?, url);
    assert_eq!(files::in_area(9, "mod_forum", "post", 0).expect_err("not asked for").kind, ErrorKind::Denied);
    let uploads = host.person_context(ada.person);
    assert_eq!(files::in_area(uploads, "user", "draft", 1).expect_err("acts for nobody").kind, ErrorKind::Denied);
    host.begin_job("restore", &ada);
    assert_eq!(files::in_area(uploads, "user", "draft", 1)?, []);
    Ok(())
}

#[test]
fn capabilities_hold_below_their_place() -> Result<()> {
    use people::Place;
    let host = TestHost::new();
    host.add_category(5, 1);
    let made = {
        let fields = CourseFields { category: 5, ..course_fields("C") };
        let origin = Snapshot::open(draft("O")?.publish()?)?.course().origin;
        Draft::create(&fields, &origin, "{}")?.publish()?
    };
    let ada = host.person("ada").person;
    host.allow(ada, "x:do", Place::Category(1));
    for (place, expected) in
        [(Place::Course(made), true), (Place::Category(5), true), (Place::Category(1), true), (Place::Site, false)]
    {
        assert_eq!(people::has_capability(ada, "x:do", place)?, expected, "{place:?}");
    }
    assert_eq!(code(people::require_capability(ada, "x:other", Place::Course(made))), is(ErrorKind::Denied, "x:other"));
    people::require_capability(host.admin().person, "x:other", Place::Site)?;
    assert!(!people::has_capability(999, "x:do", Place::Site)?);
    host.manifest(
        r#"{"id": "x", "version": "1", "description": "", "grants": ["people"],
            "capabilities": [{"name": "x:teach", "label": "Teach", "archetypes": ["editingteacher"]}]}"#,
    )?;
    host.give_role(ada, "editingteacher", Place::Course(made));
    assert!(people::has_capability(ada, "x:teach", Place::Course(made))?);
    assert!(!people::has_capability(ada, "x:teach", Place::Category(5))?);
    Ok(())
}

#[test]
fn who_is_enrolled_may_enter() -> Result<()> {
    let host = TestHost::new();
    let draft = draft("E")?;
    let choices: Vec<_> = (1..=4).map(|n| (person(n, &format!("p{n}")), create(&format!("p{n}")))).collect();
    let ids = draft.add_people(&choices)?;
    let part = draft.add_part(Owner::Course, "enrolments.xml", &names(&["enrolment"]))?;
    let row = |person, suspended, end| Row {
        element: format!("<enrolment id=\"{person}\"/>").into_bytes(),
        columns: RowColumns::Enrolment(EnrolmentColumns {
            local: person,
            person,
            method: 1,
            method_kind: "manual".into(),
            suspended,
            start: 0,
            end,
        }),
    };
    let rows = Run::Rows(vec![row(1, false, 0), row(2, true, 0), row(3, false, 1)]);
    draft.append_runs(part, &[FacetedRun { facets: vec![], run: rows }])?;
    let course = draft.publish()?;
    let bytes = Snapshot::open(course)?.read_part(part, &names(&["enrolment"]), 0, 1_000)?;
    assert_eq!(bytes, b"<enrolment id=\"1\"/><enrolment id=\"2\"/><enrolment id=\"3\"/>");

    people::require_course_access(ids[0], course)?;
    for shut_out in &ids[1..] {
        let refused = people::require_course_access(*shut_out, course);
        assert_eq!(code(refused), is(ErrorKind::Refused, "requireloginerror"));
    }
    host.enrol(ids[3], course);
    people::require_course_access(ids[3], course)?;
    people::require_course_access(host.admin().person, course)?;
    assert_eq!(code(people::require_course_access(ids[0], 1)), is(ErrorKind::NotFound, "course"));
    assert_eq!(people::lookup(&vec![people::Key::Id(1); 1_001]).expect_err("too many").kind, ErrorKind::Limit);
    Ok(())
}
