//! A live Provost answers as a real Moodle was recorded to: every recording of ../shared/fixtures/recordings that is about
//! something offered here is asked again, and both answers are compared (see `provost_tests::recordings`).
//!
//! ```sh
//! cargo test -p provost --test recordings -- --nocapture          # what was asked, what was passed over
//! PROVOST_RECORDINGS=get_contents cargo test -p provost --test recordings    # only names with these words
//! ```
//!
//! Without the fixtures beside the workspace the tests say so and pass.

use provost_tests::generate::SampleSize;
use provost_tests::live::{fixture, text, wait_until};
use provost_tests::recordings::{
    Body, Family, Ids, PASSWORD, Recording, Syntax, World, compare, parse_body, read_all, timeline,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

fn folder() -> Option<PathBuf> {
    fixture("recordings")
}

fn archives(recordings: &Path) -> PathBuf {
    recordings.join("../mbz")
}

/// The recordings of a family, in the order in which they were made where that matters.
fn of(folder: &Path, family: Family) -> Vec<Recording> {
    let only = std::env::var("PROVOST_RECORDINGS").unwrap_or_default();
    let all = read_all(folder).unwrap_or_else(|e| panic!("{e:#}"));
    let mut found: Vec<Recording> =
        all.into_iter().filter(|r| Family::of(&r.name) == Some(family) && r.name.contains(&only)).collect();
    // What deletes comes after what creates, and a second upload after the first one of the same file.
    found.sort_by_key(|r| (r.name.starts_with("delete"), r.name.contains("dup_same")));
    found
}

/// Asks again and gathers what differs.
struct Judge<'a> {
    world: &'a World,
    ids: Ids,
    asked: usize,
    passed_over: Vec<String>,
    found: Vec<String>,
}

impl<'a> Judge<'a> {
    fn new(world: &'a World) -> Self {
        let ids = Ids::new(&world.server.url);
        Self { world, ids, asked: 0, passed_over: Vec::new(), found: Vec::new() }
    }

    /// Compares one answer; gives ours.
    fn ask(&mut self, recording: &Recording) -> Option<provost_tests::recordings::Response> {
        if Family::of(&recording.name) == Some(Family::Copies)
            && let Some(function) = recording.request.function()
            && self.world.lacks(&function)
        {
            self.passed_over.push(format!("{}: {function} is not offered yet", recording.name));
            return None;
        }
        self.asked += 1;
        let ours = self.world.ask(&recording.request);
        let theirs = &recording.response;
        let syntax = theirs.syntax();
        let recorded = theirs.node(syntax).unwrap_or_else(|e| panic!("the recording {}: {e}", recording.name));
        match ours.node(syntax) {
            Ok(node) => {
                let differences = compare(&recording.name, &node, &recorded, &mut self.ids);
                self.found.extend(differences.iter().map(|d| format!("{}: {d}", recording.name)));
            }
            Err(why) => {
                let body = String::from_utf8_lossy(&ours.body).chars().take(600).collect::<String>();
                self.found
                    .push(format!("{}: status {}, body not comparable: {why}: {body}", recording.name, ours.status));
            }
        }
        Some(ours)
    }

    /// Says what was done, and fails if anything differed.
    fn end(self, what: &str) {
        println!("{what}: {} recordings asked again", self.asked);
        for name in &self.passed_over {
            println!("{what}: passed over {name}");
        }
        let differences = self.found.join("\n");
        assert!(self.found.is_empty(), "{what}: {} differences\n{differences}\n", self.found.len());
    }
}

/// Asks all of a family.
fn all_of(family: Family, what: &str, options: &[&str], prepare: impl FnOnce(&mut World)) {
    let Some(folder) = folder() else { return };
    let mut world = World::new(PROVOST, &archives(&folder), options);
    prepare(&mut world);
    let mut judge = Judge::new(&world);
    for recording in of(&folder, family) {
        judge.ask(&recording);
    }
    judge.end(what);
}

#[test]
fn site_info() {
    all_of(Family::SiteInfo, "site info", &[], |_| ());
}

#[test]
fn lists_of_courses() {
    all_of(Family::Courses, "lists of courses", &[], |_| ());
}

#[test]
fn contents_of_a_course() {
    all_of(Family::Contents, "contents", &[], |_| ());
}

#[test]
fn people_of_a_course() {
    all_of(Family::Enrolled, "people", &[], |_| ());
}

