use super::*;
use crate::ProxyTool;
use crate::kept::Record;
use crate::keys::OwnKey;
use crate::site::Platform;
use crate::tool::Legacy;
use provost_guest::serde_json::Value;
use provost_guest::testing::{self, TestHost};
use provost_proxy_wire::mac::Algorithm;
use provost_proxy_wire::signature::Key;

const SECRET: &str = "s3cret";
const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const NOW: i64 = 1_700_000_050;

/// A host with the sites `old` (legacy) and `uni` (native).
fn host() -> TestHost {
    let host = TestHost::new();
    host.manifest(include_str!("../../plugin.json")).expect("a manifest");
    host.set_time(NOW);
    for (name, profile) in [("old", Profile::Legacy), ("uni", Profile::Native)] {
        let site = Site {
            name: name.into(),
            title: name.into(),
            profile,
            url: format!("https://{name}.example"),
            legacy: Legacy { secret: SECRET.into(), ..Legacy::default() },
            keys: vec![OwnKey { key: KEY.into(), until: None }],
            lti: Platform::default(),
            state: String::new(),
            reregister_at: String::new(),
        };
        site.check().expect("a site");
        site.put_new().expect("a new site");
    }
    host
}

fn send(path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: "POST".into(),
        path: format!("/{path}"),
        query: query.into(),
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        body: body.into(),
        address: "192.0.2.1".into(),
    };
    let answer = testing::receive::<ProxyTool>(request).expect("an answer");
    (answer.status, String::from_utf8(answer.body).expect("text"))
}

/// The status of what a form is answered with, and whether it is a success.
fn post(path: &str, body: &str) -> (u16, bool) {
    let (status, said) = send(path, &[], body);
    (status, said.contains("SUCCESS"))
}

fn form(text: &str) -> Arguments {
    legacy::decode(text.as_bytes())
}

#[test]
fn a_second_try_is_the_same_event() {
    let first = form("type=exact&oldId=1&newId=2&oldCourseId=3&newCourseId=4&nonce=a&timestamp=1&mac=x");
    let again = form("newId=2&oldId=1&oldCourseId=3&newCourseId=4&type=exact&nonce=b&timestamp=2&mac=y&deferred=true");
    assert_eq!(key_of("content-copied", &first, "a"), key_of("content-copied", &again, "b"));
    assert_ne!(key_of("content-copied", &first, "a"), key_of("group-copied", &first, "a"));
    let other = form("type=exact&oldId=1&newId=5&oldCourseId=3&newCourseId=4");
    assert_ne!(key_of("content-copied", &first, "a"), key_of("content-copied", &other, "a"));
    // The same archive may go into the same course twice.
    let import = form("type=exact&course_id=3&backup_id=b");
    assert_ne!(key_of("course-imported", &import, "a"), key_of("course-imported", &import, "b"));
    let with_id = form("course_id=3&event_id=e1");
    assert_eq!(key_of("course-imported", &with_id, "a"), key_of("course-imported", &with_id, "b"));
}

#[test]
fn an_action_is_said_once() {
    let request = |query: &str| Request {
        method: "POST".into(),
        path: "/uni".into(),
        query: query.into(),
        headers: Vec::new(),
        body: Vec::new(),
        address: String::new(),
    };
    let of = |query: &str, body: &str, rest: &str| action(&request(query), &form(body), rest);
    assert_eq!(of("action=ping", "", "").as_deref(), Some("ping"));
    assert_eq!(of("", "action=ping", "").as_deref(), Some("ping"));
    assert_eq!(of("", "", "ping").as_deref(), Some("ping"));
    assert_eq!(of("action=ping", "action=ping", "ping").as_deref(), Some("ping"));
    assert_eq!((of("action=ping", "action=remove", ""), of("", "", "")), (None, None));
}

/// What an old site sends of a copied content, with its MAC.
fn overheard() -> Arguments {
    let mut sent = form(
        "action=content-copied&type=exact&oldId=_10_1&newId=_20_1&oldCourseId=_3_1&newCourseId=_4_1&external_content_id=ext-5\
         &ourguid=g-77&nonce=n1&timestamp=1700000050000&occurred_at=1700000049000",
    );
    let made = mac::mac(&sent, &[], SECRET, Algorithm::Md5);
    sent.push(("mac".into(), made));
    sent
}

fn with(sent: &Arguments, name: &str, value: &str) -> Arguments {
    let mut sent = sent.clone();
    sent.retain(|(n, _)| n != name);
    sent.push((name.into(), value.into()));
    sent
}

