use super::*;
use crate::layout;
use crate::options::Options;
use crate::testing;

const SMALL: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<moodle_backup><information><backup_version>2024100700</backup_version><original_course_id>7</original_course_id><original_course_contextid>70</original_course_contextid><original_system_contextid>1</original_system_contextid><news>$@NULL@$</news><details><detail><type>course</type></detail></details><contents><activities><activity><moduleid>4</moduleid><modulename>page</modulename><directory>activities/page_4</directory></activity></activities></contents></information></moodle_backup>";

#[test]
fn little_is_enough() {
    let manifest = Manifest::read(SMALL.as_bytes()).unwrap();
    assert_eq!(manifest.activities[0].moduleid, 4);
    assert_eq!(manifest.information.unknown, [("news".to_owned(), None)]);
    assert!(
        manifest.information.include_files && manifest.root_flag("users", true) && !manifest.has_userinfo("page_4")
    );
    assert!(manifest.course.is_none());
}

#[test]
fn refusals_name_element_and_place() {
    let refuse = |from: &str, to: &str| Manifest::read(SMALL.replace(from, to).as_bytes()).unwrap_err().to_string();
    assert_eq!(
        refuse("<moduleid>4</moduleid>", ""),
        "moodle_backup.xml: <moduleid> is missing in <activity> at line 2"
    );
    assert_eq!(
        refuse("<moduleid>4<", "<moduleid>x<"),
        "moodle_backup.xml: <moduleid> at line 2 holds \"x\", not a number"
    );
    assert_eq!(refuse("<type>course</type>", ""), "moodle_backup.xml: <type> is missing in <detail> at line 2");
    assert!(refuse("2024100700", "2009010100").contains("the oldest that can be restored"));
    assert!(refuse("encoding=\"utf-8\"", "").contains("first 200 bytes lack <?xml"));
    assert!(refuse("<news>", "<!DOCTYPE x><news>").contains("document type"));
}

#[test]
fn names_are_written_without_tags() {
    let mut manifest = Manifest::read(SMALL.as_bytes()).unwrap();
    manifest.information.original_course_fullname = "A <b>B</b> & C".into();
    let text = String::from_utf8(manifest.write()).unwrap();
    assert!(text.contains("<original_course_fullname>A B &amp; C</original_course_fullname>"));
    is_moodle2(text.as_bytes()).unwrap();
}

#[test]
fn real_master_files_come_back() {
    let names = [
        "small_test_users1.tgz.mbz",
        "small_test_users0.zip.mbz",
        "small_test_users1_nofiles.tgz.mbz",
        "gen_XS_users0.tgz.mbz",
        "gen_S_users1.tgz.mbz",
    ];
    for name in names {
        let Some(archive) = testing::archive(name) else { return };
        let document = &archive["moodle_backup.xml"];
        let manifest = Manifest::read(document).unwrap();
        assert_eq!(String::from_utf8(manifest.write()).unwrap(), String::from_utf8_lossy(document), "{name}");
    }
}

#[test]
fn settings_are_moodles() {
    let all = Options {
        users: true,
        role_assignments: true,
        comments: true,
        userscompletion: true,
        logs: true,
        grade_histories: true,
        ..Options::default()
    };
    for (name, options) in [("small_test_users1.tgz.mbz", all), ("small_test_users0.tgz.mbz", Options::default())] {
        let Some(archive) = testing::archive(name) else { return };
        let manifest = Manifest::read(&archive["moodle_backup.xml"]).unwrap();
        let of = |section: u64| -> Vec<layout::Activity> {
            manifest
                .activities
                .iter()
                .filter(|a| a.sectionid == section)
                .filter_map(|a| layout::activity(&a.directory))
                .collect()
        };
        let sections: Vec<(u64, Vec<layout::Activity>)> =
            manifest.sections.iter().map(|s| (s.sectionid, of(s.sectionid))).collect();
        let ours =
            options.settings(&manifest.information.name, sections.iter().map(|(id, list)| (*id, list.as_slice())));
        assert_eq!(ours, manifest.settings, "{name}");
    }
}

#[test]
fn verdicts_are_moodles() {
    let Some(directory) = testing::fixtures("containers") else { return };
    let verdicts = std::fs::read_to_string(directory.join("verdicts.tsv")).unwrap();
    let mut seen = 0;
    for line in verdicts.lines().filter(|l| l.starts_with("mbxml_")) {
        let (file, verdict) = line.split_once('\t').unwrap();
        let read = Manifest::read(&testing::read(&directory.join(file))["moodle_backup.xml"]);
        // Without a list of activities there is nothing wrong to us; Moodle's code fails.
        if file != "mbxml_contents_activities_none.mbz" {
            assert_eq!(read.is_ok(), verdict.starts_with("restored"), "{file}: {read:?}");
        }
        seen += 1;
    }
    assert!(seen > 15);
}

#[test]
fn what_moodle_refuses_is_written_so_that_it_does_not() {
    let Some(archive) = testing::archive("negative/fullname_with_tags.mbz") else { return };
    let manifest = Manifest::read(&archive["moodle_backup.xml"]).unwrap();
    assert!(manifest.information.original_course_fullname.contains('<'));
    let again = Manifest::read(&manifest.write()).unwrap();
    assert!(
        !again.information.original_course_fullname.contains('<'),
        "{}",
        again.information.original_course_fullname
    );
    assert_eq!(again.settings, manifest.settings);
}
