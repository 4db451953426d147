//! Remote tools that are told of events over HTTP: the whole way, from one socket through the outbox to another.
//!
//! ```sh
//! cargo test -p provost --test proxy_tools
//! ```

use provost_store::api::Address;
use provost_tests::live::{get, text, wait_until};
use provost_tests::proxy_world::{ERROR, SECRET, SUCCESS, World, assert_mac, assert_signed, now};
use provost_tests::sample;
use provost_tests::tool_server::{Act, Came};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, UNIX_EPOCH};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// What becomes of an event.
#[derive(Clone, Copy, PartialEq)]
enum Becomes {
    /// Nothing is left of it.
    Done,
    /// Nothing is left of it but a line in the log: the tool said no.
    Refused,
    /// It waits for another try, as the schedule says.
    Waits,
    /// It waits for the time that the tool gave, an hour.
    WaitsAnHour,
    /// It waits, and the tool with it.
    WaitsForTool,
}

/// A time of HTTP in the form of RFC 850, which is obsolete.
fn of_old(seconds: i64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
    let now = httpdate::fmt_http_date(time);
    let words: Vec<&str> = now.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let day = days.iter().find(|day| day.starts_with(words[0])).expect("a day");
    format!("{day}, {}-{}-{} {} GMT", words[1], words[2], &words[3][2..], words[4])
}