/// Neither names nor the borders between values have a part in the MAC: what was overheard can be sent again in many forms, all with
/// the right MAC, and none of them is taken.
#[test]
fn what_was_overheard_is_taken_once_in_whatever_form() {
    let host = host();
    let sent = overheard();
    let body = |sent: &Arguments| legacy::encode(sent);
    assert_eq!(post("old", &body(&sent)), (200, true));
    assert_eq!(host.published().len(), 1);

    let mut turned = sent.clone();
    turned.reverse();
    // The nonce gives its end to an argument that means nothing.
    let nonsense = with(&with(&sent, "nonce", "n"), "nonsense", "1");
    // The time gives way to another one that was in the request: to the eye of the host it was sent a second earlier. What stood behind
    // it in the order of names goes on standing there.
    let mut moved: Arguments =
        form("a=content-copied&b=ext-5&course_id=_4_1&d=_20_1&nonce=n&nz=1&timestamp=1700000049000");
    moved.extend(form("tj=_3_1&tk=_10_1&tl=g-77&tm=1700000050000&tn=exact"));
    let (_, made) = sent.iter().find(|(name, _)| name == "mac").expect("a MAC");
    moved.push(("mac".into(), made.clone()));
    for (what, path, again) in [
        ("as it was", "old", sent.clone()),
        ("in another order", "old", turned),
        ("with an argument that is not signed", "old", nonsense),
        ("with another time, as another event", "old/course-deleted", moved),
    ] {
        assert!(mac::holds(&again, &[], SECRET, Algorithm::Md5), "{what}: the MAC holds");
        assert_eq!(post(path, &body(&again)), (403, false), "{what}");
    }
    // Here it is the MAC that does not hold.
    let mut doubled = sent.clone();
    doubled.push(("newId".into(), "_20_1".into()));
    let mut split = with(&sent, "nonce", "n");
    split.push(("nonce".into(), "1".into()));
    let mut two_macs = sent.clone();
    two_macs.push(("mac".into(), made.clone()));
    for (what, again) in [
        ("an argument doubled", doubled),
        ("a nonce in two parts", split),
        ("two MACs", two_macs),
        ("an argument more", with(&sent, "more", "x")),
        ("a value changed", with(&sent, "newId", "_21_1")),
        ("no MAC", with(&sent, "mac", "")),
    ] {
        assert_eq!(post("old", &body(&again)), (403, false), "{what}");
    }
    assert_eq!(host.published().len(), 1);

    // When it is forgotten it has long been too old.
    for later in [3599, 3601, 7199, 7201, 90_000] {
        host.set_time(NOW + later);
        assert_eq!(post("old", &body(&sent)), (403, false), "{later} seconds later");
    }
    // Nothing is kept of what is not believed, and what is over goes.
    let fresh = with(&form("nonce=n9&action=ping"), "timestamp", &((NOW + 90_000) * 1000).to_string());
    let made = mac::mac(&fresh, &[], SECRET, Algorithm::Md5);
    assert_eq!(post("old", &body(&with(&fresh, "mac", &made))), (200, true));
    assert_eq!(crate::kept::keys("nonce/", 100).expect("keys").len(), 2);
}

#[test]
fn a_site_cannot_leave_out_of_the_mac_what_it_says() {
    let host = host();
    let mut site = Site::get("old").expect("a site");
    for (name, fits) in [
        ("top_Submit", true),
        ("nonce", false),
        ("timestamp", false),
        ("mac", false),
        ("event_id", false),
        ("action", false),
        ("newId", false),
        ("course_id", false),
        ("courseId", false),
        ("", false),
    ] {
        site.legacy.exempt = vec!["locale".into(), name.into()];
        assert_eq!(site.check().is_ok(), fits, "{name}");
        let fields = json!({
            "name": "other", "profile": "legacy", "url": "https://other.example", "exempt": site.legacy.exempt,
        });
        let registered = testing::call::<ProxyTool>("provost_proxy_site_register", fields, &host.admin());
        assert_eq!(registered.is_ok(), fits, "{name}: {registered:?}");
        Site::forget("other").expect("gone");
    }
}

fn tell(id: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let signed = signature::sign(&[Key::parse(KEY).expect("a key")], id, NOW, body.as_bytes());
    let at = NOW.to_string();
    let (status, said) =
        send("uni", &[("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signed)], &body);
    (status, provost_guest::serde_json::from_str(&said).expect("JSON"))
}

/// What is well signed and can be no event is refused for good, and is nobody's attempt to get in.
#[test]
fn what_can_be_no_event_is_refused_for_good() {
    let host = host();
    let envelope = |type_: &str, more: (&str, Value)| {
        let mut body = json!({ "specversion": "1.0", "id": "a", "source": "s", "type": type_ });
        body[more.0] = more.1;
        body
    };
    let long = "x".repeat(64 << 10);
    for (id, body) in [
        ("1", envelope("edu.example.x.v1", ("data", json!(long)))),
        ("2", envelope("edu.example.x.v1", ("data_base64", json!("AA==")))),
        ("3", envelope("org.provost.content.moved.v1", ("data", json!({})))),
        ("4", envelope("org.provost.course.deleted.v1", ("data", json!({ "course": "" })))),
        ("5", json!([])),
    ] {
        let (status, said) = tell(id, &body);
        assert_eq!((status, &said["result"]), (200, &json!("error")), "{said}");
        assert!(said["message"].as_str().is_some_and(|message| !message.is_empty()), "{said}");
    }
    assert!(host.published().is_empty());
    let kinds = |kind| is_decision(&Error::new(kind, "event", "why"));
    assert!(kinds(ErrorKind::Invalid) && kinds(ErrorKind::Limit) && kinds(ErrorKind::Denied));
    assert!(!kinds(ErrorKind::RetryLater) && !kinds(ErrorKind::Failed));
}

/// Events that plugins of another site have of their own keep their courses.
#[test]
fn events_of_plugins_keep_their_courses() {
    let host = host();
    let body = json!({
        "specversion": "1.0", "id": "a", "source": "s", "type": "edu.example.swapped.v1", "subject": "x",
        "partitionkey": "_4_1", "partitionkey2": "_3_1", "data": { "y": 1 },
    });
    assert_eq!(tell("o-1", &body), (200, json!({ "result": "ok" })));
    let published = host.published();
    let Happening::Other(custom) = &published[0].what else { panic!("{published:?}") };
    assert_eq!(custom.courses, ["uni:_4_1", "uni:_3_1"]);
    assert_eq!((custom.type_.as_str(), custom.data.as_str()), ("edu.example.swapped.v1", "{\"y\":1}"));
    assert_eq!(published[0].source, "https://uni.example");
}
