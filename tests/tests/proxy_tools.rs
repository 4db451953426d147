//! Remote tools that are told of events over HTTP, and other sites that tell of theirs: the whole way, from one socket through the
//! outbox to another.
//!
//! ```sh
//! cargo test -p provost --test proxy_tools
//! ```

use provost_proxy_wire::jwt::{KeySet, PrivateKey};
use provost_proxy_wire::mac::{Algorithm, mac};
use provost_proxy_wire::notice::{self, ContextCopy, Parties};
use provost_proxy_wire::signature::{self, Key};
use provost_store::api::Address;
use provost_tests::live::{Reply, Rest, Server, Site, get, request, text, wait_until};
use provost_tests::sample;
use provost_tests::tool_server::{Act, Came, ToolServer};
use serde_json::{Value, json};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
/// What the sites of these tests sign with.
const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const SECRET: &str = "s3cret";

const SUCCESS: &str = "<result>SUCCESS</result>";
const ERROR: &str = "<result>ERROR</result>";

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

/// A site whose plugin may call servers of this machine, with a site `uni` that tells of its events.
struct World {
    site: Site,
    server: Server,
    admin: Rest,
    tool: ToolServer,
}

impl World {
    fn new() -> Self {
        Self::allowing("[http.allow]\nproxy-tool = [\"127.0.0.1\"]\n")
    }

    fn allowing(settings: &str) -> Self {
        let site = Site::warm(PROVOST);
        fs::create_dir_all(site.data()).expect("the store's directory");
        fs::write(site.data().join("provost.toml"), settings).expect("the settings");
        let server = site.serve(&[]);
        let admin = server.rest(&site.token("admin"));
        let fields = [("name", "uni"), ("url", "https://uni.example"), ("secret", KEY)];
        admin.call("provost_proxy_site_register", &fields);
        Self { site, server, admin, tool: ToolServer::start() }
    }

    /// Registers a tool at `/NAME` of the server and makes it available. It hears of other sites.
    fn tool(&self, name: &str, more: &[(&str, &str)]) -> Value {
        let registered = self.registered(name, more);
        self.admin.call("provost_proxy_tool_activate", &[("name", name)]);
        registered
    }

    fn registered(&self, name: &str, more: &[(&str, &str)]) -> Value {
        let url = format!("{}/{name}", self.tool.url);
        let mut fields = vec![("name", name), ("url", url.as_str()), ("foreign", "1")];
        if !more.iter().any(|(name, _)| name.starts_with("events")) {
            fields.extend([("events[0][event]", "course-copied"), ("events[1][event]", "content-copied")]);
        }
        fields.extend(more);
        self.admin.call("provost_proxy_tool_register", &fields)
    }

    /// What is known of a tool now.
    fn known(&self, name: &str) -> Value {
        let all = self.admin.call("provost_proxy_tool_list", &[]);
        let found = all.as_array().into_iter().flatten().find(|tool| tool["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {all}")).clone()
    }

    fn hook(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        request(&self.server.address, "POST", &format!("/hooks/proxy-tool/{path}"), headers, body)
    }

    /// Something of `uni`, signed.
    fn tell(&self, id: &str, body: &Value) -> Reply {
        self.tell_at(id, now(), &body.to_string(), KEY)
    }

    fn tell_at(&self, id: &str, at: i64, body: &str, key: &str) -> Reply {
        let key = Key::parse(key).expect("a key");
        let signed = signature::sign(&[key], id, at, body.as_bytes());
        let at = at.to_string();
        let headers = [
            ("Content-Type", "application/cloudevents+json"),
            ("webhook-id", id),
            ("webhook-timestamp", at.as_str()),
            ("webhook-signature", signed.as_str()),
        ];
        self.hook("uni", &headers, body)
    }

    /// Tells of a copy of a course of `uni`, in lanes of its own.
    fn course_copied(&self, id: &str) {
        let reply = self.tell(id, &course_copied(id));
        assert_eq!((reply.status, reply.json()), (200, json!({ "result": "ok" })), "{id}");
    }
}