#[test]
fn courses_made_and_deleted() {
    let Some(folder) = folder() else { return };
    let mut world = World::new(PROVOST, &archives(&folder), &[]);
    let (made, deleted): (Vec<_>, Vec<_>) =
        of(&folder, Family::CreateDelete).into_iter().partition(|r| r.name.starts_with("create"));
    let mut judge = Judge::new(&world);
    let mut courses = Vec::new();
    for recording in &made {
        let Some(answer) = judge.ask(recording) else { continue };
        let node = parse_body(&answer.body, answer.syntax()).unwrap_or_else(|e| panic!("{}: {e}", recording.name));
        let (theirs, ours) = (parse_body(&recording.response.body, recording.response.syntax()), node);
        courses.extend(first_id(&theirs.unwrap_or_else(|e| panic!("{}: {e}", recording.name))).zip(first_id(&ours)));
    }
    let Judge { asked, passed_over, found, .. } = judge;
    for (theirs, ours) in &courses {
        world.set("course", theirs, ours);
    }
    let mut judge = Judge { asked, passed_over, found, ..Judge::new(&world) };
    for recording in &deleted {
        judge.ask(recording);
    }
    let left = world.site.json(&["course", "list"]).to_string();
    if !courses.is_empty() && left.contains("ws_created") {
        judge.found.push(format!("the courses made are still there: {left}"));
    }
    judge.end("courses made and deleted");
}

/// The id of the first course in an answer.
fn first_id(node: &provost_tests::recordings::Node) -> Option<String> {
    match node {
        provost_tests::recordings::Node::List(items) => items.first()?.get("id")?.value(),
        _ => None,
    }
}

#[test]
fn uploads() {
    all_of(Family::Upload, "uploads", &[], |_| ());
}

#[test]
fn downloads() {
    let Some(folder) = folder() else { return };
    let mut world = World::new(PROVOST, &archives(&folder), &[]);
    // The recorded file lies in a folder of the course: its context is asked for.
    let course = world.ours("course", "7");
    let sections = world.rest.call("core_course_get_contents", &[("courseid", &course)]);
    let modules = sections.as_array().into_iter().flatten().filter_map(|s| s["modules"].as_array()).flatten();
    let context = modules.filter(|m| m["modname"] == "folder").map(|m| m["contextid"].to_string()).next();
    world.set("context", "1460", &context.expect("the folder's context"));
    let mut judge = Judge::new(&world);
    let recordings = of(&folder, Family::Download);
    let path = recordings.iter().find(|r| r.name == "pluginfile_ok").map(|r| r.request.path.clone());
    for mut recording in recordings {
        if recording.request.path.is_empty() {
            recording.request.path = path.clone().expect("the recording of the same file");
        }
        judge.ask(&recording);
    }
    judge.end("downloads");
}

