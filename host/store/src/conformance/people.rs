//! People, links, roles, capabilities; tokens and settings.

use super::*;

pub async fn links_and_conflicts((store, _): Pair) -> Result<()> {
    let person =
        |name: &str| Person { username: name.into(), email: format!("{name}@example.org"), ..Person::default() };
    let ada = store.add_person(person("ada")).await?;
    let mut d = draft(&store, "links").await?;
    let create = |local, name: &str| (archived(local, name), PersonChoice::Create(name.into()));
    let taken = d.add_people(vec![create(1, "new"), create(2, "ada")]).await;
    assert!(is_conflict(&taken, "username"));
    assert!(is_missing(&d.add_people(vec![(archived(1, "z"), PersonChoice::Link(9999))]).await, "person"));
    // Nothing of the failed calls remains.
    let ids = d.add_people(vec![create(1, "new"), (archived(2, "old"), PersonChoice::Link(ada))]).await?;
    assert_eq!(ids[1], ada);
    assert!(is_conflict(&store.add_person(person("new")).await, "username"));
    let new = PersonKey::Id(ids[0]);
    let origin = PersonKey::Origin("0123456789abcdef0123456789abcdef".into(), 2);
    assert_eq!(store.lookup(&[new.clone(), origin.clone()]).await?, [None, None]);
    assert!(store.people(ada, 10).await?.is_empty());
    let course = d.publish().await?;
    let found = store.lookup(&[new, origin, PersonKey::Email("ADA@example.org".into())]).await?;
    assert_eq!(found.iter().flatten().map(|p| p.username.as_str()).collect::<Vec<_>>(), ["new", "ada", "ada"]);
    let mut s = store.snapshot(course).await?;
    let scope = s.scopes().await?[0].id;
    let links = s.people(scope, 0, 10).await?;
    assert_eq!(links, [(ids[0], archived(1, "new")), (ada, archived(2, "old"))]);

    let mut changed = found[1].clone().expect("found above");
    changed.username = "new".into();
    assert!(is_conflict(&store.update_person(changed.clone()).await, "username"));
    changed.username = "ada.l".into();
    changed.deleted = true;
    store.update_person(changed).await?;
    let keys = [PersonKey::Username("ada.l".into()), PersonKey::Id(ada)];
    let found = store.lookup(&keys).await?;
    assert!(found[0].is_none() && found[1].is_some());
    store.add_person(person("ada")).await?;
    Ok(())
}