fn course_copied(id: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "https://uni.example",
        "type": "org.provost.course.copied.v1",
        "data": { "copy": "exact", "from": { "course": format!("{id}-old") }, "to": { "course": format!("{id}-new") } },
    })
}

/// What a legacy tool is sent holds.
fn assert_mac(came: &Came, secret: &str) {
    let arguments = came.arguments();
    let given = came.argument("mac").expect("a MAC");
    assert_eq!(mac(&arguments, &[], secret, Algorithm::Md5), given, "{arguments:?}");
    for never in ["ticket", "user_id", "role"] {
        assert_eq!(came.argument(never), None);
    }
}

/// What a native tool is sent holds.
fn assert_signed(came: &Came, key: &str) {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| Some(came.header(name)));
    let key = Key::parse(key).expect("a key");
    assert!(signature::verify(&[key], headers, &came.body, now()).is_ok(), "{:?}", came.headers);
}

/// What becomes of an event.
enum Becomes {
    /// Nothing is left of it.
    Over,
    /// It waits for another try.
    Waits,
    /// It waits, and the tool with it.
    WaitsForTool,
}

/// Every row of proxy-tool-events.md 9.2, and the vectors of 9.3 as they are met on the wire.
#[test]
fn acceptance_16_every_answer_of_a_tool() {
    use Becomes::{Over, Waits, WaitsForTool};
    let world = World::new();
    let xml = |body: &str| Act::says(200, body);
    let with = |status, name: &'static str, value: &str, body: &str| {
        Act::Answer(status, vec![(name, value.to_owned())], body.into())
    };
    let elsewhere = format!("{}/elsewhere", world.tool.url);
    let long = format!("{SUCCESS}{}", " ".repeat(4096));
    let page = "<!DOCTYPE html><html><body>Log in</body></html>";
    let rows: Vec<(&str, &str, Act, Becomes)> = vec![
        ("success", "legacy", xml(SUCCESS), Over),
        ("declared", "legacy", xml("<?xml version=\"1.0\"?>\n<!-- x -->\n<result> SUCCESS </result>\n"), Over),
        ("failure", "legacy", xml(ERROR), Over),
        ("typo", "legacy", xml("<result>SUCCESS<result>"), Over),
        ("strict", "legacy-strict", xml("<result>SUCCESS<result>"), Waits),
        ("other-value", "legacy", xml("<result>MAYBE</result>"), Waits),
        ("empty", "legacy", xml(""), Waits),
        ("page", "legacy", xml(page), Waits),
        ("long", "legacy", xml(&long), Waits),
        ("dtd", "legacy", xml("<!DOCTYPE r [<!ENTITY s \"SUCCESS\">]><result>&s;</result>"), Waits),
        ("redirect", "legacy", with(302, "Location", &elsewhere, SUCCESS), Waits),
        ("gone", "legacy", Act::says(410, SUCCESS), WaitsForTool),
        ("busy", "legacy", with(429, "Retry-After", "3600", SUCCESS), Waits),
        ("down", "legacy", with(503, "Retry-After", "3600", ""), Waits),
        ("not-found", "legacy", Act::says(404, SUCCESS), Waits),
        ("broken", "legacy", Act::says(500, SUCCESS), Waits),
        ("hang", "legacy", Act::Hang, Waits),
        ("reset", "legacy", Act::Close, Waits),
        ("garbage", "legacy", Act::Garbage, Waits),
        ("native-empty", "native", Act::says(204, ""), Over),
        ("native-ok", "native", Act::says(200, "{\"result\":\"ok\"}"), Over),
        ("native-error", "native", Act::says(200, "{\"result\":\"error\",\"message\":\"full\"}"), Over),
        ("native-retry", "native", Act::says(200, "{\"result\":\"retry\",\"after\":3600}"), Waits),
        ("native-page", "native", xml(page), Waits),
        ("native-gone", "native", Act::says(410, ""), WaitsForTool),
    ];
    for (name, profile, act, _) in &rows {
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
    for (name, profile, _, becomes) in &rows {
        let came = world.tool.wait_for(&format!("/{name}/told"), 1);
        let first = &came[0];
        assert_eq!(first.method, "POST");
        if *profile == "native" {
            let body = first.json();
            assert_eq!(body["type"], "org.provost.content.copied.v1");
            assert_eq!((&body["attempt"], &body["data"]["from"]["externalid"]), (&json!(1), &json!("ext-5")));
            assert_eq!(first.header("webhook-id"), text(&body["id"]));
        } else {
            assert_mac(first, SECRET);
            let said: Vec<_> = ["type", "oldId", "newId", "oldCourseId", "newCourseId", "external_content_id"]
                .iter()
                .map(|name| first.argument(name).unwrap_or_default())
                .collect();
            assert_eq!(said, ["exact", "uni:10", "uni:20", "uni:3", "uni:4", "ext-5"]);
        }
        assert!(first.header("idempotency-key").ends_with("/0"));
        let settled = wait_until("the answer is written down", || {
            let known = world.known(name);
            let done = match becomes {
                Over => known["waiting"] == 0,
                // A decision of the tool's is no failure of it.
                Waits if *name == "native-retry" => known["waiting"] == 1,
                Waits => known["waiting"] == 1 && known["failingsince"] != 0,
                WaitsForTool => known["waiting"] == 1 && known["state"] == "unavailable",
            };
            done.then_some(known)
        });
        assert_eq!(settled["dead"], 0, "{name}: {settled}");
        if !matches!(becomes, WaitsForTool) {
            assert_eq!(settled["state"], "available", "{name}: {settled}");
        }
    }
    // Silence is tried again, as the same event; a no is not, and who is to come later is let alone.
    let again = world.tool.wait_for("/broken/told", 2);
    assert_eq!(again[0].argument("event_id"), again[1].argument("event_id"));
    assert_ne!(again[0].argument("nonce"), again[1].argument("nonce"));
    assert_eq!(again[1].argument("deferred").as_deref(), Some("true"));
    for once in ["success", "failure", "busy", "down", "gone", "native-retry", "native-error"] {
        assert_eq!(world.tool.came(&format!("/{once}/told")).len(), 1, "{once}");
    }
    assert!(world.tool.came("/elsewhere").is_empty(), "a redirect was followed");
    let log = world.site.log();
    assert!(log.contains("full"), "the tool's own words are in the log");
}

