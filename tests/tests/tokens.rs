//! Tokens that are wrong, expired, revoked, for another address or another service; people who may not; guessing. What each is
//! told, and that it is told no more.
//!
//! ```sh
//! cargo test -p provost --test tokens
//! ```
//!
//! How long answers take is measured by the bench `pollers`, and asserted nowhere.

#[path = "tokens/strangers.rs"]
mod strangers;

use provost_tests::live::{Part, Reply, Server, Site, get, post_form, post_multipart, text, wait_until};
use provost_tests::sample;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use strangers::{FUNCTIONS, Gets};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const PASSWORD: &str = "correct horse battery staple";
const LIST: &str = "core_course_backup_list_backups";
const SITE_INFO: &str = "core_webservice_get_site_info";

/// A person with a password.
fn create(site: &Site, name: &str) {
    with_input(
        site,
        &["user", "create", name, "--email", &format!("{name}@secret.example"), "--password-stdin"],
        PASSWORD,
    );
}

fn with_input(site: &Site, arguments: &[&str], input: &str) {
    let child = site.command(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the command starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn token(site: &Site, user: &str, more: &[&str]) -> String {
    let mut command = vec!["token", "create", "--user", user];
    command.extend(more);
    site.ok(&command).trim_end().to_owned()
}

/// Status, headers, body.
type Said = (u16, Vec<(String, String)>, String);

/// What an answer says besides the moment.
fn said(reply: &Reply) -> Said {
    let headers = reply.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "last-modified"));
    (reply.status, headers.cloned().collect(), reply.text())
}

/// An error's code, whichever script or protocol it came from.
fn code(reply: &Reply) -> String {
    let body = reply.text();
    match body.split_once("<ERRORCODE>").and_then(|(_, rest)| rest.split_once("</ERRORCODE>")) {
        Some((code, _)) => code.to_owned(),
        None => match serde_json::from_slice::<Value>(&reply.body) {
            Ok(answer) => answer["errorcode"].as_str().unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        },
    }
}

/// Every way in which a token can be sent, with a name.
fn doors(server: &Server, token: &str, file: &str) -> Vec<(&'static str, Reply)> {
    let at = |path: &str| format!("{}{path}", server.url);
    let rest = at("/webservice/rest/server.php");
    let json = [("wstoken", token), ("wsfunction", SITE_INFO), ("moodlewsrestformat", "json")];
    let encoded: String = token.bytes().map(|b| format!("%{b:02x}")).collect();
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let upload = [Part::Text("token", token), Part::File("file_1", "a.txt", b"a")];
    vec![
        ("json", post_form(&rest, &json)),
        ("xml", post_form(&rest, &json[..2])),
        ("query", get(&format!("{rest}?wstoken={encoded}&wsfunction={SITE_INFO}"), &[])),
        ("bearer", get(&format!("{rest}?wsfunction={SITE_INFO}&moodlewsrestformat=json"), &headers)),
        ("upload", post_multipart(&at("/webservice/upload.php"), &upload)),
        ("download", get(&at(&format!("/webservice/pluginfile.php{file}?token={encoded}")), &[])),
    ]
}

/// What never stands in an answer.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(site: &Site, more: &[&str]) -> Self {
        let mut all = vec![site.data().to_string_lossy().into_owned(), "$argon2".to_owned(), PASSWORD.to_owned()];
        all.extend(["SELECT ", "sqlite", "UPDATE ", ".rs:", "panicked", "wasm", "/tmp/", "/root"].map(str::to_owned));
        all.extend(more.iter().map(|s| (*s).to_owned()));
        Self(all)
    }

    fn not_in(&self, what: &str, answer: &str) {
        for secret in &self.0 {
            assert!(!answer.contains(secret), "{what} tells {secret:?}: {answer}");
        }
    }
}

