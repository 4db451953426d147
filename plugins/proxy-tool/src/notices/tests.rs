use super::*;
use crate::ProxyTool;
use crate::kept::Record;
use crate::site::Platform;
use crate::tool::Legacy;
use provost_guest::http::{Failure, FailureKind, Response as Answer};
use provost_guest::testing::{self, TestHost};
use provost_proxy_wire::answer::Profile;
use provost_proxy_wire::jwt::PrivateKey;
use provost_proxy_wire::notice::ContextCopy;
use std::cell::RefCell;
use std::rc::Rc;

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://platform.example";

/// A platform with its key set, which can be had or not.
struct World {
    host: TestHost,
    key: PrivateKey,
    published: Rc<RefCell<Option<Value>>>,
}

impl World {
    fn new() -> Self {
        let host = TestHost::new();
        host.manifest(include_str!("../../plugin.json")).expect("a manifest");
        host.set_time(NOW);
        let site = Site {
            name: "platform".into(),
            title: "Platform".into(),
            profile: Profile::Lti,
            url: ISSUER.into(),
            legacy: Legacy::default(),
            keys: Vec::new(),
            lti: Platform { client_id: "c-1".into(), deployment_id: "d-1".into(), jwks_url: format!("{ISSUER}/jwks") },
            state: String::new(),
            reregister_at: String::new(),
        };
        site.put_new().expect("a new site");
        let key = PrivateKey::generate(&mut crate::random::Host::default()).expect("a key");
        let published = Rc::new(RefCell::new(Some(json!({ "keys": [key.public()] }))));
        let seen = published.clone();
        host.answer_http(move |request| {
            assert_eq!(request.url, "https://platform.example/jwks");
            match &*seen.borrow() {
                Some(keys) => {
                    Ok(Answer { status: 200, headers: Vec::new(), body: keys.to_string().into(), truncated: false })
                }
                None => Err(Failure { kind: FailureKind::Timeout, message: "the call took too long".into() }),
            }
        });
        Self { host, key, published }
    }

    fn claims(&self, id: &str, nonce: &str) -> Value {
        let parties = Parties { issuer: ISSUER, client_id: "c-1", deployment_id: "d-1" };
        let copy = ContextCopy { id, time: NOW - 60, context: "4", names: None, origin: "3" };
        notice::claims(parties, &copy, self.host.now(), nonce)
    }

    fn token(&self, claims: &Value) -> String {
        self.key.sign(claims, &mut crate::random::Host::default()).expect("a token")
    }

    /// The token of a good notice.
    fn good(&self, id: &str, nonce: &str) -> String {
        self.token(&self.claims(id, nonce))
    }

