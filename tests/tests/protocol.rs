//! The protocol to the letter, over a real socket: headers, bodies, tokens, statuses, limits, and what tells clients what there is.

use provost_tests::live::{Part, Reply, Server, Site, fixture, get, post_multipart, request, text};
use provost_tests::sample;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const SERVER: &str = "/webservice/rest/server.php";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A site with a course, a server and the token of the administrator.
struct Live {
    site: Site,
    server: Server,
    token: String,
    course: u64,
}

impl Live {
    /// With these settings in `provost.toml`.
    fn new(settings: &str) -> Self {
        let site = Site::new(PROVOST);
        let course = site.import(&sample::packed_file());
        fs::write(site.data().join("provost.toml"), settings).expect("the settings are written");
        let token = site.token("admin");
        let server = site.serve(&[]);
        Self { site, server, token, course }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        request(&self.server.address, method, path, headers, body)
    }

    /// Posts a form to the REST server.
    fn form(&self, body: &str) -> Reply {
        self.ask("POST", SERVER, &[FORM], body)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

fn code(reply: &Reply) -> String {
    let body = reply.json();
    body["errorcode"].as_str().unwrap_or_else(|| panic!("no error: {body}")).to_owned()
}

/// Headers of which nothing is to be compared: those of the server program, and lengths.
const NOT_COMPARED: &[&str] = &["host", "date", "connection", "x-powered-by", "content-length"];

fn compared(headers: impl Iterator<Item = (String, String)>) -> BTreeSet<(String, String)> {
    let known = headers.filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()));
    // When an answer was made is no matter.
    known.map(|(name, value)| if name == "last-modified" { (name, String::new()) } else { (name, value) }).collect()
}

/// Compares all headers and the body with a recording of a real Moodle.
fn as_recorded(reply: &Reply, stem: &str) {
    let Some(path) = fixture(&format!("recordings/{stem}.txt")) else { return };
    let recording = fs::read_to_string(path).expect("a recording");
    let (_, response) = recording.split_once("--- response").expect("a response");
    let (head, body) = response.split_once("\n\n").expect("a head");
    let recorded = head.lines().filter_map(|line| line.split_once(": "));
    let recorded = recorded.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    assert_eq!(compared(reply.headers.iter().cloned()), compared(recorded), "{stem}");
    assert_eq!(reply.text().trim_end_matches('\n'), body.trim_end_matches('\n'), "{stem}");
}

