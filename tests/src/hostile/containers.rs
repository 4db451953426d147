//! What is wrong with the container: not an archive, cut short, damaged, entries that lead elsewhere.

use super::raw::{Tar, Zip, ZipEntry, gzip};
use super::{Case, Expected, tar_gz, zip};
use crate::sample;
use Expected::{Imported, Refused};

pub(super) fn cases() -> Vec<Case> {
    let mut all = broken();
    all.extend(strange_entries());
    all
}

fn broken() -> Vec<Case> {
    let tree = sample::tree();
    let (tgz, zipped) = (tar_gz(&tree), zip(&tree));
    let noise: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let cut = |bytes: &[u8], part: f64| bytes[..(bytes.len() as f64 * part) as usize].to_vec();
    let flipped = |bytes: &[u8], part: f64| {
        let mut bytes = bytes.to_vec();
        let at = (bytes.len() as f64 * part) as usize;
        bytes[at] ^= 0x10;
        bytes
    };
    let mut wrong_header = Tar::of(&tree);
    let second = wrong_header.0.len();
    wrong_header.file("zz.xml", b"<zz/>");
    wrong_header.0[second + 3] ^= 1;
    let mut wrong_crc = ZipEntry::file("files.xml", &tree["files.xml"]);
    wrong_crc.crc ^= 1;
    let mut wrong_size = ZipEntry::file("files.xml", &tree["files.xml"]);
    wrong_size.size += 1;
    let without_files: super::Tree =
        tree.iter().filter(|(p, _)| *p != "files.xml").map(|(p, b)| (p.clone(), b.clone())).collect();
    let with = |entry: &ZipEntry| Zip::of(&without_files).add(entry).packed();
    let mut encrypted = ZipEntry::file("files.xml", &tree["files.xml"]);
    encrypted.flags |= 1;
    let mut method = ZipEntry::file("files.xml", &tree["files.xml"]);
    method.method = 93;
    let mut trailing = Tar::of(&tree).packed();
    trailing.extend(&noise);
    let mut short_size = Tar::of(&tree);
    short_size.0.extend(super::raw::tar_header(b"grows.xml", b'0', 1 << 30, ""));
    let mut pax = Tar::default();
    pax.entry(b"x", b'x', &vec![b'a'; 2 << 20], "");
    let mut bad_pax = Tar::default();
    bad_pax.entry(b"x", b'x', b"99999 path=a\n", "");
    vec![
        Case::bytes("an empty file", Vec::new(), Refused(&["the file is empty"])),
        Case::bytes("text", b"this is no archive".to_vec(), Refused(&["not an archive"])),
        Case::bytes("noise", noise.clone(), Refused(&["not an archive"])),
        Case::bytes("noise as gzip", gzip(&noise), Refused(&["not an archive", "no tar"])),
        Case::bytes("nothing as gzip", gzip(b""), Refused(&["not an archive", "nothing is in the gzip"])),
        Case::bytes("the beginning of a gzip", tgz[..5].to_vec(), Refused(&["cut short"])),
        Case::bytes("a tar that is not packed", Tar::of(&tree).0, Refused(&["tar file that is not compressed"])),
        Case::bytes("an empty tar", Tar::default().packed(), Refused(&["no moodle_backup.xml"])),
        Case::bytes("an empty zip", Zip::default().packed(), Refused(&["no moodle_backup.xml"])),
        Case::bytes("half a tar.gz", cut(&tgz, 0.5), Refused(&["cut short"])),
        Case::bytes("a tar.gz without its last bytes", tgz[..tgz.len() - 4].to_vec(), Refused(&["cut short"])),
        Case::bytes("half a zip", cut(&zipped, 0.5), Refused(&["a zip that is cut short", "directory"])),
        Case::bytes("a zip without its last bytes", zipped[..zipped.len() - 4].to_vec(), Refused(&["cut short"])),
        Case::bytes("a flipped bit in a tar.gz", flipped(&tgz, 0.6), Refused(&[])),
        Case::bytes("a flipped bit in a zip", flipped(&zipped, 0.1), Refused(&["/"])),
        Case::bytes("a wrong checksum of a tar header", wrong_header.packed(), Refused(&["no tar header", "entry "])),
        Case::bytes("a wrong checksum in a zip", with(&wrong_crc), Refused(&["files.xml", "checksum is wrong"])),
        Case::bytes("a wrong size in a zip", with(&wrong_size), Refused(&["files.xml", "fewer"])),
        Case::bytes("an encrypted entry", with(&encrypted), Refused(&["files.xml", "encrypted"])),
        Case::bytes("an unknown compression", with(&method), Refused(&["files.xml", "method"])),
        Case::bytes("noise behind a tar.gz", trailing, Imported(&[])),
        Case::bytes("an entry that is not there whole", short_size.packed(), Refused(&["grows.xml", "cut short"])),
        Case::bytes("a tar header of two mebibytes", pax.packed(), Refused(&["tar header", "1048576 bytes"])),
        Case::bytes("a damaged tar header", bad_pax.packed(), Refused(&["tar header", "PAX"])),
    ]
}

