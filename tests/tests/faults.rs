//! What goes wrong around the archives: full disks, contents that are lost or damaged, clients that go away, two who want one
//! name. After each the store is as before or the job goes on: no half course, nothing left that a sweep would not take.

use provost_tests::faults::{Disk, files_below};
use provost_tests::generate::SampleSize;
use provost_tests::hostile;
use provost_tests::live::{Part, Site, get, text, wait_until};
use provost_tests::sample;
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// Contents of 20 MB altogether, which does not compress.
const LARGE: SampleSize = SampleSize {
    activities: 60,
    people: 30,
    log_rows: 2_000,
    files: 20,
    file_bytes: 1_000_000,
    compressible_share: 0.0,
};

/// That nothing is left of what was refused: no course, no temporary file, nothing that a second sweep would find.
fn clean(site: &Site, courses: &Value) {
    assert_eq!(&site.json(&["course", "list"]), courses);
    assert_eq!(site.json(&["doctor", "--sweep", "0"])["findings"], json!([]));
    let again = site.json(&["doctor", "--sweep", "0"]);
    for kind in ["rows", "documents", "blobs"] {
        assert_eq!(again["swept"][kind], 0, "{again}");
    }
    no_temporary_files(site);
}

fn no_temporary_files(site: &Site) {
    for folder in ["tmp", "scratch"] {
        let left = files_below(&site.data().join(folder));
        assert!(left.iter().all(|path| path.ends_with("tmp/lock")), "{left:?}");
    }
}

fn set(site: &Site, settings: &str) {
    fs::create_dir_all(site.data())
        .and_then(|()| fs::write(site.data().join("provost.toml"), settings))
        .expect("written");
}

/// What compiled plugins take in a store, rounded up.
fn megabytes_of_code() -> u64 {
    let site = Site::new(PROVOST);
    site.ok(&["plugin", "list"]);
    let sizes = files_below(&site.data().join("compiled")).into_iter().filter_map(|path| fs::metadata(path).ok());
    sizes.map(|facts| facts.len()).sum::<u64>().div_ceil(1_000_000)
}

/// The contents of a store by their names.
fn contents(site: &Site) -> Vec<PathBuf> {
    files_below(&site.data().join("blobs"))
}

/// The content of the sample course that is the largest.
fn a_content(site: &Site) -> (PathBuf, String) {
    let archive = Unpacked::open(&sample::packed_file()).expect("the sample course");
    let sha1 = archive.pool.values().max_by_key(|file| file.size).expect("contents").sha1.clone();
    (site.data().join("blobs").join(&sha1[..2]).join(&sha1), sha1)
}

/// Puts something at the end of a forum.
fn in_forum(tree: &mut hostile::Tree, what: &str) {
    const FORUM: &str = "activities/forum_301/forum.xml";
    let document = String::from_utf8_lossy(&tree[FORUM]).replacen("</forum>", &format!("{what}</forum>"), 1);
    assert!(document.contains(what), "a forum");
    tree.insert(FORUM.into(), document.into_bytes());
}

fn backed_up(site: &Site, course: u64) -> (Vec<String>, Unpacked) {
    let out = site.path("out.mbz");
    let out_text = out.to_string_lossy().into_owned();
    let said = site.json(&["backup", "create", &course.to_string(), "--option", "users=1", "-o", &out_text]);
    let warnings = said["warnings"].as_array().expect("warnings").iter().map(text).collect();
    (warnings, Unpacked::open(&out).expect("an archive"))
}

#[test]
fn a_disk_with_too_little_room_is_noticed_before() {
    let site = Site::new(PROVOST);
    site.ok(&["plugin", "list"]);
    set(&site, "[limits]\nfree-space = \"1 EiB\"\n");
    let archive = sample::packed_file().to_string_lossy().into_owned();
    let said = site.refused(&["course", "import", &archive]);
    let store = site.data().to_string_lossy().into_owned();
    assert!(said.contains("no space left") && said.contains(&store) && said.contains("bytes are free"), "{said}");
    set(&site, "");
    clean(&site, &json!([]));
    site.import(&sample::packed_file());
}