#[test]
fn answers_are_as_recorded() {
    let live = Live::new("");
    let token = &live.token;
    as_recorded(&live.form("wstoken=deadbeef&wsfunction=x&moodlewsrestformat=json"), "err_invalid_token.json");
    as_recorded(&live.form("wstoken=deadbeef&wsfunction=x"), "err_invalid_token.xml");
    as_recorded(&live.form("wsfunction=x"), "err_no_token.xml");
    as_recorded(&live.form(&format!("wstoken={token}&moodlewsrestformat=json")), "err_no_function.json");
    as_recorded(&live.form(&format!("wstoken={token}&wsfunction=core_nope")), "err_unknown_function.xml");
    as_recorded(&live.ask("OPTIONS", SERVER, &[], ""), "options_preflight");
    let head = live.ask("HEAD", SERVER, &[], "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    as_recorded(&head, "head_req");

    let login = |body: &str| live.ask("POST", "/login/token.php", &[FORM], body);
    as_recorded(&login("username=admin&password=nope&service=oracle"), "login_token_bad");

    let file = "/webservice/pluginfile.php/1460/mod_folder/content/0/a.txt";
    as_recorded(&live.ask("GET", &format!("{file}?forcedownload=1"), &[], ""), "pluginfile_notoken");
    as_recorded(&live.ask("GET", &format!("{file}?token=bad"), &[], ""), "pluginfile_badtoken");
    let absent = live.ask("GET", &format!("{file}?token={token}"), &[], "");
    assert_eq!(absent.status, 404);
    as_recorded(&absent, "pluginfile_404");

    let upload = |path: &str, parts: &[Part<'_>]| post_multipart(&format!("{}{path}", live.server.url), parts);
    let script = "/webservice/upload.php";
    as_recorded(&live.ask("GET", &format!("{script}?token={token}"), &[], ""), "upload_php_get");
    as_recorded(&upload(script, &[Part::Text("token", token)]), "upload_php_nofile");
    as_recorded(&upload(script, &[Part::Text("token", "bad"), Part::File("f", "a", b"1")]), "upload_php_badtoken");
    as_recorded(&upload(script, &[Part::File("f", "a", b"1")]), "upload_php_notoken");
}

#[test]
fn logins() {
    let live = Live::new("[web]\nfailed-logins-per-minute = 2\n");
    let login = |query: &str| live.ask("GET", &format!("/login/token.php?{query}"), &[], "");
    assert_eq!(login("appsitecheck=1").json(), json!({ "appsitecheck": "ok" }));
    for (query, missing) in [
        ("", "username"),
        ("username=a", "password"),
        ("username=a&password=b", "service"),
        ("username[]=a&password=b&service=c", "username"),
    ] {
        let reply = login(query);
        assert_eq!((reply.status, code(&reply)), (200, "missingparam".to_owned()), "{query}");
        assert_eq!(reply.json()["error"], format!("A required parameter ({missing}) was missing"));
    }
    // The third wrong password in a minute is not looked at, nor is a right one.
    for _ in 0..2 {
        assert_eq!(code(&login("username=admin&password=x&service=moodle_mobile_app")), "invalidlogin");
    }
    let limited = login("username=admin&password=x&service=moodle_mobile_app");
    assert_eq!((limited.status, code(&limited)), (429, "ratelimited".to_owned()));
    let seconds = limited.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=30).contains(&seconds)), "{seconds:?}");
}

#[test]
fn json_bodies_and_bearer_tokens() {
    let live = Live::new("");
    let function = "core_course_backup_list_backups";
    let call = format!("{SERVER}?moodlewsrestformat=json&wsfunction={function}&courseid=999");
    let bearer = live.bearer();
    let with_bearer = [JSON, ("Authorization", bearer.as_str())];
    let body = json!({ "courseid": live.course }).to_string();
    let listed = live.ask("POST", &call, &with_bearer, &body);
    assert_eq!((listed.status, listed.json()), (200, json!([])), "the body wins over the query");
    assert_eq!(live.ask("GET", &call, &[("Authorization", &bearer)], "").json()["errorcode"], "invalidrecord");

    // All in the body, the control names too.
    let all = json!({ "wstoken": live.token, "wsfunction": function, "moodlewsrestformat": "json", "id": live.course });
    assert_eq!(live.ask("POST", SERVER, &[JSON], &all.to_string()).json(), json!([]));
    let charset = ("Content-Type", "application/json; charset=utf-8");
    assert_eq!(live.ask("POST", SERVER, &[charset], &all.to_string()).json(), json!([]));

    // Both, the same and different.
    let both = |token: &str| live.ask("POST", &format!("{call}&wstoken={token}"), &with_bearer, &body);
    assert_eq!(both(&live.token).json(), json!([]));
    assert_eq!(code(&both("0123456789abcdef0123456789abcdef")), "invalidtoken");

    for (body, detail) in [("{", "no JSON"), ("[1]", "no object")] {
        let refused = live.ask("POST", &call, &with_bearer, body);
        assert_eq!((refused.status, code(&refused)), (200, "invalidparameter".to_owned()), "{detail}");
    }
    let value = json!({ "courseid": true }).to_string();
    assert_eq!(code(&live.ask("POST", &call, &with_bearer, &value)), "invalidparameter");
}

