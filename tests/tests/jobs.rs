//! Jobs when things go wrong: a server killed in the middle, and cancellation.

use provost_tests::generate::SampleSize;
use provost_tests::live::{Part, Rest, Site, text, wait_until};
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use serde_json::{Value, json};
use std::fs;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// Large enough for a backup or restore of it to be met in the middle.
const LARGE: SampleSize = SampleSize {
    activities: 900,
    people: 100,
    log_rows: 30_000,
    files: 60,
    file_bytes: 300_000,
    compressible_share: 0.5,
};

/// Waits until a job is well under way and gives its progress.
fn under_way(rest: &Rest, kind: &str, job: &str) -> f64 {
    wait_until("the job is under way", || {
        let details = rest.details(kind, job);
        assert!(details["status"].as_i64() < Some(900), "it ended before it could be met in the middle: {details}");
        let progress = details["progress"].as_f64().unwrap_or_default();
        (details["state"] == "running" && progress > 0.05).then_some(progress)
    })
}

/// Follows a job to its end; its progress must not fall below where it was.
fn follow(rest: &Rest, kind: &str, job: &str, mut progress: f64) -> Value {
    wait_until("the job has ended", || {
        let details = rest.details(kind, job);
        let now = details["progress"].as_f64().unwrap_or_default();
        assert!(now >= progress, "progress fell from {progress}: {details}");
        progress = now;
        (details["status"].as_i64() >= Some(900)).then_some(details)
    })
}

fn upload(rest: &Rest, archive: &[u8]) -> String {
    rest.upload(&[Part::File("archive", "large.mbz", archive)])[0]["itemid"].to_string()
}

fn course_names(site: &Site) -> Vec<String> {
    let courses = site.json(&["course", "list"]);
    courses.as_array().expect("an array").iter().map(|c| text(&c["shortname"])).collect()
}

#[test]
fn a_killed_server_s_jobs_are_taken_up_again() {
    let site = Site::new(PROVOST);
    let archive = site.generated("large.mbz", &LARGE);
    let course = site.import(&archive);
    let before = course_names(&site);
    let token = site.token("admin");
    let server = site.serve(&["--workers", "2"]);
    let rest = server.rest(&token);
    let item = upload(&rest, &fs::read(&archive).expect("generated"));

    let backup = rest.start_backup(course, &[("options[users]", "1"), ("options[logs]", "1")]);
    let wish = [("itemid", item.as_str()), ("shortname", "Restored")];
    let restore = text(&rest.call("provost_course_restore_async", &wish)["restoreid"]);
    let (backed_up, restored) = (under_way(&rest, "backup", &backup), under_way(&rest, "restore", &restore));
    server.kill();

    // Nothing half made is to be seen, and the jobs are not lost.
    assert_eq!(course_names(&site), before);
    let course_id = course.to_string();
    assert_eq!(site.json(&["backup", "list", &course_id]), json!([]));
    for job in [&backup, &restore] {
        assert_eq!(site.json(&["job", "show", job])["state"], "running", "its lease is still to lapse");
    }

    let server = site.serve(&["--workers", "2"]);
    let rest = server.rest(&token);
    for (kind, job, progress) in [("backup", &backup, backed_up), ("restore", &restore, restored)] {
        let ended = follow(&rest, kind, job, progress);
        assert_eq!(ended["state"], "succeeded", "{ended}");
        assert_eq!(ended["attempts"], 2, "{ended}");
    }
    let mut expected = before;
    expected.push("Restored".into());
    assert_eq!(course_names(&site), expected, "one new course, under the name asked for");
    let new = rest.details("restore", &restore)["courseid"].to_string();
    let counts = |course: &str| site.json(&["course", "show", course])["counts"].clone();
    assert_eq!(counts(&new), counts(&course_id));
    let listed = rest.backups(course);
    assert_eq!(listed.len(), 1, "one backup: {listed:?}");
    let whole = rest.download(&text(&listed[0]["downloadurl"]), &[]);
    assert_eq!(validate(&Unpacked::read(std::io::Cursor::new(whole.body)).expect("an archive")), []);

    // What the first attempts left behind is swept, and then there is nothing more to sweep.
    drop(server);
    assert_eq!(site.json(&["doctor", "--sweep", "0"])["findings"], json!([]));
    let again = site.json(&["doctor", "--sweep", "0"]);
    assert_eq!((&again["swept"]["rows"], &again["swept"]["blobs"]), (&json!(0), &json!(0)), "{again}");
    assert_eq!(counts(&new), counts(&course_id), "the sweep took nothing that is in use");
}

