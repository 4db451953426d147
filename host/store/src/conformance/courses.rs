//! Drafts, publishing, visibility, reservations, snapshots, pages, sweeps.

use super::*;

pub async fn beginnings((store, _): Pair) -> Result<()> {
    let site = store.site().await?;
    assert!(site.hash.len() == 32 && site.hash.bytes().all(|b| b.is_ascii_hexdigit()));
    let roles: Vec<String> = store.roles().await?.into_iter().map(|r| r.shortname).collect();
    let standard = ["manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage"];
    assert_eq!(roles, standard);
    let people = store.people(0, 10).await?;
    assert_eq!(people.iter().map(|p| (p.id, p.username.as_str())).collect::<Vec<_>>(), [(1, "guest"), (2, "admin")]);
    assert!(people[1].site_admin && !people[0].site_admin);
    assert_eq!(store.services().await?[0].shortname, "provost");
    assert!(store.courses(0, 10).await?.is_empty());
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}

pub async fn drafts_show_when_published((store, blobs): Pair) -> Result<()> {
    let mut fields = course_named("c");
    fields.category = 999;
    assert!(is_missing(&store.draft(fields, Origin::default(), "{}".into(), None).await, "category"));
    let mut d = draft(&store, "c").await?;
    let id = d.course();
    assert!(id >= 2);
    let section = d.add_section(SectionFields { local: 4, number: 0, visible: true, ..Default::default() }).await?;
    let activity =
        d.add_activity(ActivityFields { local: 5, section: 4, module: "forum".into(), ..Default::default() }).await?;
    let block =
        d.add_block(BlockFields { local: 6, name: "html".into(), context: 8, activity: Some(activity) }).await?;
    assert!(section != activity && activity != block && section != block);
    let part = d.add_part(Owner::Course, "course.xml".into(), Facets::default()).await?;
    let again = d.add_part(Owner::Course, "course.xml".into(), Facets::default()).await;
    assert!(is_conflict(&again, "part"));
    let text = |t: &str| FacetedRun { facets: Facets::default(), run: Run::Text(t.as_bytes().to_vec()) };
    d.append_runs(part, vec![text("<course>"), text("</course>")]).await?;
    assert!(is_missing(&d.append_runs(part + 1000, vec![text("x")]).await, "part"));
    let reference =
        |facets: &[&str]| Reference { kind: "user".into(), local: 7, facets: Facets::new(facets.iter().copied()) };
    d.add_references(Owner::Activity(activity), vec![reference(&["user-data"]), reference(&["comment"])]).await?;
    let role = |local, name: &str, archetype: &str| Entry {
        kind: "role".into(),
        local,
        name: name.into(),
        archetype: archetype.into(),
        element: b"<role/>".to_vec(),
    };
    d.add_entries(vec![role(11, "student", ""), role(10, "tutor", "teacher")]).await?;
    let blob = blobs.put("content".into()).await?;
    let file = CourseFileFields {
        local: 1,
        item: -3,
        path: "/".into(),
        name: "a.txt".into(),
        blob: Some(blob.clone()),
        facets: Facets::new(["user-data"]),
        element: vec![0xff, 0],
        ..Default::default()
    };
    let mut missing = file.clone();
    missing.blob = Some(BlobRef { sha1: "0".repeat(40), size: 1 });
    assert!(is_missing(&d.add_files(vec![missing]).await, "blob"));
    d.add_files(vec![file.clone(), CourseFileFields { blob: None, name: ".".into(), ..file.clone() }]).await?;

    assert!(is_missing(&store.course(id).await, "course"));
    assert!(store.courses(0, 10).await?.is_empty());
    assert!(store.course_by_shortname("c").await?.is_none());
    assert!(is_missing(&store.snapshot(id).await.map(drop), "course"));

    assert_eq!(d.publish().await?, id);
    let course = store.course(id).await?;
    assert_eq!((course.fields.shortname.as_str(), course.origin.course), ("c", 9));
    assert_eq!(course.fields.category, store.default_category().await?);
    assert_eq!(store.course_by_context(course.context).await?, Some(course.clone()));
    let counts = store.course_counts(id).await?;
    assert_eq!((counts.sections, counts.activities, counts.files, counts.file_bytes), (1, 1, 1, 7));

    let mut s = store.snapshot(id).await?;
    assert_eq!(s.course(), &course);
    assert_eq!(s.sections(0, 10).await?[0].id, section);
    assert_eq!(s.activities(0, 10).await?[0].fields.module, "forum");
    assert_eq!(s.blocks(0, 10).await?[0].fields.activity, Some(activity));
    let parts = s.parts(0, 10).await?;
    assert_eq!((parts.len(), parts[0].size), (1, 17));
    assert_eq!(s.read_part(part, &Facets::default(), 0, 100).await?, b"<course></course>");
    assert!(is_missing(&s.read_part(part + 1, &Facets::default(), 0, 100).await, "part"));
    let owner = Owner::Activity(activity);
    assert!(s.references(owner, &Facets::new(["log"])).await?.is_empty());
    assert_eq!(s.references(owner, &Facets::new(["comment", "user-data"])).await?.len(), 1);
    assert_eq!(s.references(owner, &Facets::new(["comment"])).await?, [reference(&["comment"])]);
    assert_eq!(s.entries("role").await?.iter().map(|(_, e)| e.local).collect::<Vec<_>>(), [11, 10]);
    let files = s.files(0, 10).await?;
    assert_eq!((files.len(), &files[0].fields, &files[1].fields.blob), (2, &file, &None));
    Ok(())
}