    /// The status of the answer, and which notices were refused and why.
    fn post(&self, notices: &[Value]) -> (u16, Vec<(u64, String)>) {
        match self.try_post(notices) {
            Ok(answer) => {
                let body: Value = provost_guest::serde_json::from_slice(&answer.body).expect("JSON");
                let refused = body["refused"].as_array().cloned().unwrap_or_default();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let one = |refused: &Value| (refused["notice"].as_u64().unwrap_or(999), text(&refused["message"]));
                (answer.status, refused.iter().map(one).collect())
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    fn try_post(&self, notices: &[Value]) -> Result<Response> {
        testing::receive::<ProxyTool>(Request {
            method: "POST".into(),
            path: "/platform".into(),
            query: String::new(),
            headers: Vec::new(),
            body: json!({ "notices": notices }).to_string().into(),
            address: "192.0.2.1".into(),
        })
    }

    fn told(&self) -> usize {
        self.host.published().len()
    }
}

fn jwt(token: &str) -> Value {
    json!({ "jwt": token })
}

#[test]
fn one_bad_notice_leaves_the_others_what_they_are() {
    let world = World::new();
    let mut elsewhere = world.claims("2", "n2");
    elsewhere["aud"] = json!("somebody");
    let mut old = world.claims("3", "n3");
    old["exp"] = json!(NOW - 3600);
    let mut without = world.claims("4", "n4");
    without.as_object_mut().expect("claims").remove("nonce");
    let forged = world.good("5", "n5");
    let forged = format!("{}AAAA", &forged[..forged.len() - 4]);
    let notices = [
        json!(7),
        jwt(&world.good("1", "n1")),
        jwt(&world.token(&elsewhere)),
        jwt(&world.token(&old)),
        jwt(&world.token(&without)),
        jwt(&forged),
        jwt("a.b.c"),
        jwt(&world.good("6", "n6")),
    ];
    let (status, refused) = world.post(&notices);
    assert_eq!(status, 200);
    assert_eq!(refused.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2, 3, 4, 5, 6], "{refused:?}");
    assert_eq!(refused[3].1, "the claim nonce is missing or wrong");
    assert_eq!(world.told(), 2);
    assert_eq!(world.host.log().len(), 6, "each is in the log");
    // With none that is believed it is no success, and was nobody of the platform.
    assert_eq!(world.post(&notices[2..7]).0, 403);
    assert_eq!(world.host.http_sent().len(), 1, "keys are fetched once");
    for wrong in [vec![], vec![jwt("a.b.c"); MOST + 1]] {
        assert_eq!(world.try_post(&wrong).expect_err("too few or many").kind, ErrorKind::Invalid);
    }
}

#[test]
fn a_nonce_is_taken_once() {
    let world = World::new();
    let first = [jwt(&world.good("1", "n1"))];
    assert_eq!(world.post(&first).0, 200);
    // The same token, and another with its nonce, also within one request.
    assert_eq!(world.post(&first), (403, vec![(0, "its nonce came before".into())]));
    assert_eq!(world.post(&[jwt(&world.good("2", "n1"))]).0, 403);
    let (status, refused) = world.post(&[jwt(&world.good("3", "n3")), jwt(&world.good("4", "n3"))]);
    assert_eq!((status, refused.len()), (200, 1));
    assert_eq!(world.told(), 2);
    // Signed anew it is the same notice: a success, told nobody.
    assert_eq!(world.post(&[jwt(&world.good("1", "n5"))]), (200, vec![]));
    assert_eq!(world.told(), 2);

    // One that lasts for ever is believed for a day, and its nonce remembered for longer.
    let mut eternal = world.claims("6", "n6");
    eternal["exp"] = json!(NOW + 1_000_000_000);
    let eternal = [jwt(&world.token(&eternal))];
    assert_eq!(world.post(&eternal).0, 200);
    for later in [1, 3600, notice::MAX_AGE - 1, notice::MAX_AGE, notice::MAX_AGE + 1, 10 * notice::MAX_AGE] {
        world.host.set_time(NOW + later);
        assert_eq!(world.post(&eternal).0, 403, "{later} seconds later");
    }
    assert_eq!(world.told(), 3);
}

/// Whoever posts cannot make this host call the platform again and again.
#[test]
fn keys_that_cannot_be_had() {
    let world = World::new();
    let keys = world.published.take();
    let good = [jwt(&world.good("1", "n1"))];
    let later = |notices: &[Value]| world.try_post(notices).map(|answer| answer.status).map_err(|error| error.kind);
    // For what is no token they are not wanted.
    assert_eq!(later(&[jwt("a.b.c"), json!({})]), Ok(403));
    assert_eq!(world.host.http_sent().len(), 0);
    for _ in 0..5 {
        assert_eq!(later(&good), Err(ErrorKind::RetryLater));
    }
    assert_eq!(world.host.http_sent().len(), 1);
    world.published.replace(keys);
    assert_eq!(later(&good), Err(ErrorKind::RetryLater));
    world.host.set_time(NOW + PAUSE);
    assert_eq!(later(&good), Ok(200));
    assert_eq!((world.told(), world.host.http_sent().len()), (1, 2));

    // A key that nobody knows, while the platform does not answer: what can be taken is, and the rest may come again.
    world.published.take();
    world.host.set_time(NOW + PAUSE + NOT_SOONER);
    let stranger = PrivateKey::generate(&mut crate::random::Host::default()).expect("a key");
    let claims = world.claims("2", "n2");
    let strange = jwt(&stranger.sign(&claims, &mut crate::random::Host::default()).expect("a token"));
    assert_eq!(later(&[strange.clone(), jwt(&world.good("3", "n3"))]), Err(ErrorKind::RetryLater));
    assert_eq!(world.told(), 2);
    // It turns out to be the platform's new one.
    world.published.replace(Some(json!({ "keys": [stranger.public()] })));
    world.host.set_time(NOW + 2 * PAUSE + NOT_SOONER);
    assert_eq!(later(&[strange]), Ok(200));
    assert_eq!(world.told(), 3);
}
