//! Operating on events: the commands `event`, `target` and `notice`, and the functions that do the same for clients.

use provost_store::StoreOptions;
use provost_store::api::{Address, CopyKind, Happening, Jobs, NewJob, Outbox, People, PersonKey, Whose};
use provost_store::sqlite::SqliteStore;
use provost_tests::live::{Site, guests, text, wait_until};
use provost_tests::sample;
use serde_json::{Value, json};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const WITNESS: &str = "witness-a";

/// A site with a witness of events that does `how` with events of the kind `what`.
fn site(how: &str, what: &str) -> Site {
    let site = Site::warm(PROVOST);
    let config = json!({ "how": how, "what": what }).to_string();
    site.ok(&["plugin", "install", guests::WITNESS, "--grant-all", "--config", &config]);
    site
}

fn configure(site: &Site, how: &str, what: &str) {
    let (how, what) = (format!("how={how}"), format!("what={what}"));
    site.ok(&["plugin", "configure", WITNESS, &how, &what]);
}

/// The elements of an array.
fn all(array: &Value) -> &[Value] {
    array.as_array().unwrap_or_else(|| panic!("no array: {array}"))
}

fn states(list: &Value) -> Vec<&str> {
    all(list).iter().filter_map(|d| d["state"].as_str()).collect()
}

#[test]
fn events_are_listed_shown_sent_again_and_discarded() {
    let site = site("abort", "course-imported");
    assert_eq!(site.json(&["event", "list"]), json!([]));
    let course = site.import(&sample::packed_file()).to_string();

    let listed = site.json(&["event", "list"]);
    assert!(all(&listed).len() > 2, "{listed}");
    assert!(all(&listed).is_sorted_by_key(|d| std::cmp::Reverse(d["sequence"].as_u64())), "newest first: {listed}");
    assert!(all(&listed).iter().all(|d| d["target"] == WITNESS && d["courses"] == json!([course])), "{listed}");
    let dead = site.json(&["event", "list", "--state", "dead"]);
    assert_eq!(all(&dead).len(), 1, "{listed}");
    assert_eq!((&dead[0]["name"], &dead[0]["reason"]), (&json!("course-imported"), &json!("abort")), "{dead}");
    assert_eq!(site.json(&["event", "list", "--event", "course-imported"]), dead);
    assert_eq!(site.json(&["event", "list", "--limit", "1"]), json!([listed[0]]));
    for (filter, value, some) in [
        ("--course", course.as_str(), true),
        ("--course", "4711", false),
        ("--since", "1h", true),
        ("--since", "2999-01-01", false),
        ("--target", WITNESS, true),
        ("--state", "in-flight", false),
    ] {
        let found = site.json(&["event", "list", filter, value]);
        assert_eq!(found, if some { listed.clone() } else { json!([]) }, "{filter} {value}");
    }
    assert!(site.refused(&["event", "list", "--target", "nobody"]).contains("no target nobody"));
    assert_eq!(site.run(&["event", "list", "--state", "lost"]).status.code(), Some(2));
    assert_eq!(site.run(&["event", "list", "--since", "soon"]).status.code(), Some(2));
    let table = site.ok(&["event", "list", "--state", "dead"]);
    assert!(table.contains("dead (abort)") && table.lines().count() == 2, "{table}");

    let id = text(&dead[0]["event"]);
    let shown = site.json(&["event", "show", &id]);
    assert_eq!(shown["event"]["what"]["course"], json!(course), "{shown}");
    assert_eq!(shown["deliveries"][0]["delivery"]["id"], dead[0]["id"]);
    let failed = all(&shown["deliveries"][0]["attempts"]);
    assert_eq!((failed.len(), &failed[0]["outcome"]), (1, &json!("abort")), "{shown}");
    let words = site.ok(&["event", "show", &id]);
    assert!(words.contains("the witness gives up as asked") && words.contains("attempt 1"), "{words}");
    for unknown in ["01890000-0000-7000-8000-000000000001", "x"] {
        for command in ["show", "replay", "discard"] {
            let said = site.refused(&["event", command, unknown]);
            assert!(said.contains(&format!("no event {unknown}")), "{command}: {said}");
        }
    }

    // As long as the cause is there, it comes to the same end.
    assert_eq!(site.json(&["event", "replay", &id]), json!({ "replayed": 1 }));
    let again = site.json(&["event", "list", "--state", "dead"]);
    assert_eq!((&again[0]["event"], &again[0]["replay"]), (&json!(id), &json!(true)), "{again}");
    configure(&site, "", "");
    assert_eq!(site.run(&["event", "replay"]).status.code(), Some(2), "of what?");
    assert_eq!(site.run(&["event", "replay", "--since", "1h"]).status.code(), Some(2), "of whom?");
    assert!(site.refused(&["event", "replay", "--target", "nobody"]).contains("no target nobody"));
    let late = ["event", "replay", "--target", WITNESS, "--since", "2999-01-01"];
    assert_eq!(site.json(&late), json!({ "replayed": 0 }));
    assert_eq!(site.json(&["event", "replay", "--target", WITNESS, "--since", "1h"]), json!({ "replayed": 1 }));
    assert_eq!(states(&site.json(&["event", "list", "--event", "course-imported"])), ["done"]);
    // What is done can be sent again, too, if it is named.
    assert_eq!(site.ok(&["event", "replay", &id, "--target", WITNESS]), "1 delivery sent again\n");
    let said = site.refused(&["event", "discard", &id]);
    assert!(said.contains("neither waits nor is dead"), "{said}");

    // What waits can be given up, once.
    site.ok(&["target", "disable", WITNESS]);
    let second = site.import(&sample::packed_file()).to_string();
    let waiting = site.json(&["event", "list", "--course", &second]);
    assert!(states(&waiting).iter().all(|state| *state == "pending") && !states(&waiting).is_empty(), "{waiting}");
    let last = text(&waiting[0]["event"]);
    let said = site.refused(&["event", "replay", &last]);
    assert!(said.contains("is not over"), "{said}");
    assert_eq!(site.json(&["event", "discard", &last, "--target", WITNESS]), json!({ "discarded": 1 }));
    assert!(site.refused(&["event", "discard", &last]).contains("neither waits nor is dead"));
    let discarded = site.json(&["event", "show", &last]);
    let delivery = &discarded["deliveries"][0]["delivery"];
    assert_eq!((&delivery["state"], &delivery["reason"]), (&json!("dropped"), &json!("discarded")));

    let audit = site.json(&["audit", "--action", "event "]);
    let outcomes = |action: &str, outcome: &str| {
        all(&audit).iter().filter(|row| row["action"] == action && row["outcome"] == outcome).count()
    };
    assert_eq!((outcomes("event replay", "ok"), outcomes("event discard", "ok")), (4, 1), "{audit}");
    assert!(outcomes("event discard", "failed") >= 3, "{audit}");
}

