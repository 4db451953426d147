//! Documents of any bytes: the splitter loses no byte and does not depend on how the document comes in pieces, what a set
//! of facets takes is a sound document, and the readers of single documents read again what they wrote.
//!
//! An input is the path of the document in an archive, a line end, and the document; it is split. With `!` in front of the
//! path it goes to the readers and is edited. With `*` it is split with its first byte of 2 to 5 made a long stretch, so
//! that small inputs reach the limits on sizes: 2 becomes 70 KiB of spaces, 3 300 KiB of `x`, 4 a name of more than a
//! mebibyte, 5 more than 4 MiB of `x`.

mod edits;
mod readers;

use std::collections::BTreeSet;

use provost_moodle_archive::facets::part_rules;
use provost_moodle_archive::layout::{Owner, PartName, Place, parse};
use provost_moodle_archive::references::{References, scan::Found};
use provost_moodle_archive::split::{FacetedRun, Run, SplitError, SplitWarning, Splitter};
use provost_moodle_archive::xml::{Scanner, XmlError, XmlErrorKind};

use crate::chance::Chance;

/// What came of a document.
#[derive(Debug)]
struct Split {
    runs: Vec<FacetedRun>,
    found: Found,
    warning: Option<SplitWarning>,
}

/// Splits and reads a document in several ways and compares what came out.
///
/// # Panics
/// When an invariant does not hold.
pub fn xml_split(data: &[u8]) {
    let Some(at) = data.iter().position(|b| *b == b'\n') else {
        return;
    };
    let Ok(path) = std::str::from_utf8(&data[..at]) else {
        return;
    };
    let mut chance = Chance::of(data);
    if path.starts_with('!') {
        readers::read(&data[at + 1..], &mut chance);
        edits::edit(&data[at + 1..], &mut chance);
        return;
    }
    let (path, blown) = match path.strip_prefix('*') {
        Some(path) => (path, blow_up(&data[at + 1..])),
        None => (path, None),
    };
    let document = blown.as_deref().unwrap_or(&data[at + 1..]);
    let part = part_of(path);
    let whole = split(&part, document, || document.len());
    // In pieces of up to so many bytes.
    let longest: &[usize] = match document.len() {
        _ if blown.is_some() => &[150_000],
        0..=400 => &[1, 20, 700],
        _ => &[20, 700],
    };
    for &longest in longest {
        same(&whole, &split(&part, document, || 1 + chance.below(longest)));
    }
    if let Ok(split) = &whole {
        let joined: Vec<u8> = split.runs.iter().flat_map(FacetedRun::bytes).collect();
        assert!(joined == document, "{path}: the runs are not the document");
        filter(&part, document, split);
    }
}

/// The part of that path, or some part of that name.
fn part_of(path: &str) -> PartName {
    match parse(path) {
        Place::Part(part) => {
            assert_eq!(part.path(), path.strip_prefix("./").unwrap_or(path));
            assert_eq!(parse(&part.path()), Place::Part(part.clone()));
            part
        }
        Place::Pool(_) | Place::Unknown => PartName { owner: Owner::Archive, file: path.to_owned() },
    }
}

/// Replaces the first mark by what it stands for.
fn blow_up(document: &[u8]) -> Option<Vec<u8>> {
    let at = document.iter().position(|b| (2..=5).contains(b))?;
    let (byte, times) = match document[at] {
        2 => (b' ', 70 << 10),
        3 => (b'x', 300 << 10),
        4 => (b'n', (1 << 20) + 10),
        _ => (b'x', (4 << 20) + 10),
    };
    let mut out = document[..at].to_vec();
    out.resize(at + times, byte);
    out.extend_from_slice(&document[at + 1..]);
    Some(out)
}

fn split(part: &PartName, document: &[u8], mut size: impl FnMut() -> usize) -> Result<Split, SplitError> {
    let mut splitter = Splitter::new(part);
    let mut runs = Vec::new();
    let mut passed = 0;
    let mut taken = 0;
    let mut rest = document;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(size().clamp(1, rest.len()));
        rest = later;
        passed += piece.len();
        let result = splitter.feed(piece);
        for run in splitter.take_runs() {
            let bytes = run.bytes();
            assert!(document[taken..passed].starts_with(&bytes), "a run that is not what comes next");
            taken += bytes.len();
            runs.push(run);
        }
        result?;
    }
    splitter.finish()?;
    runs.extend(splitter.take_runs());
    for run in &runs {
        assert!(!run.bytes().is_empty(), "an empty run");
        assert!(!matches!(&run.run, Run::Rows(rows) if rows.is_empty()));
    }
    Ok(Split { runs, found: splitter.references().clone(), warning: splitter.warning() })
}

