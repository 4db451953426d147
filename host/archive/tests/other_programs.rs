//! Has other programs check what is written. Skipped where they are not installed.

// A failed `unwrap` is how a test fails.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use provost_archive::{Format, Writer, WriterOptions};

fn write(path: &Path, format: Format) {
    let sink = Box::new(std::fs::File::create(path).unwrap());
    let mut writer = Writer::create(sink, format, WriterOptions::default()).unwrap();
    writer.add_bytes(".ARCHIVE_INDEX", b"Moodle archive file index. Count: 0\n".to_vec()).unwrap();
    for i in 0..200 {
        let content = format!("<activity id=\"{i}\"/>\n").repeat(i);
        writer.add_bytes(&format!("activities/page_{i}/page.xml"), content.into_bytes()).unwrap();
    }
    writer.add_bytes(&format!("long/{}/ä.txt", "n".repeat(150)), b"long".to_vec()).unwrap();
    writer.add_bytes(&format!("longer/{}", "n".repeat(150)), b"longer".to_vec()).unwrap();
    writer.add_bytes("grün/中文.xml", b"text".to_vec()).unwrap();
    let noise: Vec<u8> = (0..3_000_000u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23).wrapping_mul(i | 1) >> 40) as u8)
        .collect();
    writer.add_reader("files/aa/noise", Box::new(std::io::Cursor::new(noise)), 3_000_000).unwrap();
    writer.begin("large.xml").unwrap();
    for i in 0..100_000 {
        writer.write(format!("<row id=\"{i}\"/>\n").as_bytes()).unwrap();
    }
    writer.end().unwrap();
    writer.finish().unwrap();
}

/// Whether the program says that all is well; `None` where it is not installed.
fn run(program: &str, arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .inspect_err(|_| println!("skipped: no {program}"))
        .ok()?;
    child.stdin.take()?.write_all(input.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Some((output.status.success(), text))
}

const PYTHON: &str = r#"
import sys, zipfile, tarfile
path = sys.argv[1]
if zipfile.is_zipfile(path):
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    names = archive.namelist()
    read = archive.read
    assert archive.getinfo("files/aa/noise").compress_type == zipfile.ZIP_STORED
    assert archive.getinfo("large.xml").compress_type == zipfile.ZIP_DEFLATED
    assert archive.getinfo("large.xml").date_time == (2013, 1, 1, 0, 0, 0)
else:
    archive = tarfile.open(path, "r:gz")
    members = archive.getmembers()
    names = [m.name for m in members]
    read = lambda name: archive.extractfile(name).read()
    for m in members:
        assert (m.uid, m.gid, m.uname, m.gname, m.mode, m.mtime) == (0, 0, "", "", 0o644, 1356998400)
        assert m.isreg()
assert len(names) == 206, len(names)
assert names[0] == ".ARCHIVE_INDEX" and names[-1] == "large.xml"
assert names[203] == "grün/中文.xml", names[203]
assert read("long/" + "n" * 150 + "/ä.txt") == b"long"
assert read("longer/" + "n" * 150) == b"longer"
assert read("activities/page_9/page.xml") == b'<activity id="9"/>\n' * 9
assert len(read("files/aa/noise")) == 3000000
assert read("large.xml") == b"".join(b'<row id="%d"/>\n' % i for i in range(100000))
"#;

#[test]
fn other_programs_find_the_archives_sound() {
    let directory = tempfile::tempdir().unwrap();
    for (name, format) in [("a.zip", Format::Zip), ("a.tar.gz", Format::TarGz)] {
        let path = directory.path().join(name);
        write(&path, format);
        let path = path.to_str().unwrap();
        let checker = match format {
            Format::Zip => run("unzip", &["-tq", path], ""),
            Format::TarGz => run("gzip", &["-t", path], ""),
        };
        let python = run("python3", &["-X", "utf8", "-", path], PYTHON);
        for (sound, text) in [checker, python].into_iter().flatten() {
            assert!(sound, "{name}: {text}");
        }
    }
}
