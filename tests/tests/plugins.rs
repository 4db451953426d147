//! Plugins that are installed, replaced, refused and removed while the host serves; and a host that knows none of their names.

use provost_tests::live::{Rest, Site, guests, text};
use provost_tests::sample;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

fn greeting(rest: &Rest) -> Value {
    rest.json("greeter_greet", &[("name", "Bee")])
}

#[test]
fn a_plugin_is_replaced_while_the_host_serves() {
    let site = Site::new(PROVOST);
    let mut server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let (morning, evening) = (
        json!({ "text": "Good morning, Bee!", "version": "1.0.0" }),
        json!({ "text": "Good evening, Bee!", "version": "2.0.0" }),
    );
    assert_eq!(rest.refusal("greeter_greet", &[("name", "Bee")]), "invalidrecord");

    let inspected = site.json(&["plugin", "inspect", guests::GREETER_V1]);
    assert_eq!(inspected["manifest"]["version"], "1.0.0");
    let installed = site.json(&["plugin", "install", guests::GREETER_V1]);
    assert_eq!((&installed["id"], &installed["replaced"]), (&json!("greeter"), &Value::Null), "{installed}");
    assert_eq!(installed["functions"], json!(["greeter_greet", "greeter_fail"]));
    assert_eq!(greeting(&rest), morning);
    assert_eq!(rest.refusal("greeter_greet", &[]), "invalidparameter");
    assert_eq!(rest.refusal("greeter_greet", &[("name", "Bee"), ("more", "1")]), "invalidparameter");
    failures(&rest);
    assert!(server.lives());
    assert_eq!(greeting(&rest), morning, "a failure hurts the call that failed, not the next");

    // A gate that refuses leaves the version before it serving.
    let refusing = ["plugin", "install", guests::GREETER_V2, "--config", "{\"refuse\":true}"];
    let said = site.refused(&refusing);
    assert!(said.contains("refused to become available") && said.contains("refuses to replace 1.0.0"), "{said}");
    assert_eq!(greeting(&rest), morning);
    let said = site.refused(&["plugin", "install", guests::GREETER_V2, "--config", "refuse"]);
    assert!(said.contains("not JSON"), "{said}");

    let installed = site.json(&["plugin", "install", guests::GREETER_V2]);
    assert_eq!((&installed["version"], &installed["replaced"]), (&json!("2.0.0"), &json!("1.0.0")), "{installed}");
    assert_eq!(greeting(&rest), evening);
    assert_eq!(rest.refusal("greeter_fail", &[("how", "error")]), "invalidrecord", "version 2 has no such function");
    // Back to the older one is a replacement too.
    site.ok(&["plugin", "install", guests::GREETER_V1]);
    assert_eq!(greeting(&rest), morning);

    site.ok(&["plugin", "remove", "greeter"]);
    assert_eq!(rest.refusal("greeter_greet", &[("name", "Bee")]), "invalidrecord");
    assert!(server.lives());
}

/// Each way to fail, and what the client is told.
fn failures(rest: &Rest) {
    for (how, code, words) in [
        // What a plugin says of an inner fault is the log's, not the client's.
        ("error", "failed", "error/failed"),
        ("panic", "codingerror", "the greeter panics as asked"),
        ("loop", "codingerror", "CPU budget"),
        ("memory", "codingerror", "memory limit"),
    ] {
        let answer = rest.json("greeter_fail", &[("how", how)]);
        assert!(answer["exception"].is_string(), "{how}: {answer}");
        assert_eq!(answer["errorcode"], code, "{how}: {answer}");
        assert!(text(&answer["message"]).contains(words), "{how}: {answer}");
    }
}

