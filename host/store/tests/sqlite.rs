//! What only SQLite's own tables can show: the ghost test, dead drafts, two openings of one directory.

use provost_store::api::*;
use provost_store::conformance::{archived, course_named, log_row};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row as _};
use std::path::Path;
use std::sync::Arc;

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn raw(dir: &Path) -> Result<SqlitePool, sqlx::Error> {
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(dir.join("provost.db")).foreign_keys(true)).await
}

/// A published course with a row of every kind.
async fn everything(store: &Arc<dyn Store>, blobs: &Arc<dyn Blobs>) -> Result<u64> {
    let origin = Origin { site_hash: "f".repeat(32), ..Origin::default() };
    let mut d = store.draft(course_named("all"), origin, "{}".into(), None).await?;
    d.add_section(SectionFields { local: 1, ..Default::default() }).await?;
    let activity = d.add_activity(ActivityFields { local: 2, section: 1, ..Default::default() }).await?;
    d.add_block(BlockFields { local: 3, ..Default::default() }).await?;
    let part = d.add_part(Owner::Course, "p.xml".into(), Facets::default()).await?;
    let local = 4;
    let columns = [
        Columns::Enrolment {
            local,
            person: 31,
            method: 1,
            method_kind: "manual".into(),
            suspended: false,
            start: 0,
            end: 0,
        },
        Columns::RoleAssignment { local, person: 31, role: 5 },
        Columns::Group { local, name: "g".into(), idnumber: String::new() },
        Columns::GroupMember { local, person: 31, group: 4 },
        Columns::GradeItem { local, name: "i".into(), kind: "mod".into(), maximum: "10.00000".into() },
        Columns::Grade { local, person: 31, item: 4, final_grade: String::new(), modified: 0 },
        Columns::Completion { local, person: 31, state: 1, modified: 0 },
    ];
    let mut rows: Vec<Row> =
        columns.into_iter().map(|columns| Row { element: format!("{columns:?}").into_bytes(), columns }).collect();
    rows.push(log_row(local, b"<log/>"));
    let plain = |run| FacetedRun { facets: Facets::default(), run };
    d.append_runs(part, vec![plain(Run::Text(b"<a>".to_vec())), plain(Run::Rows(rows))]).await?;
    let reference = Reference { kind: "user".into(), local: 31, facets: Facets::default() };
    d.add_references(Owner::Activity(activity), vec![reference]).await?;
    let blob = blobs.put("x".into()).await?;
    d.add_files(vec![CourseFileFields { local, name: "f".into(), blob: Some(blob), ..Default::default() }]).await?;
    let role =
        Entry { kind: "role".into(), local: 5, name: "student".into(), archetype: String::new(), element: vec![] };
    d.add_entries(vec![role]).await?;
    d.add_people(vec![(archived(31, "zoe"), PersonChoice::Create("zoe".into()))]).await?;
    let id = d.publish().await?;
    // And something brought into it.
    let scope = store.snapshot(id).await?.scopes().await?[0].id;
    let mut d = store.extend(id, Origin { site_hash: "e".repeat(32), ..Origin::default() }, None).await?;
    d.bind(vec![Binding { kind: "section".into(), local: 70, target_scope: scope, target: 1 }]).await?;
    let content = d.add_activity(ActivityFields { local: 71, section: 70, ..Default::default() }).await?;
    d.announce(vec![Happening::ContentImported {
        kind: CopyKind::Exact,
        content: Address { course: id.to_string(), content: content.to_string() },
        external_id: String::new(),
        backup: "b".into(),
    }])
    .await?;
    d.publish().await
}

