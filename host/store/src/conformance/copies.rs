//! Copies by reference: what they have, what they leave out, and that nobody sees them before their time.

use super::*;
use std::collections::HashMap;

fn plain(run: Run) -> FacetedRun {
    FacetedRun { facets: Facets::default(), run }
}

fn faceted(facets: &[&str], run: Run) -> FacetedRun {
    FacetedRun { facets: Facets::new(facets.iter().copied()), run }
}

fn enrolment(local: u64, person: u64) -> Row {
    let columns = Columns::Enrolment {
        local,
        person,
        method: 1,
        method_kind: "manual".into(),
        suspended: false,
        start: 0,
        end: 0,
    };
    Row { element: format!("<e id=\"{local}\"/>").into_bytes(), columns }
}

/// A course with two sections, an activity of each facet's kind, people, files, and something brought into it.
async fn source(store: &Arc<dyn Store>, blobs: &Arc<dyn Blobs>) -> Result<u64> {
    let mut d = draft(store, "source").await?;
    d.add_people(vec![
        (archived(31, "zoe"), PersonChoice::Create("zoe".into())),
        (archived(32, "max"), PersonChoice::Create("max".into())),
    ])
    .await?;
    for local in [1, 2] {
        d.add_section(SectionFields { local, number: local as u32, visible: true, ..Default::default() }).await?;
    }
    let activity = d.add_activity(activity_fields(10, 1)).await?;
    d.add_activity(ActivityFields { visible: false, ..activity_fields(11, 2) }).await?;
    let block = d.add_block(BlockFields { local: 20, activity: Some(activity), ..Default::default() }).await?;
    let course = d.add_part(Owner::Course, "course.xml".into(), Facets::default()).await?;
    d.append_runs(course, vec![plain(Run::Text(b"<course/>".to_vec()))]).await?;
    let enrolments = d.add_part(Owner::Course, "enrolments.xml".into(), Facets::default()).await?;
    let rows = Run::Rows(vec![enrolment(1, 31), enrolment(2, 32)]);
    d.append_runs(enrolments, vec![plain(Run::Text(b"<a>".to_vec())), faceted(&["enrolment"], rows)]).await?;
    d.append_runs(enrolments, vec![plain(Run::Text(b"</a>".to_vec()))]).await?;
    let talk = d.add_part(Owner::Activity(activity), "talk.xml".into(), Facets::new(["activity"])).await?;
    d.append_runs(talk, vec![plain(Run::Text(b"<talk>".to_vec()))]).await?;
    d.append_runs(talk, vec![faceted(&["user-data"], Run::Text(vec![b'x'; 40_000]))]).await?;
    d.append_runs(talk, vec![plain(Run::Text(b"</talk>".to_vec()))]).await?;
    let log = d.add_part(Owner::Activity(activity), "log.xml".into(), Facets::new(["activity", "log"])).await?;
    let rows = (0..1700).map(|n| log_row(n, format!("<log id=\"{n}\"/>").as_bytes())).collect();
    d.append_runs(log, vec![plain(Run::Rows(rows))]).await?;
    let page = d.add_part(Owner::Block(block), "block.xml".into(), Facets::new(["block"])).await?;
    d.append_runs(page, vec![plain(Run::Text(b"<block/>".to_vec()))]).await?;
    let user =
        |facets: &[&str]| Reference { kind: "user".into(), local: 31, facets: Facets::new(facets.iter().copied()) };
    d.add_references(Owner::Activity(activity), vec![user(&["user-data"])]).await?;
    let blob = blobs.put("content".into()).await?;
    let file = CourseFileFields { context: 100, blob: Some(blob), name: "a".into(), ..Default::default() };
    d.add_files(vec![
        CourseFileFields { local: 1, facets: Facets::new(["activity"]), ..file.clone() },
        CourseFileFields { local: 2, facets: Facets::new(["activity", "user-data"]), ..file.clone() },
        CourseFileFields { local: 3, context: 8, ..file },
    ])
    .await?;
    let role = Entry { kind: "role".into(), local: 5, name: "student".into(), ..entry() };
    d.add_entries(vec![role]).await?;
    let course = d.publish().await?;
    let scope = store.snapshot(course).await?.scopes().await?[0].id;
    let mut d =
        store.extend(course, Origin { site_hash: "e".repeat(32), date_offset: 60, ..Origin::default() }, None).await?;
    d.bind(vec![Binding { kind: "section".into(), local: 70, target_scope: scope, target: 2 }]).await?;
    d.add_activity(activity_fields(10, 70)).await?;
    d.publish().await
}