#[test]
fn wrong_tokens_are_all_the_same() {
    let live = Live::new("");
    let revoked = live.site.token("admin");
    let rows = live.site.json(&["token", "list"]);
    let ids: Vec<u64> = rows.as_array().expect("a list").iter().filter_map(|row| row["id"].as_u64()).collect();
    let newest = ids.iter().max().expect("there are tokens").to_string();
    live.site.ok(&["token", "revoke", &newest]);
    let long = "a".repeat(500);
    let wrong = ["", "x", "0123456789abcdef0123456789abcdef", "%ff", "%00", "%27%3B%20--", &long, &revoked];
    let ask = |token: &str, path: &str| {
        let mut reply = live.ask("GET", &format!("{path}{token}"), &[], "");
        reply.headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "last-modified"));
        reply
    };
    for path in [
        "/webservice/rest/server.php?wsfunction=core_course_backup_list_backups&moodlewsrestformat=json&wstoken=",
        "/webservice/rest/server.php?wsfunction=core_nope&wstoken=",
        "/webservice/pluginfile.php/1/backup/course/a.mbz?token=",
        "/webservice/upload.php?token=",
    ] {
        let expected = ask(wrong[2], path);
        assert!(expected.text().contains("invalidtoken"), "{path}: {}", expected.text());
        for token in wrong {
            if token.is_empty() && !path.contains("wstoken") || token == "%ff" && !path.contains("wstoken") {
                continue; // To a script, that is no parameter.
            }
            let reply = ask(token, path);
            assert_eq!((reply.status, reply.text()), (expected.status, expected.text()), "{path}{token}");
            assert_eq!(reply.headers, expected.headers, "{path}{token}");
        }
    }
    assert!(live.form(&format!("wstoken={}&wsfunction=x", live.token)).text().contains("invalidrecord"));
}

#[test]
fn statuses_for_who_asks() {
    let live = Live::new("");
    let asks = [FORM, ("Provost-Http-Status", "1")];
    let call = |body: String| live.ask("POST", SERVER, &asks, &body).status;
    let function = "wsfunction=core_course_backup_list_backups";
    let token = &live.token;
    assert_eq!(call(format!("{function}&wstoken={token}&courseid={}", live.course)), 200);
    assert_eq!(call(format!("{function}&wstoken=x")), 401);
    assert_eq!(call(format!("{function}&wstoken={token}")), 400);
    assert_eq!(call(format!("{function}&wstoken={token}&courseid=999")), 404);
    assert_eq!(call(format!("wsfunction=core_nope&wstoken={token}")), 404);
    let refused = live.ask("POST", SERVER, &asks, function);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    assert_eq!(live.form(function).status, 200, "not asked for");
    assert_eq!(live.form(function).header("www-authenticate"), None);

    let always = Live::new("[web]\nhttp-status = true\n");
    assert_eq!(always.form(function).status, 401);
    assert_eq!(always.ask("GET", "/webservice/upload.php?token=x", &[], "").status, 401);
    let preflight = [("Access-Control-Request-Method", "POST"), ("Origin", "https://example.org")];
    let preflight = always.ask("OPTIONS", SERVER, &preflight, "");
    assert_eq!(preflight.status, 200, "a browser takes nothing else for yes");
    assert!(preflight.header("access-control-allow-headers").is_some_and(|names| names.contains("authorization")));
}

