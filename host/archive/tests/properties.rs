//! Properties of both forms: what is written is read back, and nothing that is read makes the reader panic or hand out lies.

// A failed `unwrap` is how a test fails.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write};

use proptest::prelude::*;
use provost_archive::{Format, Limits, Reader, Result, Writer, WriterOptions};

type Files = Vec<(String, Vec<u8>)>;

const BLOCK: usize = 512 * 1024;

fn write(format: Format, files: &Files, ways: &[u8], threads: usize) -> Vec<u8> {
    let target = tempfile::NamedTempFile::new().unwrap();
    let options = WriterOptions { threads, level: 1, ..WriterOptions::default() };
    let sink = Box::new(target.reopen().unwrap());
    let mut writer = Writer::create(sink, format, options).unwrap();
    for (i, (path, content)) in files.iter().enumerate() {
        match ways[i % ways.len()] % 3 {
            0 => writer.add_bytes(path, content.clone()).unwrap(),
            1 => {
                let source = Box::new(Cursor::new(content.clone()));
                writer.add_reader(path, source, content.len() as u64).unwrap();
            }
            _ => {
                writer.begin(path).unwrap();
                for piece in content.chunks(100_003) {
                    writer.write(piece).unwrap();
                }
                writer.end().unwrap();
            }
        }
    }
    writer.finish().unwrap();
    std::fs::read(target.path()).unwrap()
}

fn read(bytes: &[u8]) -> Result<Files> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let mut reader = Reader::open(file, &std::env::temp_dir(), Limits::default())?;
    let mut files = Vec::new();
    let mut buf = vec![0; 70_000];
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        loop {
            let got = reader.read(&mut buf)?;
            if got == 0 {
                break;
            }
            content.extend_from_slice(&buf[..got]);
        }
        assert_eq!(content.len() as u64, entry.size);
        files.push((entry.path, content));
    }
    Ok(files)
}

/// Sizes of all orders, many of them around the border of a block.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => 0..3000usize,
        1 => 500..530usize,
        1 => BLOCK - 520..BLOCK + 520,
        1 => 2 * BLOCK - 2..2 * BLOCK + 2,
        1 => 0..2_000_000usize,
    ]
}

/// Noise, text, or noise with text behind it.
fn content() -> impl Strategy<Value = Vec<u8>> {
    (size(), any::<u64>(), 0..4u8).prop_map(|(size, seed, kind)| {
        let mut state = seed | 1;
        (0..size)
            .map(|i| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let noise = (state >> 32) as u8;
                match kind {
                    0 => noise,
                    1 => b"<user id=\"1\">x</user>\n"[i % 22],
                    2 if i < size / 2 => noise,
                    _ => b'a' + noise % 4,
                }
            })
            .collect()
    })
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9_.]{1,12}", "[a-zA-Z0-9äöüßéñ中文日本語 ()+,;=@-]{1,20}", "[a-z]{90,130}",]
        .prop_filter("not . or ..", |s| s != "." && s != "..")
}

fn files(max: usize) -> impl Strategy<Value = Files> {
    let path = proptest::collection::vec(segment(), 1..5).prop_map(|s| s.join("/"));
    proptest::collection::btree_map(path, content(), 0..max)
        .prop_map(|files| files.into_iter().collect())
        .prop_flat_map(|files: Files| Just(files).prop_shuffle())
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Zip), Just(Format::TarGz)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The bytes of an archive do not depend on the number of threads or on chance.
    #[test]
    fn the_same_files_make_the_same_archive(files in files(8), format in format(), ways in proptest::collection::vec(any::<u8>(), 1..5)) {
        let bytes = write(format, &files, &ways, 1);
        prop_assert!(bytes == write(format, &files, &ways, 3));
    }

    #[test]
    fn what_is_written_is_read_back(
        files in files(12),
        format in format(),
        ways in proptest::collection::vec(any::<u8>(), 1..5),
        threads in 1..4usize,
    ) {
        let bytes = write(format, &files, &ways, threads);
        prop_assert_eq!(read(&bytes).unwrap(), files);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A damaged archive is refused, or gives what was in it (a bit of a date or an owner does not matter).
    #[test]
    fn damage_is_survived(
        format in format(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let files: Files = vec![
            ("moodle_backup.xml".into(), b"<moodle_backup>".repeat(40)),
            (format!("{}/long", "d".repeat(200)), b"x".to_vec()),
            ("files/ab/ab01".into(), (0..=255).collect()),
            ("empty".into(), Vec::new()),
        ];
        let mut bytes = write(format, &files, &[0], 1);
        for (at, value) in &flips {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = read(&bytes) {
            let contents: Vec<_> = files.iter().map(|(_, content)| content).collect();
            for (_, content) in &read {
                prop_assert!(contents.contains(&content));
            }
        }
    }

    /// A damaged tar in a sound gzip stream: the checksum of the stream does not help here.
    #[test]
    fn a_damaged_tar_is_survived(
        flips in proptest::collection::vec((0..3000usize, any::<u8>()), 1..8),
        fix in any::<bool>(),
    ) {
        let files: Files = vec![
            (format!("{}/long", "d".repeat(200)), b"x".to_vec()),
            ("a".into(), vec![b'a'; 700]),
            ("b".into(), Vec::new()),
        ];
        let bytes = write(Format::TarGz, &files, &[0], 1);
        let mut tar = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut tar).unwrap();
        for (at, value) in flips {
            let at = at % tar.len();
            tar[at] = value;
            if fix {
                // Make the checksum of the block right again, as if it were a header.
                let block = &mut tar[at / 512 * 512..][..512];
                block[148..156].fill(b' ');
                let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
                block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
        }
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&tar).unwrap();
        let _ = read(&gz.finish().unwrap());
    }
}
