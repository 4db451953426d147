//! Sections and activities that go into another course, with what they refer to there: what is then backed up is sound, and every
//! number leads where it did.

use provost_tests::cut::Tree;
use provost_tests::excerpt::{directories, document, fields, without_numbers};
use provost_tests::live::{Site, fixture};
use provost_tests::meaning::{Meaning, NOTHING};
use provost_tests::unpacked::Unpacked;
use provost_tests::validate::validate;
use provost_tests::{pack, rare, sample, tree};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
/// The sample's site.
const SITE: &str = "3f1c6e0a9b7d4c52a8e1f0b6d5c4938e";
/// Every option that is off unless set.
const ALL: &[&str] =
    &["users=1", "role_assignments=1", "comments=1", "userscompletion=1", "logs=1", "grade_histories=1"];

fn with_options(mut command: Vec<&str>) -> Vec<&str> {
    for option in ALL {
        command.extend(["--option", option]);
    }
    command
}

/// A whole backup, which must be a sound archive, and what its numbers mean.
fn back_up(site: &Site, course: &str) -> (Unpacked, Meaning) {
    site.ok(&with_options(vec!["backup", "create", course, "-o", "out.mbz"]));
    let archive = Unpacked::open(&site.path("out.mbz")).expect("an archive");
    let findings: Vec<String> = validate(&archive).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    let meaning = Meaning::of(&archive);
    (archive, meaning)
}

fn edit(tree: &mut Tree, path: &str, changes: &[(&str, &str)]) {
    let mut text = String::from_utf8(tree[path].clone()).expect("UTF-8");
    for (from, to) in changes {
        assert!(text.contains(from), "{path} has no {from}");
        text = text.replace(from, to);
    }
    tree.insert(path.into(), text.into_bytes());
}

/// The sample with a scale and an outcome, by which an assignment is graded, and a page that only a grouping sees.
fn rich() -> Tree {
    let mut tree = sample::tree();
    let scale = "<scale id=\"7\">\n    <name>Stings</name>\n    <scale>none,some,many</scale>\n    <description></description>\n    \
                 <descriptionformat>1</descriptionformat>\n    <userid>101</userid>\n    <timemodified>1700000000</timemodified>\n  </scale>";
    let outcome = "<outcome id=\"8\">\n    <fullname>Keeps calm</fullname>\n    <shortname>calm</shortname>\n    <userid>101</userid>\n    \
                   <description></description>\n    <descriptionformat>1</descriptionformat>\n    <scaleid>7</scaleid>\n    \
                   <timecreated>1700000000</timecreated>\n    <timemodified>1700000000</timemodified>\n  </outcome>";
    for (path, root, element) in
        [("scales.xml", "scales_definition", scale), ("outcomes.xml", "outcomes_definition", outcome)]
    {
        let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>\n  {element}\n</{root}>");
        tree.insert(path.into(), document.into_bytes());
    }
    edit(
        &mut tree,
        "activities/assign_311/grades.xml",
        &[
            ("<scaleid>$@NULL@$</scaleid>", "<scaleid>7</scaleid>"),
            ("<outcomeid>$@NULL@$</outcomeid>", "<outcomeid>8</outcomeid>"),
        ],
    );
    let lists = "<scaleref>\n    <scale>\n      <id>7</id>\n    </scale>\n  </scaleref>\n  <outcomeref>\n    <outcome>\n      <id>8</id>\n    \
                 </outcome>\n  </outcomeref>\n  <grade_itemref>";
    edit(&mut tree, "activities/assign_311/inforef.xml", &[("<grade_itemref>", lists)]);
    let also = "{\"type\":\"group\",\"id\":11},{\"type\":\"grouping\",\"id\":15}],\"showc\":[true,true,true]}";
    edit(
        &mut tree,
        "activities/page_319/module.xml",
        &[("{\"type\":\"group\",\"id\":11}],\"showc\":[true,true]}", also)],
    );
    tree
}

