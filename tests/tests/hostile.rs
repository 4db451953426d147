//! Hostile and broken archives, imported by the real binary into one store: each is refused with a message that names entry
//! and place, or imported with a warning; and after each the store is as it was.

use provost_tests::faults::files_below;
use provost_tests::hostile::{self, Case, Expected};
use provost_tests::live::Site;
use serde_json::{Value, json};
use std::fs::File;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// What every import asks for: one that leaves its name taken spoils the next.
const NAME: &str = "hostile";

/// What an import may take of memory at most, in bytes: the plugin's own limit, an instance, and 300 bytes for each of a
/// million entries.
const MEMORY: u64 = 400 << 20;

struct Judge {
    site: Site,
    /// Files under `blobs` of the store with nothing in it.
    contents: usize,
    failures: Vec<String>,
}

impl Judge {
    fn new() -> Self {
        let site = Site::new(PROVOST);
        site.ok(&["plugin", "list"]);
        let contents = files_below(&site.data().join("blobs")).len();
        Self { site, contents, failures: Vec::new() }
    }

    fn judge(&mut self, case: &Case) {
        let path = self.site.path("case.mbz");
        let made = File::create(&path).and_then(|file| (case.make)(file));
        made.unwrap_or_else(|e| panic!("{}: cannot be made: {e}", case.name));
        let path = path.to_string_lossy().into_owned();
        let mut command = vec!["--json", "course", "import", &path, "--shortname", NAME];
        command.extend(case.keep_going.then_some("--keep-going"));
        let (output, peak) = self.site.run_measured(&command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        let mut wrong = Vec::new();
        for word in ["panicked", "crashed", "trap", "the plugin", "is taken"] {
            if said.contains(word) {
                wrong.push(format!("it says {word:?}"));
            }
        }
        match (&case.expected, &answer) {
            (Expected::Refused(parts), None) => {
                if let Some(missing) = parts.iter().find(|part| !said.contains(*part)) {
                    wrong.push(format!("the message lacks {missing:?}"));
                }
            }
            (Expected::Imported(parts), Some(answer)) => wrong.extend(self.imported(parts, answer)),
            (Expected::Refused(_), Some(_)) => wrong.push("it was imported".into()),
            (Expected::Imported(_), None) => wrong.push("it was refused".into()),
        }
        if let Some(id) = answer.as_ref().and_then(|answer| answer["courseid"].as_u64()) {
            let id = id.to_string();
            let backup = self.site.run(&["backup", "create", &id, "--option", "users=1"]);
            if !backup.status.success() {
                wrong.push(format!("it cannot be backed up: {}", String::from_utf8_lossy(&backup.stderr).trim()));
            }
            self.site.ok(&["course", "delete", &id, "--yes"]);
        }
        wrong.extend(self.leftovers());
        if peak > MEMORY {
            wrong.push(format!("it took {} MiB of memory", peak >> 20));
        }
        println!(
            "{} ({} MiB): {}{}",
            case.name,
            peak >> 20,
            said.trim(),
            answer.map_or(String::new(), |a| a.to_string())
        );
        for wrong in wrong {
            self.failures.push(format!("{}: {wrong}: {said}", case.name));
        }
    }

    /// Imports an archive of which only the worst is known. Whether it became a course.
    fn any_fate(&mut self, name: &str, archive: &[u8]) -> bool {
        let path = self.site.path("case.mbz");
        std::fs::write(&path, archive).unwrap_or_else(|e| panic!("{name}: cannot be written: {e}"));
        let path = path.to_string_lossy().into_owned();
        let output = self.site.run(&["--json", "course", "import", &path, "--shortname", NAME]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut wrong = Vec::new();
        for word in ["panicked", "crashed", "trap", "the plugin", "is taken", "reserved"] {
            if said.contains(word) {
                wrong.push(format!("it says {word:?}"));
            }
        }
        let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        let imported = answer.as_ref().and_then(|answer| answer["courseid"].as_u64());
        if let Some(id) = imported {
            let id = id.to_string();
            let backup = self.site.run(&["backup", "create", &id, "--option", "users=1", "--option", "logs=1"]);
            let refused = String::from_utf8_lossy(&backup.stderr).into_owned();
            if !backup.status.success() {
                wrong.push(format!("it cannot be backed up: {refused}"));
            }
            self.site.ok(&["course", "delete", &id, "--yes"]);
        }
        wrong.extend(self.leftovers());
        println!("{name}: {}{}", said.trim(), answer.map_or(String::new(), |a| a.to_string()));
        self.failures.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}: {said}")));
        imported.is_some()
    }

    fn imported(&self, parts: &[&str], answer: &Value) -> Vec<String> {
        let warnings: Vec<&str> =
            answer["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut wrong = Vec::new();
        for part in parts {
            if !warnings.iter().any(|warning| warning.contains(part)) {
                wrong.push(format!("no warning says {part:?}: {warnings:?}"));
            }
        }
        if let Some(other) = warnings.iter().find(|warning| !parts.iter().any(|part| warning.contains(part))) {
            wrong.push(format!("a warning nobody expected: {other}"));
        }
        wrong
    }

    /// What is not as before.
    fn leftovers(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let courses = self.site.json(&["course", "list"]);
        if courses != json!([]) {
            wrong.push(format!("courses are left: {courses}"));
        }
        let first = self.site.json(&["doctor", "--sweep", "0"]);
        if first["findings"] != json!([]) {
            wrong.push(format!("the doctor found {}", first["findings"]));
        }
        let contents = files_below(&self.site.data().join("blobs")).len();
        if contents != self.contents {
            wrong.push(format!("{contents} contents in place of {}", self.contents));
        }
        for folder in ["tmp", "scratch"] {
            let left = files_below(&self.site.data().join(folder));
            if left.iter().any(|path| !path.ends_with("tmp/lock")) {
                wrong.push(format!("left: {left:?}"));
            }
        }
        wrong
    }

    fn verdict(self) {
        assert!(self.failures.is_empty(), "{} wrong:\n{}", self.failures.len(), self.failures.join("\n"));
    }
}

#[test]
fn small_ones() {
    let mut judge = Judge::new();
    for case in hostile::small() {
        judge.judge(&case);
    }
    judge.verdict();
}

#[test]
fn large_ones() {
    let mut judge = Judge::new();
    for case in hostile::large() {
        judge.judge(&case);
    }
    judge.verdict();
}

/// Flipped bits, at places from a seed: in the archive as it lies on the disk, and in a document before it is packed, where no
/// checksum gives them away. Whatever comes of it, the plugin does not crash, and there is a whole course or none.
#[test]
fn flipped_bits() {
    let mut judge = Judge::new();
    let seed: u64 = std::env::var("PROVOST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let count: usize = std::env::var("PROVOST_FLIPS").ok().and_then(|count| count.parse().ok()).unwrap_or(20);
    let mut outcomes = [0, 0];
    for (name, archive) in hostile::flipped(seed, count) {
        let imported = judge.any_fate(&name, &archive);
        outcomes[usize::from(imported)] += 1;
    }
    println!("seed {seed}: {} refused, {} imported", outcomes[0], outcomes[1]);
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "flips that are all of one kind: {outcomes:?}");
    judge.verdict();
}