/// A plugin's data with a content, and with a copy of that.
async fn with_data(store: &Arc<dyn Store>, course: u64) -> Result<()> {
    let mut snapshot = store.snapshot(course).await?;
    let (activity, scope) = (snapshot.activities(0, 1).await?[0].id, snapshot.scopes().await?[0].id);
    let address = |content: u64| Address { course: course.to_string(), content: content.to_string() };
    let (old, place) = (address(activity), DataPlace::Content(address(activity)));
    for (namespace, key) in [(Namespace::Definition, "title"), (Namespace::UserData, "ada")] {
        store.put_data("p", &place, namespace, key, b"x".to_vec(), Condition::Always).await?;
    }
    store.set_external_id("p", "", &old, "e", None).await?;
    let mut d = store.extend(course, Origin { site_hash: "d".repeat(32), ..Origin::default() }, None).await?;
    d.bind(vec![Binding { kind: "section".into(), local: 80, target_scope: scope, target: 1 }]).await?;
    let copy = address(d.add_activity(ActivityFields { local: 81, section: 80, ..Default::default() }).await?);
    let (kind, external_id) = (CopyKind::Exact, String::new());
    d.announce(vec![Happening::ContentCopied { kind, origin: old, external_id, copy }]).await?;
    d.publish().await?;
    Ok(())
}

/// What can be read of a plugin's data with the contents of a course.
async fn data_reads(store: &Arc<dyn Store>, course: u64, contents: &[u64]) -> Result<String> {
    let mut found = format!("{:?}", store.data_places("p", None, 100).await?);
    for content in contents {
        let address = Address { course: course.to_string(), content: content.to_string() };
        let place = DataPlace::Content(address.clone());
        for namespace in [Namespace::Definition, Namespace::UserData] {
            let keys = store.data_keys("p", &place, namespace, "", 100, 0).await?;
            for key in &keys {
                found += &format!("{:?}", store.data("p", &place, namespace, key, 0).await?);
            }
            found += &format!("{keys:?}");
        }
        found += &format!("{:?}", store.data_origin("p", &place).await?);
        found += &store.external_id("p", "", &address, 0).await?;
        found += &format!("{:?}", store.content_history(&address).await?);
    }
    Ok(found)
}

/// Everything that can be read, as text.
async fn all_reads(store: &Arc<dyn Store>, course: u64) -> Result<String> {
    let people = store.people(0, 100).await?;
    let zoe = people.iter().find(|p| p.username == "zoe").map_or(0, |p| p.id);
    let keys = [
        PersonKey::Username("zoe".into()),
        PersonKey::Email("zoe@example.org".into()),
        PersonKey::Origin("f".repeat(32), 31),
        PersonKey::Origin("f".repeat(32), 31 + 1_000_000),
    ];
    let found = store.lookup(&keys).await?;
    let mut held = Vec::new();
    for id in [zoe, zoe + 1_000_000] {
        let enrolled = (store.is_enrolled(id, course).await?, store.is_enrolled(id, course + 1_000_000).await?);
        let roles = store.roles_of(id, Place::Course(course)).await?;
        held.push((enrolled, roles, store.has_capability(id, "c", Place::Course(course)).await?));
    }
    let c = store.course(course).await?;
    let mut s = store.snapshot(course).await?;
    let parts = s.parts(0, 100).await?;
    let mut contents = Vec::new();
    for p in &parts {
        contents.push(String::from_utf8_lossy(&s.read_part(p.id, &p.facets, 0, 1 << 20).await?).into_owned());
    }
    let activities = s.activities(0, 100).await?;
    let mut references = s.references(Owner::Course, &Facets::default()).await?;
    for a in &activities {
        references.extend(s.references(Owner::Activity(a.id), &Facets::default()).await?);
    }
    let items: Vec<u64> = activities.iter().map(|a| a.id).collect();
    let data = data_reads(store, course, &items).await?;
    let of_course = (s.sections(0, 100).await?, activities, s.blocks(0, 100).await?, s.files(0, 100).await?);
    let (scopes, bindings) = (s.scopes().await?, s.bindings().await?);
    let mut linked = Vec::new();
    for scope in &scopes {
        linked.extend(s.people(scope.id, 0, 100).await?);
    }
    let beside = (linked, scopes, bindings, s.entries("role").await?);
    let courses =
        (store.courses(0, 100).await?, store.course_by_shortname("all").await?, store.course_counts(course).await?);
    let contexts = (store.course_by_context(c.context).await?, store.course_by_context(c.context + 1_000_000).await?);
    let ghost = (store.course(course + 1_000_000).await.is_ok(), store.snapshot(course + 1_000_000).await.is_ok());
    let wide = format!("{people:?}{found:?}{held:?}{courses:?}{contexts:?}{ghost:?}");
    Ok(format!("{parts:?}{contents:?}{references:?}{of_course:?}{beside:?}{wide}{data}"))
}