/// The same numbers for other things, on another site.
fn foreign() -> Tree {
    let mut tree = rich();
    edit(&mut tree, "moodle_backup.xml", &[(SITE, "00000000000000000000000000000abc"), ("<title>", "<title>Other ")]);
    edit(&mut tree, "groups.xml", &[("<name>", "<name>Other ")]);
    edit(&mut tree, "scales.xml", &[("<name>", "<name>Other ")]);
    edit(&mut tree, "outcomes.xml", &[("<fullname>", "<fullname>Other ")]);
    edit(&mut tree, "questions.xml", &[("<stamp>", "<stamp>other+")]);
    let is_own = |path: &&String| {
        let mut names = path.trim_end_matches(".xml").split('/').skip(1);
        let (directory, file) = (names.next().unwrap_or_default(), names.next());
        path.starts_with("activities/") && file.is_some() && directory.split('_').next() == file
    };
    let documents: Vec<String> = tree.keys().filter(is_own).cloned().collect();
    for path in documents {
        let text = String::from_utf8(tree[&path].clone()).expect("UTF-8");
        tree.insert(path, text.replacen("<name>", "<name>Other ", 1).into_bytes());
    }
    tree
}

fn packed(site: &Site, name: &str, tree: &Tree) -> PathBuf {
    let path = site.path(name);
    pack::tree_tar_gz(tree, sample::MADE, std::fs::File::create(&path).expect("writable")).expect("packed");
    path
}

fn import(site: &Site, name: &str, tree: &Tree) -> String {
    site.import(&packed(site, name, tree)).to_string()
}

/// The ids of activities here, by their titles.
fn ids(site: &Site, course: &str, titles: &[&str]) -> Vec<String> {
    let server = site.serve(&[]);
    let contents = server.rest(&site.token("admin")).call("core_course_get_contents", &[("courseid", course)]);
    let modules: Vec<&Value> =
        contents.as_array().into_iter().flatten().flat_map(|s| s["modules"].as_array().into_iter().flatten()).collect();
    let id = |title: &&str| {
        let found = modules.iter().find(|m| m["name"] == **title);
        found.unwrap_or_else(|| panic!("no {title} in {contents}"))["id"].to_string()
    };
    titles.iter().map(id).collect()
}

/// The title of a directory's activity.
fn title(archive: &Unpacked, directory: &str) -> String {
    let master = tree::parse(&archive.documents["moodle_backup.xml"]).expect("well formed");
    let listed = master.find_all("activity").into_iter().find(|a| a.value("directory") == Some(directory));
    listed.and_then(|a| a.value("title")).unwrap_or_else(|| panic!("no {directory}")).to_owned()
}

fn directory_of(archive: &Unpacked, wanted: &str) -> String {
    let found = directories(archive).into_iter().find(|d| title(archive, d) == wanted);
    found.unwrap_or_else(|| panic!("no {wanted}"))
}

/// The titles of the activities that go: one with questions, one with an override for a group, a scale and an outcome, and one that
/// links to another and is restricted to a group, a grouping and who has completed that one.
fn titles() -> [String; 4] {
    let whole = sample_archive();
    ["quiz_312", "assign_311", "page_319", "page_303"].map(|d| title(&whole, &format!("activities/{d}")))
}

fn sample_archive() -> Unpacked {
    Unpacked::open(&sample::packed_file()).expect("the sample")
}

/// Those that were not there before.
fn new_directories(before: &Unpacked, after: &Unpacked) -> Vec<String> {
    let old = directories(before);
    directories(after).into_iter().filter(|d| !old.contains(d)).collect()
}

/// Everything that was in a course means what it did.
fn assert_unmoved(before: &(Unpacked, Meaning), after: &(Unpacked, Meaning)) {
    for directory in directories(&before.0) {
        assert_eq!(
            before.1.referred(&before.0, &directory),
            after.1.referred(&after.0, &directory),
            "{directory} was there before"
        );
    }
}