/// Unknown, guessed, nearly right and revoked: nobody learns which.
#[test]
fn a_wrong_token_is_just_wrong() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let context = site.json(&["course", "show", &course.to_string()])["contextid"].clone();
    let file = format!("/{context}/backup/course/any.mbz");
    let good = token(&site, "admin", &[]);
    let revoked = site.json(&["token", "create", "--user", "admin"]);
    site.ok(&["token", "revoke", &revoked["id"].to_string()]);
    let revoked = text(&revoked["token"]);
    let server = site.serve(&["--debug"]);
    for (door, reply) in doors(&server, &good, &file) {
        let expected = if door == "download" { "filenotfound" } else { "" };
        assert_eq!(code(&reply), expected, "{door}: {}", reply.text());
    }

    let last = if good.ends_with('0') { "1" } else { "0" };
    let wrong = [
        "0123456789abcdef0123456789abcdef".to_owned(),
        revoked.clone(),
        format!("{}{last}", &good[..good.len() - 1]),
        good[..good.len() - 1].to_owned(),
        format!("{good}0"),
        format!(" {good}"),
        good.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
        format!("{good}\0"),
        "' OR '1'='1".to_owned(),
        "%".to_owned(),
        "ü".repeat(16),
        "a".repeat(5000),
    ];
    let secrets = Secrets::of(&site, &[&good, &revoked, &good[..16]]);
    let reference = doors(&server, &wrong[0], &file);
    for (door, reply) in &reference {
        assert_eq!(code(reply), "invalidtoken", "{door}: {}", reply.text());
        secrets.not_in(door, &reply.text());
    }
    for token in &wrong[1..] {
        // What no header can carry is not sent in one.
        let in_header = token.bytes().all(|b| b.is_ascii_graphic());
        let sent = if in_header { doors(&server, token, &file) } else { doors_without_header(&server, token, &file) };
        for (door, reply) in sent {
            let (_, expected) = reference.iter().find(|(name, _)| *name == door).expect("the same doors");
            assert_eq!(said(&reply), said(expected), "{door} with {token:?}");
        }
    }
    // A stranger is told nothing of functions, parameters and courses.
    let rest = server.rest(&wrong[0]);
    for (function, parameters) in [
        ("no_such_function", &[][..]),
        (LIST, &[("courseid", "abc")]),
        (LIST, &[("courseid", "4711")]),
        ("core_course_get_contents", &[("nonsense", "1")]),
    ] {
        let reply = rest.xml(function, parameters);
        assert_eq!(said(&reply), said(&reference[1].1), "{function} {parameters:?}");
    }
}

fn doors_without_header(server: &Server, token: &str, file: &str) -> Vec<(&'static str, Reply)> {
    let rest = format!("{}/webservice/rest/server.php", server.url);
    let json = [("wstoken", token), ("wsfunction", SITE_INFO), ("moodlewsrestformat", "json")];
    let encoded: String = token.bytes().map(|b| format!("%{b:02x}")).collect();
    vec![
        ("json", post_form(&rest, &json)),
        ("xml", post_form(&rest, &json[..2])),
        ("query", get(&format!("{rest}?wstoken={encoded}&wsfunction={SITE_INFO}"), &[])),
        ("download", get(&format!("{}/webservice/pluginfile.php{file}?token={encoded}", server.url), &[])),
    ]
}

#[test]
fn no_token_at_all() {
    let site = Site::warm(PROVOST);
    let server = site.serve(&[]);
    let at = |path: &str| format!("{}{path}", server.url);
    let rest = at(&format!("/webservice/rest/server.php?wsfunction={SITE_INFO}"));
    assert_eq!(code(&get(&rest, &[])), "invalidtoken");
    assert_eq!(code(&get(&format!("{rest}&wstoken="), &[])), "invalidtoken");
    for header in ["Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4="] {
        assert_eq!(code(&get(&rest, &[("Authorization", header)])), "invalidtoken", "{header:?}");
    }
    let part = [Part::File("file_1", "a.txt", b"a")];
    assert_eq!(code(&post_multipart(&at("/webservice/upload.php"), &part)), "missingparam");
    assert_eq!(code(&get(&at("/webservice/pluginfile.php/1/backup/course/a.mbz"), &[])), "missingparam");
    // Two tokens that differ are none.
    let (one, other) = (token(&site, "admin", &[]), token(&site, "admin", &[]));
    let bearer = format!("Bearer {other}");
    let both = get(&format!("{rest}&wstoken={one}"), &[("Authorization", &bearer)]);
    assert_eq!(code(&both), "invalidtoken", "{}", both.text());
}

