//! Participants, categories, contexts, passwords, services, audit.

use super::*;

fn plain(run: Run) -> FacetedRun {
    FacetedRun { facets: Facets::default(), run }
}

fn enrolment(person: u64, method: &str) -> Row {
    Row {
        element: format!("\n  <enrolment id=\"{person}\"/>").into_bytes(),
        columns: Columns::Enrolment {
            local: person,
            person,
            method: 1,
            method_kind: method.into(),
            suspended: false,
            start: 0,
            end: 0,
        },
    }
}

/// A course with two people: both manually enrolled, the first by `self` too, with a role and in a group.
async fn course(store: &Arc<dyn Store>) -> Result<(u64, Vec<u64>, u64)> {
    let mut d = draft(store, "roster").await?;
    let create = |local, name: &str| (archived(local, name), PersonChoice::Create(name.into()));
    let people = d.add_people(vec![create(31, "ann"), create(32, "ben")]).await?;
    let role = |local, name: &str| Entry {
        kind: "role".into(),
        local,
        name: name.into(),
        archetype: String::new(),
        element: b"<role/>".to_vec(),
    };
    d.add_entries(vec![role(71, "student")]).await?;
    let part = d.add_part(Owner::Course, "enrolments.xml".into(), Facets::default()).await?;
    let rows = vec![enrolment(31, "manual"), enrolment(32, "manual"), enrolment(31, "self")];
    d.append_runs(
        part,
        vec![plain(Run::Text(b"<e>".to_vec())), plain(Run::Rows(rows)), plain(Run::Text(b"</e>".to_vec()))],
    )
    .await?;
    let roles = d.add_part(Owner::Course, "roles.xml".into(), Facets::default()).await?;
    let assigned =
        Row { element: b"<r/>".to_vec(), columns: Columns::RoleAssignment { local: 1, person: 31, role: 71 } };
    d.append_runs(roles, vec![plain(Run::Rows(vec![assigned]))]).await?;
    let groups = d.add_part(Owner::Course, "groups.xml".into(), Facets::default()).await?;
    let group = Row {
        element: b"<group>".to_vec(),
        columns: Columns::Group { local: 5, name: "Red".into(), idnumber: String::new() },
    };
    let member = Row { element: b"<m/>".to_vec(), columns: Columns::GroupMember { local: 8, person: 31, group: 5 } };
    d.append_runs(groups, vec![plain(Run::Rows(vec![group, member])), plain(Run::Text(b"</group>".to_vec()))]).await?;
    let activity = d.add_activity(ActivityFields { local: 9, ..ActivityFields::default() }).await?;
    let completion = d.add_part(Owner::Activity(activity), "completion.xml".into(), Facets::default()).await?;
    let done = Row {
        element: b"<c/>".to_vec(),
        columns: Columns::Completion { local: 1, person: 31, state: 2, modified: 99 },
    };
    d.append_runs(completion, vec![plain(Run::Rows(vec![done]))]).await?;
    Ok((d.publish().await?, people, activity))
}

