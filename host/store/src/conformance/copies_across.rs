//! Copies of items into another course, with scopes that what is copied is bound to.

use super::*;

fn group(local: u64, name: &str) -> FacetedRun {
    let columns = Columns::Group { local, name: name.into(), idnumber: String::new() };
    let row = Row { element: format!("<group id=\"{local}\"/>").into_bytes(), columns };
    FacetedRun { facets: Facets::default(), run: Run::Rows(vec![row]) }
}

fn activity(local: u64, section: u64) -> ActivityFields {
    ActivityFields { local, section, module: "talk".into(), visible: true, ..Default::default() }
}

fn bind(kind: &str, local: u64, target_scope: u64, target: u64) -> Binding {
    Binding { kind: kind.into(), local, target_scope, target }
}

pub async fn scopes_come_along((store, _): Pair) -> Result<()> {
    // A course with a group, and an activity brought into it that is bound to that group.
    let mut d = draft(&store, "source").await?;
    d.add_section(SectionFields { local: 1, ..Default::default() }).await?;
    let part = d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await?;
    d.append_runs(part, vec![group(5, "A")]).await?;
    let course = d.publish().await?;
    let first = store.snapshot(course).await?.scopes().await?[0].id;
    let mut d = store.extend(course, Origin { course: 8, ..Origin::default() }, None).await?;
    d.bind(vec![bind("section", 70, first, 1), bind("group", 9, first, 5)]).await?;
    let item = d.add_activity(activity(10, 70)).await?;
    d.publish().await?;
    let second = store.snapshot(course).await?.scopes().await?[1].id;
    let mut d = draft(&store, "target").await?;
    d.add_section(SectionFields { local: 3, ..Default::default() }).await?;
    let target = d.publish().await?;
    let there = store.snapshot(target).await?.scopes().await?[0].id;
    let choice = |scopes: Vec<u64>| CopyChoice { items: vec![item], scopes, ..CopyChoice::default() };

    let mut d = store.extend(target, Origin::default(), None).await?;
    let missing = d.copy_from(store.snapshot(course).await?, choice(vec![there])).await;
    assert!(is_missing(&missing, "scope"), "a scope of another course: {missing:?}");

    let mut d = store.extend(target, Origin::default(), None).await?;
    assert!(matches!(d.copied_numbers().await, Err(StoreError::Invalid(_))));
    assert!(is_missing(&d.enter_scope(there).await, "scope"), "not of this draft");
    d.copy_from(store.snapshot(course).await?, choice(vec![first])).await?;
    let CopyNumbers { scopes, items } = d.copied_numbers().await?;
    assert_eq!(scopes.iter().map(|(old, _)| *old).collect::<Vec<_>>(), [first, second]);
    assert_eq!(items.iter().map(|(old, _)| *old).collect::<Vec<_>>(), [item]);
    let (own_first, own_second) = (scopes[0].1, scopes[1].1);
    d.enter_scope(own_second).await?;
    d.bind(vec![bind("section", 70, there, 3)]).await?;
    while matches!(d.copy_some().await?, Copied { done, total } if done < total) {}
    d.enter_scope(own_first).await?;
    let part = d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await?;
    d.append_runs(part, vec![group(5, "A")]).await?;
    let twice = d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await;
    assert!(matches!(twice, Err(StoreError::Conflict { kind: "part", .. })), "{twice:?}");
    d.enter_scope(own_second).await?;
    d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await?;
    d.publish().await?;

    let mut s = store.snapshot(target).await?;
    let records = s.scopes().await?;
    assert_eq!(records.iter().map(|scope| scope.id).collect::<Vec<_>>(), [there, own_first, own_second]);
    assert_eq!(records[2].origin.course, 8, "from where it came");
    let expected = vec![(own_second, bind("group", 9, own_first, 5)), (own_second, bind("section", 70, there, 3))];
    assert_eq!(s.bindings().await?, expected, "what came along is bound to it as before");
    let parts: Vec<_> = s.parts(0, 10).await?.into_iter().map(|p| (p.scope, p.name)).collect();
    assert_eq!(parts, [(own_first, "groups.xml".to_owned()), (own_second, "groups.xml".to_owned())]);
    let copy = s.activities(0, 10).await?;
    assert_eq!((copy.len(), copy[0].id, copy[0].scope), (1, items[0].1, own_second));
    assert_eq!(store.groups(target).await?.len(), 1);
    assert_eq!(store.check().await?, Vec::<String>::new());
    Ok(())
}
