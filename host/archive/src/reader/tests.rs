//! Tests of the reader with archives made by hand: links, duplicates, damage, limits.

use std::io::{Cursor, Write};

use super::*;
use crate::{Writer, WriterOptions};

fn try_open(bytes: &[u8], limits: Limits) -> Result<Reader> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Reader::open(file, &std::env::temp_dir(), limits)
}

fn open(bytes: &[u8]) -> Reader {
    try_open(bytes, Limits::default()).unwrap()
}

fn read_all(reader: &mut Reader) -> Result<Vec<(String, Vec<u8>)>> {
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        let mut buf = [0; 1000];
        loop {
            let got = reader.read(&mut buf)?;
            if got == 0 {
                break;
            }
            content.extend_from_slice(&buf[..got]);
        }
        assert_eq!(content.len() as u64, entry.size);
        entries.push((entry.path, content));
    }
    Ok(entries)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// One member of a tar: header, content, padding.
fn member(name: &str, kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    bytes
}

fn tar_gz(members: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = members.concat();
    tar.extend([0; 1024]);
    gzip(&tar)
}

fn small(format: Format) -> Vec<u8> {
    let path = tempfile::NamedTempFile::new().unwrap();
    let sink = Box::new(path.reopen().unwrap());
    let mut writer = Writer::create(sink, format, WriterOptions::default()).unwrap();
    writer.add_bytes("a.xml", b"<a>some text, some text</a>".repeat(50)).unwrap();
    writer.add_bytes("files/ab/abcd", b"content".to_vec()).unwrap();
    writer.add_bytes("empty", Vec::new()).unwrap();
    writer.finish().unwrap();
    std::fs::read(path.path()).unwrap()
}