#[test]
fn limits_are_the_operator_s() {
    let site = Site::new(PROVOST);
    let archive = sample::packed_file().to_string_lossy().into_owned();
    for (limits, words) in [
        ("archive-entries = 100", "more than 100 entries"),
        ("archive-entry = 1000", "more than the 1000 allowed"),
        ("archive-unpacked = \"10 KiB\"", "more than 10240 bytes"),
        ("archive-path = 20", "more than 20 bytes"),
        ("archive-spooled-entry = 1000", "too large to be put aside"),
        ("archive-spooled = 5000", "more than 5000 bytes put aside"),
        ("archive-expansion = 1\narchive-free-expansion = 1000", "more than 1 times its size"),
    ] {
        set(&site, &format!("[limits]\n{limits}\n"));
        let said = site.refused(&["course", "import", &archive]);
        assert!(said.contains(words), "{limits}: {said}");
    }
    set(&site, "[plugins.restore]\nxml-depth = 16\n");
    site.import(&sample::packed_file());
    set(&site, "[plugins.restore]\nxml-depth = 3\n");
    let said = site.refused(&["plugin", "list"]);
    assert!(said.contains("plugin restore: xml-depth is 3, but must be at least 16"), "{said}");
    for (settings, words) in [
        ("[limits]\narchive-entires = 1", "archive-entires"),
        ("[plugins.restroe]\nxml-depth = 20", "restroe"),
        ("[limits", "line 1"),
    ] {
        set(&site, settings);
        let said = site.refused(&["plugin", "list"]);
        assert!(said.contains(words) && said.contains("provost.toml"), "{settings}: {said}");
    }
}

#[test]
fn xml_may_nest_as_deep_as_the_operator_says() {
    let site = Site::new(PROVOST);
    let mut tree = sample::tree();
    in_forum(&mut tree, &format!("{}{}", "<d>".repeat(400), "</d>".repeat(400)));
    let archive = site.path("deep.mbz");
    fs::write(&archive, hostile::tar_gz(&tree)).expect("written");
    let path = archive.to_string_lossy().into_owned();
    assert!(site.refused(&["course", "import", &path]).contains("deeper than 256"));
    set(&site, "[plugins.restore]\nxml-depth = 500\n");
    let course = site.import(&archive);
    assert_eq!(validate(&backed_up(&site, course).1), []);
}

#[test]
fn a_disk_that_fills_up_is_noticed_on_the_way() {
    let site = Site::new(PROVOST);
    let archive = site.generated("large.mbz", &LARGE).to_string_lossy().into_owned();
    // Beside the compiled plugins, which every store has.
    let code = megabytes_of_code();
    for (megabytes, settings) in [
        // The reserve stops the upload, the taking in of contents, or the backup, whichever comes to it.
        (12, "free-space = \"8 MiB\""),
        (32, "free-space = \"16 MiB\""),
        (40, "free-space = \"8 MiB\""),
        // Nothing is kept free: the system itself says no, to contents or to the database.
        (4, "free-space = 0"),
        (18, "free-space = 0"),
        (32, "free-space = 0"),
    ] {
        let megabytes = code + megabytes;
        let Some(disk) = Disk::small(&site.data(), megabytes) else {
            println!("skipped: no file systems can be mounted here");
            return;
        };
        set(&site, &format!("[limits]\n{settings}\n"));
        let output = site.run(&["course", "import", &archive]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("{megabytes} MB, {settings}: {said}");
        if output.status.success() {
            let said = site.run(&["backup", "create", "2", "--option", "users=1"]);
            println!("  then: {}", String::from_utf8_lossy(&said.stderr));
            assert!(!said.status.success(), "{megabytes} MB are not small enough");
            site.ok(&["course", "delete", "2", "--yes"]);
        } else {
            assert!(said.contains("no space") || said.contains("No space") || said.contains("full"), "{said}");
            assert!(!said.contains("panicked"), "{said}");
        }
        set(&site, "[limits]\nfree-space = 0\n");
        clean(&site, &json!([]));
        // The name is free, and with less to do all is well.
        let small = site.import(&sample::packed_file());
        site.ok(&["course", "delete", &small.to_string(), "--yes"]);
        clean(&site, &json!([]));
        drop(disk);
        fs::remove_dir_all(site.data()).expect("an empty directory");
    }
}

/// Rows fill a disk too: what stops then is the database.
#[test]
fn a_database_that_fills_its_disk() {
    const ROWS: SampleSize =
        SampleSize { activities: 20, people: 30, log_rows: 60_000, files: 0, file_bytes: 0, compressible_share: 0.0 };
    let site = Site::new(PROVOST);
    let archive = site.generated("rows.mbz", &ROWS).to_string_lossy().into_owned();
    for (megabytes, free) in [(30, "0"), (60, "0"), (75, "0"), (80, "\"24 MiB\"")] {
        let Some(disk) = Disk::small(&site.data(), megabytes) else {
            println!("skipped: no file systems can be mounted here");
            return;
        };
        set(&site, &format!("[limits]\nfree-space = {free}\n"));
        let said = site.refused(&["--lease", "1", "course", "import", &archive]);
        println!("{megabytes} MB: {said}");
        assert!(said.contains("no space") || said.contains("No space") || said.contains("full"), "{said}");
        set(&site, "[limits]\nfree-space = 0\n");
        clean(&site, &json!([]));
        let small = site.import(&sample::packed_file());
        site.ok(&["course", "delete", &small.to_string(), "--yes"]);
        clean(&site, &json!([]));
        drop(disk);
        fs::remove_dir_all(site.data()).expect("an empty directory");
    }
}

#[test]
fn files_that_may_not_grow() {
    let site = Site::new(PROVOST);
    site.ok(&["plugin", "list"]);
    let archive = site.generated("large.mbz", &LARGE).to_string_lossy().into_owned();
    // Blocks of 1024 bytes: less than the archive, and less than what its documents take.
    for blocks in [700, 3_000, 15_000] {
        let (said, ended) = limited(&site, blocks, &["course", "import", &archive]);
        println!("{blocks}: {said}");
        assert!(!ended && !said.contains("panicked"), "{blocks}: {said}");
        clean(&site, &json!([]));
    }
    let course = site.import(Path::new(&archive));
    let courses = site.json(&["course", "list"]);
    let (said, ended) = limited(&site, 5_000, &["backup", "create", &course.to_string()]);
    assert!(!ended && said.contains("oo large"), "{said}");
    clean(&site, &courses);
    assert_eq!(site.json(&["backup", "list", &course.to_string()]), json!([]));
    assert_eq!(validate(&backed_up(&site, course).1), []);
}

/// Runs a command whose files may not grow beyond so many blocks of 1024 bytes; what it said, and whether it succeeded.
fn limited(site: &Site, blocks: u32, arguments: &[&str]) -> (String, bool) {
    let command = site.command(arguments);
    let mut shell = std::process::Command::new("bash");
    shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")).arg(command.get_program());
    shell.args(command.get_args()).current_dir(site.data()).stdin(std::process::Stdio::null());
    shell.env_remove("PROVOST_DATA").env_remove("PROVOST_LOG");
    let output = shell.output().expect("a shell");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.success())
}

