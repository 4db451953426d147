//! The command line: the forms that scripts rely on (issue 2, part 8).

use provost_tests::live::{Site, text};
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use serde_json::Value;
use std::fs;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().map(String::as_str).collect()
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn courses_and_backups() {
    let site = Site::new(PROVOST);
    let archive = sample::packed_file();

    // The first use makes the store.
    assert!(!site.data().exists());
    let printed = site.ok(&["token", "create", "--user", "admin"]);
    assert!(is_id(printed.trim_end()) && printed.ends_with('\n') && lines(&printed).len() == 1, "{printed:?}");
    assert_eq!(site.json(&["course", "list"]), serde_json::json!([]));

    let printed = site.ok(&["course".as_ref(), "import".as_ref(), archive.as_os_str()]);
    let course = printed.trim_end();
    assert!(course.parse::<u64>().is_ok() && lines(&printed).len() == 1, "{printed:?}");

    let second = site.json(&["course".as_ref(), "import".as_ref(), archive.as_os_str()]);
    assert_eq!(keys(&second), ["courseid", "shortname", "warnings"]);
    assert!(second["courseid"].is_u64(), "{second}");
    assert_eq!(second["shortname"], "BEES101_1", "a taken short name is made unique");
    assert_eq!(second["warnings"], serde_json::json!([]));
    let named =
        ["course".as_ref(), "import".as_ref(), archive.as_os_str(), "--shortname".as_ref(), "Bees again".as_ref()];
    assert_eq!(site.json(&named)["shortname"], "Bees again");
    let said = site.refused(&named);
    assert!(said.contains("Short name is already used for another course"), "{said}");

    let listed = site.json(&["course", "list"]);
    let names: Vec<String> = listed.as_array().expect("an array").iter().map(|c| text(&c["shortname"])).collect();
    assert_eq!(names, ["BEES101", "BEES101_1", "Bees again"]);
    let table = site.ok(&["course", "list"]);
    assert!(table.contains("Introduction to Beekeeping"), "{table}");
    let shown = site.json(&["course", "show", course]);
    assert_eq!(shown["fields"]["shortname"], "BEES101");
    assert_eq!(shown["counts"]["activities"], 20);
    assert!(site.ok(&["course", "show", course]).contains("20 activities"));

    let out = site.path("copy.mbz");
    let create = ["backup", "create", course, "--option", "users=1", "--option", "logs=1", "-o", "copy.mbz"];
    let printed = site.ok(&create);
    let filename = printed.trim_end();
    assert!(filename.starts_with(&format!("backup-moodle2-course-{course}-bees101-")), "{printed:?}");
    assert!(filename.ends_with(".mbz") && lines(&printed).len() == 1, "{printed:?}");
    assert!(Unpacked::open(&out).expect("an archive").documents.contains_key("moodle_backup.xml"));

    let made = site.json(&["backup", "create", course]);
    assert_eq!(keys(&made)[..3], ["backupid", "filename", "filesize"]);
    assert!(is_id(&text(&made["backupid"])), "{made}");
    assert!(text(&made["filename"]).contains("-nu"), "users are left out unless asked for: {made}");

    let listed = site.json(&["backup", "list", course]);
    let listed = listed.as_array().expect("an array");
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["filename"], filename);
    assert_eq!(listed[1]["filesize"], made["filesize"]);
    assert!(site.ok(&["backup", "list", course]).contains(filename));

    site.ok(&["backup", "get", course, filename, "-o", "got.mbz"]);
    assert_eq!(fs::read(site.path("got.mbz")).expect("written"), fs::read(&out).expect("written"));
    let streamed = site.run(&["backup", "get", course, filename, "-o", "-"]);
    assert_eq!(streamed.stdout, fs::read(&out).expect("written"));

    // Deleting takes the backups along, and asks for a word where nobody can be asked.
    let said = site.refused(&["course", "delete", course]);
    assert!(said.contains("--yes"), "{said}");
    site.ok(&["course", "delete", course, "--yes"]);
    assert_eq!(site.json(&["course", "list"]).as_array().map(Vec::len), Some(2));
    site.refused(&["course", "show", course]);
    site.refused(&["backup", "list", course]);

    jobs(&site);
    let findings = site.json(&["doctor", "--sweep", "0"]);
    assert_eq!(findings["findings"], serde_json::json!([]));
    assert!(site.ok(&["doctor"]).contains("all is well"));
}