fn reason(result: Result<impl Sized>) -> String {
    match result {
        Err(error @ ArchiveError::Corrupt { .. }) => error.to_string(),
        Err(error) => panic!("not `Corrupt`: {error:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[test]
fn what_is_no_archive_is_named() {
    let limits = Limits::default;
    assert!(reason(try_open(b"", limits())).contains("empty"));
    assert!(reason(try_open(b"garbage", limits())).contains("neither"));
    assert!(reason(try_open(&[0; 5000], limits())).contains("neither"));
    let tar = member("a", tar::EntryType::Regular, b"a");
    assert!(reason(try_open(&tar, limits())).contains("not compressed"));
    assert!(reason(try_open(&gzip(b""), limits())).contains("nothing"));
    assert!(reason(open(&gzip(b"text")).next_entry()).contains("no tar"));
    assert!(reason(open(&gzip(&[b'x'; 2000])).next_entry()).contains("no tar"));
    assert!(reason(try_open(&[0x1f, 0x8b], limits())).contains("cut short"));
}

#[test]
fn only_files_are_given() {
    use tar::EntryType as T;
    let bytes = tar_gz(&[
        member("./dir/", T::Directory, b""),
        member("old_dir/", T::Regular, b""),
        member("./dir/a", T::Regular, b"A"),
        member("link", T::Symlink, b""),
        member("hard", T::Link, b""),
        member("dev", T::Char, b""),
        member("fifo", T::Fifo, b""),
        member("odd", T::new(b'Q'), b"odd content"),
        member("../out", T::Regular, b"out"),
        member("/abs", T::Regular, b"abs"),
        member("b", T::Continuous, b"B"),
    ]);
    let mut reader = open(&bytes);
    let entries = read_all(&mut reader).unwrap();
    assert_eq!(entries, [("dir/a".to_owned(), b"A".to_vec()), ("b".to_owned(), b"B".to_vec())]);
    let skipped: Vec<_> = reader.skipped().iter().map(|s| (s.name.as_str(), s.reason)).collect();
    use SkipReason::{LeadsOutside, Link, Special};
    let expected = [
        ("link", Link),
        ("hard", Link),
        ("dev", Special),
        ("fifo", Special),
        ("odd", Special),
        ("../out", LeadsOutside),
        ("/abs", LeadsOutside),
    ];
    assert_eq!(skipped, expected);
    assert_eq!(reader.position(), (bytes.len() as u64, bytes.len() as u64));
}

#[test]
fn two_entries_of_one_path_are_refused() {
    let file = |name| member(name, tar::EntryType::Regular, b"x");
    let mut reader = open(&tar_gz(&[file("a"), file("b"), file("./a")]));
    assert!(reason(read_all(&mut reader)).contains("two entries"));

    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    for name in ["a", "b", "./a"] {
        let name = rawzip::path::EntryPath::verbatim(name.as_bytes());
        let (entry, _) = zip.new_file(name).start().unwrap();
        entry.finish(rawzip::DataDescriptorOutput::new(0, 0)).unwrap();
    }
    let bytes = zip.finish().unwrap();
    assert!(reason(try_open(&bytes, Limits::default())).contains("two entries"));
}

#[test]
fn long_names_of_both_kinds_are_read() {
    let long = format!("{}/x", "d".repeat(300));
    let pax = format!("{} path={long}\n", long.len() + 10);
    assert_eq!(pax.len(), long.len() + 10);
    let bytes = tar_gz(&[
        member("PaxHeader", tar::EntryType::XHeader, pax.as_bytes()),
        member("short", tar::EntryType::Regular, b"1"),
        member("././@LongLink", tar::EntryType::GNULongName, format!("{long}2\0").as_bytes()),
        member("short", tar::EntryType::Regular, b"2"),
        member("short", tar::EntryType::Regular, b"3"),
        member("PaxHeader", tar::EntryType::XHeader, b"16 path=d/again\n"),
        member("cut/", tar::EntryType::Regular, b"4"),
    ]);
    let entries = read_all(&mut open(&bytes)).unwrap();
    let paths: Vec<_> = entries.into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [&long, &format!("{long}2"), "short", "d/again"]);
}

#[test]
fn every_truncation_is_refused() {
    for format in [Format::Zip, Format::TarGz] {
        let bytes = small(format);
        assert_eq!(read_all(&mut open(&bytes)).unwrap().len(), 3);
        for length in 0..bytes.len() {
            let result = try_open(&bytes[..length], Limits::default()).and_then(|mut r| read_all(&mut r));
            let reason = reason(result);
            assert!(!reason.is_empty(), "{format:?} cut to {length}");
        }
    }
}

#[test]
fn trailing_garbage_is_ignored_and_a_second_member_is_read() {
    let tar = [member("a", tar::EntryType::Regular, b"A"), vec![0; 1024]].concat();
    let (first, second) = tar.split_at(700);
    let mut bytes = [gzip(first), gzip(second)].concat();
    assert_eq!(read_all(&mut open(&bytes)).unwrap().len(), 1);
    bytes.extend_from_slice(b"garbage");
    assert_eq!(read_all(&mut open(&bytes)).unwrap().len(), 1);
    bytes.truncate(gzip(first).len());
    assert!(read_all(&mut open(&bytes)).is_err());
}

#[test]
fn damaged_content_of_a_zip_is_refused_at_its_end() {
    let mut bytes = small(Format::Zip);
    let at = bytes.windows(7).position(|w| w == b"content").unwrap();
    bytes[at] ^= 1;
    let message = reason(read_all(&mut open(&bytes)));
    assert!(message.contains("files/ab/abcd") && message.contains("checksum"), "{message}");
}

#[test]
fn a_zip_within_a_zip_is_not_taken_for_the_outer_one() {
    let inner = small(Format::Zip);
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let (mut entry, _) = zip.new_file("inner.zip").start().unwrap();
    entry.write_all(&inner).unwrap();
    entry.finish(rawzip::DataDescriptorOutput::new(crc32fast::hash(&inner), inner.len() as u64)).unwrap();
    let bytes = zip.finish().unwrap();
    let cut = bytes.windows(inner.len()).position(|w| w == inner).unwrap() + inner.len();
    assert!(reason(try_open(&bytes[..cut], Limits::default())).contains("cut short"));
}

#[test]
fn limits_hold() {
    let is_limit = |result: Result<()>| matches!(result, Err(ArchiveError::Limit { .. }));
    for format in [Format::Zip, Format::TarGz] {
        let bytes = small(format);
        let read = |limits| try_open(&bytes, limits).and_then(|mut r| read_all(&mut r)).map(drop);
        assert!(read(Limits::default()).is_ok());
        assert!(is_limit(read(Limits { max_entries: 2, ..Limits::default() })));
        assert!(is_limit(read(Limits { max_path_bytes: 5, ..Limits::default() })));
        assert!(is_limit(read(Limits { max_entry_bytes: 1000, ..Limits::default() })));
        assert!(is_limit(read(Limits { max_total_bytes: 1000, ..Limits::default() })));
        let strict = Limits { free_expansion_bytes: 500, max_expansion: 2, ..Limits::default() };
        if format == Format::Zip {
            assert!(is_limit(read(strict)));
        }
        let few = Limits { max_spooled_entry_bytes: 5, ..Limits::default() };
        let mut reader = try_open(&bytes, few).unwrap();
        reader.next_entry().unwrap();
        assert!(is_limit(reader.spool_entry().map(drop)));
    }
    // Skipping unpacks as well.
    let bomb = tar_gz(&[member("bomb", tar::EntryType::Regular, &vec![0; 80 << 20])]);
    let mut reader = open(&bomb);
    reader.next_entry().unwrap();
    assert!(is_limit(reader.next_entry().map(drop)));
}

#[test]
fn entries_put_aside_are_read_in_any_order() {
    for format in [Format::Zip, Format::TarGz] {
        let mut reader = open(&small(format));
        assert!(matches!(reader.read(&mut [0]), Err(ArchiveError::Misuse(_))));
        let first = reader.next_entry().unwrap().unwrap();
        assert_eq!(reader.spool_entry().unwrap(), first.size);
        assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0, "nothing is left to read");
        reader.next_entry().unwrap();
        assert_eq!(reader.read(&mut [0; 3]).unwrap(), 3);
        assert!(matches!(reader.spool_entry(), Err(ArchiveError::Misuse(_))));
        reader.next_entry().unwrap();
        assert_eq!(reader.spool_entry().unwrap(), 0);

        let expected = b"<a>some text, some text</a>".repeat(50);
        let mut buf = [0; 100];
        for offset in [0, 100, 1300, 50, 1349, 1350, 9999, 0] {
            let got = reader.read_spooled("a.xml", offset, &mut buf).unwrap();
            let start = expected.len().min(usize::try_from(offset).unwrap());
            assert!(expected[start..].starts_with(&buf[..got]));
            assert_eq!(got == 0, start == expected.len(), "at {offset}");
        }
        assert_eq!(reader.read_spooled("empty", 0, &mut buf).unwrap(), 0);
        assert!(reader.has_spooled("a.xml"));
        assert!(!reader.has_spooled("files/ab/abcd"));
        let missing = reader.read_spooled("files/ab/abcd", 0, &mut buf);
        assert!(matches!(missing, Err(ArchiveError::NotFound { .. })));
        assert!(reader.next_entry().unwrap().is_none());
        assert!(reader.read_spooled("a.xml", 0, &mut buf).unwrap() > 0, "also after the end");
    }
}

/// Found by fuzzing: the end of an entry put aside was measured by the size it claims.
#[test]
fn of_an_entry_put_aside_nothing_is_left_to_read_whatever_its_size() {
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let method = rawzip::CompressionMethod::DEFLATE;
    let (mut entry, _) = zip.new_file("large").compression_method(method).start().unwrap();
    entry.write_all(&[3, 0]).unwrap();
    entry.finish(rawzip::DataDescriptorOutput::new(0, 60 << 20)).unwrap();
    let mut reader = open(&zip.finish().unwrap());
    reader.next_entry().unwrap();
    assert_eq!(reader.spool_entry().unwrap(), 60 << 20);
    assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0);
    assert!(reason(reader.read_spooled("large", 0, &mut [0; 10])).contains("fewer"));
}

