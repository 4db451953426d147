use super::*;
use crate::layout::{Place, parse};
use crate::options::Options;
use crate::split::Splitter;
use crate::testing;

fn part(path: &str) -> PartName {
    match parse(path) {
        Place::Part(part) => part,
        other => panic!("{path} is {other:?}"),
    }
}

/// Whether a path of an archive is that of a document kept as a part.
fn is_kept(path: &str) -> bool {
    matches!(parse(path), Place::Part(part) if !is_derived(&part))
}

/// What a set of facets shows of a document: its bytes, or nothing if no run remains.
fn shown(path: &str, document: &[u8], taken: &[&str]) -> Option<Vec<u8>> {
    let part = part(path);
    let mut splitter = Splitter::new(&part);
    let mut bytes = Vec::new();
    let mut any = false;
    for chunk in document.chunks(1009) {
        splitter.feed(chunk).unwrap();
    }
    splitter.finish().unwrap();
    let part_taken = splitter.part_facets().iter().all(|f| taken.contains(f));
    for run in splitter.take_runs() {
        if part_taken && run.facets.iter().all(|f| taken.contains(f)) {
            any = true;
            bytes.extend(run.bytes());
        }
    }
    assert_eq!(splitter.warning(), None, "{path}");
    any.then_some(bytes)
}

/// Takes the values of encrypted fields out: they differ in every backup.
fn without_secrets(document: &[u8]) -> String {
    let text = String::from_utf8(document.to_vec()).unwrap();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("encrypted=\"true\">") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        rest = &after[after.find('<').unwrap()..];
    }
    out + rest
}

#[test]
fn without_users_the_documents_are_moodles() {
    let Some(with) = testing::archive("small_test_users1.tgz.mbz") else { return };
    let Some(without) = testing::archive("small_test_users0.tgz.mbz") else { return };
    let taken = Options::default().facets();
    let mut seen = 0;
    for (path, document) in &with {
        if !is_kept(path) {
            continue;
        }
        let shown = shown(path, document, &taken);
        let expected = without.get(path);
        assert_eq!(shown.as_deref().map(without_secrets), expected.map(|d| without_secrets(d)), "{path}");
        seen += usize::from(shown.is_some());
    }
    let kept: Vec<&String> = without.keys().filter(|p| is_kept(p)).collect();
    assert_eq!(seen, kept.len());
}

#[test]
fn with_everything_the_documents_are_as_they_were() {
    let all = Options {
        users: true,
        role_assignments: true,
        comments: true,
        userscompletion: true,
        logs: true,
        grade_histories: true,
        ..Options::default()
    };
    let taken = all.facets();
    assert_eq!(taken.len(), names::ALL.len());
    for name in ["small_test_users1.zip.mbz", "gen_XS_users1.tgz.mbz", "minimal_users0.zip.mbz", "gen_S_users1.tgz.mbz"]
    {
        let Some(archive) = testing::archive(name) else { return };
        for (path, document) in archive.iter().filter(|(p, _)| p.ends_with(".xml") && *p != "moodle_backup.log") {
            assert!(shown(path, document, &taken).as_ref() == Some(document), "{name} {path}");
        }
    }
}

#[test]
fn generated_courses_lose_their_users_alike() {
    let Some(with) = testing::archive("gen_XS_users1.tgz.mbz") else { return };
    let Some(without) = testing::archive("gen_XS_users0.tgz.mbz") else { return };
    let taken = Options::default().facets();
    for (path, document) in with.iter().filter(|(p, _)| is_kept(p)) {
        let shown = shown(path, document, &taken);
        let text = |d: &[u8]| String::from_utf8_lossy(d).into_owned();
        assert_eq!(shown.as_deref().map(text), without.get(path).map(|d| text(d)), "{path}");
    }
}

#[test]
fn overrides_of_people_and_of_groups_differ() {
    let document = b"<activity id=\"1\">\n<quiz id=\"2\">\n<overrides>\n <override id=\"1\"><userid>$@NULL@$</userid><groupid>4</groupid></override>\n <override id=\"2\"><userid>7</userid><groupid>$@NULL@$</groupid></override>\n</overrides></quiz></activity>";
    let shown = shown("activities/quiz_2/quiz.xml", document, &[names::ACTIVITY]).unwrap();
    let text = String::from_utf8(shown).unwrap();
    assert!(text.contains("override id=\"1\"") && !text.contains("override id=\"2\""), "{text}");
}

#[test]
fn all_modules_and_facets_are_named_once() {
    let modules: Vec<_> = modules::known().collect();
    assert_eq!(modules.len(), 26);
    assert!(modules.is_sorted());
    assert!(names_people(b"userid") && !names_people(b"id"));
}