/// Bounds of a token and of its service: one answer for all of them, so that nobody learns which it was.
#[test]
fn a_token_out_of_its_bounds() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let context = site.json(&["course", "show", &course.to_string()])["contextid"].clone();
    let file = format!("/{context}/backup/course/any.mbz");
    create(&site, "ann");
    for service in ["closed", "named", "capable", "late", "elsewhere"] {
        site.ok(&["service", "set", service, "--all-functions"]);
    }
    let of = |service: &str| token(&site, "ann", &["--service", service]);
    let tokens = [
        ("an expired token", token(&site, "ann", &["--expires", "1s"])),
        ("another address", token(&site, "ann", &["--addresses", "192.0.2.0/24,2001:db8::/32"])),
        ("a service that is closed", of("closed")),
        ("a service for others", of("named")),
        ("a service for who has a capability", of("capable")),
        ("a service that is over", of("late")),
        ("a service from elsewhere", of("elsewhere")),
    ];
    site.ok(&["service", "set", "closed", "--enabled", "false"]);
    for service in ["named", "late", "elsewhere"] {
        site.ok(&["service", "set", service, "--restricted", "true"]);
    }
    site.ok(&["service", "add-user", "named", "admin"]);
    site.ok(&["service", "add-user", "late", "ann", "--expires", "1s"]);
    site.ok(&["service", "add-user", "elsewhere", "ann", "--addresses", "192.0.2.1"]);
    site.ok(&["service", "set", "capable", "--required-capability", "moodle/course:create"]);
    let server = site.serve(&[]);
    let good = token(&site, "ann", &[]);
    assert_eq!(code(&server.rest(&good).xml(SITE_INFO, &[])), "");
    wait_until("what is short has expired", || {
        let (expired, late) = (&tokens[0].1, &tokens[5].1);
        let both = [expired, late].map(|t| code(&server.rest(t).xml(SITE_INFO, &[])));
        both.iter().all(|code| code == "accessexception").then_some(())
    });
    let mut answers: Vec<Vec<(&str, Said)>> = Vec::new();
    for (what, token) in &tokens {
        let replies = doors(&server, token, &file);
        for (door, reply) in &replies {
            assert_eq!(code(reply), "accessexception", "{what}, {door}: {}", reply.text());
        }
        answers.push(replies.iter().map(|(door, reply)| (*door, said(reply))).collect());
    }
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!(answer, &answers[0], "{}", tokens[at].0);
    }
    // Nothing of it hangs on: with the bound gone, the token is good.
    site.ok(&["service", "set", "closed", "--enabled", "true"]);
    assert_eq!(code(&server.rest(&tokens[2].1).xml(SITE_INFO, &[])), "");
}

#[test]
fn a_function_outside_of_the_service() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    site.ok(&[
        "service",
        "set",
        "small",
        "--function",
        SITE_INFO,
        "--upload-files",
        "false",
        "--download-files",
        "false",
    ]);
    let small = token(&site, "admin", &["--service", "small"]);
    let server = site.serve(&[]);
    let rest = server.rest(&small);
    let info = rest.call(SITE_INFO, &[]);
    let names: Vec<&Value> = info["functions"].as_array().into_iter().flatten().map(|f| &f["name"]).collect();
    assert_eq!(names, [SITE_INFO]);
    assert_eq!((&info["downloadfiles"], &info["uploadfiles"]), (&json!(0), &json!(0)));
    for parameters in [&[("courseid", course.as_str())][..], &[("courseid", "abc")], &[]] {
        assert_eq!(rest.refusal(LIST, parameters), "accessexception", "{parameters:?}");
    }
    assert_eq!(rest.refusal("no_such_function", &[]), "invalidrecord");
    let upload = [Part::Text("token", small.as_str()), Part::File("file_1", "a.txt", b"a")];
    assert_eq!(code(&post_multipart(&format!("{}/webservice/upload.php", server.url), &upload)), "accessexception");
    let download = get(&format!("{}/webservice/pluginfile.php/1/backup/course/a?token={small}", server.url), &[]);
    assert_eq!(code(&download), "accessexception");
}