/// Sets a person's password as an operator does.
fn set_password(world: &World, name: &str, password: &str) {
    let mut command = world.site.command(&["user", "password", name]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the command starts");
    child.stdin.take().expect("piped").write_all(password.as_bytes()).expect("it reads the password");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "user password: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn logins() {
    all_of(Family::Login, "logins", &[], |world| {
        set_password(world, "admin", PASSWORD);
        world.set("service", "oracle", "moodle_mobile_app");
    });
}

#[test]
fn progress_of_backups() {
    let Some(folder) = folder() else { return };
    // One job at a time: the second backup waits while the first one runs.
    let mut world = World::new(PROVOST, &archives(&folder), &["--workers", "1"]);
    let size = SampleSize {
        activities: 700,
        people: 100,
        log_rows: 20_000,
        files: 60,
        file_bytes: 400_000,
        compressible_share: 0.5,
    };
    let large = world.site.import(&world.site.generated("large.mbz", &size));
    let rest = world.rest.clone();
    let whole = [("options[users]", "1"), ("options[logs]", "1")];
    let first = rest.start_backup(large, &whole);
    let second = rest.start_backup(large, &whole);
    let context = world.site.json(&["course", "show", &large.to_string()])["contextid"].to_string();
    world.set("context", "182", &context);
    world.set("job", "f83dc10d39e287349c6bb7ddc1986ab1", &second);
    let world = world;
    let mut judge = Judge::new(&world);
    let all = of(&folder, Family::Progress);
    let (scheduled, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| r.name.contains("scheduled"));
    for recording in &scheduled {
        judge.ask(recording);
    }
    // Answers over time: each of the recorded shape, from queued to done.
    let recorded = timeline(&folder.join("async_progress_timeline.txt")).unwrap_or_else(|e| panic!("{e:#}"));
    let shape = parse_body(&recorded[0], Syntax::Json).unwrap_or_else(|e| panic!("{e}"));
    let parameters = [("backupids[0]", second.as_str()), ("contextid", &context)];
    let (mut seen, mut states) = (Vec::new(), Vec::new());
    wait_until("the second backup has ended", || {
        let answer = rest.call("core_backup_get_async_backup_progress", &parameters);
        let (status, progress) = (answer[0]["status"].as_i64(), answer[0]["progress"].as_f64());
        let node = parse_body(answer.to_string().as_bytes(), Syntax::Json).unwrap_or_else(|e| panic!("{e}"));
        let differences =
            compare("async_progress_timeline", &node_in_body(node), &node_in_body(shape.clone()), &mut judge.ids);
        judge.found.extend(differences.iter().map(|d| format!("async_progress_timeline: {d}")));
        seen.push((status, progress));
        states.push(status);
        (status >= Some(900)).then_some(())
    });
    states.dedup();
    assert_eq!(states, [Some(700), Some(800), Some(1000)], "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1), "progress never falls: {seen:?}");
    assert_eq!(seen.last().map(|last| last.1), Some(Some(1.0)));
    assert_eq!(rest.status(&first), (1000, 1.0));
    for recording in &later {
        judge.ask(recording);
    }
    judge.end("progress of backups");
}

fn node_in_body(node: provost_tests::recordings::Node) -> provost_tests::recordings::Node {
    provost_tests::recordings::Node::Map(vec![("body".to_owned(), node)])
}

#[test]
fn refusals() {
    all_of(Family::Refusals, "refusals", &[], |_| ());
}

#[test]
fn refusals_with_debug_information() {
    all_of(Family::Debug, "debug information", &["--debug"], |_| ());
}

#[test]
fn forms_of_requests() {
    let Some(folder) = folder() else { return };
    let world = World::new(PROVOST, &archives(&folder), &[]);
    let mut judge = Judge::new(&world);
    for mut recording in of(&folder, Family::Forms) {
        if recording.name == "json_body" {
            // Moodle does not look into a body of JSON. Here it counts (docs/web-services.md), so that a token in it would be
            // one that differs from the query's; one without anything changes nothing.
            let refused = world.ask(&recording.request);
            assert!(String::from_utf8_lossy(&refused.body).contains("invalidtoken"));
            recording.request.body = Body::Text("{}".to_owned());
        }
        judge.ask(&recording);
    }
    judge.end("forms of requests");
}

#[test]
fn copies_of_courses() {
    let Some(folder) = folder() else { return };
    // One job at a time: the copy waits while a backup runs.
    let mut world = World::new(PROVOST, &archives(&folder), &["--workers", "1"]);
    let size = SampleSize {
        activities: 700,
        people: 100,
        log_rows: 20_000,
        files: 60,
        file_bytes: 400_000,
        compressible_share: 0.5,
    };
    let large = world.site.import(&world.site.generated("large.mbz", &size));
    let rest = world.rest.clone();
    rest.start_backup(large, &[("options[users]", "1"), ("options[logs]", "1")]);
    let wish = [
        ("courseid", world.ours("course", "2")),
        ("fullname", "Copied".to_owned()),
        ("shortname", "copied_xs".to_owned()),
        ("categoryid", "1".to_owned()),
    ];
    let wish: Vec<(&str, &str)> = wish.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let copy = text(&rest.call("core_course_async_duplicate_course", &wish)["duplicateid"]);
    for id in ["eda4a0d45a862348d1df8329c315b561", "d34750e4224b5867de48b83a54342dc9"] {
        world.set("job", id, &copy);
    }
    let world = world;
    let mut judge = Judge::new(&world);
    let all = of(&folder, Family::Copies);
    let (scheduled, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| r.name.contains("scheduled"));
    for recording in &scheduled {
        judge.ask(recording);
    }
    wait_until("the copy", || {
        let stands = rest.call("core_course_async_duplicate_course_get_status", &[("duplicateid", &copy)]);
        (stands["status"] == 1000).then_some(())
    });
    for recording in &later {
        judge.ask(recording);
    }
    judge.end("copies of courses");
}

/// Where a real Moodle fails or ignores what was asked, and Provost does not.
#[test]
fn where_provost_does_better() {
    let Some(folder) = folder() else { return };
    for recording in of(&folder, Family::Better) {
        match recording.name.as_str() {
            "pluginfile_range" => {
                let range = recording.request.headers.iter().find(|(name, _)| name == "Range");
                assert_eq!(range.map(|(_, value)| value.as_str()), Some("bytes=1-3"), "proved by the test `transfer`");
                assert_eq!(recording.response.status, 200, "ignored there");
            }
            name if name.starts_with("async_links_backup") => {
                assert!(matches!(recording.request.body, Body::Text(_)));
                let body = text(&String::from_utf8_lossy(&recording.response.body).into_owned().into());
                assert!(
                    body.contains("backup_controller_dbops_loading_invalid_controller"),
                    "{name} fails there: {body}"
                );
            }
            name => panic!("{name}: nothing says how Provost does better"),
        }
    }
}
