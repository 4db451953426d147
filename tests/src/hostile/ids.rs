//! Numbers that point nowhere, in circles, or are none; and contents that are not what their names say.

use super::{Case, Expected, Tree, course as case, replace, replace_all, text};
use Expected::{Imported, Refused};

const MASTER: &str = "moodle_backup.xml";

pub(super) fn cases() -> Vec<Case> {
    let mut all = places();
    all.extend(numbers());
    all.extend(contents());
    all
}

fn insert(tree: &mut Tree, path: &str, before: &str, what: &str) {
    replace(tree, path, before, &format!("{what}{before}"));
}

fn places() -> Vec<Case> {
    const BLOCK: &str = "<block id=\"77\" contextid=\"7700\"><blockname>html</blockname></block>";
    vec![
        case(
            "an activity in a section that is not there",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<moduleid>301</moduleid>\n          <sectionid>41",
                    "<moduleid>301</moduleid>\n          <sectionid>4711",
                )
            },
            Imported(&["section 4711"]),
        ),
        case(
            "a section shown by itself",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<directory>sections/section_41</directory>",
                    "<directory>sections/section_41</directory><parentcmid>41</parentcmid><modname>subsection</modname>",
                )
            },
            Imported(&["section 41"]),
        ),
        case(
            "a section shown by an activity that is not there",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<directory>sections/section_41</directory>",
                    "<directory>sections/section_41</directory><parentcmid>4711</parentcmid><modname>subsection</modname>",
                )
            },
            Imported(&["4711"]),
        ),
        case(
            "a section shown by an activity in it",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<directory>sections/section_41</directory>",
                    "<directory>sections/section_41</directory><parentcmid>301</parentcmid><modname>subsection</modname>",
                )
            },
            Imported(&["section 41"]),
        ),
        case(
            "sections shown in each other",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<directory>sections/section_41</directory>",
                    "<directory>sections/section_41</directory><parentcmid>303</parentcmid><modname>subsection</modname>",
                );
                replace(
                    t,
                    MASTER,
                    "<directory>sections/section_42</directory>",
                    "<directory>sections/section_42</directory><parentcmid>301</parentcmid><modname>subsection</modname>",
                );
            },
            Imported(&["section 41 is shown by activity 303"]),
        ),
        case(
            "a block on an activity that is not there",
            |t| drop(t.insert("activities/forum_999/blocks/html_77/block.xml".into(), BLOCK.into())),
            Imported(&["activities/forum_999/blocks/html_77"]),
        ),
        case(
            "question categories in a circle",
            |t| {
                let q = text(t, "questions.xml");
                let (first, second) = (id_of(&q, "question_category", 0), id_of(&q, "question_category", 1));
                set_field(t, "questions.xml", "question_category", first, "parent", second);
                set_field(t, "questions.xml", "question_category", second, "parent", first);
            },
            Imported(&[]),
        ),
        case(
            "grade categories in a circle",
            |t| {
                let g = text(t, "gradebook.xml");
                let first = id_of(&g, "grade_category", 0);
                set_field(t, "gradebook.xml", "grade_category", first, "parent", first);
            },
            Imported(&[]),
        ),
        case(
            "groupings with groups that are not there",
            |t| {
                insert(
                    t,
                    "groups.xml",
                    "</groupings>",
                    "<grouping id=\"9001\"><name>Circle</name><grouping_groups><grouping_group id=\"1\"><groupid>9001</groupid></grouping_group></grouping_groups></grouping>",
                )
            },
            Imported(&[]),
        ),
        case(
            "people that are not in users.xml",
            |t| replace_all(t, "course/enrolments.xml", "<userid>", "<userid>77"),
            Imported(&[]),
        ),
        case("a role of nobody", |t| replace(t, "course/roles.xml", "<userid>", "<userid>77"), Imported(&[])),
        case(
            "files of contexts that are not there",
            |t| replace_all(t, "files.xml", "<contextid>", "<contextid>99"),
            Imported(&[]),
        ),
        case(
            "references to nothing",
            |t| {
                set(
                    t,
                    "course/inforef.xml",
                    "<inforef><userref><user><id>987654</id></user></userref><fileref><file><id>987654</id></file></fileref><grade_itemref><grade_item><id>-5</id></grade_item></grade_itemref></inforef>",
                )
            },
            Imported(&[]),
        ),
    ]
}

fn set(tree: &mut Tree, path: &str, document: &str) {
    assert!(tree.contains_key(path), "the sample course has no {path}");
    tree.insert(path.to_owned(), document.as_bytes().to_vec());
}

/// The id of the n-th element of a name.
fn id_of(document: &str, element: &str, n: usize) -> u64 {
    let mark = format!("<{element} id=\"");
    let found = document.split(mark.as_str()).nth(n + 1).and_then(|rest| rest.split('"').next());
    found.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no {element} {n}"))
}