/// A document of the course's own, whole.
async fn document(store: &Arc<dyn Store>, course: u64, name: &str) -> Result<String> {
    let mut s = store.snapshot(course).await?;
    let part = s.parts(0, 100).await?.into_iter().find(|p| p.name == name && p.owner == Owner::Course);
    let part = part.ok_or_else(|| StoreError::Invalid(name.into()))?;
    let bytes = s.read_part(part.id, &Facets::default(), 0, 1 << 20).await?;
    assert_eq!(bytes.len() as u64, part.size, "the size of {name} is told right");
    // Read from the middle on, the rest is what it was.
    let tail = s.read_part(part.id, &Facets::default(), 3, 1 << 20).await?;
    assert_eq!(tail, &bytes[3.min(bytes.len())..], "{name}");
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub async fn participants((store, _): Pair) -> Result<()> {
    let (course, people, activity) = course(&store).await?;
    let (ann, ben) = (people[0], people[1]);
    let found = store.participants(course, 0, 10).await?;
    assert_eq!(found.iter().map(|p| p.person.id).collect::<Vec<_>>(), [ann, ben]);
    assert_eq!(
        found[0].enrolments.iter().map(|e| (e.method.as_str(), e.here)).collect::<Vec<_>>(),
        [("manual", false), ("self", false)]
    );
    assert_eq!((found[0].roles.clone(), found[0].roles_here.clone(), found[0].active), (vec![5], vec![], true));
    let group = store.groups(course).await?;
    assert_eq!(group.iter().map(|g| (g.name.as_str(), g.local)).collect::<Vec<_>>(), [("Red", 5)]);
    assert_eq!(found[0].groups, [group[0].id]);
    assert_eq!(store.participants(course, ann, 1).await?[0].person.id, ben, "pages go on after a person");
    assert_eq!(store.completion_of(course, ann).await?, [Completed { activity, state: 2, modified: 99 }]);
    assert!(store.completion_of(course, ben).await?.is_empty());

    // Somebody enrolled here, and somebody who came with the course enrolled anew.
    let eve = store.add_person(Person { username: "eve".into(), ..Person::default() }).await?;
    let new = |person, role, end| NewEnrolment { course, person, role, start: 0, end, suspended: false };
    assert!(is_missing(&store.enrol(vec![new(eve, 5, 0), new(eve, 99, 0)]).await, "role"));
    assert!(store.participant(course, eve).await?.is_none(), "all or none");
    store.enrol(vec![new(eve, 3, 0), new(ben, 5, 5)]).await?;
    let eve_there = store.participant(course, eve).await?.expect("enrolled");
    assert_eq!((eve_there.roles.clone(), eve_there.roles_here, eve_there.active), (vec![3], vec![3], true));
    assert!(eve_there.enrolments[0].here && store.is_enrolled(eve, course).await?);
    let ben_there = store.participant(course, ben).await?.expect("enrolled");
    assert_eq!(
        (ben_there.enrolments.len(), ben_there.active),
        (1, false),
        "the one that came gives way to the new one"
    );
    assert_eq!(store.courses_of(ben).await?, [(course, false)]);
    let text = document(&store, course, "enrolments.xml").await?;
    assert_eq!(text, "<e>\n  <enrolment id=\"31\"/>\n  <enrolment id=\"31\"/></e>");

    // One method taken away leaves the other, and with it roles and memberships; the last one takes them along.
    store.unenrol(course, ann, "manual").await?;
    let ann_there = store.participant(course, ann).await?.expect("enrolled by self");
    assert_eq!((ann_there.roles.len(), ann_there.groups.len()), (1, 1));
    store.unenrol(course, ann, "self").await?;
    assert!(store.participant(course, ann).await?.is_none());
    assert_eq!(document(&store, course, "enrolments.xml").await?, "<e></e>");
    assert_eq!(document(&store, course, "roles.xml").await?, "");
    assert_eq!(document(&store, course, "groups.xml").await?, "<group></group>");
    assert!(store.roles_of(ann, Place::Course(course)).await?.is_empty());
    store.unenrol(course, eve, "manual").await?;
    assert!(!store.is_enrolled(eve, course).await?);
    assert!(store.roles_of(eve, Place::Course(course)).await?.is_empty());
    assert!(is_missing(&store.participants(999, 0, 10).await, "course"));

    store.enrol(vec![new(eve, 3, 0)]).await?;
    store.delete_course(course).await?;
    assert!(store.courses_of(eve).await?.is_empty());
    Ok(())
}

pub async fn categories_and_contexts((store, _): Pair) -> Result<()> {
    let category = |name: &str, parent| CategoryFields {
        name: name.into(),
        parent,
        visible: true,
        extra: "{}".into(),
        ..CategoryFields::default()
    };
    let first = store.default_category().await?;
    let ids = store.add_categories(vec![category("Science", 0), category("Arts", 0)]).await?;
    let inner = store.add_categories(vec![category("Bees", ids[0])]).await?[0];
    assert!(is_missing(&store.add_categories(vec![category("ok", 0), category("lost", 999)]).await, "category"));
    let mut d = store
        .draft(CourseFields { category: inner, ..course_named("hives") }, Origin::default(), "{}".into(), None)
        .await?;
    let activity = d.add_activity(ActivityFields { context: 77, ..ActivityFields::default() }).await?;
    let course = d.publish().await?;
    let all = store.categories().await?;
    let shown: Vec<_> = all.iter().map(|c| (c.id, c.fields.parent, c.courses)).collect();
    assert_eq!(shown, [(first, 0, 0), (ids[0], 0, 0), (inner, ids[0], 1), (ids[1], 0, 0)]);

    for place in
        [Place::Site, Place::Category(inner), Place::Course(course), Place::Activity(activity), Place::Person(2)]
    {
        let context = store.context_of(place).await?;
        assert_eq!(store.place_of(context).await?, Some(place));
    }
    assert_eq!(store.context_of(Place::Course(course)).await?, store.course(course).await?.context);
    let context = store.context_of(Place::Activity(activity)).await?;
    assert_eq!(store.snapshot(course).await?.activities(0, 1).await?[0].context, context);
    assert!(is_missing(&store.context_of(Place::Course(999)).await, "course"));
    assert!(is_missing(&store.context_of(Place::Person(999)).await, "person"));
    assert_eq!(store.place_of(99_999).await?, None);

    // A role in the category reaches down to the activity.
    let person = store.add_person(Person { username: "kim".into(), ..Person::default() }).await?;
    store.assign_role(person, 1, Place::Category(ids[0])).await?;
    assert_eq!(store.roles_of(person, Place::Activity(activity)).await?, [1]);
    assert_eq!(store.role_grants(person).await?, [(1, Place::Category(ids[0]))]);

    let mut fields = store.course(course).await?.fields;
    fields.shortname = "hives2".into();
    fields.category = 999;
    assert!(is_missing(&store.update_course(course, fields.clone(), "{}".into()).await, "category"));
    fields.category = ids[1];
    fields.created = 12345;
    let before = store.course(course).await?.fields.created;
    store.update_course(course, fields, "{\"a\":1}".into()).await?;
    let now = store.course(course).await?;
    assert_eq!(
        (now.fields.shortname.as_str(), now.fields.created, now.extra.as_str()),
        ("hives2", before, "{\"a\":1}")
    );
    draft(&store, "hives").await?.discard().await?;
    let mut taken = store.course(course).await?.fields;
    let other = draft(&store, "other").await?.publish().await?;
    taken.shortname = "other".into();
    assert!(is_conflict(&store.update_course(course, taken, "{}".into()).await, "shortname"));
    assert_eq!(store.course_by_idnumber("").await?, None);

    // Several at one moment, or none.
    let pair = vec![draft(&store, "one").await?, draft(&store, "two").await?];
    assert_eq!(store.publish_all(pair).await?.len(), 2);
    let pair = vec![draft(&store, "three").await?, store.extend(other, Origin::default(), None).await?];
    store.delete_course(other).await?;
    assert!(is_missing(&store.publish_all(pair).await, "course"));
    assert_eq!(store.course_by_shortname("three").await?, None, "none of them shows");
    assert!(store.publish_all(Vec::new()).await?.is_empty());
    Ok(())
}

pub async fn passwords_services_audit((store, _): Pair) -> Result<()> {
    let person = Person {
        username: "ola".into(),
        idnumber: "S-1".into(),
        extra: "{\"city\":\"Oslo\"}".into(),
        ..Person::default()
    };
    let again = Person { username: "ola".into(), ..Person::default() };
    assert!(is_conflict(&store.add_people(vec![(again, None), (person.clone(), None)]).await, "username"));
    let ola = store.add_people(vec![(person, Some("hash".into()))]).await?[0];
    let found = store.lookup(&[PersonKey::Idnumber("S-1".into()), PersonKey::Idnumber(String::new())]).await?;
    assert_eq!(found[0].as_ref().map(|p| (p.id, p.extra.as_str())), Some((ola, "{\"city\":\"Oslo\"}")));
    assert!(found[1].is_none());
    assert_eq!(store.password(ola).await?.as_deref(), Some("hash"));
    store.set_password(ola, None).await?;
    assert_eq!(store.password(ola).await?, None);
    assert!(is_missing(&store.set_password(999, Some("x")).await, "person"));
    let key = store.file_key(ola).await?;
    assert_eq!((key.len(), store.file_key(ola).await?), (32, key.clone()));
    assert_eq!(store.person_of_file_key(&key).await?.map(|p| p.id), Some(ola));
    assert_eq!(store.person_of_file_key("nobody's").await?, None);

    let service = Service {
        id: 0,
        shortname: "app".into(),
        name: "App".into(),
        enabled: true,
        download_files: true,
        upload_files: false,
        functions: None,
        required_capability: "x".into(),
        restricted: true,
    };
    store.declare_service(service.clone()).await?;
    store.declare_service(Service { name: "Other".into(), ..service.clone() }).await?;
    let kept = store.services().await?.into_iter().find(|s| s.shortname == "app").expect("declared");
    assert_eq!(kept, Service { id: kept.id, ..service });
    let token = store.login_token(ola, kept.id).await?;
    assert_eq!(store.login_token(ola, kept.id).await?, token, "the same one again");
    let (row, _) = store.find_token(&token).await?.expect("its hash is kept");
    assert!(store.revoke_token(row.id).await?);
    assert_ne!(store.login_token(ola, kept.id).await?, token, "another one after a revocation");
    let how = ServicePerson { person: ola, valid_until: 7, addresses: "::1".into() };
    store.set_service_person(kept.id, ola, Some(how.clone())).await?;
    assert_eq!(store.service_people(kept.id).await?, [how]);
    store.set_service_person(kept.id, ola, None).await?;
    assert!(store.service_people(kept.id).await?.is_empty());

    let cap = Capability { name: "c".into(), label: "C".into(), archetypes: vec!["student".into()] };
    store.declare_capabilities(std::slice::from_ref(&cap)).await?;
    let like = store.add_role("helper", "Helper", "student").await?;
    assert!(is_conflict(&store.add_role("helper", "Helper", "").await, "role"));
    assert_eq!(store.role_capabilities(like).await?, [("c".to_owned(), true)]);
    store.set_role_capability(5, "c", Some(false)).await?;
    store.declare_capabilities(&[cap]).await?;
    assert_eq!(store.role_capabilities(5).await?, [("c".to_owned(), false)], "what an operator changed stays");
    assert!(is_missing(&store.set_role_capability(5, "unknown", Some(true)).await, "capability"));

    for (n, outcome) in [("core_a", "ok"), ("core_b", "nopermissions"), ("other", "ok")] {
        let row = NewAuditRow {
            origin: "service",
            person: Some(ola),
            username: "ola".into(),
            action: n.into(),
            outcome: outcome.into(),
            ..NewAuditRow::default()
        };
        store.note(row).await?;
    }
    let actions = async |filter: AuditFilter| -> Result<Vec<String>> {
        Ok(store.audit(&filter, 10).await?.into_iter().map(|r| r.action).collect())
    };
    assert_eq!(actions(AuditFilter::default()).await?, ["other", "core_b", "core_a"]);
    let core = AuditFilter { action: Some("core_".into()), ..AuditFilter::default() };
    assert_eq!(actions(core).await?, ["core_b", "core_a"]);
    assert_eq!(actions(AuditFilter { failed: true, person: Some(ola), ..AuditFilter::default() }).await?, ["core_b"]);
    let newest = store.audit(&AuditFilter::default(), 1).await?[0].id;
    assert_eq!(actions(AuditFilter { before: Some(newest), ..AuditFilter::default() }).await?, ["core_b", "core_a"]);
    assert_eq!(store.trim_audit(i64::MAX).await?, 3);
    Ok(())
}
