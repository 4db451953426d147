//! What nobody knows: a module, elements of plugins, documents and files of the rare course.

use super::people::TEACHER;
use super::tasks::file;
use crate::sample::assembly::{Activity, Assembly};

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "beelog", id: 418, instance: 618, context: 1418, section: 1,
            title: "[[a/beelog]]",
            body: "intro: [[a/beelog-intro]]
. introformat=1 hives=3 teacherid=810001
goals
  goal id=4201
    text: [[a/beelog-goal]]
    usermodified: 810001
entries
  entry id=4202
    text: [[au/beelog-entry]]
    votes
      vote id=4203 userid=910120
        text: [[au/beelog-vote]]
nothing
".to_owned(),
            files: vec![
                file("mod_beelog", "intro", 0, TEACHER, "[[a/beelog-file]].txt", "[[a/beelog-content]]"),
                file("mod_beelog", "entry", 4202, 910_120, "[[au/beelog-entry-file]].txt", "[[au/beelog-entry-content]]"),
            ],
            documents: vec![("hives.xml", "hives
  hive id=4204
    name: [[a/hive]]
  visits
    visit id=4205
      . userid=910121
      note: [[au/visit]]".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "page", id: 419, instance: 619, context: 1419, section: 1,
            title: "[[a/page]]",
            body: "intro: [[a/page-intro]]
. introformat=1
content: [[a/page-content]]
. contentformat=1 legacyfiles=0 legacyfileslast=~ display=5 displayoptions= revision=1 timemodified=§1
lendings
  lending id=4211
    . userid=910125
    note: [[au/page-lending]]
".to_owned(),
            documents: vec![
                ("blocks/beepoll_82/block.xml", "block id=82 contextid=1282 version=2024100700
  . blockname=beepoll parentcontextid=1419 showinsubcontexts=0 pagetypepattern=mod-page-* subpagepattern=~ defaultregion=side-pre defaultweight=1 configdata= timecreated=§1 timemodified=§1
  block_positions".to_owned()),
                ("blocks/beepoll_82/roles.xml", "roles\n  role_overrides\n  role_assignments".to_owned()),
                ("blocks/beepoll_82/comments.xml", "comments".to_owned()),
                ("blocks/beepoll_82/beepoll.xml", "block id=82 contextid=1282 blockname=beepoll
  beepoll id=6
    question: [[ab/page-poll]]
    answers
      answer id=3
        . userid=910129
        text: [[abu/page-poll-answer]]".to_owned()),
            ],
            ..Activity::default()
        },
    ]
}

/// What the form of a module's documents leaves no place for.
pub(super) fn beside_activities(assembly: &mut Assembly) {
    let directory = "activities/page_419";
    let mut module = crate::forms::module(&crate::forms::ModuleFacts {
        id: 419,
        module: "page",
        section: 52,
        number: 1,
        added: crate::sample::START,
        visible: true,
        completion: 0,
        availability: "~",
        group_mode: 0,
        grouping: 15,
    });
    module += "    tag id=4212
      . name=[[a/module-tag]] rawname=x
  customfields
    customfield id=4213
      . shortname=room type=text
      value: [[a/module-field]]
      valueformat: 0
  plugin_plagiarism_check_module
    configs
      config id=4214
        . name=on value=[[a/module-plugin]]
    reports
      report id=4215
        . userid=910128
        text: [[au/module-plugin-report]]
";
    assembly.document(&format!("{directory}/module.xml"), &module);
    assembly.inforef(&format!("{directory}/blocks/beepoll_82"), &[]);
    assembly.inforef(directory, &[]);
}

/// Documents at the top and in `course/`, and files that no course archive has.
pub(super) fn beside_the_course(assembly: &mut Assembly) {
    assembly.raw("README.txt", b"No course archive has this.");
    assembly.raw("activities/page_419/extra.bin", &[0, 1, 2]);
}