fn strange_entries() -> Vec<Case> {
    let tree = sample::tree();
    let tar = |name: &[u8], kind: u8, link: &str| Tar::of(&tree).entry(name, kind, b"", link).packed();
    let named = |name: &str| Tar::of(&tree).file(name, b"<x/>").packed();
    let zip_named = |name: &[u8], mode: u32| {
        let mut entry = ZipEntry::file("", b"<x/>");
        entry.name = name.to_vec();
        entry.mode = mode;
        Zip::of(&tree).add(&entry).packed()
    };
    let mut twice_in_zip = Zip::of(&tree);
    twice_in_zip.add(&ZipEntry::file("files.xml", b"<files/>"));
    let mut shared = Zip::of(&tree);
    let big = ZipEntry::file("zz.bin", &vec![7; 60_000]);
    let mut stored = ZipEntry { data: vec![7; 60_000], method: 0, ..big };
    shared.add(&stored);
    for number in 0..200 {
        stored.name = format!("zz{number}.bin").into_bytes();
        shared.list(&stored, 4);
    }
    const OUTSIDE: &str = "leads outside";
    let long = "x/".repeat(2500) + "y.xml";
    let mut long_name = Tar::of(&tree);
    long_name.entry(b"././@LongLink", b'L', long.as_bytes(), "").file("cut", b"");
    vec![
        Case::bytes(
            "a path that climbs, in a tar",
            named("../../etc/cron.d/x"),
            Imported(&["../../etc/cron.d/x: its path leads outside"]),
        ),
        Case::bytes("a path that climbs later", named("files/aa/../../../x"), Imported(&[OUTSIDE])),
        Case::bytes("an absolute path", named("/etc/passwd"), Imported(&["/etc/passwd: its path leads outside"])),
        Case::bytes("a path with backslashes", named("..\\..\\x.xml"), Imported(&[OUTSIDE])),
        Case::bytes("a path with a drive", named("C:/x.xml"), Imported(&[OUTSIDE])),
        Case::bytes(
            "a path that climbs, in a zip",
            zip_named(b"../../x.xml", 0o100_644),
            Imported(&["../../x.xml: its path leads outside"]),
        ),
        Case::bytes("a symbolic link", tar(b"link.xml", b'2', "/etc/passwd"), Imported(&["link.xml: it is a link"])),
        Case::bytes("a hard link", tar(b"link.xml", b'1', "files.xml"), Imported(&["link.xml: it is a link"])),
        Case::bytes(
            "a symbolic link in a zip",
            zip_named(b"link.xml", 0o120_777),
            Imported(&["link.xml: it is a link"]),
        ),
        Case::bytes("a character device", tar(b"null.xml", b'3', ""), Imported(&["null.xml: it is a device"])),
        Case::bytes("a block device", tar(b"sda.xml", b'4', ""), Imported(&["sda.xml: it is a device"])),
        Case::bytes("a pipe", tar(b"pipe.xml", b'6', ""), Imported(&["pipe.xml: it is a device"])),
        Case::bytes("a sparse file", tar(b"holes.xml", b'S', ""), Refused(&["holes.xml", "sparse"])),
        Case::bytes("a name that is not UTF-8", tar(b"gr\xfcn.xml", b'0', ""), Imported(&["its name cannot be read"])),
        Case::bytes(
            "a name that is not UTF-8, in a zip",
            zip_named(b"gr\xfcn.xml", 0o100_644),
            Imported(&["its name cannot be read"]),
        ),
        Case::bytes(
            "a name with NUL in a zip",
            zip_named(b"a\0.xml", 0o100_644),
            Imported(&["its name cannot be read"]),
        ),
        Case::bytes("two entries of one path", named("files.xml"), Refused(&["files.xml", "two entries"])),
        Case::bytes("two entries of one path, disguised", named("./files.xml"), Refused(&["files.xml", "two entries"])),
        Case::bytes("two entries of one path in a zip", twice_in_zip.packed(), Refused(&["files.xml", "two entries"])),
        Case::bytes("entries that share their data", shared.packed(), Refused(&["overlap"])),
        Case::bytes("a path of 5000 bytes", long_name.packed(), Refused(&["x/x/", "4096 bytes"])),
        Case::bytes(
            "files that the format does not know",
            named("virus.exe"),
            Imported(&["virus.exe", "no course archive has such a file"]),
        ),
    ]
}