/// An unpublished twin of every row that a draft can make changes no answer (architecture.md 2.3).
#[tokio::test]
async fn ghosts_are_never_seen() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (store, blobs) = provost_store::open(dir.path()).await?;
    let declared = Capability { name: "c".into(), label: String::new(), archetypes: vec!["student".into()] };
    store.declare_capabilities(&[declared]).await?;
    let course = everything(&store, &blobs).await?;
    with_data(&store, course).await?;
    let before = all_reads(&store, course).await?;
    assert!(before.contains("RoleAssignment") && before.contains("((true, false), [5], true)"));

    let pool = raw(dir.path()).await?;
    let mut conn = pool.acquire().await?;
    let change: i64 = sqlx::query_scalar(
        "INSERT INTO t_change (state, kind, process, created) VALUES (0, 'ghost', '', 0) RETURNING id",
    )
    .fetch_one(&mut *conn)
    .await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT IN ('t_snapshot', 't_name', 't_early_job') \
         AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) i WHERE i.name = 'change') ORDER BY 1",
    )
    .fetch_all(&mut *conn)
    .await?;
    assert!(tables.len() >= 22, "{tables:?}");
    for table in tables {
        // Twins share everything but their keys: what is unique in a table is moved out of the way.
        let unique: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 UNION SELECT i.name FROM pragma_index_list(?1) l, \
             pragma_index_info(l.name) i WHERE l.\"unique\" = 1",
        )
        .bind(&table)
        .fetch_all(&mut *conn)
        .await?;
        let columns = sqlx::query("SELECT name FROM pragma_table_info(?)").bind(&table).fetch_all(&mut *conn).await?;
        let mut values = Vec::new();
        for column in &columns {
            let name: String = column.try_get(0)?;
            values.push(match name.as_str() {
                "change" => change.to_string(),
                // Within the same part, level or scope.
                "part" | "level" | "scope" => name,
                // Of the same place and key, and newer.
                "place" | "namespace" | "key" if table.starts_with("t_data_") => name,
                "bytes" if table.starts_with("t_data_") => "x'00'".into(),
                "shown" => "0".into(),
                _ if unique.contains(&name) => format!("{name} + 1000000"),
                _ => name,
            });
        }
        let sql = format!("INSERT INTO {table} SELECT {} FROM {table} WHERE change <> {change}", values.join(", "));
        let planted = sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await?.rows_affected();
        assert!(planted > 0, "nothing of {table} was planted");
    }
    assert_eq!(all_reads(&store, course).await?, before);
    // The ghosts' change has no live process: a sweep removes them and nothing else.
    assert!(store.sweep(0).await?.rows > 20);
    assert_eq!(all_reads(&store, course).await?, before);
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM t_change WHERE kind = 'ghost'").fetch_one(&mut *conn).await?;
    assert_eq!(left, 0);
    Ok(())
}