pub async fn names_are_reserved((store, _): Pair) -> Result<()> {
    let first = draft(&store, "same").await?;
    assert!(is_conflict(&draft(&store, "same").await.map(drop), "shortname"));
    drop(first);
    let second = draft(&store, "same").await?;
    second.discard().await?;
    let id = draft(&store, "same").await?.publish().await?;
    assert!(is_conflict(&draft(&store, "same").await.map(drop), "shortname"));
    store.delete_course(id).await?;
    assert!(is_missing(&store.course(id).await, "course"));
    assert!(is_missing(&store.delete_course(id).await, "course"));
    draft(&store, "same").await?.publish().await?;

    // A draft of a worker that lost its job is dead: its name is free, and it can do nothing any more.
    let new = NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: None,
        shared: false,
        key: String::new(),
    };
    store.enqueue(new).await?;
    let claimed = store.claim("w", None, 0, 3).await?.expect("a job is due");
    let mut dead = store.draft(course_named("d"), Origin::default(), "{}".into(), Some(claimed.lease)).await?;
    let mut alive = draft(&store, "d").await?;
    let new = (archived(1, "x"), PersonChoice::Create("x".into()));
    assert!(is_lost(&dead.add_people(vec![new.clone()]).await));
    assert!(is_lost(&dead.publish().await));
    alive.add_people(vec![new]).await?;
    alive.publish().await?;
    Ok(())
}

pub async fn snapshots_stand_still((store, _): Pair) -> Result<()> {
    let id = draft(&store, "still").await?.publish().await?;
    let mut s = store.snapshot(id).await?;
    let mut other = draft(&store, "other").await?;
    other.add_section(SectionFields { local: 1, ..Default::default() }).await?;
    other.publish().await?;
    store.delete_course(id).await?;
    assert!(store.course_by_shortname("still").await?.is_none());
    assert_eq!(s.course().fields.shortname, "still");
    assert!(s.sections(0, 10).await?.is_empty());
    Ok(())
}