/// Sets a field of an element, which must have it.
fn set_field(tree: &mut Tree, path: &str, element: &str, id: u64, field: &str, value: u64) {
    let document = text(tree, path);
    let at =
        document.find(&format!("<{element} id=\"{id}\"")).unwrap_or_else(|| panic!("{path} has no {element} {id}"));
    let open = format!("<{field}>");
    let from = document[at..].find(&open).map(|n| at + n + open.len()).unwrap_or_else(|| panic!("no {field}"));
    let to = document[from..].find("</").map_or(from, |n| from + n);
    tree.insert(path.to_owned(), format!("{}{value}{}", &document[..from], &document[to..]).into_bytes());
}

fn numbers() -> Vec<Case> {
    const HUGE: &str = "99999999999999999999999999";
    vec![
        case(
            "numbers beyond 64 bits",
            |t| {
                replace(t, "sections/section_41/section.xml", "<number>", &format!("<number>{HUGE}"));
                replace(t, "course/course.xml", "<startdate>", &format!("<startdate>{HUGE}"));
                replace_all(t, "course/enrolments.xml", "<timestart>", &format!("<timestart>{HUGE}"));
                replace_all(t, "files.xml", "<itemid>", &format!("<itemid>{HUGE}"));
            },
            Imported(&[]),
        ),
        case(
            "ids of 64 bits",
            |t| {
                replace_all(t, "files.xml", "<contextid>", "<contextid>18446744073709551615</contextid><contextid>");
                replace_all(t, "course/enrolments.xml", "<userid>", "<userid>18446744073709551615</userid><userid>");
            },
            Imported(&[]),
        ),
        case(
            "negative ids",
            |t| {
                replace_all(t, "files.xml", "<file id=\"", "<file id=\"-");
                replace_all(t, "course/enrolments.xml", "<userid>", "<userid>-");
                replace_all(t, "groups.xml", "<group id=\"", "<group id=\"-");
            },
            Imported(&[]),
        ),
        case(
            "users with negative ids",
            |t| replace_all(t, "users.xml", "<user id=\"", "<user id=\"-"),
            Refused(&["users.xml", "id"]),
        ),
        case(
            "users without ids",
            |t| replace_all(t, "users.xml", "<user id=", "<user ident="),
            Refused(&["users.xml", "id"]),
        ),
        case(
            "two users of one id",
            |t| {
                let u = text(t, "users.xml");
                let (a, b) = (id_of(&u, "user", 0), id_of(&u, "user", 1));
                replace(t, "users.xml", &format!("<user id=\"{b}\""), &format!("<user id=\"{a}\""));
            },
            Refused(&["users.xml", "twice"]),
        ),
        case(
            "two users of one name",
            |t| {
                insert(
                    t,
                    "users.xml",
                    "</users>",
                    "<user id=\"9001\" contextid=\"1\"><username>twin</username><email>a@example.org</email></user><user id=\"9002\" contextid=\"2\"><username>twin</username><email>b@example.org</email></user>",
                )
            },
            Imported(&["twin"]),
        ),
        case(
            "a user without a name",
            |t| insert(t, "users.xml", "</users>", "<user id=\"9001\"></user>"),
            Imported(&[]),
        ),
        case(
            "two files of one id",
            |t| {
                let f = text(t, "files.xml");
                let (a, b) = (id_of(&f, "file", 0), id_of(&f, "file", 1));
                replace(t, "files.xml", &format!("<file id=\"{b}\""), &format!("<file id=\"{a}\""));
            },
            Imported(&[]),
        ),
        case(
            "an activity with a huge section number",
            |t| {
                replace(
                    t,
                    MASTER,
                    "<moduleid>301</moduleid>\n          <sectionid>41",
                    &format!("<moduleid>301</moduleid>\n          <sectionid>{HUGE}"),
                )
            },
            Refused(&[MASTER, "sectionid", "line"]),
        ),
        case(
            "a directory with a huge number",
            |t| replace(t, MASTER, "activities/forum_301", &format!("activities/forum_{HUGE}")),
            Refused(&[MASTER, "forum_9999", "no directory"]),
        ),
    ]
}

fn contents() -> Vec<Case> {
    fn damage(tree: &mut Tree) {
        let path = first_content(tree);
        tree.insert(path, b"something else".to_vec());
    }
    fn lose(tree: &mut Tree) {
        let path = first_content(tree);
        tree.remove(&path);
    }
    vec![
        case("a content that is not what its name says", damage, Refused(&["files/", "SHA-1"])),
        case("a content that is not what its name says, kept going", damage, Imported(&["SHA-1", "no content for"]))
            .keep_going(),
        case("a content that is missing", lose, Imported(&["no content for"])),
        case(
            "a content that nobody names",
            |t| drop(t.insert("files/aa/aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d".into(), b"hello".to_vec())),
            Imported(&[]),
        ),
        case(
            "a row whose hash is none",
            |t| replace(t, "files.xml", "<contenthash>", "<contenthash>../../x"),
            Imported(&[]),
        ),
        case(
            "a row with a path that climbs",
            |t| replace(t, "files.xml", "<filepath>/", "<filepath>/../../"),
            Imported(&[]),
        ),
    ]
}

fn first_content(tree: &Tree) -> String {
    let found = tree.keys().find(|path| path.starts_with("files/") && !tree[*path].is_empty());
    found.cloned().unwrap_or_else(|| panic!("the sample course has no contents"))
}