#[test]
fn batches_of_calls() {
    let live = Live::new("");
    let bearer = live.bearer();
    let service = "/lib/ajax/service.php?info=core_course_backup_list_backups&sesskey=x";
    let list = |course: u64| json!({ "methodname": "core_course_backup_list_backups", "args": { "courseid": course } });
    let ask = |path: &str, headers: &[(&str, &str)], batch: &Value| live.ask("POST", path, headers, &batch.to_string());
    let with_token = [JSON, ("Authorization", bearer.as_str())];

    let two = json!([list(live.course), list(live.course)]);
    let reply = ask(service, &with_token, &two);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.json(), json!([{ "error": false, "data": [] }, { "error": false, "data": [] }]));
    let by_parameter = ask(&format!("{service}&wstoken={}", live.token), &[], &two);
    assert_eq!(by_parameter.json(), reply.json());

    // The first error ends the batch.
    let reply = ask(service, &with_token, &json!([list(live.course), list(999), list(live.course)])).json();
    assert_eq!(reply.as_array().map(Vec::len), Some(2), "{reply}");
    assert_eq!(reply[0]["error"], false);
    let exception = &reply[1]["exception"];
    assert_eq!((&reply[1]["error"], &exception["errorcode"]), (&json!(true), &json!("invalidrecord")));
    assert_eq!(
        exception.as_object().map(|e| e.keys().cloned().collect::<Vec<_>>()).unwrap_or_default(),
        ["message", "errorcode", "link", "moreinfourl"]
    );
    let unknown = ask(service, &with_token, &json!([{ "index": 5, "methodname": "core_nope", "args": [] }])).json();
    assert_eq!(unknown["5"]["exception"]["errorcode"], "invalidrecord");

    // Without a token: functions open to everyone, and no others.
    for path in [service, "/lib/ajax/service-nologin.php"] {
        let reply = ask(path, &[JSON], &json!([list(live.course)])).json();
        assert_eq!(reply[0]["exception"]["errorcode"], "servicerequireslogin", "{path}");
    }
    let reply = ask("/lib/ajax/service-nologin.php", &with_token, &json!([list(live.course)])).json();
    assert_eq!(reply[0]["exception"]["errorcode"], "servicerequireslogin", "a token is of no use there");
    let wrong = ask(service, &[JSON, ("Authorization", "Bearer x")], &two);
    assert_eq!(code(&wrong), "invalidtoken");
    for broken in ["", "{}", "[1]", "[{}", "null"] {
        assert_eq!(code(&live.ask("POST", service, &with_token, broken)), "invalidparameter", "{broken}");
    }
    let nameless = ask(service, &with_token, &json!([{ "args": {} }])).json();
    assert_eq!(nameless[0]["exception"]["errorcode"], "invalidparameter");
}

#[test]
fn limits_of_requests() {
    let live = Live::new(
        "[web]\nrequests-per-minute = 20\nfailures-per-minute = 3\n[limits]\nrequest = 2000\nvariables = 30\ndepth = 3\n",
    );
    let call = |more: &str| {
        let body = format!("wstoken={}&wsfunction=x&moodlewsrestformat=json&{more}", live.token);
        live.ask("POST", SERVER, &[FORM, ("Provost-Http-Status", "1")], &body)
    };
    let refused = |reply: Reply| (reply.status, code(&reply));
    assert_eq!(refused(call("")), (404, "invalidrecord".to_owned()));
    assert_eq!(refused(call(&"a[]=1&".repeat(30))), (400, "invalidparameter".to_owned()));
    assert_eq!(refused(call("a[x][x][x]=1")), (404, "invalidrecord".to_owned()));
    assert_eq!(refused(call("a[x][x][x][x]=1")), (400, "invalidparameter".to_owned()));
    let large = live.ask(
        "POST",
        &format!("{SERVER}?moodlewsrestformat=json"),
        &[FORM, ("Provost-Http-Status", "1")],
        &"a".repeat(2001),
    );
    assert_eq!(refused(large), (413, "requesttoolarge".to_owned()));

    // Calls of one token: two are spent, and none of those that never got so far.
    let mut answered = 0;
    let limited = loop {
        let reply = call("");
        if code(&reply) == "ratelimited" {
            break reply;
        }
        answered += 1;
        assert!(answered < 1000, "no limit");
    };
    assert!(answered >= 18, "{answered}");
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s > 0)));
    assert_eq!(limited.header("content-type"), Some("application/json"));
    // Who does not ask for statuses is told all the same, in the form that was asked for.
    let limited = live.form(&format!("wstoken={}&wsfunction=x", live.token));
    assert_eq!(limited.status, 429);
    assert!(limited.text().contains("<ERRORCODE>ratelimited</ERRORCODE>"), "{}", limited.text());

    // Wrong tokens: after a few the address has to wait, while good tokens go on.
    let wrong: Vec<String> =
        (0..6).map(|_| code(&live.form("wstoken=x&wsfunction=x&moodlewsrestformat=json"))).collect();
    assert_eq!(&wrong[..3], ["invalidtoken"; 3]);
    assert!(wrong[3..].contains(&"ratelimited".to_owned()), "{wrong:?}");
    let other = live.site.token("admin");
    let reply = live.form(&format!("wstoken={other}&wsfunction=x&moodlewsrestformat=json"));
    assert_eq!(code(&reply), "invalidrecord");
}