/// Who was suspended is told so (moodle-webservices.md 1.6), whatever they call.
#[test]
fn a_suspended_person() {
    let site = Site::warm(PROVOST);
    create(&site, "ann");
    let ann = token(&site, "ann", &[]);
    let server = site.serve(&[]);
    let rest = server.rest(&ann);
    rest.call(SITE_INFO, &[]);
    site.ok(&["user", "suspend", "ann"]);
    for function in [SITE_INFO, LIST, "no_such_function"] {
        assert_eq!(rest.refusal(function, &[]), "wsaccessusersuspended", "{function}");
    }
    let answer = login(&server, "ann", PASSWORD, "moodle_mobile_app");
    assert!(answer.get("token").is_none() && answer["errorcode"].is_string(), "{answer}");
    assert_eq!(login(&server, "ann", "wrong", "moodle_mobile_app")["errorcode"], "invalidlogin");
    site.ok(&["user", "suspend", "ann", "--undo"]);
    rest.call(SITE_INFO, &[]);
}

/// A role that may not use web services.
#[test]
fn a_person_without_the_right_to_call() {
    let site = Site::warm(PROVOST);
    create(&site, "ann");
    let ann = token(&site, "ann", &[]);
    site.ok(&["role", "prevent", "user", "webservice/rest:use"]);
    let admin = token(&site, "admin", &[]);
    let server = site.serve(&[]);
    assert_eq!(server.rest(&ann).refusal(SITE_INFO, &[]), "accessexception");
    server.rest(&admin).call(SITE_INFO, &[]);
    site.ok(&["role", "reset", "user", "webservice/rest:use"]);
    server.rest(&ann).call(SITE_INFO, &[]);
}