fn entry() -> Entry {
    Entry { kind: String::new(), local: 0, name: String::new(), archetype: String::new(), element: b"<r/>".to_vec() }
}

fn activity_fields(local: u64, section: u64) -> ActivityFields {
    ActivityFields { local, section, context: local * 10, module: "talk".into(), visible: true, ..Default::default() }
}

const ALL: [&str; 6] = ["activity", "block", "enrolment", "role-assignment", "user-data", "log"];

fn choice(facets: &[&str], people: bool) -> CopyChoice {
    CopyChoice {
        facets: Facets::new(facets.iter().copied()),
        people,
        roster: people,
        date_offset: 1000,
        ..CopyChoice::default()
    }
}

async fn copied(d: &mut Box<dyn Draft>) -> Result<u32> {
    let (mut last, mut steps) = (0, 0);
    loop {
        let Copied { done, total } = d.copy_some().await?;
        steps += 1;
        assert!(done >= last && done <= total);
        last = done;
        if done == total {
            return Ok(steps);
        }
    }
}

async fn copy_of(store: &Arc<dyn Store>, course: u64, shortname: &str, choice: CopyChoice) -> Result<u64> {
    let mut d = draft(store, shortname).await?;
    d.copy_from(store.snapshot(course).await?, choice).await?;
    assert!(copied(&mut d).await? > 5);
    d.publish().await
}

/// Everything that a snapshot tells, with ids of this host replaced by their order.
async fn told(store: &Arc<dyn Store>, course: u64, facets: &[&str]) -> Result<String> {
    let facets = Facets::new(facets.iter().copied());
    let mut s = store.snapshot(course).await?;
    let (mut scopes, mut items) = (HashMap::new(), HashMap::new());
    let mut out = String::new();
    for (n, scope) in s.scopes().await?.into_iter().enumerate() {
        scopes.insert(scope.id, n);
        out += &format!("{n} {:?}\n", scope.origin);
    }
    for (scope, b) in s.bindings().await? {
        out += &format!("{} {} {} {} {}\n", scopes[&scope], b.kind, b.local, scopes[&b.target_scope], b.target);
    }
    for x in s.sections(0, 1000).await? {
        items.insert(x.id, items.len());
        out += &format!("{} {} {:?}\n", items[&x.id], scopes[&x.scope], x.fields);
    }
    for x in s.activities(0, 1000).await? {
        items.insert(x.id, items.len());
        assert!(x.context > 0, "every activity has a context");
        assert_eq!(store.place_of(x.context).await?, Some(Place::Activity(x.id)));
        out += &format!("{} {} {:?}\n", items[&x.id], scopes[&x.scope], x.fields);
    }
    for mut x in s.blocks(0, 1000).await? {
        items.insert(x.id, items.len());
        x.fields.activity = x.fields.activity.map(|page| items[&page] as u64);
        out += &format!("{} {} {:?}\n", items[&x.id], scopes[&x.scope], x.fields);
    }
    let mut owners = vec![Owner::Course];
    for part in s.parts(0, 1000).await? {
        owners.push(part.owner);
        let owner = match part.owner {
            Owner::Course => usize::MAX,
            Owner::Section(id) | Owner::Activity(id) | Owner::Block(id) => items[&id],
        };
        let mut bytes = Vec::new();
        loop {
            let chunk = s.read_part(part.id, &facets, bytes.len() as u64, 10_000).await?;
            if chunk.is_empty() {
                break;
            }
            bytes.extend(chunk);
        }
        if !bytes.is_empty() {
            out += &format!("{owner} {} {} {:?}\n", scopes[&part.scope], part.name, String::from_utf8_lossy(&bytes));
        }
    }
    for owner in owners {
        out += &format!("{:?}\n", s.references(owner, &facets).await?);
    }
    for file in s.files(0, 1000).await? {
        if file.fields.facets.all_in(&facets) {
            out += &format!("{} {:?}\n", scopes[&file.scope], file.fields);
        }
    }
    for (scope, e) in s.entries("role").await? {
        out += &format!("{} {e:?}\n", scopes[&scope]);
    }
    Ok(out)
}