#[test]
fn the_client_behind_a_proxy() {
    let live = Live::new("[web]\ntrusted-proxies = [\"127.0.0.1\"]\nfailures-per-minute = 1\n");
    let ask = |client: &str| {
        let headers = [FORM, ("X-Forwarded-For", client)];
        code(&live.ask("POST", SERVER, &headers, "wstoken=x&wsfunction=x&moodlewsrestformat=json"))
    };
    assert_eq!(ask("192.0.2.1"), "invalidtoken");
    assert_eq!(ask("192.0.2.1"), "ratelimited");
    assert_eq!(ask("192.0.2.2"), "invalidtoken");
    assert_eq!(ask("192.0.2.3, 192.0.2.1"), "ratelimited", "who comes first in the chain may be invented");
}

#[test]
fn switched_off() {
    let live = Live::new("[web]\nrest = false\ndiscovery = false\n");
    let reply = live.form(&format!("wstoken={}&wsfunction=core_nope", live.token));
    assert_eq!((reply.status, reply.body.len()), (403, 0));
    assert_eq!(live.ask("POST", "/webservice/functions/core_nope", &[], "").status, 403);
    for path in ["/webservice/functions", "/webservice/openapi.json"] {
        assert_eq!(live.ask("GET", path, &[], "").status, 404, "{path}");
    }
}

#[test]
fn one_address_for_each_function() {
    let live = Live::new("");
    let path = "/webservice/functions/core_course_backup_list_backups";
    let bearer = live.bearer();
    let headers = [JSON, ("Authorization", bearer.as_str())];
    let body = json!({ "courseid": live.course }).to_string();
    let reply = live.ask("POST", path, &headers, &body);
    assert_eq!((reply.status, reply.json()), (200, json!([])));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    for (path, headers, body, status, errorcode) in [
        (path, &headers[..], "{}", 400, "invalidparameter"),
        (path, &headers[..], "{", 400, "invalidparameter"),
        (path, &headers[..], r#"{"courseid":999}"#, 404, "invalidrecord"),
        (path, &[JSON][..], body.as_str(), 401, "servicerequireslogin"),
        (path, &[JSON, ("Authorization", "Bearer x")][..], body.as_str(), 401, "invalidtoken"),
        ("/webservice/functions/core_nope", &headers[..], "{}", 404, "invalidrecord"),
    ] {
        let reply = live.ask("POST", path, headers, body);
        assert_eq!((reply.status, code(&reply).as_str()), (status, errorcode), "{path} {body}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
    }
    let looked = live.ask("GET", path, &[], "");
    assert_eq!(looked.status, 303);
    assert_eq!(looked.header("location"), Some("../functions#core_course_backup_list_backups"));
    assert_eq!(live.ask("DELETE", path, &[], "").status, 405);
    assert_eq!(live.ask("OPTIONS", path, &[], "").status, 204);
}

#[test]
fn what_there_is_to_call() {
    let live = Live::new("");
    let document = get(&format!("{}/webservice/openapi.json", live.server.url), &[]);
    assert_eq!(document.header("content-type"), Some("application/json"));
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], live.server.url);
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.len() >= 4, "{}", paths.len());
    for (path, item) in paths {
        let operation = &item["post"];
        assert_eq!(path, &format!("/webservice/functions/{}", text(&operation["operationId"])));
        for part in ["summary", "description"] {
            assert!(operation[part].as_str().is_some_and(|text| !text.is_empty()), "{path}: no {part}");
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["type"], "object", "{path}");
        assert!(operation["responses"]["200"]["content"]["application/json"]["schema"].is_object(), "{path}");
        // The example is taken, as far as its form goes: nobody has the things it speaks of.
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        let reply = live.ask("POST", path, &[JSON, ("Authorization", &live.bearer())], &example.to_string());
        if reply.status != 200 {
            assert_ne!(reply.status, 500, "{path} {example}: {}", reply.text());
            assert_ne!(code(&reply), "invalidresponse", "{path} {example}");
        }
    }

    let page = get(&format!("{}/webservice/functions", live.server.url), &[]);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = page.text();
    for path in paths.keys() {
        let name = path.rsplit('/').next().unwrap_or_default();
        assert!(html.contains(&format!("<details id=\"{name}\">")), "{name} is not on the page");
    }
    assert!(!html.contains(" style=") && !html.contains(" onclick="), "the policy forbids it");
    for name in ["functions.css", "functions.js"] {
        assert!(html.contains(name), "{name}");
        assert_eq!(live.ask("GET", &format!("/webservice/{name}"), &[], "").status, 200);
    }
}

