//! What is brought into a course that is there (architecture.md 2.2).

use super::{Pair, archived, course_named, draft, is_missing};
use crate::api::*;
use std::sync::Arc;

fn site(mark: &str) -> Origin {
    Origin { site_hash: mark.repeat(32), course: 4, date_offset: 86_400, ..Origin::default() }
}

fn text(bytes: &str) -> Vec<FacetedRun> {
    vec![FacetedRun { facets: Facets::default(), run: Run::Text(bytes.as_bytes().to_vec()) }]
}

/// A course of two sections with an activity in each.
async fn two_sections(store: &Arc<dyn Store>) -> Result<u64> {
    let mut d = draft(store, "two").await?;
    for number in [0, 1] {
        let local = u64::from(number) + 10;
        d.add_section(SectionFields { local, number, ..Default::default() }).await?;
        d.add_activity(ActivityFields { local, section: local, module: "forum".into(), ..Default::default() }).await?;
    }
    let part = d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await?;
    d.append_runs(part, text("first")).await?;
    d.add_people(vec![(archived(5, "eve"), PersonChoice::Create("eve".into()))]).await?;
    d.publish().await
}

pub async fn live_in_a_scope((store, _): Pair) -> Result<()> {
    let course = two_sections(&store).await?;
    let mut before = store.snapshot(course).await?;
    let first = before.scopes().await?;
    assert_eq!((first.len(), first[0].origin.course), (1, 9));
    let first = first[0].id;

    assert!(is_missing(&store.extend(course + 1, site("a"), None).await.map(drop), "course"));
    let mut new = draft(&store, "new").await?;
    assert!(new.bind(vec![]).await.is_err(), "a new course has nothing to bind to");
    let mut d = store.extend(course, site("a"), None).await?;
    assert_eq!(d.course(), course);
    let bind = |kind: &str, local, target_scope, target| Binding { kind: kind.into(), local, target_scope, target };
    assert!(is_missing(&d.bind(vec![bind("group", 1, first + 100, 1)]).await, "scope"));
    assert!(is_missing(&d.bind(vec![bind("section", 1, first, 99)]).await, "section"));
    // The same local ids as in the course: they are others here.
    let bound = vec![bind("section", 10, first, 10), bind("group", 3, first, 8)];
    d.bind(bound.clone()).await?;
    let fields = ActivityFields { local: 11, section: 10, module: "page".into(), ..Default::default() };
    let activity = d.add_activity(fields).await?;
    d.add_section(SectionFields { local: 11, number: 2, ..Default::default() }).await?;
    let part = d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await?;
    d.append_runs(part, text("second")).await?;
    assert!(d.add_references(Owner::Course, vec![]).await.is_err());
    let reference = Reference { kind: "user".into(), local: 5, facets: Facets::default() };
    d.add_references(Owner::Activity(activity), vec![reference]).await?;
    let eve = store.lookup(&[PersonKey::Username("eve".into())]).await?[0].clone().expect("eve").id;
    let people =
        vec![(archived(5, "eva"), PersonChoice::Link(eve)), (archived(6, "bob"), PersonChoice::Create("bob".into()))];
    d.add_people(people).await?;
    assert_eq!(store.snapshot(course).await?.scopes().await?.len(), 1, "nobody sees it before it is published");
    assert_eq!(d.publish().await?, course);

    assert_eq!(before.activities(0, 10).await?.len(), 2, "a snapshot stands still");
    let mut s = store.snapshot(course).await?;
    assert_eq!(s.course().origin.course, 9, "the course's origin is that of its first scope");
    let scopes = s.scopes().await?;
    assert_eq!((scopes.len(), scopes[0].id, &scopes[1].origin), (2, first, &site("a")));
    let second = scopes[1].id;
    let seen = s.bindings().await?;
    assert_eq!(seen.len(), 2);
    assert!(bound.iter().all(|b| seen.contains(&(second, b.clone()))));
    // Into the section it is bound to, after what is there.
    let order: Vec<_> = s.activities(0, 10).await?.iter().map(|a| (a.scope, a.fields.local)).collect();
    assert_eq!(order, [(first, 10), (second, 11), (first, 11)]);
    let head = s.activities(0, 1).await?[0].id;
    let paged = s.activities(head, 1).await?;
    assert_eq!((paged[0].scope, paged[0].id), (second, activity));
    let sections: Vec<_> = s.sections(0, 10).await?.iter().map(|x| (x.scope, x.fields.number)).collect();
    assert_eq!(sections, [(first, 0), (first, 1), (second, 2)]);
    let parts: Vec<_> = s.parts(0, 10).await?.iter().map(|p| (p.scope, p.name.clone())).collect();
    assert_eq!(parts, [(first, "groups.xml".to_owned()), (second, "groups.xml".to_owned())]);
    assert_eq!(s.references(Owner::Activity(activity), &Facets::default()).await?.len(), 1);
    let of_scope = async |scope, s: &mut Box<dyn Snapshot>| -> Result<Vec<(u64, u64)>> {
        Ok(s.people(scope, 0, 10).await?.iter().map(|(id, p)| (*id, p.local)).collect())
    };
    let bob = store.lookup(&[PersonKey::Username("bob".into())]).await?[0].clone().expect("bob").id;
    assert_eq!(of_scope(first, &mut s).await?, [(eve, 5)]);
    assert_eq!(of_scope(second, &mut s).await?, [(eve, 5), (bob, 6)]);
    let counts = store.course_counts(course).await?;
    assert_eq!((counts.sections, counts.activities, counts.people), (3, 3, 2));
    // Known by either origin.
    let known = store.lookup(&[PersonKey::Origin("a".repeat(32), 6), PersonKey::Origin("a".repeat(32), 5)]).await?;
    assert_eq!(known.iter().flatten().map(|p| p.id).collect::<Vec<_>>(), [bob, eve]);
    Ok(())
}