pub async fn are_equal((store, blobs): Pair) -> Result<()> {
    let course = source(&store, &blobs).await?;
    let zoe = store.lookup(&[PersonKey::Username("zoe".into())]).await?[0].as_ref().expect("zoe").id;
    store.enrol(vec![NewEnrolment { course, person: 2, role: 5, suspended: false, start: 0, end: 9 }]).await?;
    let moved = |text: String| {
        text.replace("date_offset: 60 ", "date_offset: 1060 ").replace("date_offset: 0 ", "date_offset: 1000 ")
    };
    let copy = copy_of(&store, course, "copy", choice(&ALL, true)).await?;
    assert_eq!(told(&store, copy, &ALL).await?, moved(told(&store, course, &ALL).await?));
    assert_eq!(store.course(copy).await?.origin.date_offset, 1000, "a course of several scopes is one course");
    assert_eq!(store.courses(0, 10).await?.len(), 2);
    let who = |participants: Vec<Participant>| {
        let who = |p: Participant| (p.person.id, p.enrolments, p.roles, p.roles_here);
        participants.into_iter().map(who).collect::<Vec<_>>()
    };
    let participants = who(store.participants(copy, 0, 10).await?);
    assert_eq!(participants, who(store.participants(course, 0, 10).await?));
    assert_eq!(participants.len(), 3);
    assert!(store.is_enrolled(zoe, copy).await?);
    let counts = store.course_counts(copy).await?;
    assert_eq!(counts, store.course_counts(course).await?);
    assert_eq!((counts.files, counts.log_rows, counts.people), (3, 1700, 2));

    // What becomes of one is nothing to the other, and documents and contents are kept for whoever is left.
    let again = copy_of(&store, copy, "again", CopyChoice { date_offset: -1000, ..choice(&ALL, true) }).await?;
    let before = told(&store, again, &ALL).await?;
    assert_eq!(before, told(&store, course, &ALL).await?, "a copy of a copy, moved back");
    store.unenrol(course, zoe, "manual").await?;
    assert!(!store.is_enrolled(zoe, course).await? && store.is_enrolled(zoe, copy).await?);
    store.delete_course(course).await?;
    store.delete_course(copy).await?;
    store.sweep(0).await?;
    assert_eq!(told(&store, again, &ALL).await?, before);
    store.delete_course(again).await?;
    store.sweep(0).await?;
    assert!(store.sweep(0).await?.rows == 0);
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}

pub async fn take_what_the_facets_take((store, blobs): Pair) -> Result<()> {
    let course = source(&store, &blobs).await?;
    store.enrol(vec![NewEnrolment { course, person: 2, role: 5, suspended: false, start: 0, end: 9 }]).await?;
    let facets = ["activity"];
    let copy = copy_of(&store, course, "bare", CopyChoice { date_offset: 0, ..choice(&facets, false) }).await?;
    let all = told(&store, copy, &ALL).await?;
    assert_eq!(all, told(&store, copy, &facets).await?, "nothing more is there than what was taken");
    let mut s = store.snapshot(copy).await?;
    assert!(s.blocks(0, 10).await?.is_empty(), "nothing of the block is left");
    assert_eq!(s.activities(0, 10).await?.len(), 3);
    let parts = s.parts(0, 10).await?;
    let sizes: Vec<_> = parts.iter().map(|p| (p.name.as_str(), p.size)).collect();
    assert_eq!(sizes, [("course.xml", 9), ("enrolments.xml", 7), ("talk.xml", 13)]);
    assert_eq!(s.files(0, 10).await?.len(), 2);
    let scope = s.scopes().await?[0].id;
    assert!(s.people(scope, 0, 10).await?.is_empty());
    assert!(store.participants(copy, 0, 10).await?.is_empty());
    let counts = store.course_counts(copy).await?;
    assert_eq!((counts.people, counts.log_rows), (0, 0));

    let without = CopyChoice { without: vec!["enrolments.xml".into()], roster: false, ..choice(&["enrolment"], true) };
    let mut d = draft(&store, "other").await?;
    d.copy_from(store.snapshot(course).await?, without).await?;
    copied(&mut d).await?;
    assert!(is_conflict(&d.add_part(Owner::Course, "course.xml".into(), Facets::default()).await, "part"));
    let part = d.add_part(Owner::Course, "enrolments.xml".into(), Facets::default()).await?;
    d.append_runs(part, vec![faceted(&["enrolment"], Run::Rows(vec![enrolment(1, 32)]))]).await?;
    let other = d.publish().await?;
    let names: Vec<_> = store.participants(other, 0, 10).await?.into_iter().map(|p| p.person.username).collect();
    assert_eq!(names, ["max"]);
    // Activities whose parts all have a facet that is not taken are not there; those without parts are.
    assert_eq!(store.course_counts(other).await?.activities, 2);
    Ok(())
}

