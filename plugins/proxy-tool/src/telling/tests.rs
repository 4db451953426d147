use super::*;
use crate::ProxyTool;
use crate::kept::Record;
use crate::keys::OwnKey;
use crate::tool::{Legacy, Lti, Told};
use provost_guest::http::Response;
use provost_guest::testing::{self, TestHost};
use provost_proxy_wire::events::{Address, ContentCopied, CopyKind, Custom};

const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn host() -> TestHost {
    let host = TestHost::new();
    host.manifest(include_str!("../../plugin.json")).expect("a manifest");
    host.answer_http(|_| Ok(Response { status: 204, headers: Vec::new(), body: Vec::new(), truncated: false }));
    host
}

fn tool(profile: Profile, foreign: bool) -> Tool {
    let told = |event: &str| Told { event: event.into(), url: String::new(), only_own: false };
    let tool = Tool {
        name: "tool".into(),
        title: "Tool".into(),
        profile,
        url: "https://tool.example".into(),
        events: match profile {
            Profile::Native => vec![told("content-copied"), told("edu.example.x.v1")],
            Profile::Legacy | Profile::Lti => vec![told("content-copied")],
        },
        guid: "g".into(),
        foreign,
        timeout: 15,
        legacy: Legacy { secret: "s3cret".into(), ..Legacy::default() },
        keys: vec![OwnKey { key: KEY.into(), until: None }],
        lti: Lti::default(),
        password: None,
    };
    tool.check().expect("a tool");
    tool.put().expect("kept");
    tool
}

fn copied(external_id: &str) -> Happening {
    let address = |course: &str, content: &str| Address { course: course.into(), content: content.into() };
    Happening::ContentCopied(ContentCopied {
        kind: CopyKind::Exact,
        origin: address("3", "10"),
        external_id: external_id.into(),
        copy: address("4", "20"),
    })
}

fn tell(what: Happening) -> Verdict {
    testing::deliver::<ProxyTool>("tool", what).expect("a verdict")
}

/// 64 KiB are sent, one byte more is not, and never a part of it.
#[test]
fn what_is_too_large_is_given_up() {
    for profile in [Profile::Native, Profile::Legacy] {
        let host = host();
        tool(profile, false);
        tell(copied(""));
        let room = envelope::MAX_BYTES - host.http_sent()[0].body.len();
        let sent = |bytes: usize| {
            let before = host.http_sent().len();
            let verdict = tell(copied(&"x".repeat(bytes)));
            (verdict, host.http_sent().get(before).map(|request| request.body.len()))
        };
        // A MAC in a form has a few bytes more or less.
        let slack = if profile == Profile::Legacy { 64 } else { 0 };
        let (verdict, bytes) = sent(room - slack);
        assert!(!matches!(verdict, Verdict::Abort(_)), "{profile:?}");
        assert!(bytes.is_some_and(|bytes| (envelope::MAX_BYTES - 2 * slack..=envelope::MAX_BYTES).contains(&bytes)));
        let (verdict, bytes) = sent(room + slack + 1);
        let Verdict::Abort(why) = verdict else { panic!("{profile:?} {verdict:?}") };
        assert!(why.ends_with("bytes as this tool is told of it, and may have 65536"), "{why}");
        assert_eq!(bytes, None);
    }
}

/// Who does not want to hear of other sites does not, whether or not their events have courses.
#[test]
fn what_other_sites_told_is_for_those_who_want_it() {
    let other = |courses: &[&str]| {
        Happening::Other(Custom {
            type_: "edu.example.x.v1".into(),
            subject: String::new(),
            courses: courses.iter().map(|course| (*course).into()).collect(),
            data: "{}".into(),
        })
    };
    let context = |source: &str| EventContext {
        target: "tool".into(),
        id: "e".into(),
        source: source.into(),
        time: 0,
        sequence: 1,
        storage_sequence: 0,
        phase: provost_proxy_wire::events::Phase::PostCommit,
        attempt: 1,
        deferred: false,
        replay: false,
        gap_after: None,
    };
    for (foreign, source, what, told) in [
        (false, "https://uni.example", other(&["uni:3"]), false),
        (false, "https://uni.example", other(&[]), false),
        (true, "https://uni.example", other(&["uni:3"]), true),
        (true, "https://uni.example", other(&[]), true),
        (false, "", other(&[]), true),
        (false, "", other(&["3"]), true),
        (false, "", copied(""), true),
    ] {
        let host = host();
        tool(Profile::Native, foreign);
        super::tell(&context(source), what.clone()).expect("a verdict");
        assert_eq!(host.http_sent().len(), usize::from(told), "{foreign} {source} {what:?}");
    }
}