fn jobs(site: &Site) {
    let listed = site.json(&["job", "list"]);
    let listed = listed.as_array().expect("an array");
    assert_eq!(listed.len(), 6, "four imports, two backups");
    let failed: Vec<&Value> = listed.iter().filter(|j| j["state"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert!(text(&failed[0]["reason"]).contains("shortnametaken"), "{}", failed[0]);
    let id = text(&failed[0]["id"]);
    assert_eq!(site.json(&["job", "show", &id]), *failed[0]);
    assert!(site.ok(&["job", "show", &id]).contains("reason: "));
    assert!(site.ok(&["job", "list", "--limit", "2"]).lines().count() == 3);
    assert!(site.refused(&["job", "wait", &id]).contains("Short name"));
    assert!(site.refused(&["job", "cancel", &id]).contains("had ended"));
    site.refused(&["job", "show", "00000000000000000000000000000000"]);
}

#[test]
fn people_tokens_and_plugins() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();

    let created = site.json(&["user", "create", "ann", "--email", "ann@example.org", "--firstname", "Ann"]);
    assert!(created["userid"].is_u64(), "{created}");
    assert!(site.refused(&["user", "create", "ann"]).contains("ann"));
    assert!(site.refused(&["user", "create", "Not A Name"]).contains("username"));
    let people = site.json(&["user", "list"]);
    let names: Vec<String> = people.as_array().expect("an array").iter().map(|p| text(&p["username"])).collect();
    for name in ["admin", "ann", "asa.lindqvist"] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    assert!(site.ok(&["user", "role", "ann", "editingteacher", "--course", &course]).contains("ann is now"));
    assert!(site.ok(&["user", "role", "ann", "editingteacher", "--course", &course, "--remove"]).contains("no longer"));
    let said = site.refused(&["user", "role", "ann", "emperor"]);
    assert!(said.contains("editingteacher"), "it names the roles that there are: {said}");
    assert_eq!(site.json(&["user", "suspend", "ann"])["suspended"], true);
    assert_eq!(site.json(&["user", "suspend", "ann", "--undo"])["suspended"], false);
    assert_eq!(site.json(&["user", "show", "ann"])["email"], "ann@example.org");

    let token = site.json(&["token", "create", "--user", "ann", "--name", "laptop", "--expires", "30d"]);
    assert!(is_id(&text(&token["token"])), "{token}");
    let listed = site.ok(&["--json", "token", "list"]);
    assert!(
        listed.contains("laptop") && !listed.contains(&text(&token["token"])),
        "secrets are never listed: {listed}"
    );
    site.ok(&["token", "revoke", &token["id"].to_string()]);
    site.refused(&["token", "revoke", &token["id"].to_string()]);
    assert!(site.refused(&["token", "create", "--user", "nobody"]).contains("nobody"));
    assert!(site.refused(&["token", "create", "--user", "ann", "--service", "none"]).contains("none"));
    assert!(site.refused(&["token", "create", "--user", "ann", "--addresses", "here"]).contains("here"));
    assert!(site.refused(&["token", "create", "--user", "ann", "--expires", "soon"]).contains("soon"));

    let plugins = site.json(&["plugin", "list"]);
    let ids: Vec<String> = plugins.as_array().expect("an array").iter().map(|p| text(&p["id"])).collect();
    let built_in = ["backup", "duplicate", "event-services", "items", "moodle-services", "proxy-tool", "restore"];
    assert_eq!(ids, built_in);
    assert!(plugins.as_array().is_some_and(|p| p.iter().all(|p| p["source"] == "built-in" && p["fault"].is_null())));
    assert!(site.ok(&["plugin", "inspect", "backup"]).contains("core_course_backup_async"));
    assert!(site.refused(&["plugin", "inspect", "nothing"]).contains("nothing"));
}

#[test]
fn what_does_not_work_says_so() {
    let site = Site::new(PROVOST);
    fs::write(site.path("text.mbz"), "no archive").expect("written");
    fs::write(site.path("empty.mbz"), "").expect("written");
    for (command, named) in [
        (&["course", "import", "absent.mbz"][..], "absent.mbz"),
        (&["course", "import", "text.mbz"], "text.mbz"),
        (&["course", "import", "empty.mbz"], "empty.mbz"),
        (&["course", "show", "77"], "77"),
        (&["course", "delete", "77", "--yes"], "77"),
        (&["backup", "create", "77"], "77"),
        (&["backup", "get", "77", "x.mbz"], "77"),
        (&["plugin", "remove", "nothing"], "nothing"),
        (&["--json", "course", "show", "77"], "77"),
    ] {
        let said = site.refused(command);
        assert!(said.contains(named), "{command:?}: {said}");
    }
    assert_eq!(site.json(&["course", "list"]), serde_json::json!([]), "a failed import leaves no course");

    // What is no command at all is clap's to say, with a status of its own.
    for command in [&["frobnicate"][..], &["course"], &["backup", "create", "2", "--option", "users"]] {
        let output = site.run(command);
        assert!(!output.status.success() && output.stdout.is_empty() && !output.stderr.is_empty(), "{command:?}");
    }
    // A store that cannot be.
    let output = site.run(&["--data", "text.mbz", "course", "list"]);
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));

    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(site.ok(&["completions", shell]).contains("provost"), "{shell}");
    }
}