pub async fn show_the_moment_of_the_snapshot((store, blobs): Pair) -> Result<()> {
    let course = source(&store, &blobs).await?;
    let before = told(&store, course, &ALL).await?;
    let mut d = draft(&store, "copy").await?;
    let too_early = d.copy_some().await;
    assert!(matches!(too_early, Err(StoreError::Invalid(_))));
    let still = CopyChoice { date_offset: 0, ..choice(&ALL, true) };
    d.copy_from(store.snapshot(course).await?, still.clone()).await?;
    let twice = d.copy_from(store.snapshot(course).await?, still.clone()).await;
    assert!(matches!(twice, Err(StoreError::Invalid(_))));
    d.copy_some().await?;
    // Meanwhile.
    let zoe = store.lookup(&[PersonKey::Username("zoe".into())]).await?[0].as_ref().expect("zoe").id;
    store.unenrol(course, zoe, "manual").await?;
    let mut more = store.extend(course, Origin::default(), None).await?;
    more.add_section(SectionFields { local: 90, number: 9, ..Default::default() }).await?;
    more.publish().await?;
    store.delete_course(course).await?;
    store.sweep(0).await?;
    assert_eq!(store.courses(0, 10).await?.len(), 0);
    copied(&mut d).await?;
    let copy = d.publish().await?;
    assert_eq!(told(&store, copy, &ALL).await?, before);

    // One that is not complete is not published; one that is given up leaves nothing.
    let mut d = draft(&store, "half").await?;
    d.copy_from(store.snapshot(copy).await?, still.clone()).await?;
    d.copy_some().await?;
    assert!(matches!(d.publish().await, Err(StoreError::Invalid(_))));
    let mut d = draft(&store, "half").await?;
    d.copy_from(store.snapshot(copy).await?, still).await?;
    copied(&mut d).await?;
    d.discard().await?;
    store.sweep(0).await?;
    assert_eq!(store.courses(0, 10).await?.len(), 1);
    assert_eq!(told(&store, copy, &ALL).await?, before);
    store.sweep(0).await?;
    assert_eq!(store.sweep(0).await?.rows, 0);
    Ok(())
}

pub async fn names_are_reserved_for_jobs((store, _): Pair) -> Result<()> {
    let job = || NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: None,
        shared: false,
        key: String::new(),
    };
    let taken = || async { is_conflict(&draft(&store, "name").await.map(drop), "shortname") };
    let id = store.enqueue_reserving(job(), "name").await?;
    assert!(is_conflict(&store.enqueue_reserving(job(), "name").await, "shortname"));
    assert_eq!(store.jobs(JobFilter::default()).await?.len(), 1, "what cannot have its name is not queued");
    store.sweep(0).await?;
    assert!(taken().await, "from submission on");
    assert_eq!(store.check().await?, Vec::<String>::new());

    // A run that fails, one that is published but not the end, one that succeeds: nobody else gets the name between them.
    for run in 0..3 {
        let lease = store.claim("w", Some(&id), 60, 5).await?.expect("due").lease;
        assert!(taken().await, "run {run}");
        let d = store.draft(course_named("name"), Origin::default(), "{}".into(), Some(lease.clone())).await?;
        let twice = store.draft(course_named("name"), Origin::default(), "{}".into(), Some(lease.clone())).await;
        assert!(is_conflict(&twice.map(drop), "shortname"), "a name is one draft's");
        match run {
            0 => d.discard().await?,
            _ => drop(d.publish().await?),
        }
        assert!(taken().await, "run {run}");
        let end = if run == 2 { JobEnd::Succeeded("{}".into()) } else { JobEnd::Retry("hm".into(), 0) };
        store.end(&lease, end, 5).await?;
        store.sweep(0).await?;
        assert!(taken().await, "run {run}");
    }
    let made = store.course_by_shortname("name").await?.expect("made").id;
    store.delete_course(made).await?;

    // Free again when the job fails or is cancelled.
    let id = store.enqueue_reserving(job(), "name").await?;
    assert!(taken().await);
    assert!(store.cancel(&id).await?);
    draft(&store, "name").await?.discard().await?;
    let id = store.enqueue_reserving(job(), "name").await?;
    let lease = store.claim("w", Some(&id), 60, 5).await?.expect("due").lease;
    drop(store.draft(course_named("name"), Origin::default(), "{}".into(), Some(lease.clone())).await?);
    store.end(&lease, JobEnd::Failed("no".into()), 5).await?;
    draft(&store, "name").await?.discard().await?;

    // A worker that is dead lets go of it for the next one only.
    let id = store.enqueue_reserving(job(), "name").await?;
    let dead = store.claim("w", Some(&id), 0, 5).await?.expect("due").lease;
    let left = store.draft(course_named("name"), Origin::default(), "{}".into(), Some(dead)).await?;
    assert!(taken().await);
    let lease = store.claim("w", Some(&id), 60, 5).await?.expect("due").lease;
    let d = store.draft(course_named("name"), Origin::default(), "{}".into(), Some(lease.clone())).await?;
    assert!(is_lost(&left.publish().await));
    d.publish().await?;
    store.end(&lease, JobEnd::Succeeded("{}".into()), 5).await?;
    assert!(taken().await);
    Ok(())
}