/// The same, however the document came.
fn same(one: &Result<Split, SplitError>, other: &Result<Split, SplitError>) {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.runs.len(), other.runs.len());
            for (one, other) in one.runs.iter().zip(&other.runs) {
                assert!(one == other, "{} or {}", shown(one), shown(other));
            }
            assert_eq!(one.found, other.found);
            assert_eq!(one.warning, other.warning);
        }
        (Err(one), Err(other)) => assert!(same_error(one, other), "{one} or {other}"),
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => panic!("split, but not in other pieces: {error}"),
    }
}

fn shown(run: &FacetedRun) -> String {
    let bytes = run.bytes();
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    format!("{:?} {} bytes: {start}", run.facets, bytes.len())
}

/// Errors say the same, but for the place of stray text, which can come in pieces.
fn same_error(one: &SplitError, other: &SplitError) -> bool {
    match (one, other) {
        (SplitError::Xml { error: one, .. }, SplitError::Xml { error: other, .. }) => {
            one == other || (one.kind == XmlErrorKind::Stray && other.kind == XmlErrorKind::Stray)
        }
        (SplitError::TooLarge { element: one, .. }, SplitError::TooLarge { element: other, .. }) => one == other,
        _ => false,
    }
}

/// Takes the document by every set of its facets: what comes out is sound, and has nothing more to be left out.
fn filter(part: &PartName, document: &[u8], split: &Split) {
    let names: BTreeSet<&'static str> = split.runs.iter().flat_map(|run| run.facets.iter().copied()).collect();
    let names: Vec<&'static str> = names.into_iter().take(4).collect();
    let sound_elsewhere = sound_to_quick_xml(document);
    for set in 0..1u32 << names.len() {
        let taken: Vec<&'static str> =
            names.iter().enumerate().filter(|(i, _)| set & (1 << i) != 0).map(|(_, name)| *name).collect();
        let is_taken = |run: &&FacetedRun| run.facets.iter().all(|facet| taken.contains(facet));
        let joined: Vec<u8> = split.runs.iter().filter(is_taken).flat_map(FacetedRun::bytes).collect();
        if let Err(error) = sound(&joined) {
            panic!("with {taken:?} {error}:\n{}", String::from_utf8_lossy(&joined));
        }
        assert!(!sound_elsewhere || sound_to_quick_xml(&joined), "with {taken:?} not sound to another reader");
        let again = match self::split(part, &joined, || joined.len()) {
            Ok(again) => again,
            Err(error) => panic!("with {taken:?} not split again: {error}"),
        };
        for run in &again.runs {
            assert!(
                run.facets.iter().all(|facet| taken.contains(facet)),
                "with {taken:?} there is still {:?}: {}",
                run.facets,
                String::from_utf8_lossy(&run.bytes())
            );
        }
        references(part, &split.found, &again.found, &taken);
    }
}

/// What is left of a document refers to nothing that its facets do not take.
fn references(part: &PartName, all: &Found, left: &Found, taken: &[&'static str]) {
    let facets = part_rules(part).facets;
    let mut references = References::default();
    references.add_found(all, &facets);
    let taken: Vec<&str> = taken.iter().chain(&facets).copied().collect();
    let expected = references.taken(&taken);
    for (referred, _) in left.iter() {
        assert!(expected.contains(referred), "{referred:?} is still referred to with {taken:?}");
    }
}

fn sound(document: &[u8]) -> Result<(), XmlError> {
    let mut scanner = Scanner::new();
    scanner.feed(document, |_, _| Ok::<(), XmlError>(()))?;
    scanner.finish()
}

/// Whether a library's reader finds the document sound, too.
fn sound_to_quick_xml(document: &[u8]) -> bool {
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut depth = 0usize;
    let mut buffer = Vec::new();
    loop {
        use quick_xml::events::Event;
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) => return depth == 0,
            Ok(_) => {}
            Err(_) => return false,
        }
        buffer.clear();
    }
}