/// What is told of a copy, whoever made it.
#[tokio::test]
async fn copies_are_told_of() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (store, blobs) = provost_store::open(dir.path()).await?;
    let course = everything(&store, &blobs).await?;
    let pool = raw(dir.path()).await?;
    let told = async |after: i64| -> std::result::Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT e.what FROM t_event e JOIN t_event_batch b ON b.id = e.batch WHERE b.base + e.ordinal > ? \
             ORDER BY b.base + e.ordinal",
        )
        .bind(after)
        .fetch_all(&pool)
        .await
    };
    let job = NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: Some(course),
        shared: false,
        key: String::new(),
    };
    for (facets, kind) in [(&["user-data"][..], "exact"), (&[], "shallow")] {
        let before = told(0).await?.len();
        let job = store.enqueue(job.clone()).await?;
        let lease = store.claim("w", Some(&job), 60, 3).await?.ok_or("a job")?.lease;
        let mut d = store.draft(course_named(kind), Origin::default(), "{}".into(), Some(lease.clone())).await?;
        let facets = Facets::new(facets.iter().copied());
        let choice = CopyChoice { facets, people: kind == "exact", ..CopyChoice::default() };
        d.copy_from(store.snapshot(course).await?, choice).await?;
        while matches!(d.copy_some().await?, Copied { done, total } if done < total) {}
        assert_eq!(told(0).await?.len(), before, "nobody is told of what is not published");
        let copy = d.publish().await?;
        let of = async |course| -> Result<Vec<u64>> {
            let mut s = store.snapshot(course).await?;
            let sections = s.sections(0, 10).await?.into_iter().map(|s| s.id);
            Ok(sections.chain(s.activities(0, 10).await?.into_iter().map(|a| a.id)).collect())
        };
        let groups = (store.groups(course).await?, store.groups(copy).await?);
        let mut expected = vec![format!(
            r#"{{"what":"course-copied","kind":"{kind}","origin":"{course}","copy":"{copy}","job":"{job}"}}"#
        )];
        for (old, new) in of(course).await?.into_iter().zip(of(copy).await?) {
            expected.push(format!(
                r#"{{"what":"content-copied","kind":"{kind}","origin":{{"course":"{course}","content":"{old}"}},"external-id":"","copy":{{"course":"{copy}","content":"{new}"}}}}"#
            ));
        }
        expected.push(format!(
            r#"{{"what":"group-copied","kind":"{kind}","origin-course":"{course}","origin-group":"{}","course":"{copy}","group":"{}"}}"#,
            groups.0[0].id, groups.1[0].id
        ));
        expected.push(format!(
            r#"{{"what":"course-copy-settled","origin":"{course}","copy":"{copy}","job":"{job}","contents":{}}}"#,
            of(copy).await?.len()
        ));
        assert_eq!(told(0).await?.split_off(before), expected);
        store.end(&lease, JobEnd::Succeeded("{}".into()), 3).await?;
    }
    // One that fails for good is told of once, and nothing else.
    let before = told(0).await?.len();
    let job = store.enqueue(job).await?;
    for run in 0..2 {
        let lease = store.claim("w", Some(&job), 60, 2).await?.ok_or("a job")?.lease;
        let mut d = store.draft(course_named("never"), Origin::default(), "{}".into(), Some(lease.clone())).await?;
        d.copy_from(store.snapshot(course).await?, CopyChoice::default()).await?;
        assert_eq!(told(0).await?.len(), before, "run {run}");
        store.end(&lease, JobEnd::Retry("the disk is full".into(), 0), 2).await?;
    }
    let failed =
        format!(r#"{{"what":"course-copy-failed","origin":"{course}","job":"{job}","reason":"the disk is full"}}"#);
    assert_eq!(told(0).await?.split_off(before), [failed]);
    Ok(())
}

/// Groups that were carried along with items, in a part of a scope that came with them, are told as copies.
#[tokio::test]
async fn carried_groups_are_told_as_copies() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (store, blobs) = provost_store::open(dir.path()).await?;
    let course = everything(&store, &blobs).await?;
    let mut d = store.draft(course_named("target"), Origin::default(), "{}".into(), None).await?;
    d.add_section(SectionFields { local: 900, ..Default::default() }).await?;
    let target = d.publish().await?;
    let (item, there) = {
        let mut s = store.snapshot(course).await?;
        let item = s.activities(0, 10).await?[0].clone();
        (item, store.snapshot(target).await?.scopes().await?[0].id)
    };
    let group = &store.groups(course).await?[0];
    let mut d = store.extend(target, Origin::default(), None).await?;
    let choice = CopyChoice { items: vec![item.id], ..CopyChoice::default() };
    d.bind(vec![Binding { kind: "section".into(), local: item.fields.section, target_scope: there, target: 900 }])
        .await?;
    d.copy_from(store.snapshot(course).await?, choice).await?;
    while matches!(d.copy_some().await?, Copied { done, total } if done < total) {}
    let part = d.add_part(Owner::Course, "carried.xml".into(), Facets::default()).await?;
    let columns = Columns::Group { local: group.local, name: group.name.clone(), idnumber: String::new() };
    let run = Run::Rows(vec![Row { element: b"<group/>".to_vec(), columns }]);
    d.append_runs(part, vec![FacetedRun { facets: Facets::default(), run }]).await?;
    d.publish().await?;
    let told: Vec<String> = sqlx::query_scalar("SELECT what FROM t_event WHERE what LIKE '%group-copied%'")
        .fetch_all(&raw(dir.path()).await?)
        .await?;
    let copy = store.groups(target).await?[0].id;
    let expected = format!(
        r#"{{"what":"group-copied","kind":"shallow","origin-course":"{course}","origin-group":"{}","course":"{target}","group":"{copy}"}}"#,
        group.id
    );
    assert_eq!(told, [expected]);
    Ok(())
}