/// The items of a course: scope (by age), local number and name of the module for activities, number for sections.
async fn items(store: &Arc<dyn Store>, course: u64) -> Result<Vec<String>> {
    let mut s = store.snapshot(course).await?;
    let scopes: Vec<u64> = s.scopes().await?.into_iter().map(|scope| scope.id).collect();
    let age = |scope: u64| scopes.iter().position(|known| *known == scope).unwrap_or(99);
    let mut items = Vec::new();
    for x in s.sections(0, 100).await? {
        items.push(format!("section {}/{} {}", age(x.scope), x.fields.local, x.fields.number));
    }
    for x in s.activities(0, 100).await? {
        items.push(format!("activity {}/{} in {}", age(x.scope), x.fields.local, x.fields.section));
    }
    Ok(items)
}

pub async fn of_items((store, blobs): Pair) -> Result<()> {
    let course = source(&store, &blobs).await?;
    let mut s = store.snapshot(course).await?;
    let (first, second) = (s.scopes().await?[0].id, s.sections(0, 10).await?[1].id);
    let talk = s.activities(0, 10).await?[0].id;
    drop(s);
    let before = items(&store, course).await?;
    assert_eq!(
        before,
        ["section 0/1 1", "section 0/2 2", "activity 0/10 in 1", "activity 0/11 in 2", "activity 1/10 in 70"]
    );
    let bind = |local, scope, target| Binding { kind: "section".into(), local, target_scope: scope, target };
    let of = |id: u64| CopyChoice { items: vec![id], date_offset: 0, ..choice(&ALL, true) };

    // Within the course: a scope of its own whose parent is that of the original.
    let mut d = store.extend(course, Origin::default(), None).await?;
    d.bind(vec![bind(1, first, 2)]).await?;
    d.copy_from(store.snapshot(course).await?, of(talk)).await?;
    copied(&mut d).await?;
    assert_eq!(items(&store, course).await?, before, "nobody sees it yet");
    d.publish().await?;
    let mut s = store.snapshot(course).await?;
    let scopes = s.scopes().await?;
    assert_eq!(s.scope_parents().await?, [(scopes[2].id, first)]);
    assert_eq!(scopes[2].origin, scopes[0].origin);
    let copy = s.activities(0, 10).await?.into_iter().find(|a| a.scope == scopes[2].id).expect("the copy");
    assert!(copy.context > 0 && copy.fields.local == 10);
    let parts = s.parts(0, 100).await?;
    let of_copy = |name: &str| parts.iter().find(|p| p.owner == Owner::Activity(copy.id) && p.name == name);
    let part = of_copy("talk.xml").expect("its document");
    let bytes = s.read_part(part.id, &Facets::new(ALL), 0, 1 << 20).await?;
    assert_eq!(bytes.len() as u64, part.size);
    assert_eq!(s.read_part(part.id, &Facets::new(["activity"]), 0, 99).await?, b"<talk></talk>");
    assert_eq!(s.blocks(0, 10).await?.len(), 2, "the block of its page comes along");
    assert_eq!(s.files(0, 10).await?.iter().filter(|f| f.scope == scopes[2].id).count(), 2);
    assert_eq!(s.references(Owner::Activity(copy.id), &Facets::new(ALL)).await?.len(), 1);
    drop(s);
    let order: Vec<String> = items(&store, course).await?.split_off(2);
    assert_eq!(order, ["activity 0/10 in 1", "activity 0/11 in 2", "activity 1/10 in 70", "activity 2/10 in 1"]);

    // A section brings its activities, under the next number.
    let mut d = store.extend(course, Origin::default(), None).await?;
    d.copy_from(store.snapshot(course).await?, of(second)).await?;
    copied(&mut d).await?;
    d.publish().await?;
    let after = items(&store, course).await?;
    assert_eq!(after[2], "section 3/2 3", "{after:?}");
    // What lay in it from other scopes lies in the copy, too.
    assert_eq!(&after[7..], ["activity 3/11 in 2", "activity 4/10 in 70", "activity 5/10 in 1"], "{after:?}");

    // Into another course, where it is bound by hand, and from where it came.
    let target = draft(&store, "target").await?;
    let target = {
        let mut d = target;
        d.add_section(SectionFields { local: 5, number: 0, ..Default::default() }).await?;
        d.publish().await?
    };
    let there = store.snapshot(target).await?.scopes().await?[0].id;
    let mut d = store.extend(target, Origin::default(), None).await?;
    d.bind(vec![bind(1, there, 5)]).await?;
    d.copy_from(store.snapshot(course).await?, of(talk)).await?;
    d.remove_originals().await?;
    copied(&mut d).await?;
    assert_eq!(items(&store, course).await?, after);
    d.publish().await?;
    assert_eq!(items(&store, target).await?, ["section 0/5 0", "activity 1/10 in 1"]);
    assert!(store.snapshot(target).await?.scope_parents().await?.is_empty(), "parents never cross courses");
    let left = items(&store, course).await?;
    assert_eq!(left.len(), after.len() - 1, "{left:?}");
    assert!(!left.contains(&"activity 0/10 in 1".to_owned()));

    // Moved by a job that does not succeed, and by one that does.
    let new = NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: None,
        shared: false,
        key: String::new(),
    };
    let job = store.enqueue(new).await?;
    let moved = store.snapshot(course).await?.activities(0, 10).await?[0].id;
    for (end, gone) in [(JobEnd::Retry("hm".into(), 0), 0), (JobEnd::Succeeded("{}".into()), 1)] {
        let lease = store.claim("w", Some(&job), 60, 3).await?.expect("due").lease;
        let mut d = store.extend(target, Origin::default(), Some(lease.clone())).await?;
        let local = store.snapshot(course).await?.activities(0, 10).await?[0].fields.section;
        d.bind(vec![bind(local, there, 5)]).await?;
        d.copy_from(store.snapshot(course).await?, of(moved)).await?;
        d.remove_originals().await?;
        copied(&mut d).await?;
        d.publish().await?;
        assert_eq!(items(&store, course).await?.len(), left.len(), "it may yet be undone");
        store.end(&lease, end, 3).await?;
        assert_eq!(items(&store, course).await?.len(), left.len() - gone);
        assert_eq!(items(&store, target).await?.len(), 2 + gone);
    }
    store.sweep(0).await?;
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}

