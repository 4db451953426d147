//! Reads archives that were given to a real Moodle's restore and compares with what that did (fixtures/containers/verdicts.tsv). Skipped
//! where the fixtures are absent.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use provost_archive::{ArchiveError, Limits, Reader, Result};
use sha1::{Digest, Sha1};

fn fixtures() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    if !path.is_dir() {
        println!("skipped: no fixtures");
        return None;
    }
    Some(path)
}

/// Path and SHA-1 of all entries. Half of them take the way through the spool.
fn contents(path: &Path) -> Result<BTreeMap<String, String>> {
    let file = File::open(path).expect("a fixture can be opened");
    let mut reader = Reader::open(file, &std::env::temp_dir(), Limits::default())?;
    let mut sums = BTreeMap::new();
    let mut buf = vec![0; 10_000];
    let mut spooled = Vec::new();
    let mut last = 0;
    while let Some(entry) = reader.next_entry()? {
        if entry.path.len() % 2 == 0 {
            assert_eq!(reader.spool_entry()?, entry.size);
            spooled.push(entry.path);
            continue;
        }
        let mut sha1 = Sha1::new();
        loop {
            let got = reader.read(&mut buf)?;
            if got == 0 {
                break;
            }
            sha1.update(&buf[..got]);
            let (position, length) = reader.position();
            assert!(last <= position && position <= length);
            last = position;
        }
        sums.insert(entry.path, hex::encode(sha1.finalize()));
    }
    for path in spooled {
        let mut sha1 = Sha1::new();
        let mut offset = 0;
        loop {
            let got = reader.read_spooled(&path, offset, &mut buf)?;
            if got == 0 {
                break;
            }
            sha1.update(&buf[..got]);
            offset += got as u64;
        }
        sums.insert(path, hex::encode(sha1.finalize()));
    }
    Ok(sums)
}

#[test]
fn containers_are_read_or_refused_as_moodle_does() {
    let Some(fixtures) = fixtures() else { return };
    let containers = fixtures.join("containers");
    let verdicts = std::fs::read_to_string(containers.join("verdicts.tsv")).expect("verdicts");
    let mut base = contents(&containers.join("base.mbz")).expect("base.mbz is read");
    base.remove("moodle_backup.xml").expect("it has a moodle_backup.xml");
    base.remove(".ARCHIVE_INDEX");

    let mut seen = 0;
    for line in verdicts.lines().skip(1) {
        let (name, verdict) = line.split_once('\t').expect("two columns");
        seen += 1;
        let read = contents(&containers.join(name));
        let refusal = match name {
            "empty_file.mbz" => Some("empty"),
            "garbage.mbz" => Some("neither"),
            "plain_tar.mbz" => Some("not compressed"),
            "truncated_tgz.mbz" | "truncated_zip.mbz" => Some("cut short"),
            _ => None,
        };
        if let Some(refusal) = refusal {
            assert!(verdict.starts_with("refused"));
            match read {
                Err(ArchiveError::Corrupt { reason, .. }) => assert!(reason.contains(refusal), "{name}: {reason}"),
                other => panic!("{name}: {other:?}"),
            }
            continue;
        }
        if name == "zip_lzma.mbz" {
            assert!(matches!(read, Err(ArchiveError::Unsupported { .. })), "{name}: {read:?}");
            continue;
        }
        let mut read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "wrapped_in_folder.mbz" {
            assert!(!read.contains_key("moodle_backup.xml"));
            continue;
        }
        // All other refusals are about what is in the archive.
        assert!(read.remove("moodle_backup.xml").is_some(), "{name}");
        read.remove(".ARCHIVE_INDEX");
        if verdict != "restored" || name == "extra_unknown_files.mbz" {
            for path in base.keys() {
                assert!(read.contains_key(path) || name.starts_with("mbxml_"), "{name}: {path}");
            }
            continue;
        }
        // What a wrapping adds or leaves out by its nature.
        let mut base = base.clone();
        if name == "tgz_symlink.mbz" {
            base.retain(|path, _| read.contains_key(path));
        }
        if name == "tgz_pax_long_name.mbz" {
            read.retain(|path, _| base.contains_key(path));
        }
        assert_eq!(read, base, "{name}");
    }
    assert!(seen > 40);
}

#[test]
fn backups_of_a_moodle_are_read_in_both_forms() {
    let Some(fixtures) = fixtures() else { return };
    let mut seen = 0;
    for directory in ["mbz", "mbz/negative"] {
        for file in std::fs::read_dir(fixtures.join(directory)).expect("fixtures") {
            let path = file.expect("a directory entry").path();
            if path.extension().is_none_or(|e| e != "mbz") {
                continue;
            }
            seen += 1;
            let sums = contents(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(sums.contains_key("moodle_backup.xml"));
            for (path, sum) in &sums {
                if let Some(pool) = path.strip_prefix("files/") {
                    assert_eq!(pool, format!("{}/{sum}", &sum[..2]));
                }
            }
        }
    }
    assert!(seen > 0);
}