/// A crashed process's draft without a job: found by its missing heartbeat.
#[tokio::test]
async fn old_uploads_are_swept_and_backups_are_not() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (store, blobs) = provost_store::open(dir.path()).await?;
    for (component, area, name) in [("user", "draft", "old"), ("user", "draft", "new"), ("backup", "course", "old")] {
        let new = NewAreaFile {
            context: 1,
            component: component.into(),
            area: area.into(),
            item: 1,
            path: "/".into(),
            name: name.into(),
            blob: blobs.put(name.into()).await?,
            mimetype: String::new(),
            person: 2,
        };
        store.put_area_file(new, OnTaken::Refuse, None).await?;
    }
    let old = "UPDATE t_area_file SET created = created - 5 * 24 * 3600 WHERE name = 'old'";
    sqlx::query(old).execute(&raw(dir.path()).await?).await?;
    store.sweep(0).await?;
    let left = store.area_files(1, "user", "draft", 1).await?;
    assert_eq!(left.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["new"]);
    assert_eq!(store.area_files(1, "backup", "course", 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_dead_process_loses_its_names() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (store, _) = provost_store::open(dir.path()).await?;
    let draft = store.draft(course_named("mine"), Origin::default(), "{}".into(), None).await?;
    let (other, _) = provost_store::open(dir.path()).await?;
    let taken = other.draft(course_named("mine"), Origin::default(), "{}".into(), None).await;
    assert!(matches!(taken, Err(StoreError::Reserved { kind: "shortname", .. })));
    sqlx::query("UPDATE t_process SET beat = 0 WHERE id = (SELECT process FROM t_change WHERE state = 0)")
        .execute(&raw(dir.path()).await?)
        .await?;
    assert_eq!(other.check().await?.len(), 1);
    other.draft(course_named("mine"), Origin::default(), "{}".into(), None).await?.publish().await?;
    assert!(matches!(draft.publish().await, Err(StoreError::LeaseLost { .. })));
    Ok(())
}

/// Several openings of one directory at once, all writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openings_share_a_directory() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..4 {
        let dir = dir.path().to_path_buf();
        tasks.spawn(async move {
            let (store, blobs) = provost_store::open(&dir).await?;
            for k in 0..10 {
                let mut d =
                    store.draft(course_named(&format!("{n}-{k}")), Origin::default(), "{}".into(), None).await?;
                let part = d.add_part(Owner::Course, "p".into(), Facets::default()).await?;
                let rows = (0..50).map(|l| log_row(l, b"<log/>")).collect();
                d.append_runs(part, vec![FacetedRun { facets: Facets::new(["log"]), run: Run::Rows(rows) }]).await?;
                blobs.put("the same".into()).await?;
                d.publish().await?;
            }
            store.site().await
        });
    }
    let mut hashes = std::collections::HashSet::new();
    while let Some(site) = tasks.join_next().await {
        hashes.insert(site??.hash);
    }
    assert_eq!(hashes.len(), 1);
    let (store, _) = provost_store::open(dir.path()).await?;
    assert_eq!(store.courses(0, 100).await?.len(), 40);
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}