#[test]
fn files_of_one_s_own() {
    let live = Live::new("");
    let rest = live.server.rest(&live.token);
    let put = rest.upload(&[Part::File("f", "Übung 1.txt", b"one"), Part::File("g", "page.html", b"<p>two")]);
    let (context, item) = (&put[0]["contextid"], &put[0]["itemid"]);
    assert_eq!(put[0]["source"], "O:8:\"stdClass\":1:{s:6:\"source\";s:12:\"Übung 1.txt\";}");
    let path = format!("/{context}/user/draft/{item}/%C3%9Cbung%201.txt");
    for script in ["/webservice/pluginfile.php", "/pluginfile.php", "/draftfile.php"] {
        let by_parameter = live.ask("GET", &format!("{script}{path}?token={}", live.token), &[], "");
        assert_eq!((by_parameter.status, by_parameter.text()), (200, "one".to_owned()), "{script}");
        let by_header = live.ask("GET", &format!("{script}{path}"), &[("Authorization", &live.bearer())], "");
        assert_eq!(by_header.text(), "one", "{script}");
        assert_eq!(code(&live.ask("GET", &format!("{script}{path}"), &[], "")), "missingparam", "{script}");
    }
    let file = live.ask("GET", &format!("/draftfile.php{path}?forcedownload=1&token={}", live.token), &[], "");
    for (name, value) in [
        ("content-disposition", "attachment; filename=\"Übung 1.txt\""),
        ("content-security-policy", "default-src 'none'; img-src 'self'; media-src 'self'"),
        ("cache-control", "private, must-revalidate, pre-check=0, post-check=0, max-age=0, no-transform"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("pragma", "no-cache"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "range"),
        ("access-control-expose-headers", "Content-Range"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(file.header(name), Some(value), "{name}");
    }
    assert!(file.header("last-modified").is_some());
    let etag = file.header("etag").expect("an ETag").to_owned();
    let known = live.ask("GET", &format!("/draftfile.php{path}?token={}", live.token), &[("If-None-Match", &etag)], "");
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = live.ask("HEAD", &format!("/draftfile.php{path}?token={}", live.token), &[], "");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("3"), 0));

    let key = live.ask("GET", &format!("/tokenpluginfile.php/0123456789abcdef0123456789abcdef{path}"), &[], "");
    assert_eq!(code(&key), "invalidkey");
}

#[test]
fn icons() {
    let live = Live::new("");
    let icon = live.ask("GET", "/theme/image.php/boost/mod_quiz/1700000000/monologo?filtericon=1", &[], "");
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    assert!(icon.text().starts_with("<svg ") && icon.text().contains(">Qu</text>"), "{}", icon.text());
    assert!(icon.header("cache-control").is_some_and(|value| value.contains("max-age")));
    for path in ["boost/core/1/u/f1", "_s/boost/core/-1/i/course", "classic/mod_unheard_of/0/icon"] {
        assert_eq!(live.ask("GET", &format!("/theme/image.php/{path}"), &[], "").status, 200, "{path}");
    }
    for path in ["boost/core/1", "boost/%3Cscript%3E/1/x"] {
        assert_eq!(live.ask("GET", &format!("/theme/image.php/{path}"), &[], "").status, 404, "{path}");
    }
}