#[test]
fn lost_and_damaged_contents() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file());
    let (path, sha1) = a_content(&site);
    let whole = fs::read(&path).expect("a content");
    let entry = format!("files/{}/{sha1}", &sha1[..2]);
    let before = backed_up(&site, course);
    assert_eq!((before.0.len(), before.1.pool.contains_key(&entry)), (0, true));

    // Lost: the row stays, the run goes on (mbz-format.md 6).
    fs::remove_file(&path).expect("removed");
    let (warnings, archive) = backed_up(&site, course);
    assert!(warnings.iter().any(|w| w.contains(&sha1) && w.contains("missing")), "{warnings:?}");
    assert!(!archive.pool.contains_key(&entry), "{entry} is in the archive");
    let files = String::from_utf8_lossy(&archive.documents["files.xml"]).into_owned();
    assert!(files.contains(&sha1), "the row is gone");
    let doctor = site.run(&["--json", "doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains(&format!("blob {sha1} is missing")));

    // What such a backup has is imported, with a warning.
    let said = site.json(&["course", "import", &site.path("out.mbz").to_string_lossy(), "--shortname", "lacking"]);
    assert!(said["warnings"].to_string().contains("no content for"), "{said}");

    // Damaged, at the same length and at another: never written under its hash.
    let mut changed = whole.clone();
    changed[0] ^= 1;
    for damaged in [changed.as_slice(), &whole[..whole.len() / 2], b""] {
        fs::write(&path, damaged).expect("written");
        let (warnings, archive) = backed_up(&site, course);
        assert!(warnings.iter().any(|w| w.contains(&sha1) && w.contains("damaged")), "{warnings:?}");
        assert!(!archive.pool.contains_key(&entry), "{entry} is in the archive");
    }

    // The archive brings the content back, wherever it is needed.
    fs::write(&path, &changed).expect("written");
    site.import(&sample::packed_file());
    assert_eq!(fs::read(&path).expect("a content"), whole);
    assert_eq!(backed_up(&site, course).0, Vec::<String>::new());
    assert_eq!(site.json(&["doctor", "--sweep", "0"])["findings"], json!([]));
}

#[test]
fn lost_and_damaged_documents() {
    let site = Site::new(PROVOST);
    let mut tree = sample::tree();
    let text = "word ".repeat(100_000);
    in_forum(&mut tree, &format!("<long>{text}</long>"));
    let archive = site.path("long.mbz");
    fs::write(&archive, hostile::tar_gz(&tree)).expect("written");
    let known = contents(&site);
    let course = site.import(&archive);
    let holds = |path: &PathBuf| fs::read(path).is_ok_and(|b| b.windows(10).any(|w| w == b"word word "));
    let stored: Vec<PathBuf> = contents(&site).into_iter().filter(|p| !known.contains(p) && holds(p)).collect();
    assert!(!stored.is_empty(), "a long document is a content");
    for path in &stored {
        let whole = fs::read(path).expect("a content");
        let mut changed = whole.clone();
        changed[7] ^= 1;
        fs::write(path, changed).expect("written");
        let said = site.refused(&["backup", "create", &course.to_string()]);
        assert!(said.contains("activities/forum_301/forum.xml") && said.contains("damaged"), "{said}");
        fs::remove_file(path).expect("removed");
        let said = site.refused(&["backup", "create", &course.to_string()]);
        assert!(said.contains("activities/forum_301/forum.xml") && said.contains("no blob"), "{said}");
        fs::write(path, whole).expect("written");
    }
    assert_eq!(site.json(&["backup", "list", &course.to_string()]), json!([]));
    assert_eq!(validate(&backed_up(&site, course).1), []);
    clean(&site, &site.json(&["course", "list"]));
}

#[test]
fn clients_that_go_away() {
    let site = Site::new(PROVOST);
    let archive = site.generated("large.mbz", &LARGE);
    let course = site.import(&archive);
    let mut server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let before = contents(&site).len();

    // In the middle of an upload, with the token before and behind the file.
    for query in [format!("?token={}", rest.token), String::new()] {
        let mut stream = TcpStream::connect(&server.address).expect("the server");
        let head = format!(
            "POST /webservice/upload.php{query} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
             Content-Length: 90000000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.mbz\"\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![7; 4_000_000])).expect("sent");
        wait_until("the server has some of it", || {
            files_below(&site.data().join("tmp"))
                .iter()
                .any(|p| fs::metadata(p).is_ok_and(|m| m.len() > 1_000_000))
                .then_some(())
        });
        drop(stream);
        wait_until("nothing of it is left", || {
            let files = files_below(&site.data().join("tmp"));
            files.iter().all(|p| fs::metadata(p).map_or(true, |m| m.len() == 0)).then_some(())
        });
    }
    assert_eq!(contents(&site).len(), before);

    // In the middle of a download.
    let id = rest.start_backup(course, &[]);
    rest.follow(&id);
    let url = text(&rest.backups(course)[0]["downloadurl"]);
    let path = url.strip_prefix(&server.url).expect("its own address");
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&server.address).expect("the server");
        let request = format!("GET {path}&token={} HTTP/1.1\r\nHost: x\r\n\r\n", rest.token);
        stream.write_all(request.as_bytes()).expect("sent");
        stream.read_exact(&mut [0; 5_000]).expect("some of it");
    }
    let whole = rest.download(&url, &[]);
    assert_eq!(validate(&Unpacked::read(std::io::Cursor::new(whole.body)).expect("an archive")), []);
    assert!(server.lives());
    assert_eq!(get(&format!("{}/webservice/pluginfile.php", server.url), &[]).status, 200);
    server.kill();
    let courses = site.json(&["course", "list"]);
    clean(&site, &courses);
}

