//! What is wrong with a document: not XML, too deep, too large, not what it should be; and with the master file.

use super::{Case, Expected, Tree, course as case, replace, text};
use Expected::{Imported, Refused};

const MASTER: &str = "moodle_backup.xml";
const FORUM: &str = "activities/forum_301/forum.xml";
const COURSE: &str = "course/course.xml";
const BOMB: &str = "<!DOCTYPE b [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY c \"&a;&a;&a;&a;&a;&a;\">]>";

pub(super) fn cases() -> Vec<Case> {
    let mut all = xml();
    all.extend(sizes());
    all.extend(master());
    all
}

/// Puts something right behind the declaration.
fn declare(tree: &mut Tree, path: &str, what: &str) {
    replace(tree, path, "encoding=\"UTF-8\"?>", &format!("encoding=\"UTF-8\"?>{what}"));
}

/// Puts something behind the start tag of the root.
fn inside(tree: &mut Tree, path: &str, what: &[u8]) {
    let document = tree[path].clone();
    let declaration = document.iter().position(|b| *b == b'>').map_or(0, |at| at + 1);
    let root = document[declaration..].iter().position(|b| *b == b'>').map_or(0, |at| declaration + at + 1);
    tree.insert(path.to_owned(), [&document[..root], what, &document[root..]].concat());
}

/// Puts something at the end of the master file's information.
fn within(tree: &mut Tree, path: &str, what: &[u8]) {
    const END: &[u8] = b"</information>";
    let document = tree[path].clone();
    let at = document.windows(END.len()).position(|w| w == END).unwrap_or_else(|| panic!("{path} has no information"));
    tree.insert(path.to_owned(), [&document[..at], what, &document[at..]].concat());
}

fn nested(depth: usize) -> Vec<u8> {
    format!("{}{}", "<d>".repeat(depth), "</d>".repeat(depth)).into_bytes()
}

fn set(tree: &mut Tree, path: &str, bytes: impl Into<Vec<u8>>) {
    assert!(tree.contains_key(path), "the sample course has no {path}");
    tree.insert(path.to_owned(), bytes.into());
}

