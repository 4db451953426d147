//! Other sites that tell of their events: who is believed, and what becomes of what they tell.
//!
//! ```sh
//! cargo test -p provost --test proxy_sites
//! ```

use provost_proxy_wire::legacy;
use provost_proxy_wire::mac::{self, Algorithm};
use provost_proxy_wire::signature::Key;
use provost_tests::live::{get, text};
use provost_tests::proxy_world::{ERROR, KEY, SECRET, SUCCESS, World, course_copied, now, signed_form};
use provost_tests::tool_server::Act;
use serde_json::json;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// A site of the old kind: what it sends is believed once, if its MAC, time and nonce are good.
#[test]
fn events_with_a_mac() {
    let world = World::new(PROVOST);
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
    // Neither names nor the borders between values have a part in the MAC: it holds for all of these, which are the same request.
    let sent = legacy::decode(good.as_bytes());
    let with = |name: &str, value: &str| {
        let mut other: legacy::Arguments = sent.iter().filter(|(n, _)| n != name).cloned().collect();
        other.push((name.to_owned(), value.to_owned()));
        other
    };
    let mut nonsense = with("nonce", "n");
    nonsense.push(("nonsense".into(), "1".into()));
    let mut slid = with("newId", "_2");
    slid.push(("newest".into(), "0_1".into()));
    let turned: legacy::Arguments = sent.iter().rev().cloned().collect();
    for (what, form) in [("nonsense", nonsense), ("a value that slid", slid), ("another order", turned)] {
        assert!(mac::holds(&form, &[], SECRET, Algorithm::Md5), "{what}");
        let reply = send("old", &legacy::encode(&form));
        assert_eq!((reply.status, reply.text().contains(ERROR)), (403, true), "{what}: {}", reply.text());
    }
    // And for these it does not.
    let mut doubled = sent.clone();
    doubled.push(("newId".into(), "_20_1".into()));
    for (what, form) in [("an argument twice", doubled), ("one more", with("nonsense", "1"))] {
        let reply = send("old", &legacy::encode(&form));
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
    let world = World::new(PROVOST);
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