#[test]
fn targets_are_switched_and_what_waits_goes_out() {
    let site = site("", "");
    let listed = site.json(&["target", "list"]);
    assert_eq!(all(&listed).len(), 1, "{listed}");
    assert_eq!((&listed[0]["target"], &listed[0]["standing"]), (&json!(WITNESS), &json!("available")));
    assert!(site.ok(&["target", "list"]).contains("available"));
    let shown = site.json(&["target", "show", WITNESS]);
    assert_eq!(shown, listed[0]);
    let wanted = all(&shown["subscriptions"]);
    assert!(wanted.iter().any(|s| s["event"] == "course-imported"), "{shown}");
    assert!(site.ok(&["target", "show", WITNESS]).contains("is told of course-imported"));
    for command in ["show", "enable", "disable"] {
        for nobody in ["nobody", "nobody/there", "witness-a/other"] {
            let said = site.refused(&["target", command, nobody]);
            assert!(said.contains(&format!("no target {nobody}")), "{command}: {said}");
        }
    }

    let off = site.json(&["target", "disable", WITNESS]);
    assert_eq!(
        (&off["before"], &off["state"], &off["reason"]),
        (&json!("available"), &json!("unavailable"), &json!("operator"))
    );
    assert!(site.ok(&["target", "list"]).contains("unavailable (operator)"));
    site.import(&sample::packed_file());
    let waiting = site.json(&["target", "show", WITNESS])["waiting"].as_u64();
    assert!(waiting > Some(2), "{waiting:?}");

    // The gate: a target that does not agree stays as it is.
    configure(&site, "error", "target-state");
    let said = site.refused(&["target", "enable", WITNESS]);
    assert!(said.contains("refused to become available") && said.contains("the witness refuses as asked"), "{said}");
    let still = site.json(&["target", "show", WITNESS]);
    assert_eq!((&still["state"], still["waiting"].as_u64()), (&json!("unavailable"), waiting));
    configure(&site, "", "");
    let on = site.json(&["target", "enable", WITNESS]);
    assert_eq!((&on["before"], &on["state"], &on["reason"]), (&json!("unavailable"), &json!("available"), &json!("")));
    assert_eq!(on["waiting"], 0, "what waited has gone out: {on}");
    let done = site.json(&["event", "list"]);
    assert!(states(&done).iter().all(|state| *state == "done"), "{done}");
    assert!(site.ok(&["target", "enable", WITNESS]).contains("is available (was available)"));

    // What is told to a plugin that was removed waits for it.
    site.ok(&["plugin", "remove", WITNESS]);
    assert!(site.ok(&["target", "list"]).contains("not installed"));
    let said = site.refused(&["target", "enable", WITNESS]);
    assert!(said.contains("is not installed"), "{said}");
    let audit = site.json(&["audit", "--action", "target "]);
    assert!(all(&audit).iter().any(|row| row["action"] == "target enable" && row["outcome"] == "ok"), "{audit}");
}