fn xml() -> Vec<Case> {
    vec![
        case("a DTD in the master file", |t| declare(t, MASTER, BOMB), Refused(&[MASTER, "document type", "line 1"])),
        case("a DTD in a document", |t| declare(t, FORUM, BOMB), Refused(&[FORUM, "document type", "line 1"])),
        case("a DTD in users.xml", |t| declare(t, "users.xml", BOMB), Refused(&["users.xml", "document type"])),
        case("a DTD in files.xml", |t| declare(t, "files.xml", BOMB), Refused(&["files.xml", "document type"])),
        case("an entity that nobody defined", |t| inside(t, FORUM, b"<x>&lol;</x>"), Imported(&[])),
        case(
            "300 levels in the master file",
            |t| within(t, MASTER, &nested(300)),
            Refused(&[MASTER, "deeper than 256"]),
        ),
        case(
            "300 levels in a document",
            |t| inside(t, FORUM, &nested(300)),
            Refused(&[FORUM, "deeper than 256", "line "]),
        ),
        case(
            "300 levels in users.xml",
            |t| inside(t, "users.xml", &nested(300)),
            Refused(&["users.xml", "deeper than 256"]),
        ),
        case(
            "300 levels in an inforef.xml",
            |t| inside(t, "course/inforef.xml", &nested(300)),
            Refused(&["course/inforef.xml", "deeper than 256"]),
        ),
        case("250 levels", |t| inside(t, FORUM, &nested(250)), Imported(&[])),
        case(
            "a million open elements",
            |t| set(t, FORUM, "<d>".repeat(1_000_000)),
            Refused(&[FORUM, "deeper than 256"]),
        ),
        case(
            "a document that ends in an element",
            |t| set(t, FORUM, "<activity><forum>"),
            Refused(&[FORUM, "ends inside <forum>"]),
        ),
        case("a document that ends in a tag", |t| set(t, FORUM, "<activity><for"), Refused(&[FORUM, "inside markup"])),
        case("a comment without end", |t| inside(t, FORUM, b"<!-- "), Refused(&[FORUM, "inside markup"])),
        case("CDATA without end", |t| inside(t, "files.xml", b"<![CDATA["), Refused(&["files.xml", "inside markup"])),
        case(
            "an element closed by another",
            |t| inside(t, FORUM, b"<a><b></a></b>"),
            Refused(&[FORUM, "</a> where </b> was due"]),
        ),
        case("two roots", |t| set(t, FORUM, "<activity></activity><activity/>"), Refused(&[FORUM, "second root"])),
        case("text outside the root", |t| set(t, FORUM, "hello <activity/>"), Refused(&[FORUM, "outside the root"])),
        case("an empty document", |t| set(t, FORUM, ""), Refused(&[FORUM, "no root element"])),
        case("an empty users.xml", |t| set(t, "users.xml", ""), Refused(&["users.xml", "no root element"])),
        case(
            "an empty section.xml",
            |t| set(t, "sections/section_41/section.xml", ""),
            Refused(&["sections/section_41/section.xml", "no root element"]),
        ),
        case(
            "an empty module.xml",
            |t| set(t, "activities/forum_301/module.xml", ""),
            Refused(&["activities/forum_301/module.xml", "no root element"]),
        ),
        case(
            "noise as a document",
            |t| set(t, FORUM, (0..50_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>()),
            Refused(&[FORUM, "line "]),
        ),
        case(
            "a document in UTF-16",
            |t| set(t, FORUM, "\u{feff}<activity/>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            Refused(&[FORUM]),
        ),
        case(
            "another root in section.xml",
            |t| set(t, "sections/section_41/section.xml", "<activity/>"),
            Refused(&["sections/section_41/section.xml", "the root is <activity>"]),
        ),
        case(
            "another root in course.xml",
            |t| set(t, COURSE, "<section/>"),
            Refused(&[COURSE, "the root is <section>"]),
        ),
        case(
            "invalid UTF-8 in the master file",
            |t| within(t, MASTER, b"<x>\xff\xfe</x>"),
            Refused(&[MASTER, "not UTF-8", "line "]),
        ),
        case("invalid UTF-8 in a document", |t| inside(t, FORUM, b"<x>\xff\xfe</x>"), Imported(&[])),
        case(
            "invalid UTF-8 in users.xml",
            |t| inside(t, "users.xml", b"<user id=\"9001\"><username>\xff\xfe</username></user>"),
            Imported(&[]),
        ),
        case("control characters", |t| inside(t, FORUM, b"<x>\x00\x01\x1b</x>"), Imported(&[])),
    ]
}

fn sizes() -> Vec<Case> {
    let attribute = |bytes: usize| format!("<x y=\"{}\"/>", "a".repeat(bytes)).into_bytes();
    let element = |name: &str, bytes: usize| format!("<{name}>{}</{name}>", "a".repeat(bytes)).into_bytes();
    let long_names: Vec<u8> = (0..200).flat_map(|_| format!("<{}>", "n".repeat(200_000)).into_bytes()).collect();
    vec![
        case(
            "an attribute of 3 MB",
            move |t| inside(t, FORUM, &attribute(3_000_000)),
            Refused(&[FORUM, "longer than a mebibyte", "line "]),
        ),
        case(
            "an attribute of 3 MB in the master file",
            move |t| within(t, MASTER, &attribute(3_000_000)),
            Refused(&[MASTER, "longer than a mebibyte"]),
        ),
        case("an attribute of 500 kB", move |t| inside(t, FORUM, &attribute(500_000)), Imported(&[])),
        case(
            "open elements with long names",
            move |t| set(t, FORUM, [b"<activity>".as_slice(), &long_names].concat()),
            Refused(&[FORUM, "name", "line "]),
        ),
        case("an element of 40 MB", move |t| inside(t, FORUM, &element("x", 40_000_000)), Imported(&[])),
        case(
            "an element of 40 MB in the master file",
            move |t| within(t, MASTER, &element("x", 40_000_000)),
            Refused(&[MASTER, "larger than"]),
        ),
        case(
            "a user of 20 MB",
            move |t| inside(t, "users.xml", &element("user", 20_000_000)),
            Refused(&["users.xml", "<user> is larger than"]),
        ),
        case(
            "a file row of 20 MB",
            move |t| inside(t, "files.xml", &element("file", 20_000_000)),
            Refused(&["files.xml", "<file> is larger than"]),
        ),
        case(
            "a log row of 20 MB",
            move |t| {
                set(
                    t,
                    "course/logstores.xml",
                    [
                        b"<logstores><logstore><subplugin_logstore_standard_logstore><logstore_standard_log id=\"1\">"
                            .as_slice(),
                        &element("other", 20_000_000),
                        b"</logstore_standard_log></subplugin_logstore_standard_logstore></logstore></logstores>",
                    ]
                    .concat(),
                )
            },
            Refused(&["course/logstores.xml", "is larger than"]),
        ),
        case(
            "a section.xml of 40 MB",
            move |t| inside(t, "sections/section_41/section.xml", &element("x", 40_000_000)),
            Refused(&["sections/section_41/section.xml", "larger than"]),
        ),
        case("a course.xml of 20 MB", move |t| inside(t, COURSE, &element("x", 20_000_000)), Imported(&[])),
        case(
            "two million elements in the master file",
            |t| within(t, MASTER, "<x/>".repeat(2_000_000).as_bytes()),
            Refused(&[MASTER, "more than"]),
        ),
        case(
            "two million elements in a module.xml",
            |t| inside(t, "activities/forum_301/module.xml", "<x/>".repeat(2_000_000).as_bytes()),
            Imported(&[]),
        ),
        case(
            "two million references",
            |t| {
                inside(
                    t,
                    "course/inforef.xml",
                    &(0..2_000_000)
                        .flat_map(|n| format!("<userref><user><id>{n}</id></user></userref>").into_bytes())
                        .collect::<Vec<u8>>(),
                )
            },
            Refused(&["course/inforef.xml", "larger than"]),
        ),
        case(
            "two million empty elements in a document",
            |t| inside(t, FORUM, "<x/>".repeat(2_000_000).as_bytes()),
            Imported(&[]),
        ),
    ]
}

fn master() -> Vec<Case> {
    const ACTIVITY: &str = "<directory>activities/forum_301</directory>";
    vec![
        case("no master file", |t| drop(t.remove(MASTER)), Refused(&["no moodle_backup.xml"])),
        case(
            "the master file in a folder",
            |t| {
                let m = t.remove(MASTER);
                t.insert(format!("backup/{MASTER}"), m.unwrap_or_default());
            },
            Refused(&["no moodle_backup.xml"]),
        ),
        case("an empty master file", |t| set(t, MASTER, ""), Refused(&[MASTER, "the first 200 bytes lack"])),
        case("a master file with another root", |t| set(t, MASTER, "<x/>"), Refused(&[MASTER, "moodle_backup"])),
        case(
            "a master file without information",
            |t| set(t, MASTER, "<moodle_backup/>"),
            Refused(&[MASTER, "the first 200 bytes lack"]),
        ),
        case(
            "no backup version",
            |t| replace(t, MASTER, "<backup_version>2024100700</backup_version>", ""),
            Refused(&[MASTER, "backup_version"]),
        ),
        case(
            "a backup version that is no number",
            |t| replace(t, MASTER, "2024100700", "new"),
            Refused(&[MASTER, "backup_version"]),
        ),
        case(
            "a backup of Moodle 1.9",
            |t| replace(t, MASTER, "<backup_version>2024100700", "<backup_version>2009112500"),
            Refused(&[MASTER, "2009112500"]),
        ),
        case(
            "a course id that is no number",
            |t| replace(t, MASTER, "<original_course_id>21", "<original_course_id>x"),
            Refused(&[MASTER, "original_course_id", "line"]),
        ),
        case(
            "a negative course id",
            |t| replace(t, MASTER, "<original_course_id>21", "<original_course_id>-1"),
            Refused(&[MASTER, "original_course_id", "-1", "line"]),
        ),
        case(
            "a course id beyond 64 bits",
            |t| replace(t, MASTER, "<original_course_id>21", "<original_course_id>99999999999999999999"),
            Refused(&[MASTER, "original_course_id", "line"]),
        ),
        case(
            "the front page of a site",
            |t| replace(t, MASTER, "<original_course_format>topics", "<original_course_format>site"),
            Refused(&["front page"]),
        ),
        case(
            "a backup of one activity",
            |t| {
                replace(t, MASTER, "<type>course</type>", "<type>activity</type>");
                t.remove(COURSE);
            },
            Refused(&["holds no course", "activity"]),
        ),
        case("no course.xml", |t| drop(t.remove(COURSE)), Refused(&["course"])),
        case(
            "an activity without its directory",
            |t| t.retain(|p, _| !p.starts_with("activities/forum_301/")),
            Refused(&["activities/forum_301/module.xml", "missing"]),
        ),
        case(
            "an activity without its own document",
            |t| drop(t.remove(FORUM)),
            Imported(&["activities/forum_301/forum.xml is missing"]),
        ),
        case(
            "an activity in a directory that climbs",
            |t| replace(t, MASTER, ACTIVITY, "<directory>../../etc_1</directory>"),
            Refused(&[MASTER, "../../etc_1"]),
        ),
        case(
            "an activity in the directory of another",
            |t| replace(t, MASTER, ACTIVITY, "<directory>activities/label_302</directory>"),
            Refused(&[MASTER, "activity 301", "activities/label_302"]),
        ),
        case(
            "an activity whose number is not its directory's",
            |t| replace(t, MASTER, "<moduleid>301", "<moduleid>999"),
            Refused(&[MASTER, "999", "activities/forum_301"]),
        ),
        case(
            "an activity whose module is not its directory's",
            |t| replace(t, MASTER, "<modulename>forum", "<modulename>quiz"),
            Refused(&[MASTER, "quiz", "activities/forum_301"]),
        ),
        case(
            "an activity listed twice",
            |t| {
                let twice = "<moduleid>301</moduleid><modulename>forum</modulename>";
                let activity = format!("<activities><activity>{twice}{ACTIVITY}</activity>");
                replace(t, MASTER, "<activities>", &activity);
            },
            Refused(&[MASTER, "activities/forum_301", "twice"]),
        ),
        case(
            "a section without its directory",
            |t| t.retain(|p, _| !p.starts_with("sections/section_41/")),
            Refused(&["sections/section_41/section.xml", "missing"]),
        ),
        case(
            "a section listed twice",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<sections>",
                    "<sections><section><sectionid>41</sectionid><title>0</title><directory>sections/section_41</directory></section>",
                )
            },
            Refused(&[MASTER, "sections/section_41", "twice"]),
        ),
        case(
            "a section whose number is not its directory's",
            |t| replace(t, MASTER, "<directory>sections/section_41", "<directory>sections/section_42"),
            Refused(&[MASTER, "sections/section_42"]),
        ),
        case(
            "a negative section id",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<sectionid>41</sectionid>\n          <title>",
                    "<sectionid>-41</sectionid>\n          <title>",
                )
            },
            Refused(&[MASTER, "sectionid", "line"]),
        ),
        case(
            "no contents",
            |t| {
                let m = text(t, MASTER);
                let from = m.find("<contents>").unwrap_or(0);
                let to = m.find("</contents>").map_or(0, |at| at + 11);
                set(t, MASTER, format!("{}{}", &m[..from], &m[to..]));
            },
            Refused(&[MASTER, "contents"]),
        ),
        case("users promised and not there", |t| drop(t.remove("users.xml")), Imported(&["users.xml is missing"])),
        case(
            "a master file with a course of no name",
            |t| {
                replace(t, COURSE, "<shortname>BEES101", "<shortname>");
            },
            Imported(&[]),
        ),
    ]
}