/// A copied activity is its original under other numbers, and refers to the same things.
fn assert_same(source: &(Unpacked, Meaning), copy: &(Unpacked, Meaning), directory: &str, astray: bool) {
    let original = directory_of(&source.0, &title(&copy.0, directory));
    let refers = |(archive, meaning): &(Unpacked, Meaning), directory: &str| -> Vec<String> {
        let all = meaning.referred(archive, directory);
        all.into_iter().filter(|said| astray || !said.starts_with('~')).collect()
    };
    let (there, here) = (refers(source, &original), refers(copy, directory));
    assert_eq!(there, here, "{original} and {directory}");
    assert!(!here.iter().any(|said| said.ends_with(NOTHING)), "{here:?}");
    let module = format!("{}.xml", original.rsplit('/').next().and_then(|d| d.split('_').next()).unwrap_or_default());
    let own =
        |archive: &Unpacked, directory: &str| without_numbers(&document(archive, &format!("{directory}/{module}")));
    assert_eq!(own(&copy.0, directory), own(&source.0, &original), "{original} and {directory}");
}

/// Who is in the group of a name.
fn members(archive: &Unpacked, group: &str) -> BTreeSet<String> {
    let users = tree::parse(&archive.documents["users.xml"]).expect("well formed");
    let groups = tree::parse(&archive.documents["groups.xml"]).expect("well formed");
    let named = groups.find_all("group").into_iter().find(|g| g.value("name") == Some(group));
    let ids = named.map(|g| fields_of(g, "userid")).unwrap_or_default();
    let user = |id: &String| {
        let found = users.find_all("user").into_iter().find(|u| u.attribute("id") == Some(id));
        found.and_then(|u| u.value("username")).map_or_else(|| panic!("no user {id}"), str::to_owned)
    };
    ids.iter().map(user).collect()
}

fn fields_of(element: &tree::Element, name: &str) -> Vec<String> {
    element.find_all(name).into_iter().map(|e| e.text.clone()).collect()
}