#[test]
fn cancelled_jobs_stop() {
    let site = Site::new(PROVOST);
    let archive = site.generated("large.mbz", &LARGE);
    let course = site.import(&archive);
    let server = site.serve(&["--workers", "1"]);
    let rest = server.rest(&site.token("admin"));

    let running = rest.start_backup(course, &[]);
    let queued = rest.start_backup(course, &[]);
    let queued_too = rest.start_backup(course, &[]);
    let progress = under_way(&rest, "backup", &running);
    // One that waits is cancelled at once.
    let cancel = |job: &str| rest.call("provost_course_backup_cancel", &[("jobid", job)]);
    assert_eq!(cancel(&queued), json!({ "cancelled": true }));
    assert_eq!(rest.status(&queued), (900, 0.0));
    assert_eq!(rest.details("backup", &queued)["state"], "cancelled");
    assert_eq!(cancel(&queued), json!({ "cancelled": false }));
    site.ok(&["job", "cancel", &queued_too]);
    assert_eq!(rest.details("backup", &queued_too)["state"], "cancelled");
    // One that runs stops at its next word with the host.
    assert_eq!(cancel(&running), json!({ "cancelled": true }));
    let ended = follow(&rest, "backup", &running, progress);
    assert_eq!((&ended["state"], &ended["status"]), (&json!("cancelled"), &json!(900)), "{ended}");
    assert_eq!(rest.backups(course), Vec::<Value>::new());

    let before = course_names(&site);
    let item = upload(&rest, &fs::read(&archive).expect("generated"));
    let wish = [("itemid", item.as_str()), ("shortname", "Never")];
    let restore = text(&rest.call("provost_course_restore_async", &wish)["restoreid"]);
    let progress = under_way(&rest, "restore", &restore);
    assert_eq!(rest.call("provost_course_restore_cancel", &[("jobid", &restore)]), json!({ "cancelled": true }));
    let ended = follow(&rest, "restore", &restore, progress);
    assert_eq!(ended["state"], "cancelled", "{ended}");
    assert_eq!(course_names(&site), before);

    // The name is free again at once, and the worker too.
    let again = text(&rest.call("provost_course_restore_async", &wish)["restoreid"]);
    let ended = rest.ended("restore", &again);
    assert_eq!(ended["state"], "succeeded", "{ended}");
    assert!(course_names(&site).contains(&"Never".to_owned()));
}

#[test]
fn old_backups_go_as_configured() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let names = || -> Vec<String> {
        let listed = site.json(&["backup", "list", &course]);
        listed.as_array().into_iter().flatten().map(|b| text(&b["filename"])).collect()
    };
    let back_up = || text(&site.json(&["backup", "create", &course])["filename"]);
    let all = [back_up(), back_up(), back_up()];
    assert_eq!(names(), all, "without configuration all stay");

    let shown = site.json(&["plugin", "configure", "backup"]);
    assert_eq!(shown["config"], json!({}), "{shown}");
    let set = site.json(&["plugin", "configure", "backup", "keep=2"]);
    assert_eq!(set["config"], json!({ "keep": 2 }), "{set}");
    let newest = back_up();
    assert_eq!(names(), [all[2].clone(), newest.clone()]);

    for (wrong, words) in
        [("keep=-1", "at least 0"), ("keep=many", "of type integer"), ("kept=1", "there is keep, keep-days")]
    {
        let said = site.refused(&["plugin", "configure", "backup", wrong]);
        assert!(said.contains(words), "{wrong}: {said}");
    }
    // A backup that fails or is refused takes none away.
    site.refused(&["backup", "create", &course, "--option", "bogus=1"]);
    assert_eq!(names().len(), 2);
    let unset = site.json(&["plugin", "configure", "backup", "keep="]);
    assert_eq!(unset["config"], json!({}), "{unset}");
    back_up();
    assert_eq!(names().len(), 3);
    assert!(site.refused(&["plugin", "configure", "nobody", "x=1"]).contains("no plugin"));
}