/// Every row of proxy-tool-events.md 9.2, with what it is called in the log and what becomes of the event.
#[test]
fn acceptance_16_every_answer_of_a_tool() {
    use Becomes::{Done, Refused, Waits, WaitsAnHour, WaitsForTool};
    let world = World::allowing(PROVOST, "[http.allow]\nproxy-tool = [\"127.0.0.1\", \"nowhere.invalid\"]\n");
    let xml = |body: &str| Act::says(200, body);
    let with = |status, name: &'static str, value: &str, body: &str| {
        Act::Answer(status, vec![(name, value.to_owned())], body.into())
    };
    let elsewhere = format!("{}/elsewhere", world.tool.url);
    let later = of_old(now() + 3600);
    let long = format!("{SUCCESS}{}", " ".repeat(4096));
    let page = "<!DOCTYPE html><html><body>Log in</body></html>";
    let rows: Vec<(&str, &str, Act, Becomes, &str)> = vec![
        ("success", "legacy", xml(SUCCESS), Done, ""),
        ("declared", "legacy", xml("<?xml version=\"1.0\"?>\n<!-- x -->\n<result> SUCCESS </result>\n"), Done, ""),
        ("failure", "legacy", xml(ERROR), Refused, "plugin-error"),
        ("typo", "legacy", xml("<result>SUCCESS<result>"), Done, ""),
        ("typo-error", "legacy", xml("<result>ERROR<result>"), Refused, "plugin-error"),
        ("strict", "legacy-strict", xml("<result>SUCCESS<result>"), Waits, "protocol"),
        ("other-value", "legacy", xml("<result>MAYBE</result>"), Waits, "protocol"),
        ("empty", "legacy", xml(""), Waits, "protocol"),
        ("page", "legacy", xml(page), Waits, "protocol"),
        ("long", "legacy", xml(&long), Waits, "protocol"),
        ("dtd", "legacy", xml("<!DOCTYPE r [<!ENTITY s \"SUCCESS\">]><result>&s;</result>"), Waits, "protocol"),
        ("redirect", "legacy", with(302, "Location", &elsewhere, SUCCESS), Waits, "redirect"),
        ("moved", "legacy", with(308, "Location", &elsewhere, SUCCESS), Waits, "redirect"),
        ("gone", "legacy", Act::says(410, SUCCESS), WaitsForTool, "gone"),
        ("busy", "legacy", with(429, "Retry-After", "3600", SUCCESS), WaitsAnHour, "status-429"),
        ("down", "legacy", with(503, "Retry-After", "3600", ""), WaitsAnHour, "status-503"),
        ("busy-until", "legacy", with(429, "Retry-After", &later, SUCCESS), WaitsAnHour, "status-429"),
        ("busy-odd", "legacy", with(429, "Retry-After", "-5", SUCCESS), Waits, "status-429"),
        ("down-odd", "legacy", with(503, "Retry-After", "tomorrow", ""), Waits, "status-503"),
        ("down-for-now", "legacy", Act::says(503, ""), Waits, "status-503"),
        ("not-found", "legacy", with(404, "Retry-After", "3600", SUCCESS), Waits, "status-404"),
        ("broken", "legacy", Act::says(500, SUCCESS), Waits, "status-500"),
        ("hang", "legacy", Act::Hang, Waits, "timeout"),
        ("reset", "legacy", Act::Close, Waits, "reset"),
        ("garbage", "legacy", Act::Garbage, Waits, "protocol"),
        ("native-empty", "native", Act::says(204, ""), Done, ""),
        ("native-ok", "native", Act::says(200, "{\"result\":\"ok\"}"), Done, ""),
        (
            "native-error",
            "native",
            Act::says(200, "{\"result\":\"error\",\"message\":\"full\"}"),
            Refused,
            "plugin-error",
        ),
        ("native-retry", "native", Act::says(200, "{\"result\":\"retry\",\"after\":3600}"), WaitsAnHour, "soft-retry"),
        ("native-page", "native", xml(page), Waits, "protocol"),
        ("native-long", "native", Act::says(200, " ".repeat(4097)), Waits, "protocol"),
        ("native-gone", "native", Act::says(410, ""), WaitsForTool, "gone"),
    ];
    for (name, profile, act, ..) in &rows {
        // Native tools are asked whether they want to be available, too.
        world.tool.answers(&format!("/{name}"), [Act::says(200, "{\"result\":\"ok\"}")]);
        let profile_name = profile.trim_end_matches("-strict");
        let mut fields = vec![
            ("profile", profile_name),
            ("secret", SECRET),
            ("timeout", if *name == "hang" { "1" } else { "15" }),
            ("events[0][event]", "content-copied"),
            ("events[0][url]", "/told"),
        ];
        if *profile == "legacy-strict" {
            fields.push(("lenientxml", "0"));
        }
        world.tool(name, &fields);
        world.tool.answers(&format!("/{name}/told"), [act.clone()]);
    }
    // Where nobody is.
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let unreachable = [
        ("nobody", format!("http://{closed}/"), &["connect"][..]),
        ("no-tls", world.tool.url.replace("http://", "https://"), &["tls"]),
        // A machine without a network may find that out by waiting.
        ("nowhere", "http://nowhere.invalid/".to_owned(), &["dns", "timeout"]),
    ];
    for (name, url, _) in &unreachable {
        world.tool(name, &[("profile", "legacy"), ("url", url), ("events[0][event]", "content-copied")]);
    }
    let reply = world.tell(
        "e-1",
        &json!({
            "specversion": "1.0", "id": "e-1", "source": "https://uni.example", "type": "org.provost.content.copied.v1",
            "data": {
                "copy": "exact",
                "from": { "course": "3", "content": "10", "externalid": "ext-5" },
                "to": { "course": "4", "content": "20" },
            },
        }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut event = String::new();
    for (name, profile, ..) in &rows {
        let came = world.tool.wait_for(&format!("/{name}/told"), 1);
        let first = &came[0];
        assert_eq!(first.method, "POST");
        if *profile == "native" {
            let body = first.json();
            assert_eq!(body["type"], "org.provost.content.copied.v1");
            assert_eq!((&body["attempt"], &body["data"]["from"]["externalid"]), (&json!(1), &json!("ext-5")));
            assert_eq!(first.header("webhook-id"), text(&body["id"]));
            event = text(&body["id"]);
        } else {
            assert_mac(first, SECRET);
            let said: Vec<_> = ["type", "oldId", "newId", "oldCourseId", "newCourseId", "external_content_id"]
                .iter()
                .map(|name| first.argument(name).unwrap_or_default())
                .collect();
            assert_eq!(said, ["exact", "uni:10", "uni:20", "uni:3", "uni:4", "ext-5"]);
        }
        assert!(first.header("idempotency-key").ends_with("/0"));
    }
    let expected = rows.iter().map(|(name, .., becomes, code)| (*name, *becomes, std::slice::from_ref(code)));
    for (name, becomes, codes) in expected.chain(unreachable.iter().map(|(name, _, codes)| (*name, Waits, *codes))) {
        let parked = becomes == WaitsForTool;
        let (delivery, attempt) = wait_until("the answer is written down", || delivered(&world, &event, name, parked));
        let known = world.known(name);
        let about = format!("{name}: {delivery} {attempt} {known}");
        let (state, waiting) = match becomes {
            Done => ("done", 0),
            Refused => ("dropped", 0),
            Waits | WaitsAnHour | WaitsForTool => ("pending", 1),
        };
        assert_eq!((&delivery["state"], &known["waiting"]), (&json!(state), &json!(waiting)), "{about}");
        assert_eq!(known["dead"], 0, "{about}");
        let available = if becomes == WaitsForTool { "unavailable" } else { "available" };
        assert_eq!(known["state"], available, "{about}");
        // A decision of the tool's is no failure of it.
        let fails = matches!(becomes, Waits | WaitsAnHour) && name != "native-retry";
        assert_eq!(known["failingsince"] != 0, fails, "{about}");
        if parked {
            // It cost no attempt, and is the target's affair.
            assert_eq!(delivery["attempts"], 0, "{about}");
            let target = world.site.json(&["target", "show", &format!("proxy-tool/{name}")]);
            assert_eq!(target["reason"], "gone", "{target}");
        } else if becomes != Done {
            assert!(codes.contains(&text(&attempt["outcome"]).as_str()), "{about}");
            assert!(codes.contains(&text(&delivery["reason"]).as_str()), "{about}");
        }
        // No later than the schedule's third try, or no sooner than the tool said.
        let due = delivery["due"].as_i64().unwrap_or_default() - now();
        match becomes {
            Waits => assert!(due <= 400, "{due} {about}"),
            WaitsAnHour => assert!((3000..5000).contains(&due), "{due} {about}"),
            Done | Refused | WaitsForTool => {}
        }
    }
    // Silence is tried again, as the same event; a no is not, and who is to come later is let alone.
    let again = world.tool.wait_for("/broken/told", 2);
    assert_eq!(again[0].argument("event_id"), again[1].argument("event_id"));
    assert_ne!(again[0].argument("nonce"), again[1].argument("nonce"));
    assert_eq!(again[1].argument("deferred").as_deref(), Some("true"));
    for (name, ..) in rows.iter().filter(|(.., becomes, _)| *becomes != Waits) {
        assert_eq!(world.tool.came(&format!("/{name}/told")).len(), 1, "{name}");
    }
    assert!(world.tool.came("/elsewhere").is_empty(), "a redirect was followed");
    let log = world.site.log();
    for (name, .., becomes, code) in &rows {
        let of_it = |words: &str| {
            let line = |line: &&str| line.contains(&format!("proxy-tool/{name}\"")) && line.contains(words);
            log.lines().filter(line).any(|line| line.contains(code))
        };
        match becomes {
            Done => assert!(!of_it("answer") && !of_it("refused"), "{name}"),
            Refused => assert!(of_it("the target refused the event"), "{name}"),
            // A wish of the tool's is no error.
            WaitsAnHour if *name == "native-retry" => assert!(!of_it("answer"), "{name}"),
            Waits | WaitsAnHour => assert!(of_it("no answer; tried again"), "{name}"),
            WaitsForTool => assert!(of_it("gone"), "{name}"),
        }
    }
    assert!(log.contains("full"), "the tool's own words are in the log");
}

/// How an event stands with a tool, and the last call of it that was no success; none before that is written down. It is `parked` where
/// the tool became unavailable with it.
fn delivered(world: &World, event: &str, tool: &str, parked: bool) -> Option<(Value, Value)> {
    let shown = world.site.json(&["event", "show", event]);
    let label = format!("proxy-tool/{tool}");
    let all = shown["deliveries"].as_array().unwrap_or_else(|| panic!("{shown}"));
    let found = all.iter().find(|d| d["delivery"]["target"] == label.as_str()).unwrap_or_else(|| panic!("{shown}"));
    let delivery = found["delivery"].clone();
    let attempt = found["attempts"].as_array().and_then(|attempts| attempts.last()).cloned().unwrap_or_default();
    let settled = match parked {
        true => world.known(tool)["state"] == "unavailable",
        false => delivery["state"] == "done" || attempt != Value::Null,
    };
    (settled && delivery["state"] != "in-flight").then_some((delivery, attempt))
}

/// What would be more than 64 KiB on the wire is given up at once, is never sent in part, and the next event says so.
#[test]
fn an_event_that_is_too_large_is_given_up() {
    let world = World::new(PROVOST);
    world.tool.answers("/tool", [Act::says(200, "")]);
    world.tool("tool", &[("events[0][event]", "edu.example.x.v1")]);
    let send = |id: &str, bytes: usize| {
        let body = json!({
            "specversion": "1.0", "id": id, "source": "https://uni.example", "type": "edu.example.x.v1", "subject": "x",
            "partitionkey": "4", "partitionkey2": "3", "data": { "text": "x".repeat(bytes) },
        });
        world.tell(id, &body)
    };
    // The host's own attributes are what is too much for this one.
    let large = (64 << 10) - 300;
    assert_eq!(send("l-1", large).json(), json!({ "result": "ok" }));
    let dead = wait_until("the event is given up", || {
        let dead = world.site.json(&["event", "list", "--state", "dead"]);
        dead.get(0).cloned()
    });
    assert_eq!((&dead["reason"], &dead["attempts"]), (&json!("abort"), &json!(1)), "{dead}");
    assert!(text(&dead["message"]).ends_with("bytes as this tool is told of it, and may have 65536"), "{dead}");
    assert_eq!(dead["courses"], json!(["uni:4", "uni:3"]));
    assert_eq!(world.known("tool")["failingsince"], 0, "that is no fault of the tool");

    assert_eq!(send("l-2", 10).json(), json!({ "result": "ok" }));
    let all = world.tool.wait_for("/tool", 2);
    let told = all[1].json();
    assert_eq!((&told["data"]["text"], &told["gapafter"]), (&json!("xxxxxxxxxx"), &dead["event"]));
    // In whose order it came, and when it was put down.
    assert_eq!((&told["partitionkey"], &told["partitionkey2"]), (&json!("uni:4"), &json!("uni:3")));
    let recorded = text(&told["recordedtime"]);
    assert!(recorded.ends_with('Z') && recorded[..19] >= text(&told["time"])[..19], "{told}");

    // What a site itself may not send is its own mistake.
    let refused = send("l-3", 64 << 10);
    assert_eq!((refused.status, &refused.json()["result"]), (200, &json!("error")));
}

/// A tool that says no, or nothing, does not become available; and what it is told besides.
#[test]
fn a_tool_decides_whether_it_is_available() {
    let world = World::new(PROVOST);
    for (name, act, alive) in [
        ("willing", Act::says(200, SUCCESS), true),
        ("unwilling", Act::says(200, ERROR), false),
        ("silent", Act::says(500, ""), false),
    ] {
        world.tool.answers(&format!("/{name}/state"), [act.clone()]);
        world.tool.answers(&format!("/{name}/alive"), [act.clone()]);
        world.tool.answers(&format!("/{name}/bye"), [act]);
        let fields = [
            ("profile", "legacy"),
            ("secret", SECRET),
            ("events[0][event]", "course-copied"),
            ("events[1][event]", "state-change"),
            ("events[1][url]", "state"),
            ("events[2][event]", "ping"),
            ("events[2][url]", "alive"),
            ("events[3][event]", "remove"),
            ("events[3][url]", "bye"),
        ];
        world.registered(name, &fields);
        assert_eq!(world.known(name)["state"], "unavailable");
        let activate = [("name", name)];
        if alive {
            world.admin.call("provost_proxy_tool_activate", &activate);
            assert_eq!(world.known(name)["state"], "available");
        } else {
            let refused = world.admin.json("provost_proxy_tool_activate", &activate);
            assert!(refused.get("exception").is_some(), "{refused}");
            assert_eq!(world.known(name)["state"], "unavailable");
        }
        let came = world.tool.came(&format!("/{name}/state"));
        assert_eq!(came.len(), 1);
        assert_mac(&came[0], SECRET);
        assert_eq!(came[0].argument("state").as_deref(), Some("available"));

        // Whatever it says to the others, they happen.
        world.admin.call("provost_proxy_tool_deactivate", &[("name", name), ("state", "inactive")]);
        assert_eq!(world.known(name)["state"], "inactive");
        for _ in 0..2 {
            let pinged = world.admin.call("provost_proxy_tool_ping", &activate);
            assert_eq!(pinged["alive"], alive, "{pinged}");
        }
        // The answer of the first one held.
        assert_eq!(world.tool.came(&format!("/{name}/alive")).len(), 1);
        world.admin.call("provost_proxy_tool_remove", &activate);
        assert_eq!(world.tool.came(&format!("/{name}/bye")).len(), 1);
    }
    assert_eq!(world.admin.call("provost_proxy_tool_list", &[]), json!([]));
    assert_eq!(world.admin.refusal("provost_proxy_tool_remove", &[("name", "willing")]), "invalidrecord");
}

/// Secrets are told once; keys are changed without a gap.
#[test]
fn keys_are_told_once_and_changed() {
    let world = World::new(PROVOST);
    world.tool.answers("/native", [Act::says(200, "")]);
    world.tool.answers("/signed", [Act::says(200, "")]);
    let first = text(&world.tool("native", &[])["key"]);
    let public = text(&world.tool("signed", &[("signature", "v1a")])["key"]);
    assert!(first.starts_with("whsec_") && public.starts_with("whpk_"), "{first} {public}");
    world.course_copied("k-1");
    let came = |path: &str| {
        let all = world.tool.wait_for(path, 2);
        all[all.len() - 1].clone()
    };
    // The first that came asked whether it wants to be available.
    assert_signed(&came("/native"), &first);
    assert_signed(&came("/signed"), &public);

    let rotated = text(&world.admin.call("provost_proxy_tool_rotate_key", &[("name", "native")])["key"]);
    assert_ne!(rotated, first);
    world.course_copied("k-2");
    let last = world.tool.wait_for("/native", 3)[2].clone();
    assert_eq!(last.header("webhook-signature").split(' ').count(), 2);
    assert_signed(&last, &first);
    assert_signed(&last, &rotated);

    let legacy = [("profile", "legacy"), ("secret", "a-secret-that-was-given"), ("events[0][event]", "course-copied")];
    let given = text(&world.registered("legacy", &legacy)["key"]);
    assert_eq!(given, "a-secret-that-was-given");
    let shown = [
        world.admin.call("provost_proxy_tool_list", &[]).to_string(),
        world.site.json(&["target", "list"]).to_string(),
        world.site.json(&["target", "show", "proxy-tool/native"]).to_string(),
        world.site.json(&["target", "show", "proxy-tool/legacy"]).to_string(),
    ]
    .concat();
    let audit = world.site.ok(&["--json", "audit"]);
    let log = world.site.log();
    for secret in [&first, &rotated, &given] {
        for (what, text) in [("a list", &shown), ("the audit log", &audit), ("the log", &log)] {
            assert!(!text.contains(secret.as_str()), "{what} tells a key");
        }
    }
    assert_eq!(world.known("native")["keys"], 2);
}

/// Servers of the own networks are not called unless the operator says so.
#[test]
fn calls_stay_out_of_the_own_networks() {
    let world = World::allowing(PROVOST, "");
    world.tool.answers("/tool", [Act::says(200, SUCCESS)]);
    let port = world.tool.url.rsplit(':').next().unwrap_or_default().to_owned();
    for (name, url) in [
        ("plain", world.tool.url.clone()),
        ("tls", format!("https://127.0.0.1:{port}")),
        ("mapped", format!("https://[::ffff:127.0.0.1]:{port}")),
        ("name", format!("https://localhost:{port}")),
        ("metadata", "https://169.254.169.254".into()),
    ] {
        let url = format!("{url}/tool");
        let fields = [("name", name), ("url", &url), ("events[0][event]", "course-copied")];
        world.admin.call("provost_proxy_tool_register", &fields);
        let refused = world.admin.json("provost_proxy_tool_activate", &[("name", name)]).to_string();
        assert!(refused.contains("exception"), "{name}: {refused}");
    }
    assert!(world.tool.came("/tool").is_empty());
    // Nor is a platform asked for its keys there, whoever posts a token.
    let jwks = format!("{}/jwks", world.tool.url);
    let fields = [
        ("name", "platform"),
        ("profile", "lti"),
        ("url", "https://platform.example"),
        ("clientid", "c-1"),
        ("deploymentid", "d-1"),
        ("jwksurl", jwks.as_str()),
    ];
    world.admin.call("provost_proxy_site_register", &fields);
    // {"alg":"RS256"}
    let posted = world.hook("platform", &[], "{\"notices\":[{\"jwt\":\"eyJhbGciOiJSUzI1NiJ9.e30.AAAA\"}]}");
    assert_eq!(posted.status, 503, "{}", posted.text());
    assert!(world.tool.came("/jwks").is_empty());
}

/// What keeps a request from being sent again has always part in the MAC.
#[test]
fn arguments_that_may_not_be_exempt_from_the_mac() {
    let world = World::new(PROVOST);
    for (exempt, tool, site) in [
        ("top_Submit", true, true),
        ("nonce", false, false),
        ("timestamp", false, false),
        ("mac", false, false),
        ("event_id", false, false),
        ("action", false, false),
        // What a tool does not check is its own affair; what this host does not is not.
        ("external_content_id", true, false),
        ("newId", true, false),
    ] {
        let name = exempt.to_lowercase();
        let fields = [
            ("name", name.as_str()),
            ("profile", "legacy"),
            ("url", "https://old.example"),
            ("events[0][event]", "course-copied"),
            ("exempt[0]", "locale"),
            ("exempt[1]", exempt),
        ];
        let tool_answer = world.admin.json("provost_proxy_tool_register", &fields);
        assert_eq!(tool_answer.get("exception").is_none(), tool, "{exempt}: {tool_answer}");
        let of_site: Vec<_> = fields.into_iter().filter(|(name, _)| !name.starts_with("events")).collect();
        let site_answer = world.admin.json("provost_proxy_site_register", &of_site);
        assert_eq!(site_answer.get("exception").is_none(), site, "{exempt}: {site_answer}");
    }
}

/// A tool registers again with the password it was given, once.
#[test]
fn a_tool_registers_again() {
    let world = World::new(PROVOST);
    world.tool.answers("/tool", [Act::says(200, SUCCESS)]);
    world.tool.answers("/tool/again", [Act::says(200, SUCCESS)]);
    world.tool.answers("/moved", [Act::says(200, SUCCESS)]);
    let fields = [
        ("profile", "legacy"),
        ("secret", SECRET),
        ("events[0][event]", "course-copied"),
        ("events[1][event]", "reregister"),
        ("events[1][url]", "again"),
    ];
    world.tool("tool", &fields);
    world.admin.call("provost_proxy_tool_reregister", &[("name", "tool")]);
    let asked = world.tool.wait_for("/tool/again", 1)[0].clone();
    let password = asked.argument("regpass").expect("a password");
    let profile = get(&asked.argument("tcprofileurl").expect("an address"), &[]).json();
    let door = text(&profile["registration"]);
    assert_eq!(door, format!("{}/hooks/proxy-tool/register", world.server.url));
    let register = |password: &str| {
        let body = json!({
            "name": "tool",
            "password": password,
            "url": format!("{}/moved", world.tool.url),
            "events": [{ "event": "course-copied" }],
        });
        world.hook("register", &[("Content-Type", "application/json")], &body.to_string()).status
    };
    assert_eq!((register("guess"), register(&password), register(&password)), (403, 200, 403));
    world.course_copied("r-1");
    assert_eq!(world.tool.wait_for("/moved", 1)[0].argument("newCourseId").as_deref(), Some("uni:r-1-new"));
}

/// What happens to contents of this site reaches a tool with the tool's own external id.
#[test]
fn tools_are_told_their_external_ids() {
    let world = World::new(PROVOST);
    let course = world.site.import(&sample::packed_file());
    let contents = world.admin.call("core_course_get_contents", &[("courseid", &course.to_string())]);
    let modules = contents.as_array().into_iter().flatten().flat_map(|s| s["modules"].as_array().into_iter().flatten());
    let page = modules.into_iter().find(|module| module["modname"] == "page").expect("a page");
    let page = page["id"].to_string();
    for (name, profile) in [("old", "legacy"), ("new", "native")] {
        let says = if profile == "native" { Act::says(200, "{\"result\":\"ok\"}") } else { Act::says(200, SUCCESS) };
        world.tool.answers(&format!("/{name}"), [says]);
        let fields = [
            ("profile", profile),
            ("secret", SECRET),
            ("events[0][event]", "content-copied"),
            ("events[1][event]", "content-deleted"),
            ("events[1][onlyown]", "1"),
        ];
        world.tool(name, &fields);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let given = runtime.block_on(async {
            let (store, _) = provost_store::open(&world.site.data()).await?;
            let content = Address { course: course.to_string(), content: page.clone() };
            store.set_external_id("proxy-tool", name, &content, &format!("{name}-7"), None).await
        });
        assert!(given.expect("the store"));
    }
    // The gate of the native one came first.
    let before = world.tool.came("/new").len();
    let copy = world.site.ok(&["course", "copy-items", &course.to_string(), &page]).trim().to_owned();
    world.site.ok(&["course", "delete-items", &course.to_string(), &page]);
    world.site.ok(&["course", "delete-items", &course.to_string(), &copy]);
    let old = world.tool.wait_for("/old", 3);
    let said: Vec<_> = old.iter().map(|came| came.argument("external_content_id").unwrap_or_default()).collect();
    assert_eq!(said, ["old-7"; 3]);
    let ids: Vec<_> = old[1..].iter().map(|came| came.argument("content_id").unwrap_or_default()).collect();
    assert_eq!(ids, [&*page, &*copy]);
    let new: Vec<Value> = world.tool.wait_for("/new", before + 3)[before..].iter().map(Came::json).collect();
    assert_eq!(new[0]["data"]["from"]["externalid"], "new-7", "{}", new[0]);
    assert!(new[1..].iter().all(|told| told["data"]["externalid"] == "new-7"), "{new:?}");
}
