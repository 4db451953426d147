//! Context-copy notices of LTI, to tools and from platforms.
//!
//! ```sh
//! cargo test -p provost --test proxy_notices
//! ```

use provost_proxy_wire::jwt::{KeySet, PrivateKey};
use provost_proxy_wire::notice::{self, ContextCopy, Parties};
use provost_tests::live::{get, text};
use provost_tests::proxy_world::{World, now};
use provost_tests::tool_server::{Act, Came};
use serde_json::{Value, json};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

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

/// A notice that is tried again is signed anew, and is still the same notice.
#[test]
fn acceptance_18_a_notice_is_signed_anew_at_every_attempt() {
    let world = World::new(PROVOST);
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

/// Notices of a platform become shallow copies of courses.
#[test]
fn notices_of_a_platform() {
    let world = World::new(PROVOST);
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
    let json_type = [("Content-Type", "application/json")];
    let mut post = |claims: &Value, by: &PrivateKey| {
        let token = by.sign(claims, random).expect("a token");
        world.hook("platform", &json_type, &notice::body(&token).to_string())
    };
    assert_eq!(post(&claims("1", "4"), &key).status, 200);
    // Sent again with its nonce, it is not believed; signed anew, it is the same notice.
    assert_eq!(post(&claims("1", "4"), &key).status, 403);
    let mut anew = claims("1", "4");
    anew["nonce"] = json!("another");
    assert_eq!(post(&anew, &key).status, 200);
    // From no course that the platform knows.
    let mut without = claims("2", "5");
    without.as_object_mut().expect("claims").remove("https://purl.imsglobal.org/spec/lti/claim/origin_contexts");
    assert_eq!(post(&without, &key).status, 200);
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("c-2")),
        ("exp", json!(now() - 3600)),
        ("nonce", Value::Null),
        ("nonce", json!("another")),
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

    // A bad one among good ones: they are taken, and the platform is told of it.
    let random = &mut Counted(9);
    let mut elsewhere = claims("6", "9");
    elsewhere["aud"] = json!("c-2");
    let batch = [claims("5", "8"), elsewhere, claims("7", "10")];
    let mut batch: Vec<Value> =
        batch.iter().map(|claims| json!({ "jwt": key.sign(claims, random).expect("a token") })).collect();
    batch.push(json!({ "jwt": "a.b.c" }));
    let reply = world.hook("platform", &json_type, &json!({ "notices": batch }).to_string());
    let refused = reply.json()["refused"].as_array().cloned().unwrap_or_default();
    assert_eq!(reply.status, 200);
    assert_eq!(refused.iter().map(|one| one["notice"].clone()).collect::<Vec<_>>(), [1, 3], "{refused:?}");

    let all = world.tool.wait_for("/tool", 5);
    let told: Vec<Value> = all[1..].iter().map(Came::json).collect();
    let mut subjects: Vec<String> = told.iter().map(|t| text(&t["subject"])).collect();
    // Copies of one course stand in one order; that without a known origin has another.
    subjects.sort_unstable();
    assert_eq!(subjects, ["platform:10", "platform:4", "platform:5", "platform:8"]);
    assert_eq!(told[0]["subject"], "platform:4");
    assert_eq!(told[0]["data"]["copy"], "shallow");
    assert_eq!((&told[0]["data"]["from"]["course"], &told[0]["source"]), (&json!("platform:3"), &json!(issuer)));
    // Keys are fetched once, and not anew for every stranger.
    assert_eq!(world.tool.came("/jwks").len(), 1);
}