pub async fn come_and_go_with_their_course((store, _): Pair) -> Result<()> {
    let course = two_sections(&store).await?;
    let one = store.extend(course, site("a"), None).await?;
    let mut two = store.extend(course, site("b"), None).await?;
    two.add_activity(ActivityFields { local: 1, ..Default::default() }).await?;
    let mut late = store.extend(course, site("c"), None).await?;
    late.add_people(vec![(archived(1, "amy"), PersonChoice::Create("amy".into()))]).await?;
    one.publish().await?;
    two.publish().await?;
    assert_eq!(store.snapshot(course).await?.scopes().await?.len(), 3, "two at once both come");

    let mut open = store.snapshot(course).await?;
    store.delete_course(course).await?;
    assert!(is_missing(&late.publish().await, "course"));
    assert!(is_missing(&store.course(course).await, "course"));
    assert_eq!(open.activities(0, 10).await?.len(), 3);
    store.sweep(0).await?;
    assert_eq!(open.activities(0, 10).await?.len(), 3, "a snapshot keeps all scopes from the sweep");
    drop(open);
    // The end of a snapshot is written by and by.
    for _ in 0..200 {
        if store.sweep(0).await?.rows > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(store.sweep(0).await?.rows, 0);
    assert_eq!(store.check().await?, Vec::<String>::new());
    assert!(store.lookup(&[PersonKey::Username("eve".into())]).await?[0].is_some(), "people stay");
    assert!(store.lookup(&[PersonKey::Username("amy".into())]).await?[0].is_none());
    Ok(())
}

pub async fn of_unsuccessful_runs_vanish((store, _): Pair) -> Result<()> {
    let course = two_sections(&store).await?;
    let job = NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: Some(course),
        shared: false,
        key: String::new(),
    };
    let id = store.enqueue(job).await?;
    for (run, end) in [JobEnd::Retry("hm".into(), 0), JobEnd::Succeeded("{}".into())].into_iter().enumerate() {
        let lease = store.claim("w", Some(&id), 60, 5).await?.expect("due").lease;
        assert_eq!(store.snapshot(course).await?.scopes().await?.len(), 1, "run {run}");
        let mut d = store.extend(course, site("a"), Some(lease.clone())).await?;
        d.add_activity(ActivityFields { local: 1, ..Default::default() }).await?;
        d.publish().await?;
        store.end(&lease, end, 5).await?;
    }
    assert_eq!(store.snapshot(course).await?.scopes().await?.len(), 2);
    assert_eq!(store.course_counts(course).await?.activities, 3);
    // A draft of a lease that went elsewhere.
    let other = store.draft(course_named("other"), Origin::default(), "{}".into(), None).await?;
    let other = other.publish().await?;
    store.sweep(0).await?;
    assert_eq!(store.course_counts(course).await?.activities, 3);
    assert_eq!(store.course_counts(other).await?.activities, 0);
    Ok(())
}