#[test]
fn two_who_want_one_name() {
    let site = Site::new(PROVOST);
    let archive = fs::read(site.generated("large.mbz", &LARGE)).expect("generated");
    let server = site.serve(&["--workers", "2"]);
    let rest = server.rest(&site.token("admin"));
    let upload = || rest.upload(&[Part::File("archive", "large.mbz", &archive)])[0]["itemid"].to_string();
    let start = |item: &str, wish: &[(&str, &str)]| {
        let mut wish = wish.to_vec();
        wish.push(("itemid", item));
        text(&rest.call("provost_course_restore_async", &wish)["restoreid"])
    };
    let items = [upload(), upload()];
    let wished: Vec<String> = items.iter().map(|item| start(item, &[("shortname", "one")])).collect();
    let ended: Vec<Value> = wished.iter().map(|id| rest.ended("restore", id)).collect();
    let failed: Vec<&Value> = ended.iter().filter(|details| details["state"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{ended:?}");
    let reason = text(&failed[0]["reason"]);
    assert!(reason.contains("\"one\" is reserved by job") || reason.contains("already used"), "{reason}");

    // Who asks for no name gets one of their own.
    let items = [upload(), upload()];
    let free: Vec<String> = items.iter().map(|item| start(item, &[])).collect();
    for id in &free {
        assert_eq!(rest.ended("restore", id)["state"], "succeeded");
    }
    let courses = site.json(&["course", "list"]);
    let names: Vec<String> = courses.as_array().expect("a list").iter().map(|c| text(&c["shortname"])).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let counts = |course: &Value| site.json(&["course", "show", &course["courseid"].to_string()])["counts"].clone();
    let all: Vec<Value> = courses.as_array().expect("a list").iter().map(counts).collect();
    assert!(all.iter().all(|counts| *counts == all[0]), "no half course: {all:?}");
    drop(server);
    clean(&site, &courses);
}

#[test]
fn a_killed_import_says_who_has_its_name() {
    let site = Site::new(PROVOST);
    let archive = site.generated("large.mbz", &LARGE);
    let path = archive.to_string_lossy().into_owned();
    let import = ["--lease", "3600", "course", "import", path.as_str(), "--shortname", "mine"];
    let mut killed = site.command(&import);
    let mut killed =
        killed.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("started");
    let job = wait_until("the import holds its name", || {
        let jobs = site.json(&["job", "list"]);
        let job = jobs.as_array()?.first()?.clone();
        (job["progress"].as_f64()? > 0.5).then(|| text(&job["id"]))
    });
    killed.kill().and_then(|()| killed.wait()).expect("killed");
    if site.json(&["job", "show", &job])["state"] != "running" {
        println!("skipped: the import was through before it could be killed");
        return;
    }
    let said = site.refused(&["course", "import", &path, "--shortname", "mine"]);
    assert!(said.contains(&format!("\"mine\" is reserved by job {job}")) && said.contains("it is free in"), "{said}");
    no_temporary_files(&site);
    // Cancelled, it lets go at once.
    site.ok(&["job", "cancel", &job]);
    site.ok(&["course", "import", &path, "--shortname", "mine"]);
    let courses = site.json(&["course", "list"]);
    assert_eq!(courses.as_array().map(Vec::len), Some(1));
    clean(&site, &courses);
}

#[test]
fn a_course_deleted_under_its_backup() {
    let site = Site::new(PROVOST);
    let archive = site.generated("large.mbz", &LARGE);
    let course = site.import(&archive);
    let server = site.serve(&["--workers", "1"]);
    let rest = server.rest(&site.token("admin"));
    let id = rest.start_backup(course, &[("options[users]", "1")]);
    wait_until("the backup is under way", || (rest.status(&id).1 > 0.02).then_some(()));
    site.ok(&["course", "delete", &course.to_string(), "--yes"]);
    site.ok(&["doctor", "--sweep", "0"]);
    wait_until("the backup has ended", || {
        let job = site.json(&["job", "show", &id]);
        println!("{} {}", job["state"], job["reason"]);
        if job["state"] == "failed" {
            assert!(text(&job["reason"]).contains("was deleted while it was backed up"), "{job}");
        }
        matches!(job["state"].as_str(), Some("succeeded" | "failed")).then_some(())
    });
    drop(server);
    // Its area went with the course: an archive in it would be nobody's.
    clean(&site, &json!([]));
    assert_eq!(contents(&site), Vec::<PathBuf>::new());
}

#[test]
fn temporary_files_of_the_dead_go_at_the_next_start() {
    let site = Site::new(PROVOST);
    site.ok(&["plugin", "list"]);
    let server = site.serve(&[]);
    let mut stream = TcpStream::connect(&server.address).expect("the server");
    let head = "POST /webservice/upload.php HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
                Content-Length: 90000000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.mbz\"\r\n\r\n";
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![7; 4_000_000])).expect("sent");
    wait_until("the server has some of it", || {
        files_below(&site.data().join("tmp"))
            .iter()
            .any(|p| fs::metadata(p).is_ok_and(|m| m.len() > 1_000_000))
            .then_some(())
    });
    server.kill();
    assert!(files_below(&site.data().join("tmp")).len() > 1, "a killed process leaves what it had");
    site.ok(&["course", "list"]);
    no_temporary_files(&site);
}