pub async fn roles_and_capabilities((store, _): Pair) -> Result<()> {
    let cap = |name: &str, archetypes: &[&str]| Capability {
        name: name.into(),
        label: format!("May {name}"),
        archetypes: archetypes.iter().map(|a| (*a).to_owned()).collect(),
    };
    store.declare_capabilities(&[cap("backup", &["teacher", "manager"]), cap("see", &["user"])]).await?;
    assert_eq!(store.capability_label("backup").await?.as_deref(), Some("May backup"));
    assert_eq!(store.capability_label("none").await?, None);

    let mut d = draft(&store, "roles").await?;
    let plain = |run| FacetedRun { facets: Facets::default(), run };
    let part = d.add_part(Owner::Course, "enrolments.xml".into(), Facets::default()).await?;
    let enrolment = |person, suspended, start, end| Row {
        element: b"<e/>".to_vec(),
        columns: Columns::Enrolment {
            local: person,
            person,
            method: 1,
            method_kind: "manual".into(),
            suspended,
            start,
            end,
        },
    };
    let rows = [(31, false, 0, 0), (32, true, 0, 0), (33, false, 0, 5), (34, false, i64::MAX, 0)];
    let rows = rows.into_iter().map(|(p, s, from, to)| enrolment(p, s, from, to)).collect();
    d.append_runs(part, vec![plain(Run::Rows(rows))]).await?;
    let assignment = |person, role| Row {
        element: b"<r/>".to_vec(),
        columns: Columns::RoleAssignment { local: person, person, role },
    };
    let part = d.add_part(Owner::Course, "roles.xml".into(), Facets::default()).await?;
    // 71 by short name, 72 by archetype, 73 unknown here.
    let rows = vec![assignment(31, 71), assignment(32, 72), assignment(33, 73)];
    d.append_runs(part, vec![plain(Run::Rows(rows))]).await?;
    let activity = d.add_activity(ActivityFields::default()).await?;
    let part = d.add_part(Owner::Activity(activity), "roles.xml".into(), Facets::default()).await?;
    d.append_runs(part, vec![plain(Run::Rows(vec![assignment(34, 72)]))]).await?;
    let names = ["a", "b", "c", "d"];
    let people = (31..).zip(names).map(|(l, n)| (archived(l, n), PersonChoice::Create(n.into()))).collect();
    let ids = d.add_people(people).await?;
    let role = |local, name: &str, archetype: &str| Entry {
        kind: "role".into(),
        local,
        name: name.into(),
        archetype: archetype.into(),
        element: Vec::new(),
    };
    let roles = vec![role(71, "student", "teacher"), role(72, "tutor", "teacher"), role(73, "owl", "")];
    d.add_entries(roles).await?;
    let course = d.publish().await?;
    let place = Place::Course(course);

    let mut enrolled = Vec::new();
    let mut held = Vec::new();
    let mut may = Vec::new();
    for id in &ids {
        enrolled.push(store.is_enrolled(*id, course).await?);
        held.push(store.roles_of(*id, place).await?);
        may.push(store.has_capability(*id, "backup", place).await?);
    }
    assert_eq!(enrolled, [true, false, false, false]);
    assert_eq!(held, [vec![5], vec![4], vec![], vec![]]);
    assert_eq!(may, [false, true, false, false]);
    assert!(store.has_capability(2, "anything", Place::Site).await?);
    assert!(store.has_capability(ids[2], "see", place).await?);
    assert!(!store.has_capability(9999, "see", place).await?);

    let category = Place::Category(store.default_category().await?);
    store.assign_role(ids[2], 1, category).await?;
    store.assign_role(ids[2], 1, category).await?;
    assert!(store.has_capability(ids[2], "backup", place).await?);
    assert!(!store.has_capability(ids[2], "backup", Place::Site).await?);
    store.unassign_role(ids[2], 1, category).await?;
    assert!(!store.has_capability(ids[2], "backup", place).await?);
    assert!(is_missing(&store.assign_role(ids[2], 99, Place::Site).await, "role"));
    store.unassign_role(ids[1], 4, place).await?;
    assert!(store.roles_of(ids[1], place).await?.is_empty());
    store.assign_role(ids[0], 1, Place::Site).await?;
    assert!(store.has_capability(ids[0], "backup", place).await?);
    let mut suspended = store.lookup(&[PersonKey::Id(ids[0])]).await?.remove(0).expect("published");
    suspended.suspended = true;
    store.update_person(suspended).await?;
    assert!(!store.has_capability(ids[0], "backup", place).await?);
    store.delete_course(course).await?;
    assert!(!store.is_enrolled(ids[0], course).await?);
    Ok(())
}

pub async fn tokens_and_settings((store, _): Pair) -> Result<()> {
    let service = store.services().await?.remove(0);
    let new = NewToken { person: 2, service: service.id, name: "mine".into(), ..NewToken::default() };
    let (secret, id) = store.create_token(new.clone()).await?;
    assert_eq!(secret.len(), 32);
    let (token, found) = store.find_token(&secret).await?.expect("just made");
    assert_eq!((token.id, found, token.last_used), (id, service.clone(), 0));
    store.touch_token(id).await?;
    assert!(store.tokens().await?[0].last_used > 0);
    assert!(store.find_token("00").await?.is_none());
    assert!(is_missing(&store.create_token(NewToken { service: 99, ..new.clone() }).await, "service"));
    assert!(is_missing(&store.create_token(NewToken { person: 99, ..new }).await, "person"));
    assert!(store.revoke_token(id).await? && !store.revoke_token(id).await?);
    assert!(store.find_token(&secret).await?.is_none());
    let changed = Service { functions: Some(vec!["core_f".into()]), enabled: false, ..service.clone() };
    assert_eq!(store.put_service(changed.clone()).await?, service.id);
    assert_eq!(store.services().await?, [changed]);
    assert_eq!(store.setting("x").await?, None);
    store.set_setting("x", Some("1")).await?;
    store.set_setting("x", Some("2")).await?;
    assert_eq!(store.setting("x").await?.as_deref(), Some("2"));
    store.set_setting("x", None).await?;
    assert_eq!(store.setting("x").await?, None);
    Ok(())
}