/// A notice that is tried again is signed anew, and is still the same notice.
#[test]
fn acceptance_18_a_notice_is_signed_anew_at_every_attempt() {
    let world = World::new();
    world.tool.answers("/lti", [Act::says(503, ""), Act::says(200, "")]);
    let fields =
        [("profile", "lti"), ("clientid", "client-1"), ("deploymentid", "d-1"), ("events[0][event]", "course-copied")];
    let registered = world.tool("lti", &fields);
    world.course_copied("n-1");
    let came = world.tool.wait_for("/lti", 2);
    let keys = get(&text(&registered["jwksurl"]), &[]);
    assert_eq!(keys.status, 200);
    assert!(!keys.text().contains("\"d\""), "the private half is published");
    let keys = KeySet::read(&keys.body).expect("keys");
    let claims: Vec<Value> = came
        .iter()
        .map(|came| {
            let body = came.json();
            assert_eq!(body["notices"].as_array().map(Vec::len), Some(1));
            keys.verify(&text(&body["notices"][0]["jwt"])).expect("a token of the site")
        })
        .collect();
    let claim = |name: &str| format!("https://purl.imsglobal.org/spec/lti/claim/{name}");
    let (first, second) = (&claims[0], &claims[1]);
    for name in [claim("notice"), claim("context"), claim("origin_contexts"), claim("deployment_id"), "iss".into()] {
        assert_eq!(first[&name], second[&name], "{name}");
    }
    for name in ["nonce", "iat", "exp"] {
        assert_ne!(first[name], second[name], "{name}");
    }
    assert_eq!(first[claim("notice")]["type"], "LtiContextCopyNotice");
    assert_eq!(first[claim("context")]["id"], "uni:n-1-new");
    assert_eq!(first[claim("origin_contexts")], json!(["uni:n-1-old"]));
    assert_eq!((&first["aud"], &first["iss"]), (&json!("client-1"), &json!(world.server.url)));
    assert_eq!(first["exp"].as_i64().zip(first["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(3600));
    assert!(first.get("sub").is_none());
}

/// A tool that says no, or nothing, does not become available; and what it is told besides.
#[test]
fn a_tool_decides_whether_it_is_available() {
    let world = World::new();
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
    let world = World::new();
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

    let shown = world.admin.call("provost_proxy_tool_list", &[]).to_string();
    let audit = world.site.ok(&["--json", "audit"]);
    let log = world.site.log();
    for secret in [&first, &rotated] {
        for (what, text) in [("the list", &shown), ("the audit log", &audit), ("the log", &log)] {
            assert!(!text.contains(secret.as_str()), "{what} tells a key");
        }
    }
    assert_eq!(world.known("native")["keys"], 2);
}

/// A request of the legacy wire, with its MAC.
fn signed_form(fields: &[(&str, &str)], secret: &str) -> String {
    let mut arguments: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let made = mac(&arguments, &[], secret, Algorithm::Md5);
    arguments.push(("mac".into(), made));
    provost_proxy_wire::legacy::encode(&arguments)
}

/// A site of the old kind: what it sends is believed once, if its MAC, time and nonce are good.
#[test]
fn events_with_a_mac() {
    let world = World::new();
    let fields = [("name", "old"), ("profile", "legacy"), ("url", "https://old.example"), ("secret", SECRET)];
    let registered = world.admin.call("provost_proxy_site_register", &fields);
    assert_eq!(text(&registered["url"]), format!("{}/hooks/proxy-tool/old", world.server.url));
    world.tool.answers("/tool", [Act::says(200, "")]);
    world.tool("tool", &[]);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let send = |path: &str, body: &str| world.hook(path, &form, body);
    let fresh = (now() * 1000).to_string();
    let copied = |nonce: &'static str, new_id: &'static str, time: &str| {
        let fields = [
            ("action", "content-copied"),
            ("type", "exact"),
            ("oldId", "_10_1"),
            ("newId", new_id),
            ("oldCourseId", "_3_1"),
            ("newCourseId", "_4_1"),
            ("external_content_id", "ext-5"),
            ("ourguid", "g-77"),
            ("nonce", nonce),
            ("timestamp", time),
        ];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    };
    let signed = |fields: Vec<(String, String)>, secret: &str| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        signed_form(&fields, secret)
    };

    let good = signed(copied("n1", "_20_1", &fresh), SECRET);
    let reply = send("old", &good);
    assert_eq!((reply.status, reply.text().contains(SUCCESS)), (200, true), "{}", reply.text());
    let told = world.tool.wait_for("/tool", 2)[1].json();
    assert_eq!((&told["source"], &told["subject"]), (&json!("https://old.example"), &json!("old:_4_1/old:_20_1")));
    assert_eq!(told["data"]["from"], json!({ "course": "old:_3_1", "content": "old:_10_1", "externalid": "ext-5" }));

    let old = ((now() - 3600) * 1000).to_string();
    let future = ((now() + 3600) * 1000).to_string();
    for (what, body) in [
        ("a nonce that was taken", good.clone()),
        ("another secret", signed(copied("n2", "_21_1", &fresh), "S3cret")),
        ("an old time", signed(copied("n3", "_22_1", &old), SECRET)),
        ("a future time", signed(copied("n4", "_23_1", &future), SECRET)),
        ("no time", signed(copied("n5", "_24_1", ""), SECRET)),
        ("no nonce", signed(copied("", "_25_1", &fresh), SECRET)),
        ("a value changed", good.replace("exact", "shallow").replace("n1", "n6")),
        ("nothing", String::new()),
    ] {
        let reply = send("old", &body);
        assert_eq!((reply.status, reply.text().contains(ERROR)), (403, true), "{what}: {}", reply.text());
    }
    // Tried again since the answer was lost: told once.
    let again = send("old", &signed(copied("n7", "_20_1", &fresh), SECRET));
    assert_eq!((again.status, again.text().contains(SUCCESS)), (200, true));
    // What is well signed and means nothing is refused for good.
    let wrong = signed_form(&[("action", "content-moved"), ("nonce", "n8"), ("timestamp", &fresh)], SECRET);
    let reply = send("old", &wrong);
    assert_eq!((reply.status, reply.text().contains(ERROR)), (200, true), "{}", reply.text());
    let ping = signed_form(&[("nonce", "n9"), ("timestamp", &fresh)], SECRET);
    assert_eq!(send("old?action=ping", &ping).status, 200);
    let state = signed_form(&[("nonce", "n10"), ("timestamp", &fresh), ("state", "inactive")], SECRET);
    assert!(send("old/state-change", &state).text().contains(SUCCESS));
    let sites = world.admin.call("provost_proxy_site_list", &[]);
    assert_eq!(sites[0]["state"], "inactive", "{sites}");
    assert!(!sites.to_string().contains(SECRET) && !sites.to_string().contains("whsec_"));

    world.course_copied("last");
    let all = world.tool.wait_for("/tool", 3);
    assert_eq!(all[2].json()["type"], "org.provost.course.copied.v1", "nothing came between");
    // Nobody is told more than that there is nothing.
    for path in ["nobody", "old/../uni", ""] {
        assert!(matches!(send(path, &good).status, 404 | 403), "{path}");
    }
    assert_eq!(get(&format!("{}/hooks/proxy-tool/old", world.server.url), &[]).status, 405);
    assert_eq!(get(&format!("{}/hooks/no-such-plugin/x", world.server.url), &[]).status, 404);
    assert_eq!(get(&format!("{}/hooks/backup/x", world.server.url), &[]).status, 404);
}

/// Signed events: each once, whoever changes, delays or repeats them.
#[test]
fn events_with_a_signature() {
    let world = World::new();
    world.tool.answers("/tool", [Act::says(200, "")]);
    world.tool("tool", &[]);
    world.course_copied("s-1");
    // The same id once more is the same event.
    world.course_copied("s-1");
    let body = course_copied("s-2").to_string();
    let other_key = Key::symmetric(&[9; 32]);
    for (what, reply) in [
        ("another key", world.tell_at("s-2", now(), &body, &other_key)),
        ("an old time", world.tell_at("s-2", now() - 3600, &body, KEY)),
        ("a future time", world.tell_at("s-2", now() + 3600, &body, KEY)),
        ("no signature", world.hook("uni", &[], &body)),
    ] {
        assert_eq!((reply.status, &reply.json()["result"]), (403, &json!("error")), "{what}");
    }
    // Well signed, and no event.
    for body in ["[]", "{\"specversion\":\"1.0\"}"] {
        let reply = world.tell_at("s-3", now(), body, KEY);
        assert_eq!((reply.status, &reply.json()["result"]), (200, &json!("error")), "{body}");
    }
    world.course_copied("s-4");
    let all = world.tool.wait_for("/tool", 3);
    let told: Vec<String> = all[1..].iter().map(|came| text(&came.json()["subject"])).collect();
    assert_eq!(told, ["uni:s-1-new", "uni:s-4-new"]);
    assert_eq!(world.tell_at("x", now(), &" ".repeat((1 << 20) + 1), KEY).status, 413);
    // What was sent is in the audit log, without what it was signed with.
    let audit = world.site.ok(&["--json", "audit"]);
    assert!(audit.contains("hooks/proxy-tool") && audit.contains("\"hook\""), "{audit}");
    assert!(!audit.contains("v1,"), "{audit}");
}

/// Numbers that are the same in every run.
struct Counted(u64);

impl provost_proxy_wire::rand_core::RngCore for Counted {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }
    fn next_u64(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn fill_bytes(&mut self, to: &mut [u8]) {
        for chunk in to.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), provost_proxy_wire::rand_core::Error> {
        self.fill_bytes(to);
        Ok(())
    }
}
impl provost_proxy_wire::rand_core::CryptoRng for Counted {}

/// Notices of a platform become shallow copies of courses.
#[test]
fn notices_of_a_platform() {
    let world = World::new();
    let random = &mut Counted(7);
    let key = PrivateKey::generate(random).expect("a key");
    let set = |key: &PrivateKey| json!({ "keys": [key.public()] }).to_string();
    world.tool.answers("/jwks", [Act::says(200, set(&key))]);
    world.tool.answers("/tool", [Act::says(200, "")]);
    world.tool("tool", &[]);
    let jwks = format!("{}/jwks", world.tool.url);
    let issuer = "https://platform.example";
    let fields = [
        ("name", "platform"),
        ("profile", "lti"),
        ("url", issuer),
        ("clientid", "c-1"),
        ("deploymentid", "d-1"),
        ("jwksurl", jwks.as_str()),
    ];
    world.admin.call("provost_proxy_site_register", &fields);
    let parties = Parties { issuer, client_id: "c-1", deployment_id: "d-1" };
    let claims = |id: &str, context: &str| {
        let copy = ContextCopy { id, time: now() - 60, context, names: None, origin: "3" };
        notice::claims(parties, &copy, now(), &format!("nonce-{id}"))
    };
    let mut post = |claims: &Value, by: &PrivateKey| {
        let token = by.sign(claims, random).expect("a token");
        world.hook("platform", &[("Content-Type", "application/json")], &notice::body(&token).to_string())
    };
    assert_eq!(post(&claims("1", "4"), &key).status, 200);
    // Sent again: the same notice.
    assert_eq!(post(&claims("1", "4"), &key).status, 200);
    // From no course that the platform knows.
    let mut without = claims("2", "5");
    without.as_object_mut().expect("claims").remove("https://purl.imsglobal.org/spec/lti/claim/origin_contexts");
    assert_eq!(post(&without, &key).status, 200);
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("c-2")),
        ("exp", json!(now() - 3600)),
        ("https://purl.imsglobal.org/spec/lti/claim/deployment_id", json!("d-2")),
    ] {
        let mut wrong = claims("3", "6");
        wrong[name] = value;
        assert_eq!(post(&wrong, &key).status, 403, "{name}");
    }
    let stranger = PrivateKey::generate(&mut Counted(8)).expect("a key");
    assert_eq!(post(&claims("4", "7"), &stranger).status, 403);
    assert_eq!(world.hook("platform", &[], "{\"notices\":[]}").status, 400);
    assert_eq!(world.hook("platform", &[], "{\"notices\":[{\"jwt\":\"a.b.c\"}]}").status, 403);

    let all = world.tool.wait_for("/tool", 3);
    let told: Vec<Value> = all[1..].iter().map(Came::json).collect();
    assert_eq!(told.iter().map(|t| text(&t["subject"])).collect::<Vec<_>>(), ["platform:4", "platform:5"]);
    assert_eq!(told[0]["data"]["copy"], "shallow");
    assert_eq!((&told[0]["data"]["from"]["course"], &told[0]["source"]), (&json!("platform:3"), &json!(issuer)));
    // Keys are fetched once, and not anew for every stranger.
    assert_eq!(world.tool.came("/jwks").len(), 1);
}

/// Servers of the own networks are not called unless the operator says so.
#[test]
fn calls_stay_out_of_the_own_networks() {
    let world = World::allowing("");
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
}

/// A tool registers again with the password it was given, once.
#[test]
fn a_tool_registers_again() {
    let world = World::new();
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
    let world = World::new();
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