/// A job of a person, which copies one course of another site to another there.
async fn copy_of(store: &SqliteStore, username: &str) -> String {
    let found = store.lookup(&[PersonKey::Username(username.to_owned())]).await.expect("looked up");
    let person = found.into_iter().flatten().next().expect("the person").id;
    let job = NewJob {
        plugin: WITNESS.into(),
        kind: "copy".into(),
        payload: "{}".into(),
        person,
        course: None,
        shared: false,
        key: String::new(),
    };
    let job = store.enqueue(job).await.expect("a job");
    let (origin, copy) = ("x:1".to_owned(), "x:2".to_owned());
    let copied = Happening::CourseCopied { kind: CopyKind::Exact, origin, copy, job: job.clone() };
    let content = |course: &str| Address { course: course.into(), content: "x:3".into() };
    let other = Happening::ContentCopied {
        kind: CopyKind::Exact,
        origin: content("x:1"),
        external_id: String::new(),
        copy: content("x:2"),
    };
    store.announce(vec![other, copied], Some(job.clone())).await.expect("announced");
    job
}

/// Who started a copy hears of a plugin that refused it, in the job and in a notice; operators hear of what is theirs.
#[test]
fn people_are_told_of_what_went_wrong() {
    let site = site("error", "course-copied");
    site.ok(&["user", "create", "ann", "--email", "ann@example.org"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let opened = runtime.block_on(SqliteStore::open(&site.data(), &StoreOptions::default()));
    let store = opened.expect("the store");
    let job = runtime.block_on(copy_of(&store, "ann"));
    let server = site.serve(&[]);
    let warned = wait_until("the job has a warning", || {
        let warnings = site.json(&["job", "show", &job])["warnings"].clone();
        (!all(&warnings).is_empty()).then_some(warnings)
    });
    assert_eq!(all(&warned).len(), 1, "{warned}");
    let warning = text(&warned[0]);
    for part in [WITNESS, "refused course-copied", "the witness refuses as asked"] {
        assert!(warning.contains(part), "{warning}");
    }
    let told = wait_until("a notice", || {
        let notices = site.json(&["notice", "list", "--user", "ann"]);
        (!all(&notices).is_empty()).then_some(notices)
    });
    assert_eq!((&told[0]["kind"], &told[0]["message"]), (&json!("course-copied"), &json!(warning)), "{told}");
    assert_eq!(site.json(&["notice", "list", "--user", "admin"]), json!([]), "an administrator has their own");
    assert!(site.refused(&["notice", "list", "--user", "nobody"]).contains("nobody"));

    let now = told[0]["created"].as_i64().unwrap_or_default() * 1000;
    runtime.block_on(store.notify(None, "target.disabled", "A target is unavailable now", now)).expect("told");
    let of = |command: &[&str]| {
        let notices = site.json(command);
        all(&notices).iter().map(|n| text(&n["kind"])).collect::<Vec<_>>()
    };
    assert_eq!(of(&["notice", "list"]), ["target.disabled", "course-copied"]);
    assert_eq!(of(&["notice", "list", "--limit", "1"]), ["target.disabled"]);
    assert_eq!(of(&["notice", "list", "--user", "admin"]), ["target.disabled"]);
    let table = site.ok(&["notice", "list"]);
    assert!(table.contains("(operator)") && table.contains("ann") && table.contains("new"), "{table}");

    // Over the web service everybody has their own, and administrators the operator's.
    let (ann, admin) = (server.rest(&site.token("ann")), server.rest(&site.token("admin")));
    let own = ann.call("provost_notice_list", &[]);
    assert_eq!(all(&own["notices"]).len(), 1, "{own}");
    assert_eq!((&own["notices"][0]["kind"], &own["notices"][0]["seen"]), (&json!("course-copied"), &json!(false)));
    let theirs = admin.call("provost_notice_list", &[("unseen", "1")]);
    assert_eq!((all(&theirs["notices"]).len(), &theirs["notices"][0]["operator"]), (1, &json!(true)), "{theirs}");
    let id = own["notices"][0]["id"].to_string();
    assert_eq!(ann.call("provost_notice_seen", &[("id", &id)]), json!({ "seen": 1 }));
    assert_eq!(ann.call("provost_notice_list", &[("unseen", "1")])["notices"], json!([]));
    assert_eq!(site.json(&["notice", "seen"]), json!({ "seen": 1 }), "the operator's");
    assert_eq!(site.json(&["notice", "list", "--unseen"]), json!([]));
    assert_eq!(runtime.block_on(store.see_notices(u64::from(u32::MAX), Whose::Everybody)).ok(), Some(0));
}

/// The functions, on the events of a server.
#[test]
fn clients_operate_as_the_command_line_does() {
    let site = site("abort", "course-imported");
    site.import(&sample::packed_file());
    let server = site.serve(&[]);
    let admin = server.rest(&site.token("admin"));
    let dead = admin.call("provost_event_list", &[("state", "dead")]);
    assert_eq!(all(&dead["deliveries"]).len(), 1, "{dead}");
    let id = text(&dead["deliveries"][0]["event"]);
    let pages = admin.call("provost_event_list", &[("limit", "1")]);
    let first = pages["deliveries"][0]["id"].to_string();
    let next = admin.call("provost_event_list", &[("limit", "1"), ("after", &first)]);
    assert!(next["deliveries"][0]["id"].as_u64() < pages["deliveries"][0]["id"].as_u64(), "{pages} {next}");
    let shown = admin.call("provost_event_show", &[("id", &id)]);
    assert_eq!(shown["deliveries"][0]["attempts"][0]["outcome"], "abort", "{shown}");
    assert!(text(&shown["what"]).contains("course-imported"), "{shown}");
    for (function, parameter) in [
        ("provost_event_show", "id"),
        ("provost_event_replay", "id"),
        ("provost_event_discard", "id"),
        ("provost_target_show", "target"),
        ("provost_target_enable", "target"),
        ("provost_target_disable", "target"),
    ] {
        assert_eq!(admin.refusal(function, &[(parameter, "nobody")]), "invalidrecord", "{function}");
    }
    assert_eq!(admin.refusal("provost_event_list", &[("state", "lost")]), "invalidparameter");
    assert_eq!(admin.refusal("provost_event_replay", &[]), "invalidparameter");

    configure(&site, "error", "target-state");
    let off = admin.call("provost_target_disable", &[("target", WITNESS)]);
    assert_eq!((&off["before"], &off["target"]["reason"]), (&json!("available"), &json!("operator")), "{off}");
    assert_eq!(admin.refusal("provost_target_enable", &[("target", WITNESS)]), "targetrefused");
    configure(&site, "", "");
    assert_eq!(admin.call("provost_event_replay", &[("target", WITNESS)]), json!({ "replayed": 1 }));
    assert_eq!(admin.call("provost_target_show", &[("target", WITNESS)])["waiting"], 1);
    let on = admin.call("provost_target_enable", &[("target", WITNESS)]);
    assert_eq!((&on["before"], &on["target"]["state"]), (&json!("unavailable"), &json!("available")), "{on}");
    wait_until("the event is through", || {
        let done = admin.call("provost_event_list", &[("kind", "course-imported"), ("state", "done")]);
        (all(&done["deliveries"]).len() == 1).then_some(())
    });
    assert_eq!(admin.call("provost_event_discard", &[("id", &id)]), json!({ "discarded": 0 }), "it is over");
    let targets = admin.call("provost_target_list", &[]);
    assert_eq!((all(&targets["targets"]).len(), &targets["targets"][0]["waiting"]), (1, &json!(0)), "{targets}");
    let audit = site.json(&["audit", "--action", "provost_"]);
    for function in ["provost_target_disable", "provost_target_enable", "provost_event_replay", "provost_event_discard"]
    {
        assert!(all(&audit).iter().any(|row| row["action"] == function), "{function}: {audit}");
    }
}