fn copy(site: &Site, verb: &str, from: &str, items: &[String], into: &str) -> Vec<String> {
    let mut command = vec!["course", verb, from];
    command.extend(items.iter().map(String::as_str));
    command.extend(["--into", into]);
    if verb == "copy-items" {
        command = with_options(command);
    }
    site.ok(&command).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn what_items_refer_to_goes_with_them() {
    let site = Site::warm(PROVOST);
    let source = import(&site, "source.mbz", &rich());
    let titles = titles();
    let items = ids(&site, &source, &titles.each_ref().map(String::as_str));
    let original = back_up(&site, &source);
    // Another course of the same site, and one of another site where every number is something else.
    for (name, tree) in [("rare.mbz", rare::tree()), ("foreign.mbz", foreign())] {
        let target = import(&site, name, &tree);
        let before = back_up(&site, &target);
        let made = copy(&site, "copy-items", &source, &items, &target);
        assert_eq!(made.len(), items.len());
        let after = back_up(&site, &target);
        assert_unmoved(&before, &after);
        let new = new_directories(&before.0, &after.0);
        assert_eq!(new.len(), items.len(), "{name}: {new:?}");
        for directory in &new {
            assert_same(&original, &after, directory, title(&after.0, directory) == titles[2]);
        }
        // Both groups, since the grouping has them; with their members.
        let groups = ["Morning apiary – früh", "Evening apiary"];
        for group in groups {
            let there = members(&original.0, group);
            assert!(!there.is_empty() && members(&after.0, group) == there, "{name}: {group}");
        }
        assert_eq!(after.1.count("group"), before.1.count("group") + groups.len(), "{name}");
        assert_eq!(after.1.count("grouping"), before.1.count("grouping") + 1, "{name}");
        assert_eq!(after.1.count("scale"), before.1.count("scale") + 1, "{name}");
        assert_eq!(after.1.count("outcome"), before.1.count("outcome") + 1, "{name}");

        // What is there alike by now is bound, and what is copied without people has none.
        let quiz = [items[0].as_str()];
        site.ok(&["course", "copy-items", &source, quiz[0], "--into", &target]);
        let third = back_up(&site, &target);
        for same in ["groups.xml", "questions.xml", "scales.xml", "outcomes.xml", "users.xml"] {
            assert_eq!(document(&third.0, same), document(&after.0, same), "{name}: {same}");
        }
        let again = new_directories(&after.0, &third.0);
        assert_eq!(again.len(), 1, "{again:?}");
        let attempts =
            |archive: &Unpacked, of: &str| fields(&document(archive, &format!("{of}/quiz.xml")), "attemptnum").len();
        let quiz = new.iter().find(|d| title(&third.0, d) == titles[0]).expect("the quiz");
        assert!(attempts(&third.0, quiz) > 0 && attempts(&third.0, &again[0]) == 0);
        let entries = |of: &str| fields(&document(&third.0, &format!("{of}/quiz.xml")), "questionbankentryid");
        assert_eq!(entries(quiz), entries(&again[0]));

        // What is written is an archive like any other.
        site.ok(&["course", "import", "out.mbz"]);
        site.ok(&["course", "delete", &target, "--yes"]);
    }
    site.ok(&["doctor", "--sweep", "0"]);
    assert_eq!(site.json(&["doctor"])["findings"], json!([]));
}

#[test]
fn links_lead_to_nothing_rather_than_elsewhere() {
    let site = Site::warm(PROVOST);
    let source = import(&site, "source.mbz", &rich());
    let page = ids(&site, &source, &[titles()[2].as_str()]);
    let original = back_up(&site, &source);
    let astray = |(archive, meaning): &(Unpacked, Meaning), directory: &str| -> Vec<String> {
        let all = meaning.referred(archive, directory);
        all.into_iter().filter(|said| said.starts_with('~')).collect()
    };
    let there = astray(&original, "activities/page_319");
    assert_eq!(there.len(), 2, "a link and a condition: {there:?}");
    // The course's own of the same origin is what it always meant; a stranger's of the same number is not.
    for (name, tree, is_same) in [("twin.mbz", rich(), true), ("foreign.mbz", foreign(), false)] {
        let target = import(&site, name, &tree);
        let before = back_up(&site, &target);
        copy(&site, "copy-items", &source, &page, &target);
        let after = back_up(&site, &target);
        assert_unmoved(&before, &after);
        let new = new_directories(&before.0, &after.0);
        let here = astray(&after, &new[0]);
        match is_same {
            true => assert_eq!(here, there, "{name}"),
            false => assert!(here.len() == 2 && here.iter().all(|said| said.ends_with(NOTHING)), "{name}: {here:?}"),
        }
    }
}

#[test]
fn what_a_twin_has_is_bound() {
    let site = Site::warm(PROVOST);
    let archive = rich();
    let (source, target) = (import(&site, "one.mbz", &archive), import(&site, "two.mbz", &archive));
    let original = back_up(&site, &source);
    let before = back_up(&site, &target);
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let contents = rest.call("core_course_get_contents", &[("courseid", &source)]);
    let sections: Vec<String> = contents
        .as_array()
        .into_iter()
        .flatten()
        .filter(|s| s["component"].is_null())
        .map(|s| s["id"].to_string())
        .collect();
    let mut parameters = vec![("courseid".to_owned(), source.clone()), ("intocourseid".into(), target.clone())];
    parameters.extend(sections.iter().enumerate().map(|(n, id)| (format!("items[{n}]"), id.clone())));
    parameters.extend(
        ALL.iter()
            .filter_map(|o| o.split_once('='))
            .map(|(name, value)| (format!("options[{name}]"), value.to_owned())),
    );
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    rest.call("provost_course_copy_items", &parameters);
    let after = back_up(&site, &target);
    assert_unmoved(&before, &after);
    for same in ["groups.xml", "questions.xml", "scales.xml", "outcomes.xml", "users.xml", "roles.xml"] {
        assert_eq!(document(&after.0, same), document(&before.0, same), "{same}");
    }
    let new = new_directories(&before.0, &after.0);
    assert_eq!(new.len(), directories(&original.0).len());
    for directory in &new {
        assert_same(&original, &after, directory, true);
        // All of it went, so that every link leads to a copy.
        let module = document(&after.0, &format!("{directory}/module.xml"));
        let section = fields(&module, "sectionid").remove(0);
        assert!(!before.0.documents.contains_key(&format!("sections/section_{section}/section.xml")), "{directory}");
        let own: Vec<String> = new.iter().filter_map(|d| Some(d.rsplit_once('_')?.1.to_owned())).collect();
        for path in after.0.documents.keys().filter(|p| p.starts_with(&format!("{directory}/"))) {
            for token in
                document(&after.0, path).split("$@").skip(1).filter_map(|t| Some(t.split_once("@$")?.0.to_owned()))
            {
                if let Some((name, id)) = token.split_once("VIEWBYID*").filter(|(name, _)| *name != "COURSE") {
                    assert!(own.contains(&id.to_owned()), "{path}: {name} {id}");
                }
            }
        }
    }
}

#[test]
fn a_chain_of_copies_ends_where_it_began() {
    let site = Site::warm(PROVOST);
    let source = import(&site, "source.mbz", &rich());
    let titles = titles();
    let items = ids(&site, &source, &titles.each_ref().map(String::as_str));
    let original = back_up(&site, &source);
    // Within the course, then into another, then into the twin of the first and into one of yet another site.
    let mut command = vec!["course", "copy-items", &source];
    command.extend(items.iter().map(String::as_str));
    let copies: Vec<String> = site.ok(&with_options(command)).split_whitespace().map(str::to_owned).collect();
    assert_eq!(copies.len(), items.len());
    let (mut from, mut items) = (source, copies);
    for (name, tree) in [("foreign.mbz", foreign()), ("rare.mbz", rare::tree()), ("twin.mbz", rich())] {
        let target = import(&site, name, &tree);
        let before = back_up(&site, &target);
        items = copy(&site, "copy-items", &from, &items, &target);
        let after = back_up(&site, &target);
        assert_unmoved(&before, &after);
        let new = new_directories(&before.0, &after.0);
        assert_eq!(new.len(), items.len(), "{name}: {new:?}");
        for directory in &new {
            assert_same(&original, &after, directory, title(&after.0, directory) == titles[2]);
        }
        if name == "twin.mbz" {
            for same in ["groups.xml", "questions.xml", "scales.xml", "outcomes.xml", "users.xml"] {
                assert_eq!(document(&after.0, same), document(&before.0, same), "{same}");
            }
        }
        from = target;
    }
    // One that came with an archive of its own is bound to its course, and goes on with what it is bound to.
    let quiz = provost_tests::cut::cut(&rich(), provost_tests::cut::Piece::Activity("quiz_312"));
    let twin = import(&site, "third.mbz", &rich());
    let known: BTreeSet<String> = directories(&back_up(&site, &twin).0).into_iter().collect();
    let archive = packed(&site, "quiz.mbz", &quiz);
    site.ok(&["course", "import", archive.to_str().expect("a path"), "--into", &twin]);
    assert_eq!(directories(&back_up(&site, &twin).0).len(), known.len() + 1);
    let server = site.serve(&[]);
    let contents = server.rest(&site.token("admin")).call("core_course_get_contents", &[("courseid", &twin)]);
    let modules = contents.as_array().into_iter().flatten().flat_map(|s| s["modules"].as_array().into_iter().flatten());
    let brought = modules.filter(|m| m["name"] == *titles[0]).filter_map(|m| m["id"].as_u64()).max().expect("a quiz");
    let target = import(&site, "fourth.mbz", &foreign());
    let before = back_up(&site, &target);
    copy(&site, "copy-items", &twin, &[brought.to_string()], &target);
    let after = back_up(&site, &target);
    assert_unmoved(&before, &after);
    let new = new_directories(&before.0, &after.0);
    assert_same(&original, &after, &new[0], false);
}

#[test]
fn items_move_with_what_they_refer_to() {
    let site = Site::warm(PROVOST);
    let source = import(&site, "source.mbz", &rich());
    let target = import(&site, "foreign.mbz", &foreign());
    let titles = titles();
    let items = ids(&site, &source, &titles.each_ref().map(String::as_str));
    let (original, before) = (back_up(&site, &source), back_up(&site, &target));
    copy(&site, "move-items", &source, &items, &target);
    let (left, after) = (back_up(&site, &source), back_up(&site, &target));
    assert_unmoved(&before, &after);
    let new = new_directories(&before.0, &after.0);
    assert_eq!(new.len(), items.len());
    for directory in &new {
        assert_same(&original, &after, directory, title(&after.0, directory) == titles[2]);
    }
    let gone = titles.each_ref().map(|t| directory_of(&original.0, t));
    for directory in directories(&original.0) {
        let is_there = left.0.documents.keys().any(|path| path.starts_with(&format!("{directory}/")));
        assert_eq!(is_there, !gone.contains(&directory), "{directory}");
    }
    // The course keeps its questions and groups: others may use them.
    for same in ["groups.xml", "questions.xml", "scales.xml", "outcomes.xml"] {
        assert_eq!(document(&left.0, same), document(&original.0, same), "{same}");
    }
    let quiz = new.iter().find(|d| title(&after.0, d) == titles[0]).expect("the quiz");
    assert!(
        !fields(&document(&after.0, &format!("{quiz}/quiz.xml")), "attemptnum").is_empty(),
        "a move takes everything"
    );
}

#[test]
fn questions_of_another_time_stay() {
    let site = Site::warm(PROVOST);
    let source = import(&site, "source.mbz", &rich());
    let mut old = sample::tree();
    let none = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<question_categories>\n</question_categories>";
    old.insert("questions.xml".into(), none.into());
    edit(&mut old, "moodle_backup.xml", &[("<backup_version>2024100700", "<backup_version>2018051400")]);
    let target = import(&site, "old.mbz", &old);
    let titles = titles();
    let items = ids(&site, &source, &titles.each_ref().map(String::as_str));
    let counts = |course: &str| site.json(&["course", "show", course])["counts"].clone();
    let (here, there) = (counts(&source), counts(&target));
    for verb in ["copy-items", "move-items"] {
        let said = site.refused(&["course", verb, &source, &items[2], &items[0], "--into", &target]);
        for words in [titles[0].as_str(), "questions", "Moodle 4.0 and later", "before Moodle 4.0"] {
            assert!(said.contains(words), "{said}");
        }
    }
    assert_eq!((counts(&source), counts(&target)), (here, there), "a refusal leaves nothing");
    // What has no questions goes.
    copy(&site, "copy-items", &source, &items[1..2], &target);
}

#[test]
fn an_archive_of_a_real_site_goes_across() {
    let Some(folder) = fixture("mbz") else { return };
    let mut archives: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").filter_map(|entry| Some(entry.ok()?.path())).collect();
    // Those with files, and with people: who wrote questions is named by number, and a course with people must have them.
    archives.retain(|path| path.to_string_lossy().contains("users1") && !path.to_string_lossy().contains("nofiles"));
    assert!(!archives.is_empty(), "no archive with people");
    archives.sort();
    for archive in archives {
        let site = Site::warm(PROVOST);
        let (source, target) = (site.import(&archive).to_string(), site.import(&sample::packed_file()).to_string());
        println!("{}", archive.display());
        let contents = {
            let server = site.serve(&[]);
            server.rest(&site.token("admin")).call("core_course_get_contents", &[("courseid", &source)])
        };
        let before = back_up(&site, &target);
        let mut command = vec!["course".to_owned(), "copy-items".into(), source.clone()];
        let sections = contents.as_array().into_iter().flatten().filter(|s| s["component"].is_null());
        command.extend(sections.map(|s| s["id"].to_string()));
        command.extend(["--into".to_owned(), target.clone()]);
        command.extend(ALL.iter().flat_map(|option| ["--option".to_owned(), (*option).to_owned()]));
        let made = site.run(&command);
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            assert!(said.contains("before Moodle 4.0"), "{said}");
            continue;
        }
        assert_unmoved(&before, &back_up(&site, &target));
    }
}