#[test]
fn an_installed_plugin_takes_the_place_of_a_built_in_one() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    let mut server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let list = || rest.json("core_course_backup_list_backups", &[("courseid", &course)]);
    assert_eq!(list(), json!([]));

    let said = site.refused(&["plugin", "install", guests::DEPUTY]);
    assert!(said.contains("--grant"), "what it asks for must be granted by somebody: {said}");
    let said = site.refused(&["plugin", "install", guests::DEPUTY, "--grant", "archive"]);
    assert!(said.contains("does not ask for archive"), "{said}");
    assert_eq!(list(), json!([]));

    let installed = site.json(&["plugin", "install", guests::DEPUTY, "--grant", "files"]);
    assert_eq!(installed["replaced"], "0.1.0", "{installed}");
    assert_eq!(installed["not_granted"], json!(["people"]));
    assert_eq!(list(), json!([{ "filename": format!("deputy-{course}.mbz") }]));
    assert_eq!(rest.refusal("core_course_backup_async", &[("courseid", &course)]), "invalidrecord");
    // What was not granted is denied, by name.
    let denied = rest.json("deputy_look", &[("username", "admin")]);
    assert_eq!(denied["errorcode"], "nopermissions", "{denied}");
    assert!(text(&denied["message"]).contains("people"), "{denied}");

    site.ok(&["plugin", "install", guests::DEPUTY, "--grant-all"]);
    assert_eq!(rest.json("deputy_look", &[("username", "admin")]), json!({ "known": true }));
    assert_eq!(rest.json("deputy_look", &[("username", "nobody")]), json!({ "known": false }));
    // No plugin makes backups now, and the command line says so.
    assert!(site.refused(&["backup", "create", &course]).contains("no plugin makes backups"));

    site.ok(&["plugin", "remove", "backup"]);
    assert_eq!(list(), json!([]));
    let id = rest.start_backup(course.parse().expect("a number"), &[]);
    assert_eq!(rest.follow(&id).last(), Some(&(1000, 1.0)));
    assert!(site.refused(&["plugin", "remove", "backup"]).contains("backup"), "a built-in one stays");
    assert!(server.lives());
}

#[test]
fn what_is_no_plugin_is_not_installed() {
    let site = Site::new(PROVOST);
    let cut = fs::read(guests::GREETER_V1).expect("built");
    for (name, content, why) in [
        ("text.wasm", &b"hello"[..], "not a WebAssembly module or component"),
        ("empty.wasm", b"", "no plugin"),
        ("module.wasm", b"\0asm\x01\0\0\0", "provost:manifest"),
        ("cut.wasm", &cut[..cut.len() / 2], "no plugin"),
    ] {
        fs::write(site.path(name), content).expect("written");
        for command in ["install", "inspect"] {
            let said = site.refused(&["plugin", command, name]);
            assert!(said.contains(name) && said.contains(why), "{command} {name}: {said}");
        }
    }
    site.refused(&["plugin", "install", "absent.wasm"]);
    assert_eq!(site.json(&["plugin", "list"]).as_array().map(Vec::len), Some(7));
}

/// String literals of a line of Rust, comments left out. Good enough for a search: no literal here spans lines with quotes.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    let code = if line.trim_start().starts_with("//") { "" } else { line };
    code.split('"').skip(1).step_by(2)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Tests may use whatever names; the conformance suite is one.
        if name.starts_with("tests") || name.starts_with("conformance") || name == "target" {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_host_knows_no_function_and_no_module_of_the_field() {
    // Left out are names that are words of any program too: book, data, folder, label, page, resource, url.
    const MODULES: &[&str] = &[
        "assign",
        "bigbluebuttonbn",
        "chat",
        "choice",
        "feedback",
        "forum",
        "glossary",
        "h5pactivity",
        "imscp",
        "lesson",
        "lti",
        "qbank",
        "quiz",
        "scorm",
        "subsection",
        "survey",
        "wiki",
        "workshop",
    ];
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut files);
    assert!(files.len() > 50, "the host's sources were found: {}", files.len());
    let mut found = Vec::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("readable");
        let product = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in product.lines().enumerate() {
            let function = |word: &str| {
                ["core_", "mod_", "tool_"].iter().any(|component| word.starts_with(component))
                    && word.matches('_').count() > 1
            };
            let mut words = literals(line).flat_map(|l| l.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
            if words.any(function) || literals(line).any(|literal| MODULES.contains(&literal)) {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "names that only plugins may know:\n{}", found.join("\n"));
}
