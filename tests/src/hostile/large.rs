//! Bombs, and archives with a million entries.

use super::raw::tar_header;
use super::{Case, Expected};
use crate::sample;
use Expected::{Imported, Refused};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use zip::write::SimpleFileOptions;

const POOL: &str = "files/00/0000000000000000000000000000000000000000";
/// What a bomb unpacks to, in bytes.
const BOMB: u64 = 2 << 30;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("a bomb among the contents of a tar.gz", |f| tar_bomb(f, POOL), Refused(&[POOL, "200 times"])),
        Case::new(
            "a bomb among the documents of a tar.gz",
            |f| tar_bomb(f, "zz.xml"),
            Refused(&["zz.xml", "200 times"]),
        ),
        Case::new("a bomb that is skipped", |f| tar_bomb(f, "zz.bin"), Refused(&["zz.bin", "200 times"])),
        Case::new("a bomb behind the end of a tar", tail_bomb, Refused(&["end of the archive", "200 times"])),
        Case::new("a bomb among the contents of a zip", |f| zip_bomb(f, POOL), Refused(&[POOL, "200 times"])),
        Case::new(
            "a bomb among the documents of a zip",
            |f| zip_bomb(f, "course/zz.xml"),
            Refused(&["course/zz.xml", "200 times"]),
        ),
        Case::new(
            "a million and one entries in a tar.gz",
            |f| tar_entries(f, 1_000_001, &|n| format!("x/{n}")),
            Refused(&["more than 1000000 entries"]),
        ),
        Case::new(
            "a million and one entries in a zip",
            |f| zip_entries(f, 1_000_001, &|n| format!("x/{n}")),
            Refused(&["more than 1000000 entries"]),
        ),
        Case::new(
            "990,000 unknown entries in a tar.gz",
            |f| tar_entries(f, 990_000, &|n| format!("x/{n}")),
            Imported(&["no course archive has such a file", "more files that no course archive has"]),
        ),
        Case::new(
            "990,000 documents of nobody in a tar.gz",
            |f| tar_entries(f, 990_000, &document),
            Imported(&["990000 documents", "activities/page_1000000/module.xml"]),
        ),
        Case::new(
            "990,000 documents of nobody in a zip",
            |f| zip_entries(f, 990_000, &document),
            Imported(&["990000 documents", "activities/page_1000000/module.xml"]),
        ),
        Case::new("990,000 links in a tar.gz", |f| tar_links(f, 990_000), Imported(&["it is a link", "more entries"])),
    ]
}

/// The path of a document of an activity that the course does not have.
fn document(number: u32) -> String {
    format!("activities/page_{}/module.xml", 1_000_000 + number)
}

fn tar_of_the_course(file: File) -> io::Result<GzEncoder<BufWriter<File>>> {
    let mut out = GzEncoder::new(BufWriter::new(file), Compression::default());
    out.write_all(&super::raw::Tar::of(&sample::tree()).0)?;
    Ok(out)
}

fn zeros(out: &mut dyn Write, mut bytes: u64) -> io::Result<()> {
    let block = vec![0; 1 << 20];
    while bytes > 0 {
        let step = bytes.min(block.len() as u64);
        out.write_all(&block[..step as usize])?;
        bytes -= step;
    }
    Ok(())
}

fn close(mut out: GzEncoder<BufWriter<File>>) -> io::Result<()> {
    out.write_all(&[0; 1024])?;
    out.finish()?.flush()
}

fn tar_bomb(file: File, path: &str) -> io::Result<()> {
    let mut out = tar_of_the_course(file)?;
    out.write_all(&tar_header(path.as_bytes(), b'0', BOMB, ""))?;
    zeros(&mut out, BOMB)?;
    close(out)
}

fn tail_bomb(file: File) -> io::Result<()> {
    let mut out = tar_of_the_course(file)?;
    zeros(&mut out, BOMB)?;
    close(out)
}

fn zip_of_the_course(file: File) -> io::Result<zip::ZipWriter<BufWriter<File>>> {
    let mut zip = zip::ZipWriter::new(BufWriter::new(file));
    for (path, bytes) in sample::tree() {
        zip.start_file(path, SimpleFileOptions::default())?;
        zip.write_all(&bytes)?;
    }
    Ok(zip)
}

fn zip_bomb(file: File, path: &str) -> io::Result<()> {
    let mut zip = zip_of_the_course(file)?;
    zip.start_file(path, SimpleFileOptions::default())?;
    zeros(&mut zip, BOMB)?;
    zip.finish()?.flush()
}

fn tar_entries(file: File, count: u32, path: &dyn Fn(u32) -> String) -> io::Result<()> {
    let mut out = tar_of_the_course(file)?;
    for number in 0..count {
        out.write_all(&tar_header(path(number).as_bytes(), b'0', 0, ""))?;
    }
    close(out)
}

fn tar_links(file: File, count: u32) -> io::Result<()> {
    let mut out = tar_of_the_course(file)?;
    for number in 0..count {
        out.write_all(&tar_header(format!("x/{number}").as_bytes(), b'2', 0, "y"))?;
    }
    close(out)
}

fn zip_entries(file: File, count: u32, path: &dyn Fn(u32) -> String) -> io::Result<()> {
    let mut zip = zip_of_the_course(file)?;
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for number in 0..count {
        zip.start_file(path(number), options)?;
    }
    zip.finish()?.flush()
}
