//! Small archives of both forms, whole and odd.

use std::error::Error;
use std::fs;
use std::io::{Cursor, Read, Seek, Write};

use flate2::{Compression, write::GzEncoder};
use provost_archive::{Format, Writer, WriterOptions};
use tar::EntryType;
use zip::CompressionMethod;

use crate::{Seed, sample};

/// Files of the sample course, few and small.
const FILES: &[&str] = &[
    "scales.xml",
    "roles.xml",
    "course/inforef.xml",
    "activities/url_306/url.xml",
    "files/5b/5b579020cf8d4d2285af57cf2a754850c3183ead",
];

pub(crate) fn reader() -> Result<Vec<Seed>, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in FILES {
        files.push(((*path).to_owned(), fs::read(sample().join(path))?));
    }
    files.push(("empty".to_owned(), Vec::new()));
    files.push((format!("{}/long", "d".repeat(200)), b"x".to_vec()));

    let mut seeds = Vec::new();
    let mut add = |name: &str, kind: u8, plan: u8, bytes: &[u8]| {
        seeds.push((name.to_owned(), [&[kind, plan], bytes].concat()));
    };
    for plan in 0..4 {
        add(&format!("own-zip-{plan}"), b'r', plan, &own(Format::Zip, &files)?);
        add(&format!("own-targz-{plan}"), b'r', plan, &own(Format::TarGz, &files)?);
    }
    let other = |method, large| other_zip(&files, method, large);
    add("stored", b'r', 1, &other(CompressionMethod::Stored, false)?);
    add("stored-zip64", b'r', 2, &other(CompressionMethod::Stored, true)?);
    add("deflated", b'r', 3, &other(CompressionMethod::Deflated, false)?);
    add("bzipped", b'r', 4, &other(CompressionMethod::Bzip2, false)?);
    add("links-zip", b'r', 5, &odd_zip()?);
    add("two-members", b'r', 6, &[gzip(&member(b"a", EntryType::Regular, b"A"))?, gzip(&[0; 1024])?].concat());

    let mut plain = Vec::new();
    for (path, content) in &files[..3] {
        plain.extend(member(path.as_bytes(), EntryType::Regular, content));
    }
    plain.extend([0; 1024]);
    for plan in 0..4 {
        add(&format!("tar-{plan}"), b't', plan, &plain);
    }
    add("tar-odd", b't', 9, &odd_tar());
    add("tar-odd-as-is", b'g', 10, &odd_tar());
    add("tar-without-end", b't', 11, &member(b"a", EntryType::Regular, b"A"));
    add("tar-bomb", b't', 12, &member(b"bomb", EntryType::Regular, &[0; 6000]));
    Ok(seeds)
}

/// Bytes as the structure behind them is read: each number little-endian, texts and lists with their length.
pub(crate) fn roundtrip() -> Vec<Seed> {
    // How `arbitrary` reads a structure is its own affair; bytes of many kinds make plans of many kinds.
    let text: Vec<u8> = FILES.iter().flat_map(|path| path.bytes().chain([1, 3, 7, 255, 0, 2])).collect();
    let noise: Vec<u8> = (0..600u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    vec![("text".to_owned(), text), ("noise".to_owned(), noise), ("ones".to_owned(), vec![1; 300])]
}

fn own(format: Format, files: &[Seed]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut file = tempfile::tempfile()?;
    let mut writer = Writer::create(Box::new(file.try_clone()?), format, WriterOptions::default())?;
    for (path, content) in files {
        writer.add_bytes(path, content.clone())?;
    }
    writer.finish()?;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn other_zip(files: &[Seed], method: CompressionMethod, large: bool) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in &files[..3] {
        let options = zip::write::SimpleFileOptions::default().compression_method(method).large_file(large);
        zip.start_file(path.as_str(), options)?;
        zip.write_all(content)?;
    }
    zip.set_comment("a comment")?;
    Ok(zip.finish()?.into_inner())
}

fn odd_zip() -> Result<Vec<u8>, Box<dyn Error>> {
    let options = zip::write::SimpleFileOptions::default();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_directory("dir", options)?;
    zip.add_symlink("link", "target", options)?;
    zip.start_file("../outside", options)?;
    zip.write_all(b"outside")?;
    zip.start_file("ä/b", options)?;
    zip.write_all(b"inside")?;
    Ok(zip.finish()?.into_inner())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(bytes)?;
    gz.finish()
}

/// Header, content, padding.
fn member(name: &[u8], kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// One of everything a tar can have.
fn odd_tar() -> Vec<u8> {
    let members = [
        member(b"./dir/", EntryType::Directory, b""),
        member(b"PaxHeader", EntryType::XHeader, b"16 path=d/again\n10 size=1\n"),
        member(b"short", EntryType::Regular, b"1"),
        member(b"././@LongLink", EntryType::GNULongName, b"a/long/name/of/a/file\0"),
        member(b"short", EntryType::Regular, b"2"),
        member(b"global", EntryType::XGlobalHeader, b"13 comment=x\n"),
        member(b"link", EntryType::Symlink, b""),
        member(b"../out", EntryType::Regular, b"out"),
        member(b"odd", EntryType::new(b'Q'), b"odd"),
        member(b"PaxHeader", EntryType::XHeader, b"22 GNU.sparse.major=1\n"),
        member(b"sparse", EntryType::Regular, b""),
        vec![0; 1024],
    ];
    members.concat()
}
