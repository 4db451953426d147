//! Rules of the wrapping (mbz-format.md 1, moodle-observed.md 4).

use super::Report;
use crate::unpacked::{Container, MemberKind, Unpacked};
use std::collections::BTreeSet;

const INDEX: &str = ".ARCHIVE_INDEX";

pub(super) fn check(archive: &Unpacked, report: &mut Report) {
    for oddity in &archive.oddities {
        report.add("container-header", "", oddity.clone());
    }
    let mut seen = BTreeSet::new();
    for member in &archive.members {
        let name = &member.name;
        if let Some(fault) = path_fault(name) {
            report.add("container-path", name, fault);
        }
        if !seen.insert(name.trim_start_matches("./")) {
            report.add("container-duplicate", name, "the path occurs twice");
        }
        match member.kind {
            MemberKind::File | MemberKind::Directory => {}
            MemberKind::Link => report.add("container-member", name, "a link"),
            MemberKind::Other => report.add("container-member", name, "no ordinary file"),
        }
        for oddity in &member.oddities {
            report.add("container-header", name, oddity.clone());
        }
    }
    wrapped(archive, report);
    index(archive, report);
}

fn path_fault(name: &str) -> Option<&'static str> {
    let pieces: Vec<&str> = name.split('/').collect();
    if !name.is_ascii() || name.bytes().any(|b| b < 0x20 || b == b'\\') {
        Some("not plain ASCII")
    } else if name.starts_with('/') || name.contains(':') {
        Some("absolute")
    } else if pieces.iter().any(|p| matches!(*p, "" | "." | "..")) {
        Some("holds an empty, `.` or `..` step")
    } else if name.len() > 256 || pieces.last().is_some_and(|p| p.len() > 100) {
        Some("too long")
    } else {
        None
    }
}

fn wrapped(archive: &Unpacked, report: &mut Report) {
    if archive.documents.contains_key("moodle_backup.xml") {
        return;
    }
    if let Some(path) = archive.documents.keys().find(|p| p.ends_with("/moodle_backup.xml")) {
        report.add("container-wrapped", path, "the archive lies in a folder");
    }
}

fn index(archive: &Unpacked, report: &mut Report) {
    let Some(bytes) = archive.documents.get(INDEX) else {
        return;
    };
    let mut add = |message: String| report.add("container-index", INDEX, message);
    if archive.container == Container::Zip {
        add("a zip has no index".to_owned());
        return;
    }
    if archive.members.first().is_none_or(|m| m.name != INDEX) {
        add("not the first member".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let count = lines
        .next()
        .and_then(|l| l.strip_prefix("Moodle archive file index. Count: "))
        .and_then(|n| n.parse::<usize>().ok());
    let listed: Vec<&str> = lines.collect();
    if count != Some(listed.len()) {
        add(format!("its count {count:?} is not its {} lines", listed.len()));
    }
    let members = archive.members.iter().filter(|m| m.name != INDEX);
    let mut expected: Vec<String> = members
        .map(|m| match m.kind {
            MemberKind::Directory => format!("{}/\td\t0\t?", m.name),
            _ => format!("{}\tf\t{}\t{}", m.name, m.size, m.mtime.unwrap_or(0)),
        })
        .collect();
    let mut listed: Vec<String> = listed.iter().map(|l| (*l).to_owned()).collect();
    expected.sort();
    listed.sort();
    if expected != listed {
        let odd =
            listed.iter().find(|l| !expected.contains(l)).or_else(|| expected.iter().find(|e| !listed.contains(e)));
        add(format!("does not agree with the members, first at {odd:?}"));
    }
}