/// Somebody who takes part in nothing calls every function there is.
#[test]
fn a_person_who_takes_part_in_nothing() {
    let site = Site::warm(PROVOST);
    let course = site.import(&sample::packed_file());
    let show = site.json(&["course", "show", &course.to_string()]);
    create(&site, "ann");
    let server = site.serve(&["--debug"]);
    let admin = server.rest(&token(&site, "admin", &[]));
    let backup = admin.start_backup(course, &[]);
    admin.follow(&backup);
    let filename = text(&admin.backups(course)[0]["filename"]);
    let restore = admin.call("provost_course_restore_async", &[("courseid", &course.to_string())]);
    let restore = text(&restore["restoreid"]);
    admin.ended("restore", &restore);

    let ann = server.rest(&token(&site, "ann", &[]));
    let admin_id = site.json(&["user", "show", "admin"])["id"].to_string();
    let contents = admin.call("core_course_get_contents", &[("courseid", &course.to_string())]);
    let modules = contents.as_array().into_iter().flatten().filter_map(|s| s["modules"].as_array()).flatten();
    let page = modules.into_iter().find(|m| m["modname"] == "page").expect("a page");
    let ids = [
        ("COURSE", course.to_string()),
        ("PAGE", page["contextid"].to_string()),
        ("MODULE", page["id"].to_string()),
        ("JOB", backup.clone()),
        ("RESTORE", restore),
        ("FILE", filename),
        ("CONTEXT", show["contextid"].to_string()),
        ("CATEGORY", "1".to_owned()),
        ("ADMIN", admin_id),
        ("SELF", site.json(&["user", "show", "ann"])["id"].to_string()),
    ];
    let secrets = Secrets::of(&site, &[&admin.token, &ann.token]);
    let offered = admin.call(SITE_INFO, &[]);
    let offered: Vec<String> =
        offered["functions"].as_array().into_iter().flatten().map(|f| text(&f["name"])).collect();
    assert!(offered.len() >= 8, "{offered:?}");
    let before = site.json(&["course", "list"]);
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    for function in &offered {
        let Some((_, parameters, gets)) = FUNCTIONS.iter().find(|(name, _, _)| name == function) else {
            wrong.push(format!("nothing here says what {function} tells a stranger"));
            continue;
        };
        let id =
            |value: &str| ids.iter().find(|(name, _)| *name == value).map_or(value.to_owned(), |(_, id)| id.clone());
        let parameters: Vec<(&str, String)> = parameters.iter().map(|(name, value)| (*name, id(value))).collect();
        let sent: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = ann.json(function, &sent);
        secrets.not_in(function, &answer.to_string());
        let code = answer["errorcode"].as_str();
        match gets {
            Gets::Refused(codes) if code.is_some_and(|code| codes.contains(&code)) => {}
            Gets::Refused(codes) => wrong.push(format!("{function}: not {codes:?} but {answer}")),
            Gets::Without(texts) => {
                let answer = answer.to_string();
                if code.is_some() || texts.iter().any(|text| answer.contains(text)) {
                    wrong.push(format!("{function}: an answer without {texts:?}, not {answer}"));
                }
            }
        }
        if matches!(gets, Gets::Refused(_)) {
            refused.push((function, parameters));
        }
    }
    let after = site.json(&["course", "list"]);
    for old in before.as_array().into_iter().flatten() {
        assert!(after.to_string().contains(&old["shortname"].to_string()), "{old} is gone: {after}");
    }
    // With the same parameters an administrator is not refused: it was not about them.
    for (function, parameters) in refused {
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = admin.json(function, &parameters);
        let code = answer["errorcode"].as_str().unwrap_or_default();
        if code.starts_with("invalidparam") || ["accessexception", "requireloginerror", "nopermissions"].contains(&code)
        {
            wrong.push(format!("{function}: even an administrator gets {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn login(server: &Server, name: &str, password: &str, service: &str) -> Value {
    let fields = [("username", name), ("password", password), ("service", service)];
    post_form(&format!("{}/login/token.php", server.url), &fields).json()
}

/// Who logs in wrongly is not told what was wrong.
#[test]
fn logins_that_fail() {
    let site = Site::warm(PROVOST);
    create(&site, "ann");
    site.ok(&["user", "create", "bob"]);
    let server = site.serve(&["--debug"]);
    let good = login(&server, "ann", PASSWORD, "moodle_mobile_app");
    let secret = text(&good["token"]);
    assert_eq!(login(&server, "ann", PASSWORD, "moodle_mobile_app"), good, "the same one until it is revoked");
    server.rest(&secret).call(SITE_INFO, &[]);

    let url = format!("{}/login/token.php", server.url);
    let ask = |name: &str, password: &str, service: &str| {
        post_form(&url, &[("username", name), ("password", password), ("service", service)])
    };
    let reference = ask("ann", "wrong", "moodle_mobile_app");
    assert_eq!(reference.json()["error"], "Invalid login, please try again");
    assert_eq!(code(&reference), "invalidlogin");
    let secrets = Secrets::of(&site, &[&secret, "ann@secret.example"]);
    for (name, password, service) in [
        ("nobody", "wrong", "moodle_mobile_app"),
        ("nobody", PASSWORD, "moodle_mobile_app"),
        ("bob", "", "moodle_mobile_app"),
        ("bob", PASSWORD, "moodle_mobile_app"),
        ("admin", "admin", "moodle_mobile_app"),
        ("ann", "", "moodle_mobile_app"),
        ("ann", &PASSWORD[1..], "moodle_mobile_app"),
        ("ann", &PASSWORD.to_uppercase(), "moodle_mobile_app"),
        ("ann", "wrong", "no_such_service"),
        ("ann' --", "x", "moodle_mobile_app"),
    ] {
        let reply = ask(name, password, service);
        assert_eq!(said(&reply), said(&reference), "{name} {password:?} {service}");
        secrets.not_in(name, &reply.text());
    }
    assert_eq!(code(&ask("ann", PASSWORD, "no_such_service")), "servicenotavailable");
    site.ok(&["service", "set", "moodle_mobile_app", "--enabled", "false"]);
    assert_eq!(code(&ask("ann", PASSWORD, "moodle_mobile_app")), "servicenotavailable");
    site.ok(&["service", "set", "moodle_mobile_app", "--enabled", "true"]);
    for missing in ["username", "password", "service"] {
        let fields = [("username", "ann"), ("password", PASSWORD), ("service", "moodle_mobile_app")];
        let fields: Vec<_> = fields.into_iter().filter(|(name, _)| *name != missing).collect();
        let reply = post_form(&url, &fields);
        assert_eq!(code(&reply), "missingparam", "{missing}");
        secrets.not_in(missing, &reply.text());
    }
    // A new token after the old one was revoked, and none for who lost their password.
    let id = site.json(&["token", "list"]);
    let of_login = id.as_array().into_iter().flatten().next().expect("a token")["id"].to_string();
    site.ok(&["token", "revoke", &of_login]);
    assert_eq!(server.rest(&secret).refusal(SITE_INFO, &[]), "invalidtoken");
    let fresh = text(&login(&server, "ann", PASSWORD, "moodle_mobile_app")["token"]);
    assert_ne!(fresh, secret);
    site.ok(&["user", "password", "ann", "--remove"]);
    assert_eq!(said(&ask("ann", PASSWORD, "moodle_mobile_app")), said(&reference));
    server.rest(&fresh).call(SITE_INFO, &[]);
    // Neither the log nor what was done by whom holds a password or a token.
    let log = site.log() + &site.json(&["audit", "--limit", "1000"]).to_string();
    for secret in [PASSWORD, &secret, &fresh] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// Guessing is stopped, and hinders nobody who has a token.
#[test]
fn guessing() {
    let site = Site::warm(PROVOST);
    create(&site, "ann");
    let good = token(&site, "ann", &[]);
    let server = site.serve(&[]);
    let rest = server.rest(&good);
    let mut refused = None;
    for attempt in 0..1000 {
        let reply = post_form(
            &format!("{}/login/token.php", server.url),
            &[("username", "ann"), ("password", &format!("guess {attempt}")), ("service", "moodle_mobile_app")],
        );
        if code(&reply) != "invalidlogin" {
            refused = Some((attempt, reply));
            break;
        }
    }
    let (attempts, reply) = refused.expect("guessing passwords is stopped at some time");
    assert!(attempts >= 5, "people mistype: {attempts}");
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert!(reply.header("retry-after").and_then(|s| s.parse::<u64>().ok()).is_some_and(|s| s > 0), "{reply:?}");
    let right = post_form(
        &format!("{}/login/token.php", server.url),
        &[("username", "ann"), ("password", PASSWORD), ("service", "moodle_mobile_app")],
    );
    assert_eq!(right.status, 429, "the right password tells nothing either: {}", right.text());
    rest.call(SITE_INFO, &[]);

    let wrong = |guess: u64| {
        let url = format!("{}/webservice/rest/server.php?wsfunction={SITE_INFO}&wstoken={guess:032x}", server.url);
        get(&url, &[])
    };
    let stopped = (0..5000).find(|guess| wrong(*guess).status == 429);
    assert!(stopped.is_some_and(|after| after >= 50), "guessing tokens is stopped at some time: {stopped:?}");
    rest.call(SITE_INFO, &[]);
}