#[test]
fn a_method_that_is_not_read_is_named() {
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let (entry, _) = zip.new_file("a").compression_method(rawzip::CompressionMethod::LZMA).start().unwrap();
    entry.finish(rawzip::DataDescriptorOutput::new(0, 0)).unwrap();
    let mut reader = open(&zip.finish().unwrap());
    reader.next_entry().unwrap();
    let error = reader.read(&mut [0]).unwrap_err();
    assert!(matches!(error, ArchiveError::Unsupported { .. }), "{error}");
}

#[test]
fn a_zip_of_another_writer_is_read() {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let content = b"bzip2 and deflate ".repeat(5000);
    for (name, method) in [
        ("stored", ::zip::CompressionMethod::Stored),
        ("deflated", ::zip::CompressionMethod::Deflated),
        ("bzipped", ::zip::CompressionMethod::Bzip2),
    ] {
        let options = ::zip::write::SimpleFileOptions::default().compression_method(method).large_file(true);
        zip.start_file(name, options).unwrap();
        zip.write_all(&content).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    for (_, read) in read_all(&mut open(&bytes)).unwrap() {
        assert_eq!(read, content);
    }
}

#[test]
fn a_reader_can_be_sent() {
    fn is_send<T: Send>() {}
    is_send::<Reader>();
    is_send::<Writer>();
}
