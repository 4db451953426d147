//! Clients written for Moodle go a course's way through a live Provost: pymoodle from PyPI and moodle-client from npm, see
//! tests/clients/README.md.
//!
//! ```sh
//! cargo test -p provost --test clients -- --nocapture
//! ```

use provost_tests::live::Site;
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const PASSWORD: &str = "Grüße, \"Kim\" & Co. %41+1";

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients")
}

/// A folder below cargo's target directory, kept between runs.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name)
}

/// The first line that a program prints; none where it is not there or fails.
fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
    output.status.success().then_some(said)
}

/// Runs a command of an installation, which must succeed.
fn install(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
}

/// Installs something unless that was done with the same list before. What was begun and not finished is begun anew.
fn once(folder: &Path, list: &Path, install: impl FnOnce()) {
    let wanted = fs::read(list).unwrap_or_else(|e| panic!("{}: {e}", list.display()));
    let stamp = folder.join("installed");
    if fs::read(&stamp).is_ok_and(|done| done == wanted) {
        return;
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("a folder in cargo's target directory");
    install();
    fs::write(&stamp, wanted).expect("a folder in cargo's target directory");
}

/// A Python with pymoodle.
fn python() -> Option<PathBuf> {
    let new_enough = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    let names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];
    let Some(python) = names.into_iter().find(|name| says(name, &["-c", new_enough]).is_some()) else {
        println!("skipped: no Python of at least 3.11 with venv and pip");
        return None;
    };
    let (folder, list) = (kept("pymoodle"), scripts().join("requirements.txt"));
    let inside = folder.join(if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" });
    once(&folder, &list, || {
        install(Command::new(python).args(["-m", "venv"]).arg(folder.join("venv")));
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        install(Command::new(&inside).args(options).arg(&list));
    });
    Some(inside)
}

/// The `node_modules` with moodle-client.
fn node_modules() -> Option<PathBuf> {
    let (Some(_), Some(_)) = (says("node", &["--version"]), says("npm", &["--version"])) else {
        println!("skipped: no node with npm");
        return None;
    };
    let (folder, lock) = (kept("moodle-client"), scripts().join("package-lock.json"));
    once(&folder, &lock, || {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(scripts().join(file), folder.join(file)).expect("a folder in cargo's target directory");
        }
        install(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder));
    });
    Some(folder.join("node_modules"))
}

/// Lets a script go the way, and looks at what it left.
fn goes_the_way(mut script: Command) {
    let site = Site::warm(PROVOST);
    let archive = sample::packed_file();
    let course = site.import(&archive);
    create_person(&site, "kim");
    site.ok(&["user", "role", "kim", "manager"]);
    let server = site.serve(&[]);
    let target = site.path("downloaded.mbz");
    script.args([&server.url, "kim", &course.to_string()]).arg(&archive).arg(&target);
    let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|e| panic!("{script:?}: {e}"));
    let mut input = child.stdin.take().expect("piped");
    input.write_all(PASSWORD.as_bytes()).expect("the script reads the password");
    drop(input);
    let output = child.wait_with_output().unwrap_or_else(|e| panic!("{script:?}: {e}"));
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script:?}: {}\n{said}\n{complaint}\nits server:\n{}", output.status, site.log());

    let done: Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
    let left = site.json(&["course", "list"]);
    let left: Vec<&Value> = left.as_array().into_iter().flatten().map(|c| &c["courseid"]).collect();
    assert!(left.contains(&&Value::from(course)), "{left:?}");
    assert!(!left.contains(&&done["created"]) && !left.contains(&&done["restored"]), "{left:?} after {done}");
    let downloaded = Unpacked::open(&target).expect("an archive");
    assert_eq!(validate(&downloaded), []);
    assert!(downloaded.documents.contains_key("users.xml"), "with people");
    // Neither password nor token is in the log.
    let token = done["token"].as_str().expect("a token");
    let log = site.log();
    assert!(!log.contains(PASSWORD) && !log.contains(token), "{log}");
}

fn create_person(site: &Site, name: &str) {
    let mut command = site.command(&["user", "create", name, "--firstname", "Kim", "--password-stdin"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the command starts");
    child.stdin.take().expect("piped").write_all(format!("{PASSWORD}\n").as_bytes()).expect("it reads the password");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "user create: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn pymoodle() {
    let Some(python) = python() else { return };
    let mut script = Command::new(python);
    script.arg(scripts().join("pymoodle.py"));
    goes_the_way(script);
}

#[test]
fn moodle_client() {
    let Some(modules) = node_modules() else { return };
    let mut script = Command::new("node");
    // The client's libraries use what node calls deprecated.
    script.arg("--no-deprecation").arg(scripts().join("moodle-client.cjs")).env("NODE_PATH", modules);
    goes_the_way(script);
}