pub async fn pages((store, _): Pair) -> Result<()> {
    let mut d = draft(&store, "pages").await?;
    // Activities before their sections, and sections not in order of their numbers.
    for local in 0..25_u64 {
        let section = 100 + local % 3;
        d.add_activity(ActivityFields { local, section, module: "page".into(), ..Default::default() }).await?;
    }
    for (local, number) in [(100, 2), (101, 0), (102, 1)] {
        d.add_section(SectionFields { local, number, ..Default::default() }).await?;
    }
    let mut expected = Vec::new();
    for owner in [Owner::Section(5), Owner::Course, Owner::Activity(3), Owner::Section(4)] {
        for n in 0..3 {
            expected.push((owner, d.add_part(owner, format!("p{n}"), Facets::default()).await?));
        }
    }
    expected.sort();
    let people = (1..=25_u64).rev().map(|n| (archived(n, "x"), PersonChoice::Link(2))).collect();
    d.add_people(people).await?;
    let id = d.publish().await?;

    let mut s = store.snapshot(id).await?;
    let mut activities: Vec<ActivityItem> = Vec::new();
    while let page @ [_, ..] = &s.activities(activities.last().map_or(0, |a| a.id), 4).await?[..] {
        assert!(page.len() <= 4);
        activities.extend_from_slice(page);
    }
    let mut order: Vec<u64> = (0..25).collect();
    order.sort_by_key(|local| ([2, 0, 1][(*local % 3) as usize], *local));
    assert_eq!(activities.iter().map(|a| a.fields.local).collect::<Vec<_>>(), order);
    let first = s.sections(0, 2).await?;
    let rest = s.sections(first[1].id, 2).await?;
    assert_eq!(first.iter().chain(&rest).map(|x| x.fields.number).collect::<Vec<_>>(), [0, 1, 2]);
    let mut parts = Vec::new();
    while let page @ [_, ..] = &s.parts(parts.last().map_or(0, |(_, id)| *id), 5).await?[..] {
        parts.extend(page.iter().map(|p| (p.owner, p.id)));
    }
    assert_eq!(parts, expected);
    let scope = s.scopes().await?[0].id;
    let mut locals = Vec::new();
    while let page @ [_, ..] = &s.people(scope, locals.last().copied().unwrap_or(0), 7).await?[..] {
        locals.extend(page.iter().map(|(_, p)| p.local));
    }
    assert_eq!(locals, (1..=25).rev().collect::<Vec<_>>());
    Ok(())
}

pub async fn sweeps_spare((store, blobs): Pair) -> Result<()> {
    let large = vec![b'x'; 100_000];
    let mut d = draft(&store, "kept").await?;
    let part = d.add_part(Owner::Course, "big.xml".into(), Facets::default()).await?;
    let run = |bytes: &[u8]| vec![FacetedRun { facets: Facets::default(), run: Run::Text(bytes.to_vec()) }];
    d.append_runs(part, run(&large)).await?;
    let young = blobs.put("young".into()).await?;
    assert_eq!(store.sweep(3600).await?, Swept::default());
    assert!(blobs.size(&young.sha1).await?.is_some());
    let id = d.publish().await?;
    let swept = store.sweep(0).await?;
    assert_eq!((swept.rows, swept.blobs, swept.blob_bytes), (0, 1, 5));
    assert!(blobs.size(&young.sha1).await?.is_none());
    assert!(is_missing(&blobs.read(&young.sha1, 0, 1).await, "blob"));

    // A snapshot keeps what it reads, although the course is deleted and swept meanwhile.
    let mut s = store.snapshot(id).await?;
    store.delete_course(id).await?;
    assert_eq!(store.sweep(0).await?, Swept::default());
    assert_eq!(s.read_part(part, &Facets::default(), 99_999, 10).await?, b"x");
    drop(s);
    let swept = store.sweep(0).await?;
    assert!(swept.rows > 0);
    assert_eq!((swept.documents, swept.blobs), (1, 1));

    // People outlive the course that brought them, but not a draft that was given up.
    let mut d = draft(&store, "brings").await?;
    d.add_people(vec![(archived(1, "anna"), PersonChoice::Create("anna".into()))]).await?;
    let id = d.publish().await?;
    store.delete_course(id).await?;
    let mut d = draft(&store, "never").await?;
    d.add_people(vec![(archived(1, "bert"), PersonChoice::Create("bert".into()))]).await?;
    d.discard().await?;
    store.sweep(0).await?;
    let keys = [PersonKey::Username("anna".into()), PersonKey::Username("bert".into())];
    let found = store.lookup(&keys).await?;
    assert!(found[0].is_some() && found[1].is_none());
    let anna = Person { username: "anna".into(), ..Person::default() };
    assert!(is_conflict(&store.add_person(anna).await, "username"));
    store.add_person(Person { username: "bert".into(), ..Person::default() }).await?;
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}