pub async fn items_go((store, blobs): Pair) -> Result<()> {
    let course = source(&store, &blobs).await?;
    let mut s = store.snapshot(course).await?;
    let second = s.sections(0, 10).await?[1].id;
    let activities = s.activities(0, 10).await?;
    let (talk, context) = (activities[0].id, activities[0].context);
    store.assign_role(2, 5, Place::Activity(talk)).await?;
    assert!(is_missing(&store.delete_items(course, vec![talk, 999_999]).await, "item"));
    assert!(is_missing(&store.delete_items(999, vec![talk]).await, "course"));
    assert_eq!(items(&store, course).await?.len(), 5, "all or none");
    store.delete_items(course, vec![talk]).await?;
    assert_eq!(store.place_of(context).await?, None);
    assert!(is_missing(&store.context_of(Place::Activity(talk)).await, "activity"));
    let after = told(&store, course, &ALL).await?;
    assert!(!after.contains("talk.xml") && !after.contains("block.xml") && !after.contains("log.xml"), "{after}");
    let counts = store.course_counts(course).await?;
    assert_eq!((counts.activities, counts.files, counts.log_rows), (2, 1, 0));
    // Whoever looks at the course as it was still sees it, sweeps or not.
    store.sweep(0).await?;
    assert_eq!(s.activities(0, 10).await?.len(), 3);
    let part = s.parts(0, 100).await?.into_iter().find(|p| p.name == "talk.xml").expect("its document");
    assert_eq!(s.read_part(part.id, &Facets::new(["activity"]), 0, 99).await?, b"<talk></talk>");
    drop(s);
    store.delete_items(course, vec![second]).await?;
    assert_eq!(items(&store, course).await?, ["section 0/1 1"], "with the activities in it, wherever they came from");
    for _ in 0..200 {
        if store.sweep(0).await?.rows > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(store.sweep(0).await?.rows, 0);
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}
